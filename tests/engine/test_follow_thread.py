"""Following a whole thread, over many interleavings of runs, readers, disconnects and crashes."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from demotic.domain.errors import ShuttingDown, ThreadNotFound
from demotic.domain.events import CHANGED, END, START, Ended, Event
from demotic.domain.ids import SPACING
from demotic.domain.model import EVERYTHING
from demotic.domain.runs import CancelAction, Claim
from demotic.domain.states import StateUpdate
from demotic.domain.threads import NewThread
from demotic.engine import follow_thread
from demotic.engine.core import Engine
from demotic.engine.follow import Hub
from demotic.engine.follow_thread import ThreadFollowing
from demotic.engine.recorder import Recorder
from demotic.storage.sqlite.database import Database
from demotic.storage.sqlite.storage import SqliteStorage
from demotic.testing.clock import FakeClock
from demotic.testing.storage_builders import (
    ALICE,
    BOB,
    CLAIMER,
    DONE,
    MINUTE,
    T0,
    claimed,
    make_thread,
    prepare,
)
from house import House

STEPS = st.lists(
    st.sampled_from(
        ["emit"] * 6
        + ["write", "follow", "join", "read", "leave", "crash", "next", "next", "yield"]
    ),
    max_size=50,
)


@dataclass
class Reader:
    """A follower, from where it reads, and what it has seen."""

    following: ThreadFollowing
    from_start: bool
    joined: int
    seen: list[Event] = field(default_factory=list)
    owed: list[Event] = field(default_factory=list)  # what no log will show it


class World:
    """One thread with a run after the other, and its followers."""

    def __init__(self) -> None:
        self.database = Database(None)
        self.storage = SqliteStorage(self.database)
        self.hub = Hub(self.storage)
        self.readers: list[Reader] = []
        self.emitted = 0
        self.records = True
        self.last = 0

    async def open(self) -> None:
        """Begin the thread's first run."""
        await prepare(self.storage)
        self.thread = await make_thread(self.storage)
        await self.begin()

    async def begin(self) -> None:
        """Begin a run; every third records nothing."""
        self.records = self.emitted % 3 != 2
        modes = ("custom",) if self.records else ()
        self.take(await claimed(self.storage, self.thread, modes=modes))

    def take(self, claim: Claim) -> None:
        """Begin an attempt, as the worker does."""
        self.claim = claim
        self.recorder = Recorder(self.storage, self.hub, FakeClock(), claim.key)
        if self.records:
            self.recorder.emit(START, "", b"{}")
            self.last = self.recorder.unwritten()[-1].seq
        elif self.hub.is_watched(self.thread):
            self.tell(self.recorder.mint(START, "", b"{}"))

    def tell(self, event: Event) -> None:
        """Hand over what is not stored, or is by now."""
        self.hub.publish(self.thread, event)
        self.last = event.seq
        for reader in self.readers:
            reader.owed.append(event)

    async def do(self, step: str) -> None:
        """Take one step."""
        match step:
            case "emit" if self.records:
                self.recorder.emit("custom", "", str(self.emitted).encode())
                self.last += SPACING
            case "write":
                self.recorder._flush()
            case "follow":
                self.follow(0)
            case "join":
                self.follow(None)
            case "read":
                await self.read()
            case "leave" if self.readers:
                self.leave(self.readers.pop(0))
            case "crash":
                await self.crash()
            case "next":
                await self.finish()
                await self.begin()
            case "yield":
                await asyncio.sleep(0)
        self.emitted += 1

    def follow(self, after: int | None, seen: Sequence[Event] = ()) -> None:
        """A reader comes."""
        following = self.hub.follow_thread(
            self.thread,
            after=self.last if after is None else after,
            behind=after is not None,
            scope=EVERYTHING,
            is_there=True,
        )
        self.readers.append(Reader(following, after is not None, self.last, [*seen]))

    def leave(self, reader: Reader) -> None:
        """The reader's connection breaks; it comes back with its last position."""
        reader.following.close()
        if reader.seen or reader.from_start:
            self.follow(reader.seen[-1].seq if reader.seen else 0, reader.seen)
            self.readers[-1].from_start = reader.from_start
            self.readers[-1].joined = reader.joined

    async def read(self) -> None:
        """Let every reader take what is there."""
        for reader in self.readers:
            got = await reader.following.next(0)
            reader.seen += [] if isinstance(got, Ended) else got or []

    async def crash(self) -> None:
        """The attempt is lost with what it had not written; the next one begins."""
        lost = self.recorder
        lost.detach()
        if lost._write:
            await asyncio.wait([lost._write])
        if lost._timer:
            lost._timer.cancel()
        await self.storage.rescue_runs(now_us=T0 + MINUTE, worker="another")
        claim = await self.storage.claim_run(CLAIMER, now_us=T0 + MINUTE)
        if claim is None:  # lost three times: the run is over
            self.hub.end(self.thread, Ended(self.claim.run.id, None))
            await self.begin()
        else:
            self.take(claim)

    async def finish(self) -> None:
        """End the run, as the worker does."""
        events = await self.recorder.close()
        end = self.recorder.mint(END, "", b'{"state":"succeeded"}')
        if self.records:
            events.append(end)
        await self.storage.finish_run(self.claim.key, DONE, events, now_us=T0)
        self.tell(end)
        self.hub.end(self.thread, Ended(self.claim.run.id, DONE))
        self.recorder.detach()

    async def drain(self) -> None:
        """Let every reader read all there is."""
        for reader in self.readers:
            while (got := await reader.following.next(0)) is not None:
                reader.seen += [] if isinstance(got, Ended) else got

    async def stored(self) -> list[Event]:
        """The log."""
        return list(await self.storage.read_events(self.thread, after=0, run_id=None, limit=10_000))


async def play(steps: list[str]) -> None:
    world = World()
    await world.open()
    for step in steps:
        await world.do(step)
    await world.finish()
    await world.drain()
    log = await world.stored()
    for reader in world.readers:
        seen = [e.seq for e in reader.seen]
        assert seen == sorted(set(seen)), "a reader sees nothing twice and nothing out of order"
        begun = 0 if reader.from_start else reader.joined
        wanted = {e for e in log if e.seq > begun}
        assert wanted <= set(reader.seen), "a reader sees every event of the log"
        assert set(reader.owed) <= set(reader.seen), "and where runs begin that record nothing"
        assert not seen or seen[0] > begun, "who joins sees only what comes"
    world.database.close()


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_followers_see_every_event_of_every_run_once_and_in_order(steps: list[str]) -> None:
    asyncio.run(play(steps))


@settings(max_examples=60, deadline=None)
@given(STEPS)
@example([*["emit"] * 5, "next", "join", *["crash"] * 3])
def test_slow_followers_are_sent_back_to_the_log_and_miss_nothing(steps: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(follow_thread, "LIVE_LIMIT", 4)
        patch.setattr(follow_thread, "READ_LIMIT", 1)
        asyncio.run(play(steps))


async def of_kinds(following: ThreadFollowing, *kinds: str) -> list[Event]:
    """The events up to those of these kinds, each wait 5 s at most."""
    events: list[Event] = []
    while [e.kind for e in events][-len(kinds) :] != [*kinds]:
        got = await following.next(5)
        assert got is not None, f"no {kinds} after {[e.kind for e in events]}"
        events += [] if isinstance(got, Ended) else got
    return events


async def watched(engine: Engine, thread: str) -> ThreadFollowing:
    """A follower of a thread from now on."""
    return await engine.threads.follow(thread, EVERYTHING, after=None)


async def test_a_thread_is_followed_over_runs_and_their_ends_are_told(house: House) -> None:
    thread = await house.thread()
    following = await watched(house.engine, thread)
    runs = [await house.start(thread, ["emit", "custom", n]) for n in range(3)]
    events: list[Event] = []
    for _ in runs:
        events += await of_kinds(following, END)
    assert [e.kind for e in events] == [START, "custom", END] * 3
    assert [e.run_id for e in events[::3]] == [each.run.id for each in runs]
    replayed = await house.engine.threads.follow(thread, EVERYTHING, after=events[2].seq)
    assert await of_kinds(replayed, START, "custom", END, START, "custom", END) == events[3:]


async def test_who_follows_from_now_on_is_not_sent_back_to_what_was(house: House) -> None:
    thread = await house.thread()
    following = await watched(house.engine, thread)
    run = await house.start(thread, ["emit", "custom", 1])
    await of_kinds(following, END)
    late = await watched(house.engine, thread)
    lost = Ended(run.run.id, None)
    house.engine.hub.end(thread, lost)  # what it left is in the log
    assert await late.next(0) == lost
    assert await late.next(0) is None


async def test_begin_and_end_of_a_run_that_records_nothing_are_seen_and_not_stored(
    house: House,
) -> None:
    thread = await house.thread()
    following = await watched(house.engine, thread)
    await house.start(thread, ["emit", "custom", 1], modes=())
    events = await of_kinds(following, END)
    assert [e.kind for e in events if e.kind != "custom"] == [START, END]
    log = await house.storage.read_events(thread, after=0, run_id=None, limit=9)
    assert [e.kind for e in log if e.kind != "custom"] == []


async def test_events_keep_the_time_at_which_they_happened(house: House) -> None:
    thread = await house.thread()
    following = await watched(house.engine, thread)
    then_us = house.clock.now_us()
    await house.start(thread, ["wait", "gate"], ["emit", "custom", 1])
    await house.agent.arrived("gate")
    house.clock.advance(60)
    house.agent.open("gate")
    events = await of_kinds(following, END)
    assert [(e.at_us - then_us) // 1_000_000 for e in events] == [0, 60, 60]
    replayed = await house.engine.threads.follow(thread, EVERYTHING, after=0)
    assert await of_kinds(replayed, END) == events


async def test_a_rolled_back_run_is_told_to_be_over(house: House) -> None:
    thread = await house.thread()
    following = await watched(house.engine, thread)
    started = await house.start(thread, ["wait", "gate"])
    await of_kinds(following, START)
    await house.engine.runs.cancel(
        thread, started.run.id, CancelAction.ROLLBACK, EVERYTHING, wait=True
    )
    got = await following.next(5)
    assert isinstance(got, Ended) and got.run_id == started.run.id


async def test_who_joins_and_is_slow_is_not_sent_back_to_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(follow_thread, "LIVE_LIMIT", 4)
    world = World()
    await world.open()
    await world.do("next")  # so that the log has what was before
    await world.finish()
    world.follow(None)
    await world.begin()
    for _ in range(9):
        await world.do("emit")
    await world.finish()
    await world.drain()
    [reader] = world.readers
    assert {e.run_id for e in reader.seen} == {world.claim.run.id}
    world.database.close()


async def test_the_end_that_a_rescuer_writes_is_read_from_the_log() -> None:
    world = World()
    await world.open()
    world.follow(None)
    for _ in range(3):
        await world.crash()
    await world.drain()
    assert END in [e.kind for e in world.readers[0].seen]
    world.database.close()


async def test_a_change_of_state_is_told_with_the_state_and_its_place(house: House) -> None:
    thread = await house.thread()
    following = await watched(house.engine, thread)
    update = StateUpdate(values={"x": 1})
    await house.engine.states.update(thread, update, EVERYTHING, agent=house.agent.name)
    values, place = await of_kinds(following, "values", CHANGED)
    assert orjson.loads(values.data) == {"x": 1}
    assert set(orjson.loads(place.data)) == {"checkpoint", "parent", "metadata"}
    replayed = await house.engine.threads.follow(thread, EVERYTHING, after=0)
    assert await of_kinds(replayed, CHANGED) == [values, place]


async def test_a_thread_that_is_deleted_ends_its_followers(house: House) -> None:
    thread = await house.thread()
    following = await watched(house.engine, thread)
    await house.engine.threads.delete(thread, EVERYTHING)
    with pytest.raises(ThreadNotFound):
        await following.next(5)


async def test_a_server_that_stops_sends_followers_away(house: House) -> None:
    following = await watched(house.engine, await house.thread())
    house.engine.hub.hang_up()
    with pytest.raises(ShuttingDown):
        await following.next(5)
    with pytest.raises(ShuttingDown):
        await watched(house.engine, await house.thread())


async def test_a_thread_is_followed_before_it_is_there(house: House) -> None:
    thread = house.engine.runs.new_id()
    with pytest.raises(ThreadNotFound):
        await house.engine.threads.follow(thread, EVERYTHING, after=None)
    following = await house.engine.threads.follow(thread, EVERYTHING, after=None, or_awaited=True)
    assert await following.next(0) is None
    await house.engine.threads.create(NewThread(id=thread), EVERYTHING)
    await house.start(thread, ["emit", "custom", 1])
    assert [e.kind for e in await of_kinds(following, END)] == [START, "custom", END]


async def test_whoever_follows_an_id_sees_nothing_of_a_thread_that_another_makes(
    house: House,
) -> None:
    thread = house.engine.runs.new_id()
    follow = partial(house.engine.threads.follow, thread, after=None, or_awaited=True)
    alice, bob = await follow(ALICE), await follow(BOB)
    await house.engine.threads.create(NewThread(id=thread), ALICE)
    await house.start(thread, ["emit", "custom", 1])
    assert [e.kind for e in await of_kinds(alice, END)] == [START, "custom", END]
    assert await bob.next(0.05) is None


async def test_a_thread_that_leaves_a_followers_scope_is_gone_for_it(house: House) -> None:
    thread = house.engine.runs.new_id()
    await house.engine.threads.create(NewThread(id=thread), ALICE)
    following = await house.engine.threads.follow(thread, ALICE, after=None)
    changed = {"owner": "bob"}
    await house.engine.threads.change(thread, changed, EVERYTHING)
    await house.start(thread, ["emit", "custom", 1])
    with pytest.raises(ThreadNotFound):
        await of_kinds(following, END)


async def test_what_is_recent_begins_with_the_first_run_that_is_not_long_over(
    house: House,
) -> None:
    thread = await house.thread()
    assert await house.engine.threads.span(thread) == (0, 0)
    following = await watched(house.engine, thread)
    ends = []
    for n in range(3):
        await house.start(thread, ["emit", "custom", n])
        ends.append((await of_kinds(following, END))[-1].seq)
        if n < 2:
            house.clock.advance(100)
    assert await house.engine.threads.span(thread) == (ends[0], ends[2])
    house.clock.advance(119)
    assert await house.engine.threads.span(thread) == (ends[1], ends[2])
    house.clock.advance(2)
    assert await house.engine.threads.span(thread) == (ends[2], ends[2])
    await house.start(thread, ["pause", "why?"])
    paused = (await of_kinds(following, END))[-1].seq
    house.clock.advance(1000)
    assert await house.engine.threads.span(thread) == (ends[2], paused)


async def test_a_reader_that_is_cancelled_while_it_reads_loses_nothing(house: House) -> None:
    thread = house.engine.runs.new_id()
    await house.engine.threads.create(NewThread(id=thread), ALICE)
    following = await house.engine.threads.follow(thread, ALICE, after=0)
    started = await house.start(thread, *(["emit", "custom", n] for n in range(20)))
    seen: list[Event] = []
    while not seen or seen[-1].kind != END:
        reading_on = asyncio.ensure_future(following.next())
        for _ in range(len(seen) % 3):
            await asyncio.sleep(0)
        if not reading_on.done():
            reading_on.cancel()
        await asyncio.wait([reading_on])
        if not reading_on.cancelled():
            got = reading_on.result()
            seen += [] if isinstance(got, Ended) else got or []
        else:
            more = await following.next(5)
            seen += [] if isinstance(more, Ended) else more or []
    assert [e.kind for e in seen] == [START, *["custom"] * 20, END]
    assert all(a.seq < b.seq for a, b in pairwise(seen))
    assert {e.run_id for e in seen} == {started.run.id}
