"""Code of agents that goes on when its attempt is over: tasks and threads that do not stop.

Nothing can end them but the end of the process. So they are counted, and where there are too many
the process is to start again.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from functools import partial
from typing import Any, ParamSpec, TypeVar

import structlog

from demotic.ports.clock import Clock

log = structlog.get_logger("demotic.leftovers")

LOOK_EVERY_S = 1.0

Given = ParamSpec("Given")
Result = TypeVar("Result")


class Trace:
    """What one attempt has at work: its task, and calls in threads of an `AgentExecutor`."""

    def __init__(self, run_id: str, leftovers: "Leftovers") -> None:
        self.run_id = run_id
        self.is_told = False
        self.over_us: int | None = None
        self._leftovers = leftovers
        self._threads: set[int] = set()
        self._task: asyncio.Task[Any] | None = None

    @property
    def at_work(self) -> int:
        """How many of them there are now."""
        return len(self._threads) + (self._task is not None and not self._task.done())

    def call(self, function: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
        """Call a function in this thread."""
        thread = threading.get_ident()
        self._threads.add(thread)
        if self.over_us is not None:
            self._leftovers.keep(self)
        try:
            return function(*args, **kwargs)
        finally:
            self._threads.discard(thread)

    def end(self, task: asyncio.Task[Any] | None) -> None:
        """The attempt is over; its task may not be. How that one ends one day is nobody's care."""
        self.over_us, self._task = self._leftovers.now_us(), task
        if task is not None and not task.done():
            task.add_done_callback(_heard)
        if self.at_work:
            self._leftovers.keep(self)


def _heard(task: asyncio.Task[Any]) -> None:
    """Look at how a task has ended, so that asyncio does not complain that nobody did."""
    if not task.cancelled():
        task.exception()


_current: ContextVar[Trace | None] = ContextVar("demotic_trace", default=None)


class Leftovers:
    """What attempts of this process have left at work. `grace_s` after an attempt's end, what it
    has at work still counts as stuck."""

    def __init__(self, clock: Clock, grace_s: float) -> None:
        self.now_us = clock.now_us
        self._grace_us = int(grace_s * 1e6)
        self._left: dict[int, Trace] = {}

    def begin(self, run_id: str) -> Trace:
        """An attempt begins: what the present task and those it starts call counts as its."""
        trace = Trace(run_id, self)
        _current.set(trace)
        return trace

    def keep(self, trace: Trace) -> None:
        """The trace is at work although its attempt is over. From any thread."""
        self._left[id(trace)] = trace

    def stuck(self) -> int:
        """How many tasks and threads are stuck now. Each attempt that left some is told once."""
        now_us, count = self.now_us(), 0
        for key, trace in list(self._left.items()):
            if not (left := trace.at_work):
                del self._left[key]
            elif trace.over_us is not None and now_us - trace.over_us >= self._grace_us:
                count += left
                self._tell(trace, left)
        return count

    def _tell(self, trace: Trace, left: int) -> None:
        if not trace.is_told:
            trace.is_told = True
            log.error("code of an agent does not stop after its run", run=trace.run_id, stuck=left)

    async def watch(self, limit: int, too_many: Callable[[], None]) -> None:
        """Look again and again, until more than `limit` are stuck. 0: there is no limit."""
        while True:
            count = self.stuck()
            if limit and count > limit:
                log.error("too much code of agents does not stop", stuck=count, limit=limit)
                too_many()
                return
            await asyncio.sleep(LOOK_EVERY_S)


class AgentExecutor(ThreadPoolExecutor):
    """Threads for what attempts call outside of the event loop, each call noted in its trace."""

    def submit(
        self, fn: Callable[Given, Result], /, *args: Given.args, **kwargs: Given.kwargs
    ) -> Future[Result]:
        """See `Executor.submit`."""
        trace = _current.get()
        if trace is None:
            return super().submit(fn, *args, **kwargs)
        return super().submit(partial(trace.call, fn, *args, **kwargs))
