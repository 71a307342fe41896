"""Words for every field of every request body; types come from the structs themselves."""

from collections.abc import Mapping

from msgspec import Struct

from demotic.dialects.langgraph import render, wire
from demotic.dialects.langgraph.choices import (
    ASSISTANT_SORT,
    BUSY,
    DURABILITY,
    IF_EXISTS,
    IF_NOT_EXISTS,
    KINDS,
    MAX_DELAY_S,
    MAX_EXTRACTED,
    MAX_LIMIT,
    MAX_OFFSET,
    MAX_TTL_MINUTES,
    MAX_VERSION,
    ON_COMPLETION,
    ON_DISCONNECT,
    SORT_ORDER,
    STATE_FIELDS,
    THREAD_SORT,
    THREAD_STATES,
)
from demotic.dialects.langgraph.translate_assistants import UNNAMED
from demotic.web.openapi.describing import Words, names_of, one_of, words
from demotic.web.outgoing.policy import LONGEST

METADATA = words("Free data about it, kept as it is.", examples=[{"team": "blue"}])
MERGED = words("Merged into the metadata, key by key.", examples=[{"team": "blue"}])
CONTAINED = words("Must be contained in the metadata.", examples=[{"team": "blue"}])
CONFIG = words(
    "How the agent is called: `tags`, `metadata`, `recursion_limit`, `max_concurrency`, "
    "`run_name` and `configurable`. What only the server sets is refused (422).",
    examples=[{"recursion_limit": 50, "tags": ["nightly"]}],
)
CONTEXT = words(
    "The agent's static context; the same as `config.configurable`, so give one of them (400).",
    examples=[{"language": "en"}],
)
GRAPH = words("The graph, by its name in the configuration.", examples=["agent"])
NAME = words("A name for people.", examples=["Helpful"])
NAME_PART = words("Part of the name, in any case.", examples=["help"])
DESCRIPTION = words("What it is good for.")
LIMIT = words("How many at most.", minimum=1, maximum=MAX_LIMIT, default=10)
OFFSET = words("How many to skip.", minimum=0, maximum=MAX_OFFSET, default=0)
SORT_BY = "What to sort by."
ORDER = one_of("Which way to sort.", SORT_ORDER, "desc")
SELECT = "Only these fields of each row."
VALUES = words("Must be contained in the latest values.", examples=[{"topic": "rain"}])
STATUS = one_of("How the thread stands.", THREAD_STATES)
UUID = {"format": "uuid"}
TTL = words(
    "How long it is kept after its last run or change of state: minutes, or an object.",
    anyOf=[
        {"type": "number", "exclusiveMinimum": 0, "maximum": MAX_TTL_MINUTES},
        {"$ref": "#/components/schemas/Ttl"},
        {"type": "null"},
    ],
    examples=[43_200, {"ttl": 60, "strategy": "keep_latest"}],
)
STATE_SELECT = words(
    f"Only these fields: {', '.join(STATE_FIELDS)}, or `values.<key>` for a key of the values.",
    items={"type": "string", "examples": ["values.messages", "next"]},
)
NODES = {
    "type": ["string", "array", "null"],
    "items": {"type": "string"},
    "examples": ["*", ["review"]],
}
MODE_NAMES = {"type": "string", "enum": list(KINDS)}

FIELDS: Mapping[type[Struct], Mapping[str, Words]] = {
    wire.AssistantSearch: {
        "metadata": CONTAINED,
        "graph_id": GRAPH,
        "name": NAME_PART,
        "limit": LIMIT,
        "offset": OFFSET,
        "sort_by": one_of(SORT_BY, ASSISTANT_SORT, "created_at"),
        "sort_order": ORDER,
        "select": names_of(SELECT, render.ASSISTANT_FIELDS),
    },
    wire.AssistantCreate: {
        "graph_id": GRAPH,
        "assistant_id": words("Its id; a new one by default.", **UUID),
        "config": CONFIG,
        "context": CONTEXT,
        "metadata": METADATA,
        "if_exists": one_of("What to do where the id is taken.", IF_EXISTS, "raise"),
        "name": words("A name for people.", examples=["Helpful"], default=UNNAMED),
        "description": DESCRIPTION,
    },
    wire.AssistantPatch: {
        "graph_id": GRAPH,
        "config": CONFIG,
        "context": CONTEXT,
        "metadata": MERGED,
        "name": NAME,
        "description": DESCRIPTION,
    },
    wire.AssistantCount: {"metadata": CONTAINED, "graph_id": GRAPH, "name": NAME_PART},
    wire.AssistantVersions: {"metadata": CONTAINED, "limit": LIMIT, "offset": OFFSET},
    wire.AssistantVersion: {
        "version": words("The version to make the current one.", minimum=1, maximum=MAX_VERSION),
    },
    wire.ThreadCreate: {
        "thread_id": words("Its id; a new one by default.", **UUID),
        "metadata": METADATA,
        "if_exists": one_of("What to do where the id is taken.", IF_EXISTS, "raise"),
        "ttl": TTL,
        "supersteps": words(
            "States to begin with, one superstep after the other, all or none. `metadata` names "
            "the graph, as `graph_id` (400 without).",
            items={"$ref": "#/components/schemas/Superstep"},
        ),
    },
    wire.ThreadPatch: {"metadata": MERGED, "ttl": TTL},
    wire.ThreadCount: {"metadata": CONTAINED, "values": VALUES, "status": STATUS},
    wire.ThreadSearch: {
        "ids": words("Only these threads.", items={"type": "string", **UUID}),
        "metadata": CONTAINED,
        "values": VALUES,
        "status": STATUS,
        "limit": LIMIT,
        "offset": OFFSET,
        "sort_by": one_of(SORT_BY, THREAD_SORT, "updated_at"),
        "sort_order": ORDER,
        "select": names_of(SELECT, render.THREAD_SELECT),
        "extract": words(
            f"Up to {MAX_EXTRACTED} paths by alias; what they lead to is in `extracted` of each "
            "row. Keys are joined by dots, indexes stand in brackets, below 0 from the end.",
            maxProperties=MAX_EXTRACTED,
            additionalProperties={"type": "string", "examples": ["values.messages[-1].content"]},
            examples=[{"last": "values.messages[-1].content"}],
        ),
        "include": words(
            "Show this, too.", items={"type": "string", "enum": ["ttl"]}, examples=[["ttl"]]
        ),
    },
    wire.Checkpoint: {
        "thread_id": words("The thread of the path; may be left out.", **UUID),
        "checkpoint_ns": words("The subgraph's namespace; empty for the graph itself."),
        "checkpoint_id": words("The checkpoint."),
        "checkpoint_map": words(
            "The checkpoints of the graphs around a subgraph, by namespace; that of the namespace "
            "itself will do for `checkpoint_id`."
        ),
        "configurable": words("The same fields, as a config has them."),
    },
    wire.StateAtCheckpoint: {
        "checkpoint": words("Where the state is."),
        "subgraphs": words("Show the states of subgraphs, too.", default=False),
        "select": STATE_SELECT,
    },
    wire.StateUpdate: {
        "values": words(
            "What a node would have returned: an object, an array of them, or null.",
            type=["object", "array", "null"],
            items={},
            examples=[{"topic": "rain"}],
        ),
        "as_node": words("The node that is taken to have returned it."),
        "checkpoint": words("Branch off here instead of at the latest state."),
        "checkpoint_id": words("The older form of `checkpoint`."),
        "supersteps": words(
            "Instead of one update: several, one superstep after the other, all or none.",
            items={"$ref": "#/components/schemas/Superstep"},
            minItems=1,
        ),
    },
    wire.HistorySearch: {
        "limit": LIMIT,
        "before": words("Only states before this checkpoint, or before the one with this id."),
        "metadata": words("Entries that the checkpoint's metadata must have."),
        "checkpoint": words("The namespace, or the one checkpoint, to list."),
        "select": STATE_SELECT,
    },
    wire.RunCreate: {
        "assistant_id": words(
            "The assistant's id, or the name of a graph for its default assistant.",
            examples=["agent"],
        ),
        "input": words(
            "The agent's input; null goes on from where the thread stands.",
            examples=[{"messages": [{"role": "user", "content": "Hello"}]}],
        ),
        "command": words(
            "Instead of `input`: `resume` answers an interrupt, `update` changes the state, "
            "`goto` names the next nodes. To resume takes a thread (400).",
            examples=[{"resume": "yes"}],
        ),
        "checkpoint": words("Start here instead of at the latest state. On a thread only."),
        "checkpoint_id": words("The older form of `checkpoint`. On a thread only."),
        "metadata": METADATA,
        "config": CONFIG,
        "context": CONTEXT,
        "webhook": words(
            "Where to POST the run when it has ended: an absolute URL of a public host. Others "
            "are refused (422), unless the configuration allows them.",
            minLength=1,
            maxLength=LONGEST,
            examples=["https://app.example.com/hook"],
        ),
        "interrupt_before": words("Stop in front of these nodes; `*` for all.", **NODES),
        "interrupt_after": words("Stop behind these nodes; `*` for all.", **NODES),
        "stream_mode": words(
            "What a stream shows, one name or several; `values` by default.",
            type=["string", "array", "null"],
            anyOf=[MODE_NAMES, {"type": "array", "items": MODE_NAMES}, {"type": "null"}],
            examples=["values", ["updates", "messages-tuple"]],
        ),
        "stream_subgraphs": words("Show the events of subgraphs, too.", default=False),
        "stream_resumable": words("Keep the events, so that a stream can go on.", default=False),
        "feedback_keys": words(
            "Ignored, which the answer's header `Warning` tells: there is no feedback without "
            "LangSmith."
        ),
        "multitask_strategy": one_of("What to do on a busy thread.", BUSY, "enqueue"),
        "if_not_exists": one_of("What to do for no thread.", IF_NOT_EXISTS, "reject"),
        "on_disconnect": one_of(
            "What to do when the last follower leaves (streams and waits).",
            ON_DISCONNECT,
            "continue",
        ),
        "on_completion": one_of(
            "What becomes of a stateless run's own thread.", ON_COMPLETION, "delete"
        ),
        "after_seconds": words(
            "Start this much later; less than 0 is at once.", maximum=MAX_DELAY_S, examples=[5]
        ),
        "checkpoint_during": words("The older form of `durability`: false is `exit`."),
        "durability": one_of("How often to save.", DURABILITY, "async"),
        "strict_resume": words(
            "An answer to a question that is not asked, or a single one to several, fails the run "
            "(`UnknownInterruptError`) and leaves the thread as it was.",
            default=False,
        ),
        "langsmith_tracer": words(
            "Where LangSmith keeps the trace: `project_name`, `example_id`. Where the server is "
            "not traced it is ignored, which the answer's header `Warning` tells.",
            examples=[{"project_name": "nightly"}],
        ),
    },
}
"""What every field of a body means."""
