"""Following a whole thread: the events of all its runs, live and from the log."""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Protocol

from demotic.domain.errors import ShuttingDown, ThreadNotFound
from demotic.domain.events import END, START, Ended, Event
from demotic.domain.model import Scope
from demotic.engine.reading import LIVE_LIMIT, READ_LIMIT, Reader
from demotic.ports.storage import Storage

KEPT_LIMIT = 1000  # ends and begins held for a reader that is sent back to the log


class Source(Protocol):
    """What hands live events to a thread's followers."""

    def unwritten(self, thread_id: str) -> Sequence[Event]:
        """Events of the thread that the log does not have yet, in order."""
        ...

    def leave_thread(self, following: "ThreadFollowing") -> None:
        """Stop handing events to a follower."""
        ...


class ThreadFollowing(Reader):
    """One reader of all of a thread's runs. Use it from one task; `close` it when done.

    It also sees begin and end (`START`, `END`) of runs that record nothing, as far as they happen
    while it follows. Where the scope has no such thread, nothing is shown until it has: an id
    may be followed before anyone has made the thread. `behind`: the log may hold events above
    `after` that are to be shown; else only what comes from now on is.
    """

    stays = True
    """Whether there is more to come after a run's end."""

    def __init__(
        self,
        source: Source,
        storage: Storage,
        thread_id: str,
        after: int,
        scope: Scope,
        *,
        behind: bool,
        is_there: bool,
    ) -> None:
        super().__init__(storage, thread_id, None, after=after, behind=behind)
        self._source, self._scope = source, scope
        self._is_there, self._heard, self._is_gone = is_there, True, False

    @property
    def position(self) -> int:
        """The position up to which events were shown; -1 for none."""
        return self._after

    async def next(self, timeout_s: float | None = None) -> Sequence[Event] | Ended | None:
        """The next events in order, or that a run has ended (after its last event), or None when
        the time is over without either.

        Raises `ThreadNotFound` when the thread is deleted, `ShuttingDown` when the server stops.
        """
        while True:
            if not self._is_there:
                await self._look()
            if self._is_there and (got := await self._find()):
                return got
            if self._is_gone:
                raise ThreadNotFound(f"Thread with ID {self.thread_id} not found")
            if self._hung_up:
                raise ShuttingDown
            if not await self._wait(timeout_s):
                return None

    def close(self) -> None:
        """Stop following."""
        self._source.leave_thread(self)

    def offer(self, event: Event) -> None:
        """Take a live event."""
        self._heard = True
        if len(self._live) >= LIVE_LIMIT:
            self._fall_behind()
        if not self._overrun or event.kind in (START, END):
            self._live.append(event)
        self._wake()

    def offer_end(self, ended: Ended) -> None:
        """Take the news that a run's leg has ended: without its outcome, what it left is in the
        log."""
        self._heard = True
        self._behind = self._behind or ended.outcome is None
        self._live.append(ended)
        self._wake()

    def vanish(self) -> None:
        """The thread was deleted."""
        if self._is_there:
            self._is_gone = True
            self._wake()

    async def _find(self) -> Sequence[Event] | Ended | None:
        """What there is to show by now."""
        while self._behind or self._live:
            if self._behind:
                events = await self._read_log()
            elif isinstance(self._live[0], Ended):
                return self._live.popleft()  # type: ignore[return-value] # mypy: not by the index
            else:
                await self._check(self._live)
                events = self._take_live()
            if events:
                return events
        return None

    async def _read_log(self) -> Sequence[Event]:
        # Nothing is taken before the last wait: a reader that is cancelled loses nothing.
        if self._overrun:
            self._catch_up()
        events = await self._storage.read_events(
            self.thread_id, after=self._after, run_id=None, limit=READ_LIMIT
        )
        await self._check(events)
        self._behind = bool(events) or self._overrun
        return self._passed(self._merged(events))

    async def _look(self) -> None:
        """Whether the thread has come to be, for this caller."""
        if not self._heard:
            return
        self._heard = False
        try:
            await self._storage.get_thread(self.thread_id, scope=self._scope)
        except ThreadNotFound:
            self._live.clear()  # another caller's
        else:
            self._is_there = True

    async def _check(self, coming: Iterable[Event | Ended]) -> None:
        """Raise `ThreadNotFound` if the thread is no longer the caller's when another run begins:
        it may have been deleted and made anew by somebody else."""
        if self._scope.filters and any(isinstance(e, Event) and e.kind == START for e in coming):
            await self._storage.get_thread(self.thread_id, scope=self._scope)

    def _unwritten(self) -> Sequence[Event]:
        return self._source.unwritten(self.thread_id)

    def _catch_up(self) -> None:
        """Hold events again: each once, in order, a run's end behind its last one."""
        self._overrun, position = False, -1
        placed: dict[int, list[Event | Ended]] = {}
        for each in (*self._live, *self._unwritten()):
            if isinstance(each, Ended):
                placed.setdefault(position, []).append(each)
            elif (position := each.seq) not in placed:
                placed[position] = [each]
        self._live = deque(each for seq in sorted(placed) for each in placed[seq])

    def _kept(self) -> Sequence[Event | Ended]:
        kept = [e for e in self._live if isinstance(e, Ended) or e.kind in (START, END)]
        return kept[-KEPT_LIMIT:]

    def _merged(self, events: Sequence[Event]) -> Sequence[Event]:
        """Events of the log, with those between them that the log does not have."""
        if not self._live or not events:
            return events
        last = events[-1].seq
        held = [e for e in self._live if isinstance(e, Event) and e.seq <= last]
        by_position = {e.seq: e for e in (*held, *events)}
        return [by_position[seq] for seq in sorted(by_position)]
