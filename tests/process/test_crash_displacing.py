"""kill -9 while a run is displaced or cancelled: rolled back without a trace, or interrupted."""

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from process.crashing import (
    Death,
    Trial,
    Watched,
    attempt,
    call,
    check_database,
    opened,
    run_ids,
    stream_run,
)

pytestmark = pytest.mark.timeout(120)

BASE, SECOND = ["0", "base passed"], ["0", "second passed"]
"""What a run adds that passes; one that is held adds "0" and goes no further."""

KEPT = {"rollback": [], "interrupt": ["0"]}
"""What a displaced run leaves of its work."""

DEATHS = {
    "not admitted": [Death("admit:executed", 2)],
    "admitted": [Death("admit:committed", 2)],
    "not ended": [Death("finish:executed", 1)],
    "ended": [Death("finish:committed", 1)],
    "begun": [Death("put_checkpoint:submitted", 4)],  # the held one has three
    "rescued": [Death("admit:committed", 2), Death("rescue:executed", 1)],
}
"""Where the second run, and then the end of the first one, stand when the server dies."""


@dataclass
class Held:
    """A thread with a run that has ended and one that is held."""

    trial: Trial
    thread: str
    base: str
    held: str = ""

    @property
    def path(self) -> str:
        """Where the thread's runs are."""
        return f"/threads/{self.thread}/runs"

    def body(self, tag: str, **options: Any) -> dict[str, Any]:
        """A run's body; each step is saved before the next begins."""
        given = {"marks": str(self.trial.marks), "tag": tag}
        return {
            "assistant_id": "holds",
            "input": given,
            "stream_mode": ["values", "custom"],
            "durability": "sync",
            **options,
        }

    async def hold(self) -> None:
        """Start a run, and return when it is held."""
        body = self.body("held")
        async with self.trial.http.stream("POST", f"{self.path}/stream", json=body) as response:
            self.held = response.headers["content-location"].rsplit("/", 1)[1]
            async for line in response.aiter_lines():
                if line == 'data: "holding"':
                    return
        raise AssertionError("the run was not held")

    async def exists(self) -> bool:
        """Whether the held run is there, ended or not."""
        return self.held in await run_ids(self.trial, self.thread)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Held]:
    """A data directory with a thread on which a run has ended."""
    directory = tmp_path_factory.mktemp("prepared")
    return directory, asyncio.run(fill(directory))


async def fill(directory: Path) -> Held:
    """Run to the end once."""
    async with opened(directory, []) as trial:
        held = Held(trial, str(uuid.uuid4()), "")
        await call(trial, "POST", "/threads", {"thread_id": held.thread})
        held.base = (await stream_run(trial, held.thread, held.body("base"))).run_id or ""
    return held


@asynccontextmanager
async def holding(
    prepared: tuple[Path, Held], directory: Path, deaths: list[Death]
) -> AsyncIterator[Held]:
    """A trial on a copy of the thread, with a run that is held; all is sound at its end."""
    shutil.copytree(prepared[0] / "data", directory / "data")
    async with opened(directory, deaths) as trial:
        held = Held(trial, prepared[1].thread, prepared[1].base)
        await held.hold()
        yield held
    assert trial.starts == len(deaths) + 1, "a point was never reached"
    check_database(trial)
    if held.held not in stored(trial, "run", "id"):
        assert held.held not in stored(trial, "checkpoint", "run_id")
        assert held.held not in stored(trial, "feed", "run_id")


def stored(trial: Trial, table: str, column: str) -> set[str]:
    """The runs that a table names."""
    connection = trial.database()
    found = {str(id) for (id,) in connection.execute(f"SELECT {column} FROM {table}")}
    connection.close()
    return found


async def check_left(held: Held, action: str, second: list[str]) -> None:
    """The thread has what the runs before and after have done, and of the held one what is kept."""
    state = await call(held.trial, "GET", f"/threads/{held.thread}/state")
    assert state["values"]["log"] == BASE + KEPT[action] + second
    history = await call(held.trial, "GET", f"/threads/{held.thread}/history?limit=100")
    makers = {each["metadata"]["run_id"] for each in history}
    assert await held.exists() == (held.held in makers) == (action == "interrupt")
    if action == "interrupt":
        run = await call(held.trial, "GET", f"{held.path}/{held.held}")
        assert run["status"] == "interrupted"


@pytest.mark.parametrize("where", DEATHS)
@pytest.mark.parametrize("policy", KEPT)
async def test_a_run_that_displaces_another_runs_once_whatever_dies(
    prepared: tuple[Path, Held], policy: str, where: str, tmp_path: Path
) -> None:
    async with holding(prepared, tmp_path, DEATHS[where]) as held:
        body = held.body("second", multitask_strategy=policy)
        second: Watched = await stream_run(held.trial, held.thread, body)
        await check_left(held, policy, SECOND)
        kept = [held.held] if policy == "interrupt" else []
        assert await run_ids(held.trial, held.thread) == [held.base, *kept, second.run_id]
        run = await call(held.trial, "GET", f"{held.path}/{second.run_id}")
        assert run["status"] == "success"
        assert (await call(held.trial, "GET", f"/threads/{held.thread}"))["status"] == "idle"


@pytest.mark.parametrize("point", ["cancel:committed", "finish:executed"])
@pytest.mark.parametrize("action", KEPT)
async def test_a_cancelled_run_is_gone_or_interrupted_whatever_dies(
    prepared: tuple[Path, Held], action: str, point: str, tmp_path: Path
) -> None:
    async with holding(prepared, tmp_path, [Death(point)]) as held:
        path = f"{held.path}/{held.held}/cancel?wait=true&action={action}"
        assert not await attempt(held.trial, "POST", path)
        await check_left(held, action, [])
        after = await stream_run(held.trial, held.thread, held.body("second"))
        assert after.run_id is not None
        await check_left(held, action, SECOND)
