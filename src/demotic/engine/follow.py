"""The event feed: one mechanism for live streams, joins, waits, reconnects and replay.

A follower listens first, then reads the log, then waits. Attempts of this process hand their
events over in memory; positions are unique and rise, so what arrives both ways is shown once.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from demotic.domain.errors import RunNotFound, ShuttingDown, ThreadNotFound
from demotic.domain.events import Ended, Event
from demotic.domain.model import EVERYTHING, Scope
from demotic.domain.runs import Run
from demotic.engine.follow_thread import ThreadFollowing
from demotic.engine.reading import LIVE_LIMIT, Reader
from demotic.ports.storage import Storage


class Unwritten(Protocol):
    """An attempt of this process that may hold events the log does not have yet."""

    def unwritten(self) -> Sequence[Event]:
        """Those events, in order."""
        ...


class Hub:
    """Hands the events of this process's attempts to this process's followers."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._followers: dict[str, set[Following]] = {}
        self._watchers: dict[str, set[ThreadFollowing]] = {}
        self._attempts: dict[str, Unwritten] = {}
        self._closed = False

    def follow(
        self,
        run: Run,
        *,
        after: int | None,
        fresh: bool = False,
        on_abandon: Callable[[Run], None] | None = None,
    ) -> "Following":
        """Follow a run from a position (None: only what comes from now on).

        `fresh`: nothing has been written for the run yet, so the log need not be read.
        `on_abandon` is called when this follower leaves before the end as the last one.
        """
        if self._closed:
            raise ShuttingDown
        following = Following(self, self._storage, run, after, fresh, on_abandon)
        self._followers.setdefault(run.thread_id, set()).add(following)
        following.preload(self.unwritten(run.thread_id))
        return following

    def follow_thread(
        self, thread_id: str, *, after: int, behind: bool, scope: Scope, is_there: bool
    ) -> ThreadFollowing:
        """Follow all runs of a thread from a position. `behind`: the log may hold what is to be
        shown; else the position is where the thread's events end by now.

        `is_there`: the scope has such a thread. If not, nothing is shown until it has.
        """
        if self._closed:
            raise ShuttingDown
        following = ThreadFollowing(
            self, self._storage, thread_id, after, scope, behind=behind, is_there=is_there
        )
        self._watchers.setdefault(thread_id, set()).add(following)
        following.preload(self.unwritten(thread_id))
        return following

    def is_watched(self, thread_id: str) -> bool:
        """Whether anyone follows all runs of the thread."""
        return thread_id in self._watchers

    def is_at_work(self, thread_id: str) -> bool:
        """Whether an attempt of this process works on the thread."""
        return thread_id in self._attempts

    def unwritten(self, thread_id: str) -> Sequence[Event]:
        """Events of the thread that were emitted here and are not in the log yet."""
        attempt = self._attempts.get(thread_id)
        return attempt.unwritten() if attempt else ()

    def leave(self, following: "Following") -> None:
        """Stop handing events to a follower."""
        followers = self._followers.get(following.thread_id)
        if followers is None or following not in followers:
            return
        followers.remove(following)
        if not followers:
            del self._followers[following.thread_id]
        if following.on_abandon and not following.has_ended and not self._closed:
            if not any(other.run.id == following.run.id for other in followers):
                following.on_abandon(following.run)

    def leave_thread(self, following: ThreadFollowing) -> None:
        """Stop handing events to a follower of a thread."""
        watchers = self._watchers.get(following.thread_id)
        if watchers is not None:
            watchers.discard(following)
            if not watchers:
                del self._watchers[following.thread_id]

    async def end_alone(self, run: Run) -> None:
        """A run has ended without its worker: its thread may have gone with it."""
        self.end(run.thread_id, Ended(run.id, None))
        if run.ends_thread:
            try:
                await self._storage.get_thread(run.thread_id, scope=EVERYTHING)
            except ThreadNotFound:
                self.vanish(run.thread_id)

    def vanish(self, thread_id: str) -> None:
        """The thread was deleted: its followers have nothing more to expect."""
        for watcher in self._watchers.get(thread_id, ()):
            watcher.vanish()

    def begin(self, thread_id: str, attempt: Unwritten) -> None:
        """An attempt begins to write to the thread."""
        self._attempts[thread_id] = attempt

    def finish(self, thread_id: str, attempt: Unwritten) -> None:
        """An attempt writes no more."""
        if self._attempts.get(thread_id) is attempt:
            del self._attempts[thread_id]

    def publish(self, thread_id: str, event: Event) -> None:
        """Hand over an event."""
        for following in self._followers.get(thread_id, ()):
            following.offer(event)
        if self._watchers:
            for watcher in self._watchers.get(thread_id, ()):
                watcher.offer(event)

    def end(self, thread_id: str, ended: Ended) -> None:
        """Tell that a leg has ended: with its outcome when its last events were handed over,
        without when they are to be read from the log."""
        for following in self._followers.get(thread_id, ()):
            following.offer_end(ended)
        for watcher in self._watchers.get(thread_id, ()):
            watcher.offer_end(ended)

    def hang_up(self) -> None:
        """Send every follower away (`ShuttingDown`), and take no more."""
        self._closed = True
        for followers in self._followers.values():
            for following in followers:
                following.hang_up()
        for watchers in self._watchers.values():
            for watcher in watchers:
                watcher.hang_up()

    def waiting(self) -> Sequence["Following"]:
        """Followers of runs that no attempt of this process is working on."""
        return [
            following
            for thread_id, followers in self._followers.items()
            if thread_id not in self._attempts
            for following in followers
        ]


class Following(Reader):
    """One reader of one run's events. Use it from one task; `close` it when done."""

    stays = False
    """Whether there is more to come after a run's end."""

    def __init__(
        self,
        hub: Hub,
        storage: Storage,
        run: Run,
        after: int | None,
        fresh: bool,
        on_abandon: Callable[[Run], None] | None,
    ) -> None:
        super().__init__(
            storage,
            run.thread_id,
            run.id,
            after=-1 if after is None else after,
            behind=not fresh and after is not None,
        )
        self.run, self.on_abandon = run, on_abandon
        self._hub = hub
        self._unsure = not fresh
        self._ended: Ended | None = None

    @property
    def has_ended(self) -> bool:
        """Whether the end of the leg is known."""
        return self._ended is not None

    async def next(self, timeout_s: float | None = None) -> Sequence[Event] | Ended | None:
        """The next events in order, or how the leg ended (after its last event), or None when
        the time is over without either. Raises `ShuttingDown` when the server stops."""
        while True:
            if self._behind and (events := await self._read_log()):
                return events
            if self._live and (events := self._take_live()):
                return events
            if self._unsure:
                await self._look()
            elif self._ended is not None:
                return self._ended
            elif self._hung_up:
                raise ShuttingDown
            elif not await self._wait(timeout_s):
                return None

    async def ended(self) -> Ended:
        """Skip every event and wait for the end of the leg."""
        while not isinstance(got := await self.next(), Ended):
            pass
        return got

    def close(self) -> None:
        """Stop following."""
        self._hub.leave(self)

    def offer(self, event: Event) -> None:
        """Take a live event."""
        if event.run_id != self.run.id:
            return
        if len(self._live) >= LIVE_LIMIT:
            self._fall_behind()
        if not self._overrun:
            self._live.append(event)
        self._wake()

    def _unwritten(self) -> Sequence[Event]:
        return self._hub.unwritten(self.thread_id)

    def offer_end(self, ended: Ended) -> None:
        """Take the news that a leg has ended."""
        if ended.run_id != self.run.id:
            return
        if ended.outcome is None:  # another than an attempt of this process has ended it
            self.recheck()
        else:
            self._ended = ended
            self._unsure = False
            self._wake()

    def recheck(self) -> None:
        """Look at the stored state again: a signal may have been lost."""
        self._unsure = True
        self._wake()

    async def _look(self) -> None:
        """Ask the storage whether the leg has ended; if so, its last events are in the log."""
        self._unsure = False
        try:
            outcome = await self._storage.get_outcome(self.run.id)
        except RunNotFound:
            # A temporary run that ended meanwhile is gone, but its attempt tells of the end.
            if self._ended is None and not self._hub.is_at_work(self.thread_id):
                raise
            return
        if outcome is not None and self._ended is None:
            self._ended = Ended(self.run.id, outcome)
            self._behind = self._after >= 0 or self._behind
