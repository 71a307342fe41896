"""Keeps agents from ending the server: `SystemExit` in a node is an error of its run.

An event loop stops when a task raises `SystemExit` or `KeyboardInterrupt`, and nodes, tools and
what they start all run as tasks. LangGraph, in turn, leaves its own tasks behind on whatever else
is no `Exception`. So each of them is turned into one inside its task, but for cancellation.
"""

import asyncio
from collections.abc import Coroutine
from contextvars import ContextVar
from typing import Any

from demotic.agents.langgraph.encoding import said

EXITS = (SystemExit, KeyboardInterrupt)
"""What stops an event loop when a task raises it."""

_is_agent: ContextVar[bool] = ContextVar("is_agent", default=False)


class AgentExited(Exception):
    """An agent raised what might have ended the process that serves it."""

    def __init__(self, exit: BaseException) -> None:
        told = f"{type(exit).__name__}({said(exit)})"
        super().__init__(f"The agent raised {told}, which is no Exception: agents may not.")


def keep_serving() -> None:
    """From now on no task that the present one starts, or any of theirs, ends the process."""
    _is_agent.set(True)
    loop = asyncio.get_running_loop()
    before = loop.get_task_factory()
    if not isinstance(before, _Factory):
        loop.set_task_factory(_Factory(before))


class _Factory:
    """Makes tasks, those of agents with a guard."""

    def __init__(self, before: Any) -> None:
        self._make = before or _task

    def __call__(self, loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> Any:
        return self._make(loop, _Kept(coro) if _is_agent.get() else coro, **options)


def _task(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> asyncio.Task[Any]:
    return asyncio.Task(coro, loop=loop, **options)


class _Kept(Coroutine[Any, Any, Any]):
    """A coroutine that raises `AgentExited` where the one within raises no `Exception`."""

    def __init__(self, coro: Coroutine[Any, Any, Any]) -> None:
        self._coro = coro

    def send(self, value: Any) -> Any:
        try:
            return self._coro.send(value)
        except (Exception, asyncio.CancelledError):
            raise
        except BaseException as exit:
            raise AgentExited(exit) from exit

    def throw(self, *error: Any) -> Any:
        try:
            return self._coro.throw(*error)
        except (Exception, asyncio.CancelledError):
            raise
        except BaseException as exit:
            raise AgentExited(exit) from exit

    def close(self) -> None:
        self._coro.close()

    def __await__(self) -> Any:
        return self._coro.__await__()

    def __getattr__(self, name: str) -> Any:  # its name and code, for whoever shows the task
        return getattr(self._coro, name)
