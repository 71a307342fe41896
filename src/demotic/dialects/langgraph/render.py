"""From engine to wire words; pure. Shapes and key order as LangGraph API 0.16 sends them."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from demotic.domain.assistants import AgentSchemas, Assistant
from demotic.domain.lifecycle import Reason, RunState
from demotic.domain.model import Json
from demotic.domain.runs import NewRun, Outcome, Run
from demotic.domain.states import StateSnapshot, TaskSnapshot
from demotic.domain.threads import Thread
from demotic.web.answers import EMPTY_OBJECT, encode, raw
from demotic.web.answers import instant as instant
from demotic.web.problems import reading_error as reading_error

RUN_STATUS = {
    RunState.QUEUED: "pending",
    RunState.RUNNING: "running",
    RunState.WAITING: "success",
    RunState.SUCCEEDED: "success",
    RunState.FAILED: "error",
    RunState.CANCELLED: "interrupted",
    RunState.TIMED_OUT: "timeout",
}
"""A run that waits for an answer is a success; its thread is interrupted."""

CANCEL_ERRORS = {
    Reason.USER_CANCEL: ("UserInterrupt", "The last run on this thread was cancelled."),
    Reason.ROLLBACK: ("UserRollback", "The last run on this thread was rolled back."),
}
"""Error of a thread whose last run was cancelled (LangGraph API 0.16, observed class names)."""

ASSISTANT_FIELDS = (
    "assistant_id",
    "graph_id",
    "config",
    "context",
    "metadata",
    "name",
    "created_at",
    "updated_at",
    "version",
    "description",
)
THREAD_FIELDS = (
    "thread_id",
    "created_at",
    "updated_at",
    "state_updated_at",
    "metadata",
    "status",
    "config",
    "values",
    "error",
    "interrupts",
)
THREAD_SELECT = (*THREAD_FIELDS, "context")
"""What may be selected: the SDKs know a context, which no thread has."""

RUN_FIELDS = (
    "run_id",
    "thread_id",
    "assistant_id",
    "metadata",
    "status",
    "kwargs",
    "multitask_strategy",
    "created_at",
    "updated_at",
    "langsmith_session_name",
)


def only(row: Mapping[str, Any], fields: Sequence[str] | None) -> Mapping[str, Any]:
    """The selected fields of a row; None for all."""
    return row if fields is None else {key: row[key] for key in fields if key in row}


def assistant_json(assistant: Assistant) -> dict[str, Any]:
    """LangGraph API 0.16, Assistant."""
    return {
        "assistant_id": assistant.id,
        "graph_id": assistant.agent,
        "config": assistant.config,
        "context": assistant.context,
        "metadata": assistant.metadata,
        "name": assistant.name,
        "created_at": instant(assistant.created_us),
        "updated_at": instant(assistant.updated_us),
        "version": assistant.version,
        "description": assistant.description,
    }


def thread_json(thread: Thread) -> dict[str, Any]:
    """LangGraph API 0.16, Thread. `error` and `interrupts` appear once a run has ended."""
    row = {
        "thread_id": thread.id,
        "created_at": instant(thread.created_us),
        "updated_at": instant(thread.updated_us),
        "state_updated_at": instant(thread.state_updated_us),
        "metadata": thread.metadata,
        "status": thread.state,
        "config": thread.config,
        "values": None if thread.values is None else raw(thread.values),
    }
    error = stop_error(thread)
    if error or thread.interrupts is not None:
        row["error"] = error
    if thread.interrupts is not None:
        row["interrupts"] = thread.interrupts
    return row


def stop_error(thread: Thread) -> Mapping[str, str] | None:
    """Why the last run of a thread stopped, where that was no success."""
    word = CANCEL_ERRORS.get(thread.reason) if thread.reason else None
    return {"error": word[0], "message": word[1]} if word else thread.error


def run_json(run: Run) -> dict[str, Any]:
    """LangGraph API 0.16, Run."""
    return {
        "run_id": run.id,
        "thread_id": run.thread_id,
        "assistant_id": run.assistant_id,
        "metadata": run.metadata,
        "status": RUN_STATUS[run.state],
        "kwargs": kwargs_json(run),
        "multitask_strategy": run.busy_policy,
        "created_at": instant(run.created_us),
        "updated_at": instant(run.updated_us),
        "langsmith_session_name": None,
    }


def created_json(run: Run, asked: NewRun) -> dict[str, Any]:
    """What a request answers that creates a run: the run as it was admitted, `pending` (LangGraph
    API 0.16, observed), though it may begin at once. One that an earlier request with the same
    key has created is shown as it stands."""
    shown = run_json(run)
    return {**shown, "status": RUN_STATUS[RunState.QUEUED]} if run.id == asked.id else shown


def kwargs_json(run: Run) -> dict[str, Any]:
    """What a run was asked for, as LangGraph API 0.16 tells it."""
    request, wire = run.request, run.reply_format
    durability = wire.get("durability") or request.durability or "async"
    return {
        "input": request.input,
        "command": request.command,
        "config": _config_json(run),
        "context": request.context or {},
        "stream_mode": shown_modes(run),
        "interrupt_before": request.interrupt_before,
        "interrupt_after": request.interrupt_after,
        "webhook": run.callback.url if run.callback else None,
        "feedback_keys": None,
        "temporary": run.temporary,
        "subgraphs": request.subgraphs,
        "resumable": is_resumable(run),
        "checkpoint_during": durability != "exit",
        "durability": durability,
    }


def shown_modes(run: Run) -> list[str]:
    """The stream modes that a run was started with; of another dialect's run, what it records."""
    if run.reply_format.get("dialect") == "langgraph":
        return list(run.reply_format["stream_mode"])
    return ["messages-tuple" if kind == "messages" else kind for kind in run.request.modes]


def is_resumable(run: Run) -> bool:
    """Whether the run's stream can be replayed."""
    return bool(run.reply_format.get("resumable"))


def _config_json(run: Run) -> dict[str, Any]:
    given = run.request.config
    configurable = {
        **given.get("configurable", {}),
        **(run.request.checkpoint or {}),
        "run_id": run.id,
        "thread_id": run.thread_id,
        "graph_id": run.agent,
        "assistant_id": run.assistant_id,
    }
    metadata = {**given.get("metadata", {}), **run.metadata}
    return {**given, "configurable": configurable, "metadata": metadata}


def state_json(state: StateSnapshot) -> dict[str, Any]:
    """LangGraph API 0.16, ThreadState, with the ids that 0.1.0 had beside it."""
    return {
        "values": raw(state.values),
        "next": list(state.next),
        "tasks": [task_json(task) for task in state.tasks],
        "metadata": state.metadata,
        "created_at": state.created_at,
        "checkpoint": state.checkpoint,
        "parent_checkpoint": state.parent,
        "interrupts": list(state.interrupts),
        "checkpoint_id": _id(state.checkpoint),
        "parent_checkpoint_id": _id(state.parent),
    }


def task_json(task: TaskSnapshot) -> dict[str, Any]:
    """A task of LangGraph API 0.16's ThreadState."""
    return {
        "id": task.id,
        "name": task.name,
        "path": list(task.path),
        "error": task.error,
        "interrupts": list(task.interrupts),
        "checkpoint": task.checkpoint,
        "state": None if task.state is None else state_json(task.state),
        "result": task.result,
    }


def update_json(checkpoint: Mapping[str, Json]) -> dict[str, Any]:
    """LangGraph API 0.16, ThreadStateUpdateResponse, with what 0.1.0 answered beside it."""
    return {
        "checkpoint": checkpoint,
        "configurable": checkpoint,
        "checkpoint_id": _id(checkpoint),
    }


def schemas_json(schemas: AgentSchemas) -> dict[str, Any]:
    """LangGraph API 0.16, GraphSchemaNoId; null for a schema that cannot be told."""
    return {
        "input_schema": schemas.input,
        "output_schema": schemas.output,
        "state_schema": schemas.state,
        "config_schema": schemas.config,
        "context_schema": schemas.context,
    }


def _id(checkpoint: Mapping[str, Json] | None) -> Json:
    return None if checkpoint is None else checkpoint.get("checkpoint_id")


def failure(outcome: Outcome) -> Mapping[str, str] | None:
    """What went wrong, if the leg failed. A cancelled run is no failure: its stream just ends."""
    if outcome.state not in (RunState.FAILED, RunState.TIMED_OUT):
        return None
    return outcome.error or {"error": "RunError", "message": f"The run ended as {outcome.state}."}


def wait_json(outcome: Outcome, *, was_over: bool, values: bytes | None = None) -> bytes:
    """The body of wait and join (LangGraph API 0.16, observed; HTTP 200 in every case).

    The last values; an error as `__error__`; on an interrupt the values with `__interrupt__`, or
    that alone for who joins when it is over (`was_over`). `values` stands in for a run that left
    none.
    """
    if error := failure(outcome):
        return error_json(error["error"], error["message"])
    if was_over and outcome.interrupts:
        questions = [each for asked in outcome.interrupts.values() for each in asked]
        return encode({"__interrupt__": questions})
    return with_interrupts(outcome.values or values or EMPTY_OBJECT, outcome.shown_interrupts)


def with_interrupts(values: bytes, interrupts: Sequence[Json]) -> bytes:
    """Values with `__interrupt__` added to them; the values are not parsed."""
    if not interrupts:
        return values
    told = b'"__interrupt__":' + encode(list(interrupts)) + b"}"
    body = values.strip()
    if not body.startswith(b"{"):  # a state that is no object cannot carry it
        return b"{" + told
    inside = body[1:-1].strip()
    return b"{" + inside + (b"," if inside else b"") + told


def error_json(error: str, message: str) -> bytes:
    """A failure as wait and join tell it."""
    return encode({"__error__": {"error": error, "message": message}})


def info_json(version: str, graph_version: str, *, crons: bool, langsmith: bool) -> dict[str, Any]:
    """LangGraph API 0.16, GET /info: what this server can do."""
    return {
        "version": version,
        "langgraph_py_version": graph_version,
        "flags": {
            "assistants": True,
            "crons": crons,
            "langsmith": langsmith,
            "langsmith_tracing_replicas": False,
            "strict_resume": True,
        },
        "metadata": {"server": "demotic"},
    }


def metadata_json(run_id: str, start: bytes) -> bytes:
    """The first event of an attempt."""
    return encode({"run_id": run_id, "attempt": orjson.loads(start)["attempt"]})
