"""What the LangGraph dialect promises of following a whole thread."""

from dialects.langgraph.promises import API, Requirement, operation

_STREAM = "/threads/{thread_id}/stream"

REQUIREMENTS: dict[str, Requirement] = {
    "langgraph.threads.stream": operation(
        "GET", _STREAM, "streams all runs of a thread as their own streams do, and their ends"
    ),
    "langgraph.threads.stream.lifecycle": Requirement(
        f"{API}, ThreadStreamMode lifecycle", "only where runs begin and end"
    ),
    "langgraph.threads.stream.state_update": Requirement(
        f"{API}, ThreadStreamMode state_update", "changes of the state that no run made"
    ),
    "langgraph.threads.stream.parameter": Requirement(
        f"{API}, stream_modes; langgraph-sdk (Python), stream_mode",
        "both spellings, repeated, with commas, or as a JSON array",
    ),
    "langgraph.threads.stream.replay": Requirement(
        f"{API}, Last-Event-ID", "what came after an event, or all that is kept; ids always"
    ),
    "langgraph.threads.stream.open": Requirement(
        f"{API}, observed", "it never ends, says so every five seconds, and breaks off at a stop"
    ),
}
