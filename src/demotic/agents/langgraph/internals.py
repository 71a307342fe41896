"""The private names of LangGraph and its SDK that the adapter relies on, all in one place."""

from langgraph._internal._constants import INTERRUPT, NULL_TASK_ID, RESUME
from langgraph_sdk.runtime import _ExecutionRuntime as ExecutionRuntime
from langgraph_sdk.runtime import _ReadRuntime as ReadRuntime

__all__ = ["INTERRUPT", "NULL_TASK_ID", "RESUME", "ExecutionRuntime", "ReadRuntime"]
