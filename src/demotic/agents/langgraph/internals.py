"""The private names of LangGraph that the adapter relies on, all in one place."""

from langgraph._internal._constants import INTERRUPT, NULL_TASK_ID, RESUME

__all__ = ["INTERRUPT", "NULL_TASK_ID", "RESUME"]
