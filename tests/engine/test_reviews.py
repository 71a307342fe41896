"""Reviews: a dialect's look at what its run came to, before that is stored."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import orjson
import pytest

from demotic.domain.events import END, Ended
from demotic.domain.ids import system_assistant_id
from demotic.domain.lifecycle import Reason, RunState, ThreadState
from demotic.domain.model import EVERYTHING, Json
from demotic.domain.runs import Claim, NewRun, Outcome, RunRequest
from demotic.domain.threads import NewThread
from demotic.engine.core import Engine, Limits, running
from demotic.engine.worker import Review
from demotic.storage.sqlite.database import Database
from demotic.storage.sqlite.storage import SqliteStorage
from demotic.testing.agent import ScriptedAgent
from demotic.testing.clock import FakeClock

REFUSED = {"error": "InvalidOutput", "message": "no"}


@asynccontextmanager
async def engine_with(review: Review) -> AsyncIterator[Engine]:
    """An engine that reviews the runs of a dialect."""
    database, agent = Database(None), ScriptedAgent()
    async with running(
        SqliteStorage(database),
        {agent.name: agent},
        FakeClock(),
        Limits(drain_s=0.05, grace_s=0.05),
        worker_name="test",
        system_metadata={},
        reviews={"strict": review},
    ) as engine:
        yield engine
    database.close()


async def outcome_of(
    engine: Engine, thread_id: str | None, *steps: list[Json], dialect: str = "strict"
) -> tuple[Outcome, Json]:
    """How a run of a dialect ends, and what its last event tells."""
    new = NewRun(
        id=engine.runs.new_id(),
        thread_id=thread_id,
        assistant_id=system_assistant_id("scripted"),
        request=RunRequest(input=list(steps), modes=["values"]),
        reply_format={"dialect": dialect},
    )
    started = await engine.runs.start(new, EVERYTHING)
    last = None
    while not isinstance(got := await started.following.next(5), Ended):
        assert got is not None, "the run did not go on within 5 s"
        last = next((orjson.loads(e.data) for e in got if e.kind == END), last)
    return await asyncio.wait_for(engine.runs.outcome(started.run, got), 5), last


async def refuse(claim: Claim, outcome: Outcome) -> Outcome:
    """Every success is a failure."""
    state, reason = RunState.FAILED, Reason.INVALID_OUTPUT
    return replace(outcome, state=state, reason=reason, error=REFUSED)


async def test_what_a_review_says_is_what_the_run_came_to() -> None:
    async with engine_with(refuse) as engine:
        new = NewThread(id=engine.runs.new_id())
        thread_id = (await engine.threads.create(new, EVERYTHING)).id
        outcome, last = await outcome_of(engine, thread_id)
        assert (outcome.state, outcome.reason) == (RunState.FAILED, Reason.INVALID_OUTPUT)
        assert (last["state"], last["error"]) == ("failed", REFUSED)
        thread = await engine.threads.get(thread_id, EVERYTHING)
        assert (thread.state, thread.error) == (ThreadState.ERROR, REFUSED)
        [run] = await engine.runs.list(thread_id, EVERYTHING)
        assert (run.state, run.reason) == (RunState.FAILED, Reason.INVALID_OUTPUT)
        assert outcome.values == b'{"done":[]}'


@pytest.mark.parametrize("steps", [["fail", "own"], ["pause", "why?"]], ids=["failed", "waiting"])
async def test_only_a_success_is_reviewed(steps: list[Json]) -> None:
    async with engine_with(refuse) as engine:
        outcome, _ = await outcome_of(engine, None, steps)
        assert outcome.reason in (Reason.ERROR, Reason.INTERRUPT)


async def test_runs_of_other_dialects_are_not_reviewed() -> None:
    async with engine_with(refuse) as engine:
        outcome, _ = await outcome_of(engine, None, dialect="other")
        assert outcome.state is RunState.SUCCEEDED
