"""Words for every field of every request body; types come from the structs themselves."""

from collections.abc import Mapping

from msgspec import Struct

from demotic.dialects.agent_protocol import wire
from demotic.dialects.agent_protocol.choices import (
    IF_EXISTS,
    IF_NOT_EXISTS,
    MAX_LIMIT,
    MAX_OFFSET,
    MODES,
    ON_COMPLETION,
    ON_DISCONNECT,
    RUN_STATES,
    THREAD_STATES,
)
from demotic.web.openapi.describing import Words, one_of, ref, words
from demotic.web.outgoing.policy import LONGEST

METADATA = words("Free data about it, kept as it is.", examples=[{"team": "blue"}])
CONTAINED = words("Must be contained in the metadata.", examples=[{"team": "blue"}])
LIMIT = words("How many at most.", minimum=1, maximum=MAX_LIMIT, default=10)
OFFSET = words("How many to skip.", minimum=0, maximum=MAX_OFFSET, default=0)
AGENT = "The agent's id, or the name of a hosted program for its default agent."
UUID = {"format": "uuid"}
MODE_NAMES = {"type": "string", "enum": list(MODES)}
GIVEN = [{"role": "user", "content": "Hello"}]

FIELDS: Mapping[type[Struct], Mapping[str, Words]] = {
    wire.AgentSearch: {
        "name": words("Part of the name, in any case.", examples=["help"]),
        "metadata": CONTAINED,
        "limit": LIMIT,
        "offset": OFFSET,
    },
    wire.ThreadCreate: {
        "thread_id": words("Its id; a new one by default.", **UUID),
        "metadata": METADATA,
        "if_exists": one_of("What to do where the id is taken.", IF_EXISTS, "raise"),
    },
    wire.ThreadSearch: {
        "metadata": CONTAINED,
        "values": words("Must be contained in the latest values.", examples=[{"topic": "rain"}]),
        "status": one_of("How the thread stands.", THREAD_STATES),
        "limit": LIMIT,
        "offset": OFFSET,
    },
    wire.Checkpoint: {
        "checkpoint_id": words("The checkpoint, as the history tells it."),
    },
    wire.ThreadPatch: {
        "checkpoint": words(
            "Branch off here instead of at the latest state. Alone, it makes that state the latest "
            "one again; beside `metadata` alone, it means nothing."
        ),
        "metadata": words("Merged into the metadata, key by key.", examples=[{"team": "blue"}]),
        "values": words("Added to the state as a step would.", examples=[{"topic": "rain"}]),
        "messages": words(
            "Added to the state's messages; one with a known `id` replaces that message.",
            items=ref("Message"),
            examples=[GIVEN],
        ),
    },
    wire.RunCreate: {
        "thread_id": words("The thread to run on; without it the run has one of its own.", **UUID),
        "agent_id": words(f"{AGENT} Without it, the first that is hosted.", examples=["agent"]),
        "input": words(
            "The agent's input. Without it and `messages`, the run goes on from where its thread "
            "stands.",
            examples=[{"topic": "rain"}],
        ),
        "messages": words(
            "Messages for the agent, beside the rest of its input.",
            items=ref("Message"),
            examples=[GIVEN],
        ),
        "metadata": METADATA,
        "config": words(
            "How the agent is called: `tags`, `recursion_limit`, `configurable`. What only the "
            "server sets is refused (422).",
            examples=[{"recursion_limit": 50, "tags": ["nightly"]}],
        ),
        "webhook": words(
            "Where to POST the run when it has finished: an absolute URL of a public host. Others "
            "are refused (422), unless the configuration allows them.",
            minLength=1,
            maxLength=LONGEST,
            examples=["https://app.example.com/hook"],
        ),
        "stream_mode": words(
            "What a stream shows, one name or several; `values` by default.",
            type=["string", "array", "null"],
            anyOf=[MODE_NAMES, {"type": "array", "items": MODE_NAMES}, {"type": "null"}],
            examples=["values", ["updates", "messages"]],
        ),
        "on_completion": one_of(
            "What becomes of the thread when the run has ended: without `thread_id` it is deleted "
            "by default, else kept. A thread that others have a run on by then stays. The run "
            "itself stays readable for a while.",
            ON_COMPLETION,
        ),
        "on_disconnect": one_of(
            "What to do when the last follower leaves (streams and waits that started the run).",
            ON_DISCONNECT,
            "cancel",
        ),
        "if_not_exists": one_of("What to do for no thread.", IF_NOT_EXISTS, "reject"),
    },
    wire.RunSearch: {
        "metadata": CONTAINED,
        "status": one_of("How the run stands.", RUN_STATES),
        "thread_id": words("Only runs on this thread.", **UUID),
        "agent_id": words(f"Only runs of this agent. {AGENT}", examples=["agent"]),
        "limit": LIMIT,
        "offset": OFFSET,
    },
}
"""What every field of a body means."""
