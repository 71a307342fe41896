"""How a feed is read: the log first, then what is handed over live, each event once, in order."""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence

from demotic.domain.events import Ended, Event
from demotic.ports.storage import Storage

READ_LIMIT = 1000  # events asked for per read of the log
LIVE_LIMIT = 10_000  # events held for a slow reader before it is sent back to the log


class Reader(ABC):
    """One reader of a thread's feed, or of one run's part of it. Use it from one task.

    It reads events above `after`; `behind` tells whether the log may hold some of them.
    """

    def __init__(
        self, storage: Storage, thread_id: str, run_id: str | None, *, after: int, behind: bool
    ) -> None:
        self.thread_id = thread_id
        self._storage, self._run_id = storage, run_id
        self._after, self._behind = after, behind
        self._live: deque[Event | Ended] = deque()
        self._overrun = False  # events are not held until the log is read again
        self._hung_up = False
        self._waiter: asyncio.Future[None] | None = None

    def preload(self, events: Sequence[Event]) -> None:
        """Take events that were emitted before this reader came and are not in the log yet."""
        if self._behind:
            self._live.extend(e for e in events if self._run_id in (None, e.run_id))
        elif events:
            self._after = max(self._after, events[-1].seq)

    def hang_up(self) -> None:
        """Nothing more will come: the server stops."""
        self._hung_up = True
        self._wake()

    def _fall_behind(self) -> None:
        """Too much is held for a slow reader: when it reads again, it goes back to the log, and
        to what is not in the log by then."""
        if self._after < 0 and not self._behind:  # only what comes from now on
            self._after = _first(self._live) - 1
        self._live = deque(self._kept())
        self._behind = self._overrun = True

    def _catch_up(self) -> None:
        """Hold events again: what is not in the log now, and all that comes."""
        self._overrun = False
        self.preload(self._unwritten())

    @abstractmethod
    def _unwritten(self) -> Sequence[Event]:
        """Events of the thread that the log does not have yet, in order."""

    def _kept(self) -> Sequence[Event | Ended]:
        """What of the held events the log does not have."""
        return ()

    async def _read_log(self) -> Sequence[Event]:
        if self._overrun:
            self._catch_up()
        events = await self._storage.read_events(
            self.thread_id, after=self._after, run_id=self._run_id, limit=READ_LIMIT
        )
        self._behind = bool(events) or self._overrun
        return self._passed(events)

    def _take_live(self) -> Sequence[Event]:
        """The held events up to the end of a run."""
        events: list[Event] = []
        while self._live and not isinstance(self._live[0], Ended):
            event = self._live.popleft()
            assert isinstance(event, Event)
            events.append(event)
        return self._passed(events)

    def _passed(self, events: Sequence[Event]) -> Sequence[Event]:
        """Those of the events that were not shown yet; they count as shown from now on."""
        new = [e for e in events if e.seq > self._after]
        if new:
            self._after = new[-1].seq
        return new

    async def _wait(self, timeout_s: float | None) -> bool:
        loop = asyncio.get_running_loop()
        waiter = self._waiter = loop.create_future()
        handle = loop.call_later(timeout_s, _expire, waiter) if timeout_s is not None else None
        try:
            await waiter
        except TimeoutError:
            return False
        finally:
            self._waiter = None
            if handle:
                handle.cancel()
        return True

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _first(held: deque[Event | Ended]) -> int:
    """The position of the first of the held events."""
    return next((each.seq for each in held if isinstance(each, Event)), 0)


def _expire(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError())
