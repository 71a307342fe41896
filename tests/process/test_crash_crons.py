"""kill -9 while a cron fires: its run starts once, whatever dies."""

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from process.crashing import Death, Trial, call, check_database, opened, run_ids

pytestmark = pytest.mark.timeout(120)

STAGES = ("submitted", "executed", "committed", "answered")
LOG = [str(n) for n in range(10)]


def once(moment: datetime) -> str:
    """A cron expression for one second of the year."""
    return f"{moment.minute} {moment.hour} {moment.day} {moment.month} * {moment.second}"


async def schedule(trial: Trial, count: int) -> list[tuple[str, str]]:
    """Threads with a cron each, all due together in a few seconds, and never again."""
    began = datetime.now(UTC)
    _, unused = await add(trial, began + timedelta(days=1))
    await call(trial, "DELETE", f"/runs/crons/{unused['cron_id']}")
    took = datetime.now(UTC) - began
    due = (datetime.now(UTC) + timedelta(seconds=2) + count * took).replace(microsecond=0)
    made = [await add(trial, due) for _ in range(count)]
    assert made[-1][1]["next_run_date"], "the moment was over before all were made"
    return [(thread_id, cron["cron_id"]) for thread_id, cron in made]


async def add(trial: Trial, due: datetime) -> tuple[str, Any]:
    """A thread and its cron, which is due at one moment only."""
    thread_id = str(uuid.uuid4())
    await call(trial, "POST", "/threads", {"thread_id": thread_id})
    body = {
        "assistant_id": "steps",
        "schedule": once(due),
        "end_time": (due + timedelta(seconds=1)).isoformat(),
        "input": {"marks": str(trial.marks), "tag": thread_id},
    }
    return thread_id, await call(trial, "POST", f"/threads/{thread_id}/runs/crons", body)


async def check(trial: Trial, thread_id: str, cron_id: str) -> None:
    """One run has started and come to its end, and none will."""
    while not (runs := await run_ids(trial, thread_id)):
        pass  # each look is a request
    values: Any = await call(trial, "GET", f"/threads/{thread_id}/runs/{runs[0]}/join")
    assert values["log"] == LOG
    assert len(await run_ids(trial, thread_id)) == 1
    cron = await call(trial, "GET", f"/runs/crons/{cron_id}")
    assert cron["next_run_date"] is None


@pytest.mark.parametrize("point", [f"fire:{stage}" for stage in STAGES])
async def test_an_instant_is_fired_once_whatever_dies(point: str, tmp_path: Path) -> None:
    async with opened(tmp_path, [Death(point)]) as trial:
        for thread_id, cron_id in await schedule(trial, 1):
            await check(trial, thread_id, cron_id)
    assert trial.starts == 2, f"{point} was never reached"
    check_database(trial)


@pytest.mark.parametrize("point", [f"fire:{stage}" for stage in STAGES])
async def test_of_many_that_are_due_at_once_each_fires_once(point: str, tmp_path: Path) -> None:
    async with opened(tmp_path, [Death(point, n=10)]) as trial:
        for thread_id, cron_id in await schedule(trial, 20):
            await check(trial, thread_id, cron_id)
    assert trial.starts == 2, f"{point} was never reached"
    check_database(trial)
