"""What agents leave at work is counted, and too much of it is told."""

import asyncio
import gc
import threading
from typing import Any

from demotic.domain.errors import LeaseLost
from demotic.domain.model import EVERYTHING
from demotic.domain.runs import CancelAction
from demotic.engine.core import Limits
from demotic.engine.leftovers import AgentExecutor, Leftovers
from demotic.testing.clock import FakeClock
from house import House, open_house

PROMPTLY_S = 5
GRACE_S = 1


async def leave_one(house: House, gate: str) -> None:
    """Cancel a run whose agent does not stop."""
    started = await house.start(await house.thread(), ["stubborn", gate])
    await house.agent.arrived(gate)
    run = started.run
    await house.engine.runs.cancel(
        run.thread_id, run.id, CancelAction.INTERRUPT, EVERYTHING, wait=True
    )
    house.clock.advance(GRACE_S)


async def finished(leftovers: Leftovers) -> bool:
    """Whether all that was stuck ends once it is let go."""
    for _ in range(100):
        await asyncio.sleep(0)
        if leftovers.stuck() == 0:
            return True
    return False


async def test_a_task_that_ignores_its_end_is_stuck_until_it_ends(house: House) -> None:
    leftovers = house.engine.worker.leftovers
    await leave_one(house, "gate")
    assert leftovers.stuck() == 1
    house.agent.open("gate")
    assert await finished(leftovers)


async def test_how_a_task_ends_that_was_left_behind_is_no_complaint() -> None:
    complaints: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told))
    gate = asyncio.Event()

    async def lose() -> None:
        await gate.wait()
        raise LeaseLost

    leftovers = Leftovers(FakeClock(), GRACE_S)
    task = asyncio.create_task(lose())

    async def attempt(left: asyncio.Task[None]) -> None:
        leftovers.begin("run").end(left)

    await asyncio.create_task(attempt(task))  # its context keeps the task no longer
    gate.set()
    assert await finished(leftovers)
    await asyncio.wait([task], timeout=PROMPTLY_S)
    del task
    gc.collect()
    assert not complaints


async def test_runs_that_end_leave_nothing(house: House) -> None:
    started = await house.start(await house.thread(), ["emit", "custom", 1])
    await asyncio.wait_for(started.following.ended(), PROMPTLY_S)
    house.clock.advance(GRACE_S)
    assert house.engine.worker.leftovers.stuck() == 0


async def test_more_stuck_than_the_limit_is_told_once() -> None:
    told, times = asyncio.Event(), []

    def tell() -> None:
        told.set()
        times.append(1)

    limits = Limits(drain_s=0.05, grace_s=0.05, stuck=1)
    async with open_house(limits=limits, on_stuck=tell) as house:
        await leave_one(house, "first")
        assert house.engine.worker.leftovers.stuck() == 1
        await leave_one(house, "second")
        await asyncio.wait_for(told.wait(), PROMPTLY_S)
        house.agent.open("first")
        house.agent.open("second")
    assert times == [1]


async def test_calls_in_threads_count_once_their_attempt_is_over() -> None:
    reached, let_go = threading.Event(), threading.Event()

    def call() -> None:
        reached.set()
        let_go.wait(PROMPTLY_S)

    leftovers = Leftovers(FakeClock(), grace_s=0)
    loop = asyncio.get_running_loop()
    with AgentExecutor(3) as executor:
        nobodys = loop.run_in_executor(executor, let_go.wait, PROMPTLY_S)
        trace = leftovers.begin("run")
        first = loop.run_in_executor(executor, call)
        assert await asyncio.to_thread(reached.wait, PROMPTLY_S)
        assert leftovers.stuck() == 0
        trace.end(None)
        assert leftovers.stuck() == 1
        reached.clear()
        second = loop.run_in_executor(executor, call)  # the attempt is over, and still calls
        assert await asyncio.to_thread(reached.wait, PROMPTLY_S)
        assert leftovers.stuck() == 2
        let_go.set()
        await asyncio.gather(nobodys, first, second)
    assert leftovers.stuck() == 0


async def test_an_agent_has_the_grace_time_before_it_counts() -> None:
    clock = FakeClock()
    leftovers = Leftovers(clock, grace_s=GRACE_S)
    task = asyncio.create_task(asyncio.Event().wait())
    leftovers.begin("run").end(task)
    clock.advance(GRACE_S - 0.001)
    assert leftovers.stuck() == 0
    clock.advance(0.001)
    assert leftovers.stuck() == 1
    task.cancel()
