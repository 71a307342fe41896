"""Schemas of what is answered."""

from collections.abc import Mapping

from demotic.dialects.langgraph import render
from demotic.dialects.langgraph.choices import BUSY, KINDS, RUN_STATES, THREAD_STATES
from demotic.web.openapi.describing import (
    ANYTHING,
    FLAG,
    MOMENT,
    NAMES,
    OBJECT,
    OPTIONAL_OBJECT,
    OPTIONAL_TEXT,
    TEXT,
    UUID,
    Schema,
    described,
    optional,
    ref,
    shape,
)

MADE = described(MOMENT, "When it was made.")
CHANGED = described(MOMENT, "When it last changed.")
METADATA = described(OBJECT, "Free data about it.")
INTERRUPTS: Schema = {"type": "array", "items": ref("Interrupt")}

COMPONENTS: Mapping[str, Schema] = {
    "Error": shape(
        "What went wrong.",
        ("detail", "code", "message", "metadata"),
        detail=described(TEXT, "What went wrong and how to mend it, for people."),
        code=described(TEXT, "The same for programs; see the errors of this server."),
        message=described(TEXT, "The same as `detail`."),
        metadata=described(OBJECT, "More about it."),
    ),
    "Failure": shape(
        "How a run failed.",
        ("error", "message"),
        error=described(TEXT, "Name of the error's class."),
        message=described(TEXT, "The error's own words."),
    ),
    "Assistant": shape(
        "Settings of a graph, in one version; what runs address.",
        render.ASSISTANT_FIELDS,
        assistant_id=UUID,
        graph_id=described(TEXT, "The graph that it runs."),
        config=described(OBJECT, "How its runs are called."),
        context=described(OBJECT, "Its runs' static context; mirrors `config.configurable`."),
        metadata=METADATA,
        name=described(TEXT, "A name for people."),
        created_at=MADE,
        updated_at=CHANGED,
        version=described({"type": "integer", "minimum": 1}, "Counts up with every change."),
        description=described(OPTIONAL_TEXT, "What it is good for."),
    ),
    "Thread": shape(
        "A conversation with its state.",
        render.THREAD_FIELDS[:8],
        thread_id=UUID,
        created_at=MADE,
        updated_at=CHANGED,
        state_updated_at=described(MOMENT, "When its state last changed."),
        metadata=METADATA,
        status=described(
            {"type": "string", "enum": list(THREAD_STATES)},
            "`interrupted`: it waits for an answer, or has steps left to run.",
        ),
        config=described(OBJECT, "The config of its last run's assistant."),
        values=described(ANYTHING, "The latest state; null before the first run ends."),
        error={
            **optional(ref("Failure")),
            "description": "Why its last run stopped, if that was no success: the agent's own "
            "error, or `UserInterrupt` and `UserRollback` after a cancel. Shown once a run ended.",
        },
        interrupts=described(
            {"type": "object", "additionalProperties": INTERRUPTS},
            "The open questions of each task, by its id. Shown once a run has ended.",
        ),
        ttl=described(ref("ThreadTtl"), "How long it is kept: with `include`, if it has a limit."),
        extracted=described(OBJECT, "What the paths of `extract` lead to, by alias; or null."),
    ),
    "Run": shape(
        "One request to run an assistant.",
        render.RUN_FIELDS,
        run_id=UUID,
        thread_id=UUID,
        assistant_id=UUID,
        metadata=METADATA,
        status=described(
            {"type": "string", "enum": list(RUN_STATES)},
            "A run that waits for an answer is a success; its thread is interrupted.",
        ),
        kwargs=described(OBJECT, "What the run was asked for."),
        multitask_strategy={"type": "string", "enum": list(BUSY)},
        created_at=MADE,
        updated_at=CHANGED,
        langsmith_session_name=described(OPTIONAL_TEXT, "Always null."),
    ),
    "CheckpointAddress": shape(
        "Where a state is saved.",
        (),
        thread_id=UUID,
        checkpoint_ns=TEXT,
        checkpoint_id=TEXT,
        checkpoint_map=described(OBJECT, "The checkpoints of the graphs around a subgraph."),
    ),
    "Interrupt": shape(
        "A question of the agent to the caller.",
        ("value",),
        id=described(TEXT, "Answer this one by `command.resume: {id: answer}`."),
        value=described(ANYTHING, "What the agent asks."),
    ),
    "Task": shape(
        "A step that is about to run, or failed.",
        ("id", "name", "interrupts"),
        id=TEXT,
        name=described(TEXT, "The node."),
        path={"type": "array", "items": ANYTHING},
        error=OPTIONAL_TEXT,
        interrupts=INTERRUPTS,
        checkpoint=described(
            optional(ref("CheckpointAddress")), "Where a subgraph's own state is."
        ),
        state=described(
            optional(ref("ThreadState")), "A subgraph's own state, with `subgraphs=true`."
        ),
        result=ANYTHING,
    ),
    "ThreadState": shape(
        "A thread's state at one checkpoint.",
        ("values", "next", "tasks", "checkpoint", "metadata", "created_at", "interrupts"),
        values=described(ANYTHING, "The state itself."),
        next=described(NAMES, "The nodes to run next."),
        tasks={"type": "array", "items": ref("Task")},
        metadata={"type": ["object", "null"]},
        created_at=OPTIONAL_TEXT,
        checkpoint=optional(ref("CheckpointAddress")),
        parent_checkpoint=optional(ref("CheckpointAddress")),
        interrupts=INTERRUPTS,
        checkpoint_id=described(OPTIONAL_TEXT, "As in `checkpoint`; the older form."),
        parent_checkpoint_id=described(OPTIONAL_TEXT, "As in `parent_checkpoint`."),
    ),
    "StateAddress": shape(
        "Where a new state was saved.",
        ("checkpoint", "configurable", "checkpoint_id"),
        checkpoint=ref("CheckpointAddress"),
        configurable=described(ref("CheckpointAddress"), "As `checkpoint`; the older form."),
        checkpoint_id=described(OPTIONAL_TEXT, "As in `checkpoint`; the older form."),
    ),
    "GraphSchemas": shape(
        "JSON schemas of what a graph takes and keeps; null for one that cannot be told.",
        ("input_schema", "output_schema", "state_schema", "config_schema", "context_schema"),
        graph_id=described(TEXT, "The graph."),
        input_schema=OPTIONAL_OBJECT,
        output_schema=OPTIONAL_OBJECT,
        state_schema=OPTIONAL_OBJECT,
        config_schema=OPTIONAL_OBJECT,
        context_schema=OPTIONAL_OBJECT,
    ),
    "Drawing": shape(
        "A graph as nodes and edges.",
        ("nodes", "edges"),
        nodes={"type": "array", "items": OBJECT},
        edges={"type": "array", "items": OBJECT},
    ),
    "Health": shape(
        "A sign of life.",
        ("ok",),
        ok=described({"const": True}, "Always true."),
        services=described(OBJECT, "With `check_db=1`: what else was asked."),
    ),
    "Info": shape(
        "The server and what it can do.",
        ("version", "langgraph_py_version", "flags", "metadata"),
        version=described(TEXT, "Of this server."),
        langgraph_py_version=described(TEXT, "Of LangGraph."),
        flags=described({"type": "object", "additionalProperties": FLAG}, "What is there."),
        metadata=OBJECT,
    ),
}
"""The schemas of answers by name."""

MODES = ", ".join(f"`{mode}`" for mode in KINDS)
STREAM = (
    "Server-sent events. First `metadata` with `run_id` and `attempt`; then an event per mode "
    f"that was asked for ({MODES}; with `|` and a namespace for subgraphs); `error` with the "
    "class and message where the run fails. `id` is set where the run is resumable."
)
RESULT = (
    "The run's last values, with `__interrupt__` where it asks something; `__error__` with class "
    "and message where it failed. Newlines may come first: they keep the connection open."
)
