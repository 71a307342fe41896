"""Storage that is out of order for a while: what works on for as long as the engine lives."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from demotic.domain.errors import StorageUnavailable
from demotic.domain.ids import system_assistant_id
from demotic.domain.lifecycle import RunState
from demotic.domain.model import EVERYTHING
from demotic.domain.runs import NewRun, RunRequest
from demotic.engine import janitors
from demotic.engine.core import Limits
from demotic.engine.heartbeat import Heartbeat
from demotic.engine.holdings import Holdings
from demotic.engine.patience import FIRST_PAUSE_S, LONGEST_PAUSE_S
from demotic.storage.sqlite.database import Database
from house import House, open_house

LIMITS = Limits(slots=1, drain_s=0.05, grace_s=0.05, schedules=False)


class Trouble:
    """A database whose jobs of a kind fail while it lasts; counts those that do and do not."""

    def __init__(self, kind: str) -> None:
        self.kind, self.lasts, self.failed, self.done = kind, False, 0, 0
        self.database = Database(None, probe=self._probe)

    def _probe(self, point: str) -> None:
        if point == f"{self.kind}:submitted" and self.lasts:
            self.failed += 1
            raise StorageUnavailable("out of order")
        self.done += point == f"{self.kind}:executed"

    async def until(self, fact: Callable[[], bool]) -> None:
        """Wait for a fact, 5 s at most; each look lets the engine go on."""
        async with asyncio.timeout(5):
            while not fact():
                await self.database.read("look", lambda connection: None)


async def state_of(house: House, run_id: str) -> RunState:
    """A run's state."""
    return (await house.storage.get_run(None, run_id, scope=EVERYTHING)).state


async def test_a_queued_run_runs_when_the_storage_is_in_order_again() -> None:
    trouble = Trouble("claim")
    async with open_house(trouble.database, LIMITS) as house:
        first = await house.start(None, ["wait", "gate"])
        second = await house.start(None, ["emit", "custom", 1])
        trouble.lasts = True
        house.agent.open("gate")
        pauses = []
        for times in range(1, 9):
            alarm = await house.clock.alarm()
            assert trouble.failed == times
            pauses.append((alarm - house.clock.now_us()) / 1e6)
            trouble.lasts = times < 8
            house.clock.set(alarm)
        assert await state_of(house, first.run.id) is RunState.SUCCEEDED
        outcome = await asyncio.wait_for(house.engine.runs.outcome(second.run), 5)
        assert outcome.state is RunState.SUCCEEDED
    trouble.database.close()
    doubled = [min(FIRST_PAUSE_S * 2**n, LONGEST_PAUSE_S) for n in range(8)]
    assert pauses == pytest.approx(doubled, abs=0.001)


DUTIES = {
    "rescue": "RESCUE_EVERY_S",
    "trim": "TRIM_EVERY_S",
    "expired": None,
    "due": "TRY_AGAIN_S",
}
"""Kinds of jobs by the janitor's interval that they are done at; None: a limit of the engine."""


@pytest.mark.parametrize("kind", DUTIES)
async def test_janitors_go_on_when_the_storage_is_in_order_again(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if (interval := DUTIES[kind]) is not None:
        monkeypatch.setattr(janitors, interval, 0.001)
    trouble = Trouble(kind)
    limits = Limits(drain_s=0.05, grace_s=0.05, sweep_s=0.001, look_s=0.0)
    async with open_house(trouble.database, limits):
        trouble.lasts = True
        await trouble.until(lambda: trouble.failed >= 3)
        trouble.lasts, done = False, trouble.done
        await trouble.until(lambda: trouble.done >= done + 2)
    trouble.database.close()


async def test_a_run_whose_last_follower_leaves_is_cancelled_when_the_storage_allows() -> None:
    trouble = Trouble("cancel")
    async with open_house(trouble.database, LIMITS) as house:
        new = NewRun(
            id=house.engine.runs.new_id(),
            thread_id=None,
            assistant_id=system_assistant_id(house.agent.name),
            request=RunRequest(input=[["wait", "gate"]]),
            keep_thread=True,
        )
        started = await house.engine.runs.start(new, EVERYTHING, cancels=True)
        await house.agent.arrived("gate")
        trouble.lasts = True
        started.following.close()
        await trouble.until(lambda: trouble.failed == 1)
        trouble.lasts = False
        outcome = await asyncio.wait_for(house.engine.runs.outcome(started.run), 5)
        assert outcome.state is RunState.CANCELLED
    trouble.database.close()


async def test_leases_are_renewed_again_after_a_beat_that_went_wrong() -> None:
    told = threading.Event()

    def restart() -> None:
        told.set()
        raise OSError("the program is gone")

    trouble = Trouble("renew")
    async with open_house(trouble.database, LIMITS) as house:
        await house.start(None, ["wait", "gate"])
        await house.agent.arrived("gate")
        worker, clock = house.engine.worker, house.clock
        heart = Heartbeat(
            house.storage, worker, Holdings(), clock, blocked_s=0.02, on_blocked=restart
        )
        heart.start()
        assert told.wait(5), "this blocks the event loop, and is told"
        done = trouble.done
        await trouble.until(lambda: trouble.done >= done + 2)
        await heart.stop()
    trouble.database.close()
