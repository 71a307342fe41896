"""Schedules fire at their instants, once, whatever happens; on a real database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from demotic.domain.errors import Conflict, ScheduleNotFound, SchedulesOff
from demotic.domain.ids import system_assistant_id
from demotic.domain.lifecycle import RunState
from demotic.domain.model import EVERYTHING, Json
from demotic.domain.runs import BusyPolicy, NewRun, Run, RunRequest
from demotic.domain.schedules import NewSchedule, Schedule, ScheduleQuery, Timing
from demotic.domain.threads import ThreadQuery
from demotic.engine.core import Limits
from demotic.storage.sqlite.database import Database
from house import House, open_house

MINUTE_US = 60_000_000
NEVER_S = 10_000 * 86_400.0
LIMITS = Limits(drain_s=0.05, grace_s=0.05, look_s=NEVER_S)


@asynccontextmanager
async def at_work(
    database: Database | None = None, limits: Limits = LIMITS
) -> AsyncIterator[House]:
    """A house whose schedules wake at their instants only."""
    async with open_house(database, limits) as house:
        yield house


async def make(
    house: House,
    expression: str,
    *steps: list[Json],
    thread_id: str | None = None,
    keep_thread: bool = True,
    policy: BusyPolicy = BusyPolicy.ENQUEUE,
    **timing: Json,
) -> Schedule:
    """A schedule of runs that take the given steps."""
    schedules = house.engine.schedules
    run = NewRun(
        id="",
        thread_id=thread_id,
        assistant_id=system_assistant_id(house.agent.name),
        request=RunRequest(input=list(steps)),
        keep_thread=keep_thread,
        busy_policy=policy,
    )
    id = schedules.new_id()
    run = replace(run, metadata={"of": id}, thread_metadata={"of": id})
    new = NewSchedule(id=id, timing=Timing(expression=expression, **timing), run=run)
    return await schedules.create(new, EVERYTHING)


async def until_rest(house: House) -> int:
    """Wait until all that is due has been fired; when the next is due, or will be looked for."""
    async with asyncio.timeout(5):
        while True:
            alarm_us, due_us = await house.clock.alarm(), await house.storage.next_due()
            if due_us is None or (alarm_us == due_us and due_us > house.clock.now_us()):
                return alarm_us
            await asyncio.sleep(0)


async def to(house: House, instant_us: int) -> None:
    """Let it be an instant, and wait until all that is due then has been fired."""
    await until_rest(house)
    house.clock.set(instant_us)
    await until_rest(house)


async def runs_of(house: House, thread_id: str) -> list[Run]:
    """The thread's runs, oldest first."""
    found = await house.engine.runs.list(thread_id, EVERYTHING, limit=1000)
    return [*reversed(found)]


async def test_a_run_starts_at_its_instant_and_not_before() -> None:
    async with at_work() as house:
        thread = await house.thread()
        made = await make(house, "* * * * *", thread_id=thread)
        assert made.next_us is not None and made.next_us % MINUTE_US == 0
        await to(house, made.next_us - 1_000)
        assert await runs_of(house, thread) == []
        await to(house, made.next_us)
        (run,) = await runs_of(house, thread)
        assert 0 <= run.created_us - made.next_us < 1_000
        assert run.metadata["of"] == made.id
        assert await until_rest(house) == made.next_us + MINUTE_US


async def test_the_janitor_sleeps_until_the_next_instant_and_wakes_for_an_earlier_one() -> None:
    async with at_work() as house:
        late = await make(house, "0 0 1 1 *")
        assert await until_rest(house) == late.next_us
        soon = await make(house, "30 * * * *")
        assert await until_rest(house) == soon.next_us


async def test_a_schedule_that_missed_several_instants_fires_once(tmp_path: Path) -> None:
    database = Database(tmp_path / "demotic.db")
    async with at_work(database) as house:
        thread = await house.thread()
        made = await make(house, "* * * * *", thread_id=thread)
        await until_rest(house)
        now_us = house.clock.now_us()
    async with at_work(database) as house:
        house.clock.set(now_us + 10 * MINUTE_US)
        await until_rest(house)
        (run,) = await runs_of(house, thread)
        assert made.next_us is not None and run.created_us > made.next_us + 8 * MINUTE_US
        assert (await house.engine.schedules.get(made.id, EVERYTHING)).next_us == (
            made.next_us + 10 * MINUTE_US
        )
    database.close()


async def test_a_hundred_that_are_due_at_once_all_fire_once() -> None:
    async with at_work() as house:
        threads = [await house.thread() for _ in range(250)]
        made = [await make(house, "0 9 * * *", thread_id=thread) for thread in threads]
        assert made[0].next_us is not None
        await to(house, made[0].next_us)
        assert [len(await runs_of(house, thread)) for thread in threads] == [1] * 250


async def test_a_schedule_ends_and_one_that_is_paused_waits() -> None:
    async with at_work() as house:
        thread, schedules = await house.thread(), house.engine.schedules
        end_us = house.clock.now_us() // MINUTE_US * MINUTE_US + 2 * MINUTE_US
        made = await make(house, "* * * * *", thread_id=thread, end_us=end_us)
        await to(house, end_us)
        assert (await schedules.get(made.id, EVERYTHING)).next_us is None
        await to(house, end_us + 10 * MINUTE_US)
        assert len(await runs_of(house, thread)) == 1

        paused = await make(house, "* * * * *", thread_id=thread)
        await schedules.change(paused.id, lambda old: replace(_new(old), enabled=False), EVERYTHING)
        await to(house, end_us + 20 * MINUTE_US)
        assert len(await runs_of(house, thread)) == 1
        on = await schedules.change(
            paused.id, lambda old: replace(_new(old), enabled=True), EVERYTHING
        )
        assert on.next_us == end_us + 21 * MINUTE_US
        await to(house, on.next_us)
        assert len(await runs_of(house, thread)) == 2


def _new(old: Schedule) -> NewSchedule:
    return NewSchedule(
        id=old.id, timing=old.timing, run=old.run, enabled=old.enabled, metadata=old.metadata
    )


async def test_a_change_of_anything_but_the_timing_keeps_the_next_instant() -> None:
    async with at_work() as house:
        made = await make(house, "0 0 1 1 *")
        schedules = house.engine.schedules
        kept = await schedules.change(made.id, lambda old: _new(old), EVERYTHING)
        assert (kept.next_us, kept.updated_us > made.updated_us) == (made.next_us, True)
        other = Timing(expression="0 0 2 1 *")
        moved = await schedules.change(
            made.id, lambda old: replace(_new(old), timing=other), EVERYTHING
        )
        assert made.next_us is not None and moved.next_us == made.next_us + 86_400_000_000


async def test_changes_that_meet_are_made_one_after_the_other() -> None:
    database = Database(None)
    async with at_work(database) as house:
        made = await make(house, "0 0 1 1 *")
        schedules = house.engine.schedules

        def marked(key: str) -> asyncio.Task[Schedule]:
            def edit(old: Schedule) -> NewSchedule:
                return replace(_new(old), metadata={**old.metadata, key: 1})

            return asyncio.create_task(schedules.change(made.id, edit, EVERYTHING))

        await asyncio.gather(*[marked(str(n)) for n in range(5)])
        found = await schedules.get(made.id, EVERYTHING)
        assert set(found.metadata) == {"0", "1", "2", "3", "4"}

        def meddle(old: Schedule) -> NewSchedule:
            text = "UPDATE schedule SET updated_us = updated_us + 1"
            database.write("meddle", lambda c: c.execute(text).fetchall()).result()
            return _new(old)

        with pytest.raises(Conflict, match="being changed by others"):
            await schedules.change(made.id, meddle, EVERYTHING)
    database.close()


async def test_a_refused_run_is_left_out_and_the_schedule_goes_on() -> None:
    async with at_work() as house:
        thread = await house.thread()
        made = await make(house, "* * * * *", thread_id=thread, policy=BusyPolicy.REJECT)
        blocking = await house.start(thread, ["wait", "gate"])
        assert made.next_us is not None
        await to(house, made.next_us)
        assert len(await runs_of(house, thread)) == 1
        house.agent.open("gate")
        await asyncio.wait_for(house.engine.runs.outcome(blocking.run), 5)
        await to(house, made.next_us + MINUTE_US)
        assert len(await runs_of(house, thread)) == 2


async def test_a_firing_cancels_what_is_in_its_way_where_it_is_told_to() -> None:
    async with at_work() as house:
        thread = await house.thread()
        made = await make(house, "* * * * *", thread_id=thread, policy=BusyPolicy.INTERRUPT)
        blocking = await house.start(thread, ["wait", "for ever"])
        await house.agent.arrived("for ever")
        assert made.next_us is not None
        await to(house, made.next_us)
        outcome = await asyncio.wait_for(house.engine.runs.outcome(blocking.run), 5)
        assert outcome.state is RunState.CANCELLED


async def test_a_run_without_a_thread_gets_one_of_its_own_each_time() -> None:
    async with at_work() as house:
        made = await make(house, "* * * * *")
        assert made.next_us is not None
        for n in range(3):
            await to(house, made.next_us + n * MINUTE_US)
        page = await house.engine.threads.search(ThreadQuery(metadata={"of": made.id}), EVERYTHING)
        assert page.total == 3


async def test_a_deleted_schedule_does_not_fire() -> None:
    async with at_work() as house:
        thread = await house.thread()
        made = await make(house, "* * * * *", thread_id=thread)
        await house.engine.schedules.delete(made.id, EVERYTHING)
        assert made.next_us is not None
        await to(house, made.next_us)
        assert await runs_of(house, thread) == []
        with pytest.raises(ScheduleNotFound):
            await house.engine.schedules.delete(made.id, EVERYTHING)


async def test_where_schedules_are_off_none_fires_and_none_is_taken(tmp_path: Path) -> None:
    database = Database(tmp_path / "demotic.db")
    async with at_work(database) as house:
        thread = await house.thread()
        made = await make(house, "* * * * *", thread_id=thread)
    async with at_work(database, replace(LIMITS, schedules=False)) as house:
        house.clock.advance(3600)
        with pytest.raises(SchedulesOff):
            await make(house, "* * * * *", thread_id=thread)
        schedules = house.engine.schedules
        off = await schedules.change(
            made.id, lambda old: replace(_new(old), enabled=False), EVERYTHING
        )
        assert off.enabled is False
        with pytest.raises(SchedulesOff):
            await schedules.change(
                made.id, lambda old: replace(_new(old), enabled=True), EVERYTHING
            )
        assert await runs_of(house, thread) == []
        assert (await schedules.search(ScheduleQuery(), EVERYTHING)).total == 1
    database.close()


# A year


class Daily(NamedTuple):
    """Times of the day, on some days, as a clock in a zone shows them."""

    zone: str
    expression: str
    times: tuple[tuple[int, int, int], ...]
    weekdays: tuple[int, ...] = tuple(range(7))
    days: tuple[int, ...] = tuple(range(1, 32))


SCHEDULES = (
    Daily("America/New_York", "30 2 * * *", ((2, 30, 0),)),  # skipped in March
    Daily("America/New_York", "0,30 1 * * SUN", ((1, 0, 0), (1, 30, 0)), (6,)),  # twice in November
    Daily("Europe/Oslo", "30 2 * * *", ((2, 30, 0),)),  # skipped in March, twice in October
    Daily("Europe/Oslo", "0 9 * * MON-FRI 30", ((9, 0, 30),), (0, 1, 2, 3, 4)),
    Daily("Australia/Lord_Howe", "15 2 * * *", ((2, 15, 0),)),  # its clock moves by half an hour
    Daily("Australia/Lord_Howe", "45 1 1,15 * *", ((1, 45, 0),), days=(1, 15)),
)


def expected(daily: Daily, begin: date, days: int) -> list[int]:
    """The instants of a year, found by looking at the clock every quarter of an hour, in seconds.

    Times that it skips come when it has, times that it shows twice come the first time.
    """
    here, found = ZoneInfo(daily.zone), []
    start = datetime(begin.year, begin.month, begin.day, tzinfo=UTC)
    latest = start.astimezone(here).replace(tzinfo=None)
    for n in range(1, days * 96 + 1):
        moment = start + n * timedelta(minutes=15)
        shown = moment.astimezone(here).replace(tzinfo=None)
        for day in sorted({latest.date(), shown.date()}):
            if day.weekday() not in daily.weekdays or day.day not in daily.days:
                continue
            for time in daily.times:
                due = datetime(day.year, day.month, day.day, *time)
                whole = due.replace(second=0)
                if latest < whole <= shown:
                    late = due.second if whole == shown else 0
                    found.append(int(moment.timestamp()) + late)
        latest = max(latest, shown)
    return found


@pytest.mark.timeout(60)
async def test_a_year_over_three_zones_fires_exactly_the_expected_instants() -> None:
    begin, days = date(2026, 6, 1), 365
    async with at_work() as house:
        end_us = house.clock.now_us() + days * 86_400_000_000
        threads = [await house.thread() for _ in SCHEDULES]
        for thread, daily in zip(threads, SCHEDULES, strict=True):
            await make(house, daily.expression, thread_id=thread, zone=daily.zone)
        while (alarm_us := await until_rest(house)) <= end_us:
            house.clock.set(alarm_us)
        count = 0
        for thread, daily in zip(threads, SCHEDULES, strict=True):
            runs = await house.engine.runs.list(thread, EVERYTHING, limit=1000)
            fired = [run.created_us // 1_000_000 for run in reversed(runs)]
            assert fired == expected(daily, begin, days), daily.expression
            count += len(fired)
        assert count == 365 + 2 * 52 + 365 + 261 + 365 + 24
