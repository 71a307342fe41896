"""Runs that are resumed under their own id: the same run, leg by leg."""

import asyncio

import orjson
import pytest
from langgraph.types import interrupt

from demotic.domain.errors import NotWaiting
from demotic.domain.events import END, START, Ended, Event
from demotic.domain.ids import system_assistant_id
from demotic.domain.lifecycle import Reason, RunState
from demotic.domain.model import EVERYTHING
from demotic.domain.runs import NewRun, Outcome, RunRequest
from demotic.engine.runs import Started
from served import Served, State, a, chain, served


async def asks(state: State) -> State:
    return {"log": [f"{interrupt('one?')} {interrupt('two?')}"]}


GRAPH = chain(a, asks)


async def start(house: Served, thread_id: str | None, **request: object) -> Started:
    """Start a run that stays readable."""
    new = NewRun(
        id=house.engine.runs.new_id(),
        thread_id=thread_id,
        assistant_id=system_assistant_id(house.name),
        request=RunRequest(input={"log": []}, modes=["values"]),
        keep_run=True,
    )
    return await house.engine.runs.start(new, EVERYTHING)


async def leg(started: Started) -> tuple[list[Event], Outcome]:
    """The events of a leg and how it ended."""
    events: list[Event] = []
    while not isinstance(got := await started.following.next(10), Ended):
        assert got is not None, "the run did not go on within 10 s"
        events += got
    assert got.outcome is not None
    return events, got.outcome


@pytest.mark.parametrize("stateless", [False, True])
async def test_a_run_answers_question_after_question(stateless: bool) -> None:
    async with served(GRAPH) as house:
        started = await start(house, None if stateless else await house.thread())
        id = started.run.id
        _, outcome = await leg(started)
        assert [q["value"] for q in outcome.shown_interrupts] == ["one?"]
        resumed = await house.engine.runs.resume(None, id, "1", EVERYTHING)
        events, outcome = await leg(resumed)
        assert (events[0].kind, events[-1].kind) == (START, END)
        assert orjson.loads(events[0].data) == {"attempt": 1}
        assert [q["value"] for q in outcome.shown_interrupts] == ["two?"]
        _, outcome = await leg(await house.engine.runs.resume(None, id, "2", EVERYTHING))
        assert (outcome.state, outcome.reason) == (RunState.SUCCEEDED, Reason.COMPLETED)
        assert orjson.loads(outcome.values or b"") == {"log": ["a", "1 2"]}
        with pytest.raises(NotWaiting):
            await house.engine.runs.resume(None, id, "3", EVERYTHING)
        run = await house.engine.runs.get(None, id, EVERYTHING)
        assert (await house.engine.runs.outcome(run)).values == outcome.values


async def test_a_new_run_supersedes_one_that_waits() -> None:
    async with served(GRAPH) as house:
        thread = await house.thread()
        waiting = await start(house, thread)
        await leg(waiting)
        outcome = await house.wait(thread, command={"resume": "1"})
        assert [q["value"] for q in outcome.shown_interrupts] == ["two?"]
        run = await house.engine.runs.get(None, waiting.run.id, EVERYTHING)
        assert (run.state, run.reason) == (RunState.SUCCEEDED, Reason.SUPERSEDED)


async def test_a_follower_that_joins_a_resumed_run_sees_the_new_leg_only() -> None:
    gate = asyncio.Event()

    async def waits(state: State) -> State:
        await gate.wait()
        return {"log": ["b"]}

    async with served(chain(asks, waits)) as house:
        started = await start(house, await house.thread())
        await leg(started)
        await leg(await house.engine.runs.resume(None, started.run.id, "1", EVERYTHING))
        resumed = await house.engine.runs.resume(None, started.run.id, "2", EVERYTHING)
        joined = Started(resumed.run, house.engine.runs.follow(resumed.run, after=None))
        gate.set()
        events, outcome = await leg(joined)
        assert {e.seq for e in events} <= {e.seq for e in (await leg(resumed))[0]}
        assert orjson.loads(outcome.values or b"") == {"log": ["1 2", "b"]}
