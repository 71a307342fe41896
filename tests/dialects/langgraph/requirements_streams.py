"""What the LangGraph dialect promises of streams: how they are framed, and what each mode shows."""

from dialects.langgraph.promises import API, Requirement

SEEN = f"{API}, observed"

REQUIREMENTS: dict[str, Requirement] = {
    "langgraph.stream.framing": Requirement(
        SEEN, "an event is a name and one line of JSON, ended by CRLF, whatever text is in it"
    ),
    "langgraph.stream.ids": Requirement(
        f"{SEEN}; Demotic: an id is a number that rises",
        "ids are those of resumable streams, strictly above each other",
    ),
    "langgraph.stream.heartbeat": Requirement(
        SEEN, "every five silent seconds a stream has a comment, a wait or a join a newline"
    ),
    "langgraph.stream.begin": Requirement(
        SEEN, "the first event is `metadata` with the run's id and attempt; no event tells the end"
    ),
    "langgraph.stream.cancelled": Requirement(
        SEEN, "the stream of a run that is cancelled ends without an event"
    ),
    "langgraph.stream.values": Requirement(
        f"{API}, stream modes values and updates",
        "the whole state after each step, and what each step changed",
    ),
    "langgraph.stream.question": Requirement(
        SEEN,
        "a question is the last of `values`, an event of `updates` where that is asked for, and "
        "nothing in `custom`",
    ),
    "langgraph.stream.messages_tuple": Requirement(
        f"{API}, stream mode messages-tuple", "events `messages`: a piece and its metadata"
    ),
    "langgraph.stream.messages.complete": Requirement(
        "langgraph-sdk (Python) 0.4, messages/complete", "a message that comes whole is told whole"
    ),
    "langgraph.stream.subgraphs": Requirement(
        f"{API}, stream_subgraphs",
        "the mode is followed by the namespace; without it, graphs within tell nothing",
    ),
    "langgraph.stream.debug": Requirement(
        f"{API}, stream modes debug, checkpoints and tasks",
        "every checkpoint equals the one in the history, its id included",
    ),
    "langgraph.stream.modes": Requirement(
        SEEN, "nine modes are served; others are 422, those of the streaming protocol too"
    ),
    "langgraph.runs.join_stream.modes": Requirement(
        f"{API}, stream_mode; langgraph-sdk (Python) 0.4",
        "one mode, a repeated parameter, commas, or a JSON array",
    ),
    "langgraph.sdk.run_created": Requirement(
        "langgraph-sdk (Python) 0.4, on_run_created", "who starts a run is told of it exactly once"
    ),
    "langgraph.sdk.reconnect": Requirement(
        "langgraph-sdk (Python) 0.4", "a broken connection costs no event and no result"
    ),
    "langgraph.sdk.js": Requirement(
        "@langchain/langgraph-sdk 1.15 and 2.0", "both official JavaScript clients work"
    ),
}
"""Joined into `requirements`."""
