"""The feed's invariants, over many interleavings of append, follow, disconnect and crash."""

import asyncio
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from demotic.domain.events import Ended, Event
from demotic.domain.lifecycle import Reason, RunState
from demotic.domain.model import EVERYTHING
from demotic.domain.runs import CancelAction, Claim, Claimer, Outcome
from demotic.engine.follow import Following, Hub
from demotic.engine.recorder import Recorder
from demotic.storage.sqlite.database import Database
from demotic.storage.sqlite.storage import SqliteStorage
from demotic.testing.clock import FakeClock
from demotic.testing.storage_builders import CLAIMER, MINUTE, T0, admit, claimed, prepare

DONE = Outcome(state=RunState.SUCCEEDED, reason=Reason.COMPLETED)

STEPS = st.lists(
    st.sampled_from(["emit", "emit", "emit", "write", "follow", "read", "leave", "crash", "yield"]),
    max_size=40,
)


@dataclass
class Reader:
    """A follower and what it has seen."""

    following: Following
    from_start: bool
    seen: list[Event] = field(default_factory=list)
    over: bool = False


class World:
    """One thread, its run, its attempts and its followers."""

    def __init__(self) -> None:
        self.database = Database(None)
        self.storage = SqliteStorage(self.database)
        self.clock = FakeClock()
        self.hub = Hub(self.storage)
        self.readers: list[Reader] = []
        self.emitted = 0

    async def open(self) -> None:
        """Begin the run's first attempt."""
        await prepare(self.storage)
        self.claim: Claim = await claimed(self.storage)
        self.recorder = self._recorder()

    def _recorder(self) -> Recorder:
        return Recorder(self.storage, self.hub, self.clock, self.claim.key)

    async def do(self, step: str) -> None:
        """Take one step."""
        match step:
            case "emit":
                self.recorder.emit("custom", "", str(self.emitted).encode())
                self.emitted += 1
            case "write":
                self.recorder._flush()
            case "follow":
                following = self.hub.follow(self.claim.run, after=0)
                self.readers.append(Reader(following, True))
            case "read":
                await self.read(0)
            case "leave" if self.readers:
                self.leave(self.readers.pop(0))
            case "crash":
                await self.crash()
            case "yield":
                await asyncio.sleep(0)

    def leave(self, reader: Reader) -> None:
        """The reader's connection breaks; it comes back with its last position."""
        reader.following.close()
        after = reader.seen[-1].seq if reader.seen else 0
        again = Reader(self.hub.follow(self.claim.run, after=after), True, list(reader.seen))
        self.readers.append(again)

    async def read(self, timeout_s: float) -> None:
        """Let every reader take what is there."""
        for reader in self.readers:
            got = await reader.following.next(timeout_s)
            if got is not None and not isinstance(got, Ended):
                reader.seen += got

    async def crash(self) -> None:
        """The attempt is lost with what it had not written; the next one begins."""
        lost = self.recorder
        lost.detach()
        if lost._write:
            await asyncio.wait([lost._write])
        if lost._timer:
            lost._timer.cancel()
        await self.storage.rescue_runs(now_us=T0 + MINUTE, worker="another")
        claimer = Claimer("worker-1", CLAIMER.agents, CLAIMER.lease_us)
        claim = await self.storage.claim_run(claimer, now_us=T0 + MINUTE)
        if claim is None:  # lost three times: the run is over
            raise StopAsyncIteration
        self.claim = claim
        self.recorder = self._recorder()

    async def finish(self) -> None:
        """End the run and let every reader see its end."""
        events = await self.recorder.close()
        await self.storage.finish_run(self.claim.key, DONE, events, now_us=T0)
        self.recorder.detach()
        self.hub.end(self.claim.key.thread_id, Ended(self.claim.run.id, DONE))
        await self.drain()

    async def drain(self) -> None:
        """Let every reader read to the end."""
        for reader in self.readers:
            while not isinstance(got := await reader.following.next(5), Ended):
                assert got is not None, "a reader waits for something that does not come"
                reader.seen += got

    async def stored(self) -> list[Event]:
        """The log."""
        thread_id = self.claim.key.thread_id
        return list(await self.storage.read_events(thread_id, after=0, run_id=None, limit=10_000))


async def play(steps: list[str]) -> None:
    world = World()
    await world.open()
    try:
        for step in steps:
            await world.do(step)
        await world.finish()
    except StopAsyncIteration:
        run = await world.storage.get_run(None, world.claim.run.id, scope=EVERYTHING)
        world.hub.end(run.thread_id, Ended(run.id, None))
        await world.drain()
    log = await world.stored()
    positions = [e.seq for e in log]
    assert positions == sorted(set(positions)), "each position exists once, in order"
    for reader in world.readers:
        seen = [e.seq for e in reader.seen]
        assert seen == sorted(set(seen)), "a reader sees nothing twice and nothing out of order"
        assert set(log) <= set(reader.seen), "a reader sees every event of the log"
    world.database.close()


@settings(max_examples=120, deadline=None)
@given(STEPS)
def test_followers_see_every_stored_event_once_and_in_order(steps: list[str]) -> None:
    asyncio.run(play(steps))


async def test_a_slow_reader_is_sent_back_to_the_log_and_misses_nothing() -> None:
    world = World()
    await world.open()
    await world.do("follow")
    for _ in range(25_000):
        await world.do("emit")
    await world.finish()
    assert [e.data for e in world.readers[0].seen] == [str(n).encode() for n in range(25_000)]
    world.database.close()


async def test_a_reader_of_a_queued_run_learns_that_it_was_cancelled_elsewhere() -> None:
    world = World()
    await world.open()
    queued = (await admit(world.storage, world.claim.key.thread_id)).run
    following = world.hub.follow(queued, after=0)
    assert await following.next(0) is None
    await world.storage.delete_run(
        queued.thread_id, world.claim.run.id, scope=EVERYTHING, now_us=T0
    )
    await world.storage.request_cancel(
        queued.thread_id, queued.id, CancelAction.INTERRUPT, scope=EVERYTHING, now_us=T0
    )
    following.recheck()
    ended = await following.next(5)
    assert isinstance(ended, Ended) and ended.outcome is not None
    assert ended.outcome.state is RunState.CANCELLED
    world.database.close()
