"""LangGraph's state snapshots as the engine's."""

from collections.abc import Mapping
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.types import PregelTask, StateSnapshot

from demotic.agents.langgraph.encoding import encode, interrupt_json, plain
from demotic.domain import states
from demotic.domain.model import Json


def snapshot(state: StateSnapshot, thread_id: str) -> states.StateSnapshot:
    """A state snapshot; one without a checkpoint stands for a thread that has no state.

    Its metadata names the thread, as LangGraph API 0.16 does.
    """
    checkpoint = address(state.config, thread_id)
    has_state = state.metadata is not None and checkpoint is not None
    return states.StateSnapshot(
        values=encode(state.values) if has_state or state.values else b"{}",
        next=list(state.next),
        tasks=[_task(task, thread_id) for task in state.tasks],
        metadata=(
            None if state.metadata is None else plain({**state.metadata, "thread_id": thread_id})
        ),
        created_at=state.created_at,
        checkpoint=checkpoint if has_state else None,
        parent=address(state.parent_config, thread_id),
        interrupts=[plain(interrupt_json(i, full=False)) for i in state.interrupts],
    )


def address(config: RunnableConfig | None, thread_id: str) -> Mapping[str, Json] | None:
    """Where a checkpoint is: thread, namespace, id and, in nested agents, the map."""
    configurable: dict[str, Any] = dict((config or {}).get("configurable") or {})
    if not configurable.get("checkpoint_id"):
        return None
    found: dict[str, Json] = {
        "checkpoint_id": configurable["checkpoint_id"],
        "thread_id": thread_id,
        "checkpoint_ns": configurable.get("checkpoint_ns", ""),
    }
    if configurable.get("checkpoint_map"):
        found["checkpoint_map"] = dict(configurable["checkpoint_map"])
    return found


def pending_interrupts(state: StateSnapshot) -> dict[str, list[Json]]:
    """Task id → the questions that task asks, for tasks that ask any."""
    return {
        task.id: [plain(interrupt_json(i, full=False)) for i in task.interrupts]
        for task in state.tasks
        if task.interrupts
    }


def _task(task: PregelTask, thread_id: str) -> states.TaskSnapshot:
    nested, place = None, None
    if isinstance(task.state, StateSnapshot):
        nested = snapshot(task.state, thread_id)
    elif task.state is not None:
        place = {"thread_id": thread_id, **_addressing(task.state.get("configurable") or {})}
    return states.TaskSnapshot(
        id=task.id,
        name=task.name,
        path=plain(task.path),
        error=_error_text(task.error),
        interrupts=[plain(interrupt_json(i, full=False)) for i in task.interrupts],
        checkpoint=place,
        state=nested,
        result=plain(task.result),
    )


def _addressing(configurable: Mapping[str, Any]) -> dict[str, Json]:
    keys = ("checkpoint_ns", "checkpoint_id", "checkpoint_map")
    return {key: configurable[key] for key in keys if configurable.get(key) is not None}


def _error_text(error: Any) -> str | None:
    if error is None:
        return None
    return error if isinstance(error, str) else repr(error)
