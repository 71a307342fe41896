"""The private names of LangGraph and its SDK that the adapter relies on, all in one place."""

from typing import Any

from langgraph._internal._constants import (
    CONFIG_KEY_STRICT_RESUME,
    INTERRUPT,
    NULL_TASK_ID,
    RESUME,
)
from langgraph.pregel import _runner
from langgraph_sdk.runtime import _ExecutionRuntime as ExecutionRuntime
from langgraph_sdk.runtime import _ReadRuntime as ReadRuntime

runner: Any = _runner

__all__ = [
    "CONFIG_KEY_STRICT_RESUME",
    "INTERRUPT",
    "NULL_TASK_ID",
    "RESUME",
    "ExecutionRuntime",
    "ReadRuntime",
    "runner",
]
