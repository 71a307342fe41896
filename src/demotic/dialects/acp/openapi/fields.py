"""Words for every field of every request body; types come from the structs themselves."""

from collections.abc import Mapping

from msgspec import Struct

from demotic.dialects.acp import wire
from demotic.dialects.acp.choices import (
    BUSY,
    IF_EXISTS,
    IF_NOT_EXISTS,
    KINDS,
    MAX_DELAY_S,
    MAX_LIMIT,
    MAX_OFFSET,
    MAX_WEBHOOK,
    ON_COMPLETION,
    ON_DISCONNECT,
    RUN_STATES,
    THREAD_STATES,
)
from demotic.dialects.acp.versions import Version
from demotic.web.openapi.describing import Words, one_of, words

METADATA = words("Free data about it, kept as it is.", examples=[{"team": "blue"}])
CONTAINED = words("Must be contained in the metadata.", examples=[{"team": "blue"}])
LIMIT = words("How many at most.", minimum=1, maximum=MAX_LIMIT, default=10)
OFFSET = words("How many to skip.", minimum=0, maximum=MAX_OFFSET, default=0)
UUID = {"format": "uuid"}
OBJECT_OR_NONE = {"type": ["object", "null"]}
MODE_NAMES = {"type": "string", "enum": list(KINDS)}


def run_create(version: Version) -> dict[str, Words]:
    """The fields that runs with and without a thread share."""
    only = OBJECT_OR_NONE if version.objects_only else {}
    return {
        "agent_id": words(
            "The agent's id, or the name of a graph. The first graph of the configuration by "
            "default.",
        ),
        "input": words(
            "The agent's input, which must fit `specs.input` of its descriptor; an empty object "
            "by default.",
            examples=[{"messages": [{"role": "user", "content": "Hello"}]}],
            **only,
        ),
        "metadata": METADATA,
        "config": words("How the agent is called."),
        "webhook": words(
            "Where every change of the run's status is told: a POST with the whole run.",
            format="uri",
            minLength=1,
            maxLength=MAX_WEBHOOK,
        ),
        "stream_mode": words(
            "What a stream shows, one name or several; `values` by default. The agent's "
            "descriptor must list it.",
            type=["string", "array", "null"],
            anyOf=[MODE_NAMES, {"type": "array", "items": MODE_NAMES}, {"type": "null"}],
            examples=["values", ["values", "custom"]],
        ),
        "on_disconnect": one_of(
            "What to do when the last follower leaves (streams and waits).",
            ON_DISCONNECT,
            "cancel",
        ),
        "multitask_strategy": one_of(
            "What to do on a thread whose run is pending or interrupted.", BUSY, "reject"
        ),
        "after_seconds": words(
            "Start this much later; less than 0 is at once.", maximum=MAX_DELAY_S, examples=[5]
        ),
    }


def fields(version: Version) -> Mapping[type[Struct], Mapping[str, Words]]:
    """What every field of a body means."""
    only = OBJECT_OR_NONE if version.objects_only else {}
    return {
        wire.AgentSearch: {
            "name": words("The agent's whole name.", examples=["agent"]),
            "version": words("The agent's whole version.", examples=["1.0.0"]),
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
            "values": words("Must be contained in the values.", examples=[{"topic": "rain"}]),
            "status": one_of("How the thread stands.", THREAD_STATES),
            "limit": LIMIT,
            "offset": OFFSET,
        },
        wire.Checkpoint: {"checkpoint_id": words("The checkpoint.", **UUID)},
        wire.ThreadPatch: {
            "checkpoint": words(
                "Branch off here instead of at the latest state; without `values` and `messages` "
                "it means nothing."
            ),
            "metadata": words("Merged into the metadata, key by key."),
            "values": words(
                "A change of the state, as the agent's last step would have made it: an object, "
                "or an array of them.",
                type=["object", "null"] if only else ["object", "array", "null"],
                examples=[{"topic": "rain"}],
            ),
            "messages": words(
                "Messages to add to the state: `role`, `content`, `id` and `metadata`.",
                items={"$ref": "#/components/schemas/Message"},
            ),
        },
        wire.RunConfig: {
            "tags": words("Tags of the run."),
            "recursion_limit": words("How many steps it may take.", minimum=1),
            "configurable": words(
                "The agent's own settings, which must fit `specs.config` of its descriptor.",
                **OBJECT_OR_NONE,
            ),
        },
        wire.RunCreateStateless: {
            **run_create(version),
            "on_completion": one_of(
                "What becomes of the run's own thread at its end.", ON_COMPLETION, "delete"
            ),
        },
        wire.RunCreateStateful: {
            **run_create(version),
            "stream_subgraphs": words("Show the events of subgraphs, too.", default=False),
            "if_not_exists": one_of("What to do for no thread.", IF_NOT_EXISTS, "reject"),
        },
        wire.RunSearch: {
            "agent_id": words("The agent that runs: its id, or the name of a graph.", **UUID),
            "status": one_of("How the run stands.", RUN_STATES),
            "metadata": CONTAINED,
            "limit": LIMIT,
            "offset": OFFSET,
        },
    }
