"""The private names of LangGraph and its SDK that the adapter relies on, all in one place."""

from typing import Any

from langgraph._internal._constants import (
    CONFIG_KEY_STRICT_RESUME,
    INTERRUPT,
    NULL_TASK_ID,
    RESUME,
)
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from langgraph.checkpoint.serde.jsonplus import EXT_PYDANTIC_V2
from langgraph.checkpoint.serde.jsonplus import _msgpack_default as msgpack_default
from langgraph.pregel import Pregel, _runner
from langgraph.types import StateSnapshot
from langgraph_sdk.runtime import _ExecutionRuntime as ExecutionRuntime
from langgraph_sdk.runtime import _ReadRuntime as ReadRuntime

runner: Any = _runner


async def make_snapshot(
    graph: Pregel[Any, Any, Any, Any], saved: CheckpointTuple, saver: BaseCheckpointSaver[Any]
) -> StateSnapshot:
    """The state that a checkpoint of the graph holds, as its `aget_state_history` shows it."""
    return await graph._aprepare_state_snapshot(saved.config, saved, saver=saver)


__all__ = [
    "CONFIG_KEY_STRICT_RESUME",
    "EXT_PYDANTIC_V2",
    "INTERRUPT",
    "NULL_TASK_ID",
    "RESUME",
    "ExecutionRuntime",
    "ReadRuntime",
    "make_snapshot",
    "msgpack_default",
    "runner",
]
