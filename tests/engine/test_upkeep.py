"""Threads are swept in time, and held for as long as a change of their state takes."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from demotic.domain.errors import LeaseLost, ThreadBusy, ThreadNotFound
from demotic.domain.model import EVERYTHING
from demotic.domain.states import StateUpdate
from demotic.domain.threads import Lifetime, NewThread, Pruning
from demotic.engine.core import Limits
from demotic.storage.sqlite.database import Database
from house import House, open_house

SHORT = Lifetime(1_000_000)
LEASE_S = 0.3


class Points:
    """Points of the database that a test waits for."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waited: dict[str, asyncio.Event] = {}
        self.database = Database(None, probe=self._reached)

    async def next(self, point: str) -> None:
        """Wait until a point is reached again (5 s at most)."""
        self._waited[point] = asyncio.Event()
        await asyncio.wait_for(self._waited[point].wait(), 5)

    def _reached(self, point: str) -> None:
        if event := self._waited.get(point):
            self._loop.call_soon_threadsafe(event.set)


@pytest.fixture
async def points() -> AsyncIterator[Points]:
    """Those of an empty database."""
    found = Points()
    yield found
    found.database.close()


async def make(house: House, lifetime: Lifetime | None = SHORT) -> str:
    """A new thread's id."""
    new = NewThread(id=house.engine.runs.new_id(), lifetime=lifetime)
    return (await house.engine.threads.create(new, EVERYTHING)).id


async def is_gone(house: House, thread: str) -> bool:
    """Whether a thread is not there any more."""
    try:
        await house.engine.threads.get(thread, EVERYTHING)
    except ThreadNotFound:
        return True
    return False


async def test_threads_whose_time_is_over_are_swept_by_themselves(points: Points) -> None:
    async with open_house(points.database, Limits(sweep_s=0.02)) as house:
        swept, kept = await make(house), await make(house, None)
        house.clock.advance(2)
        await points.next("delete_idle:committed")
        assert await is_gone(house, swept) and not await is_gone(house, kept)


async def test_a_sweep_takes_no_more_threads_than_it_may(house: House) -> None:
    threads = [await make(house) for _ in range(5)]
    house.clock.advance(2)
    assert await house.engine.upkeep.sweep(3) == 3
    left = [thread for thread in threads if not await is_gone(house, thread)]
    assert left == threads[3:], "the longest expired go first"


async def test_followers_of_a_run_that_waits_learn_that_its_thread_is_gone(house: House) -> None:
    thread = await make(house)
    started = await house.start(thread, ["pause", "ok?"])
    await asyncio.wait_for(started.following.ended(), 5)
    house.clock.advance(2)
    assert await house.engine.upkeep.sweep(10) == 1
    assert await is_gone(house, thread)


async def test_a_thread_that_is_pruned_waits_with_its_runs_and_then_goes_on(house: House) -> None:
    thread = await make(house, None)
    pruning = house.engine.upkeep.prune([thread], Pruning.KEEP_LATEST, EVERYTHING)
    task = asyncio.create_task(pruning)
    await asyncio.sleep(0)
    started = await house.start(thread)
    assert await task == 1
    assert (await asyncio.wait_for(started.following.ended(), 5)).outcome is not None


async def test_who_goes_away_during_a_pruning_leaves_the_thread_free(house: House) -> None:
    thread = await make(house, None)
    pruning = house.engine.upkeep.prune([thread], Pruning.KEEP_LATEST, EVERYTHING)
    task = asyncio.create_task(pruning)
    await asyncio.sleep(0)
    task.cancel()
    started = await house.start(thread)
    assert (await asyncio.wait_for(started.following.ended(), 5)).outcome is not None


async def test_a_change_of_state_holds_its_thread_for_as_long_as_it_takes(points: Points) -> None:
    async with open_house(points.database, Limits(lease_s=LEASE_S)) as house:
        thread = await make(house, None)
        update = StateUpdate(values="gate", as_node="wait")
        changing = asyncio.create_task(
            house.engine.states.update(thread, update, EVERYTHING, agent=house.agent.name)
        )
        await house.agent.arrived("gate")
        for _ in range(4):  # in all longer than a lease lasts
            house.clock.advance(LEASE_S * 0.9)
            await points.next("renew:committed")
            assert not await house.storage.rescue_runs(now_us=house.clock.now_us(), worker=None)
            with pytest.raises(ThreadBusy):
                await house.engine.states.update(thread, update, EVERYTHING, agent="scripted")
        house.agent.open("gate")
        assert (await changing)["checkpoint_id"] == "written"


async def test_a_change_whose_thread_is_deleted_meanwhile_is_refused(points: Points) -> None:
    async with open_house(points.database, Limits(lease_s=LEASE_S)) as house:
        thread = await make(house, None)
        update = StateUpdate(values="gate", as_node="wait")
        changing = asyncio.create_task(
            house.engine.states.update(thread, update, EVERYTHING, agent=house.agent.name)
        )
        await house.agent.arrived("gate")
        await house.engine.threads.delete(thread, EVERYTHING)
        await points.next("renew:committed")  # the heartbeat finds that the lease is gone
        house.agent.open("gate")
        with pytest.raises(LeaseLost):
            await changing
