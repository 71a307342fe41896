"""Runs from admission to their end, on a real database."""

import asyncio

import orjson
import pytest

from demotic.domain.errors import Conflict, RunNotFound, ThreadBusy, ThreadNotFound
from demotic.domain.events import END, START, Ended, Event
from demotic.domain.ids import system_assistant_id
from demotic.domain.lifecycle import Reason, RunState, ThreadState
from demotic.domain.model import EVERYTHING
from demotic.domain.runs import BusyPolicy, CancelAction, NewRun, RunRequest
from demotic.engine import worker
from demotic.engine.core import Limits
from demotic.engine.follow import Following
from demotic.engine.runs import Started
from demotic.storage.sqlite.database import Database
from house import House, open_house


async def collect(following: Following) -> list[Event]:
    """Every event up to the end of the leg (each wait 5 s at most)."""
    events: list[Event] = []
    while True:
        got = await following.next(5)
        assert got is not None, "the run did not go on within 5 s"
        if isinstance(got, Ended):
            return events
        events += got


async def ended(house: House, started: Started) -> RunState:
    """The state in which the run's leg ends."""
    outcome = await asyncio.wait_for(house.engine.runs.outcome(started.run), 5)
    return outcome.state


async def test_a_run_streams_its_events_and_ends(house: House) -> None:
    started = await house.start(await house.thread(), ["emit", "custom", 1], ["emit", "custom", 2])
    events = await collect(started.following)
    assert [e.kind for e in events] == [START, "custom", "custom", END]
    assert [orjson.loads(e.data) for e in events[1:3]] == [1, 2]
    run = await house.engine.runs.get(started.run.thread_id, started.run.id, EVERYTHING)
    assert (run.state, run.reason) == (RunState.SUCCEEDED, Reason.COMPLETED)


async def test_a_late_follower_reads_the_same_events_from_the_log(house: House) -> None:
    started = await house.start(await house.thread(), ["emit", "custom", 1], ["emit", "custom", 2])
    live = await collect(started.following)
    late = await collect(house.engine.runs.follow(started.run, after=0))
    assert late == live
    rest = await collect(house.engine.runs.follow(started.run, after=live[1].seq))
    assert rest == live[2:]


async def test_a_follower_that_joins_in_the_middle_without_a_cursor_sees_only_what_comes(
    house: House,
) -> None:
    started = await house.start(
        await house.thread(), ["emit", "custom", 1], ["wait", "gate"], ["emit", "custom", 2]
    )
    await house.agent.arrived("gate")
    joined = house.engine.runs.follow(started.run, after=None)
    house.agent.open("gate")
    assert [e.kind for e in await collect(joined)] == ["custom", END]


async def test_a_run_without_modes_stores_no_events(house: House) -> None:
    started = await house.start(await house.thread(), modes=())
    assert await ended(house, started) is RunState.SUCCEEDED
    thread = started.run.thread_id
    assert await house.storage.read_events(thread, after=0, run_id=None, limit=9) == []


async def test_runs_of_a_thread_go_one_after_the_other_in_admission_order(house: House) -> None:
    thread = await house.thread()
    first = await house.start(thread, ["wait", "gate"])
    others = [await house.start(thread, ["emit", "custom", n]) for n in range(3)]
    await house.agent.arrived("gate")
    assert house.agent.started == [first.run.id]
    house.agent.open("gate")
    for started in others:
        assert await ended(house, started) is RunState.SUCCEEDED
    assert house.agent.started == [first.run.id, *(o.run.id for o in others)]


async def test_a_rejected_run_leaves_no_trace(house: House) -> None:
    thread = await house.thread()
    await house.start(thread, ["wait", "gate"])
    with pytest.raises(ThreadBusy):
        await house.start(thread, policy=BusyPolicy.REJECT)
    assert len(await house.engine.runs.list(thread, EVERYTHING)) == 1
    house.agent.open("gate")


async def test_the_thread_is_busy_from_admission_to_the_end(house: House) -> None:
    thread = await house.thread()
    started = await house.start(thread, ["wait", "gate"])
    assert (await house.engine.threads.get(thread, EVERYTHING)).state is ThreadState.BUSY
    house.agent.open("gate")
    await ended(house, started)
    assert (await house.engine.threads.get(thread, EVERYTHING)).state is ThreadState.IDLE


async def test_a_failure_is_told_and_leaves_the_thread_in_error(house: House) -> None:
    started = await house.start(await house.thread(), ["fail", "boom"])
    events = await collect(started.following)
    assert orjson.loads(events[-1].data)["error"] == {"error": "ValueError", "message": "boom"}
    thread = await house.engine.threads.get(started.run.thread_id, EVERYTHING)
    assert (thread.state, thread.error) == (
        ThreadState.ERROR,
        {"error": "ValueError", "message": "boom"},
    )


async def test_a_pause_leaves_the_question_and_a_new_run_supersedes_it(house: House) -> None:
    thread = await house.thread()
    paused = await house.start(thread, ["pause", "go on?"])
    assert await ended(house, paused) is RunState.WAITING
    shown = await house.engine.threads.get(thread, EVERYTHING)
    assert shown.state is ThreadState.INTERRUPTED
    assert shown.interrupts == {"task": [{"id": "i1", "value": "go on?"}]}
    assert await ended(house, await house.start(thread)) is RunState.SUCCEEDED
    old = await house.engine.runs.get(thread, paused.run.id, EVERYTHING)
    assert (old.state, old.reason) == (RunState.SUCCEEDED, Reason.SUPERSEDED)


async def test_a_cancelled_run_ends_and_its_followers_with_it(house: House) -> None:
    started = await house.start(await house.thread(), ["wait", "for ever"])
    await house.agent.arrived("for ever")
    run = started.run
    await house.engine.runs.cancel(
        run.thread_id, run.id, CancelAction.INTERRUPT, EVERYTHING, wait=True
    )
    assert await ended(house, started) is RunState.CANCELLED
    assert (await collect(started.following))[-1].kind == END
    with pytest.raises(Conflict):
        await house.engine.runs.cancel(
            run.thread_id, run.id, CancelAction.INTERRUPT, EVERYTHING, wait=True
        )


async def test_a_queued_run_that_is_cancelled_ends_at_once_without_events(house: House) -> None:
    thread = await house.thread()
    await house.start(thread, ["wait", "gate"])
    queued = await house.start(thread)
    await house.engine.runs.cancel(
        thread, queued.run.id, CancelAction.INTERRUPT, EVERYTHING, wait=True
    )
    assert await collect(queued.following) == []
    house.agent.open("gate")


async def test_an_agent_that_ignores_its_cancel_is_left_behind_after_the_grace_time(
    house: House,
) -> None:
    thread = await house.thread()
    started = await house.start(thread, ["stubborn", "never"])
    await house.agent.arrived("never")
    await house.engine.runs.cancel(
        thread, started.run.id, CancelAction.INTERRUPT, EVERYTHING, wait=True
    )
    assert await ended(house, started) is RunState.CANCELLED
    assert await ended(house, await house.start(thread)) is RunState.SUCCEEDED
    house.agent.open("never")


async def test_deleting_a_running_run_frees_the_thread(house: House) -> None:
    thread = await house.thread()
    started = await house.start(thread, ["wait", "for ever"])
    await house.agent.arrived("for ever")
    await house.engine.runs.delete(thread, started.run.id, EVERYTHING)
    with pytest.raises(RunNotFound):
        await house.engine.runs.get(thread, started.run.id, EVERYTHING)
    assert (await house.engine.threads.get(thread, EVERYTHING)).state is ThreadState.IDLE
    assert await ended(house, await house.start(thread)) is RunState.SUCCEEDED


async def test_the_followers_of_a_deleted_thread_are_told(house: House) -> None:
    thread = await house.thread()
    started = await house.start(thread, ["wait", "for ever"])
    await house.agent.arrived("for ever")
    await house.engine.threads.delete(thread, EVERYTHING)
    with pytest.raises(RunNotFound):
        await collect(started.following)
    with pytest.raises(ThreadNotFound):
        await house.engine.threads.get(thread, EVERYTHING)


async def test_a_temporary_thread_vanishes_with_its_run(house: House) -> None:
    started = await house.start(None, modes=())
    assert await ended(house, started) is RunState.SUCCEEDED
    with pytest.raises(ThreadNotFound):
        await house.engine.threads.get(started.run.thread_id, EVERYTHING)


async def test_a_look_at_the_storage_comes_too_late_for_a_temporary_run_and_does_no_harm(
    house: House,
) -> None:
    started = await house.start(None, ["wait", "gate"], modes=())
    other = house.engine.runs.follow(started.run, after=0)
    house.agent.open("gate")
    await asyncio.wait_for(started.following.ended(), 5)
    other.recheck()
    assert (await asyncio.wait_for(other.ended(), 5)).run_id == started.run.id


async def test_a_temporary_run_can_be_followed_again_for_a_while_after_its_end(
    house: House,
) -> None:
    started = await house.start(None, ["emit", "custom", 1])
    live = await collect(started.following)
    run = await house.engine.runs.get(None, started.run.id, EVERYTHING)
    assert await collect(house.engine.runs.follow(run, after=0)) == live
    house.clock.advance(121)
    await house.storage.trim_feed(before_us=0, now_us=house.clock.now_us())
    with pytest.raises(RunNotFound):
        await house.engine.runs.get(None, started.run.id, EVERYTHING)


async def test_a_worker_takes_no_more_runs_than_it_has_slots() -> None:
    async with open_house(limits=Limits(slots=2, drain_s=0.05, grace_s=0.05)) as house:
        runs = [await house.start(await house.thread(), ["wait", "gate"]) for _ in range(5)]
        await house.agent.arrived("gate")
        states = [
            (await house.engine.runs.get(r.run.thread_id, r.run.id, EVERYTHING)).state for r in runs
        ]
        assert states.count(RunState.RUNNING) == 2
        house.agent.open("gate")
        for started in runs:
            assert await ended(house, started) is RunState.SUCCEEDED


async def test_a_run_that_takes_too_long_is_ended_with_its_reason() -> None:
    async with open_house(limits=Limits(run_s=0.01, drain_s=0.05, grace_s=0.05)) as house:
        for step in ("wait", "stubborn"):
            started = await house.start(await house.thread(), [step, "never"])
            outcome = await asyncio.wait_for(house.engine.runs.outcome(started.run), 5)
            assert (outcome.state, outcome.reason) == (RunState.TIMED_OUT, Reason.TIME_LIMIT)
            assert outcome.error is not None
            assert outcome.error["message"] == "The run took longer than 0.01 seconds."
        house.agent.open("never")


async def test_a_drain_stops_at_a_safe_point_and_the_next_process_goes_on() -> None:
    database = Database(None)
    async with open_house(database) as house:
        started = await house.start(await house.thread(), ["drain", "gate"])
        await house.agent.arrived("gate")
    async with open_house(database, clock=house.clock) as house:
        await house.agent.arrived("gate")
        house.agent.open("gate")
        assert await ended(house, started) is RunState.SUCCEEDED
        run = await house.engine.runs.get(started.run.thread_id, started.run.id, EVERYTHING)
        assert run.attempt == 2
    database.close()


async def test_a_delayed_run_begins_at_its_time_although_its_timer_came_early(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "LOOK_AGAIN_S", 60)  # nothing else looks for the run meanwhile
    new = NewRun(
        id=house.engine.runs.new_id(),
        thread_id=None,
        assistant_id=system_assistant_id(house.agent.name),
        request=RunRequest(input=[]),
        delay_s=0.002,
    )
    started = await house.engine.runs.start(new, EVERYTHING)
    later = asyncio.Event()
    asyncio.get_running_loop().call_later(0.004, later.set)
    await later.wait()  # the run's timer has fired, but its time, by the clock, has not come
    house.clock.advance(1)
    assert await ended(house, started) is RunState.SUCCEEDED
