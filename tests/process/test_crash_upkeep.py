"""kill -9 while states are changed and threads pruned, copied and swept: whole, or as before."""

import asyncio
import json
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from process.crashing import (
    Death,
    Trial,
    attempt,
    call,
    check_database,
    opened,
    run_ids,
    stream_run,
)

pytestmark = pytest.mark.timeout(120)

BEFORE, AFTER = ("submitted", "executed"), ("committed", "answered")
STAGES = (*BEFORE, *AFTER)
"""Of a write: what dies before its commit has done nothing, what dies after it has done it."""

DONE = [str(n) for n in range(10)]
SHORT = {"default_ttl": 0.002, "sweep_interval_minutes": 0.0005}


@dataclass
class Prepared:
    """A data directory with a thread on which ten steps have run."""

    directory: Path
    thread: str = ""

    def of(self, directory: Path, *deaths: Death, ttl: Any = None) -> Trial:
        """A trial on a copy of it, its first server started."""
        shutil.copytree(self.directory / "data", directory / "data")
        trial = Trial(directory, list(deaths), ttl)
        trial.start()
        return trial


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """A thread with a history."""
    made = Prepared(tmp_path_factory.mktemp("prepared"))
    asyncio.run(fill(made))
    return made


async def fill(made: Prepared) -> None:
    """Run ten steps, twice."""
    async with opened(made.directory, []) as trial:
        made.thread = str(uuid.uuid4())
        await call(trial, "POST", "/threads", {"thread_id": made.thread})
        given = {"marks": str(trial.marks), "tag": "t"}
        for _ in range(2):
            body = {"assistant_id": "steps", "input": given, "stream_mode": ["values"]}
            await stream_run(trial, made.thread, body)


async def history(trial: Trial, thread: str) -> Any:
    """A thread's states."""
    return await call(trial, "GET", f"/threads/{thread}/history?limit=100")


async def seen(trial: Trial, thread: str) -> Any:
    """All that can be seen of a thread."""
    path = f"/threads/{thread}"
    return [
        await call(trial, "GET", path),
        await call(trial, "GET", f"{path}/state"),
        await history(trial, thread),
    ]


async def close(trial: Trial, point: str) -> None:
    """End a trial in which a server died at a point; what it left is sound."""
    await trial.close()
    assert trial.starts == 2, f"{point} was never reached"
    check_database(trial)


CHANGES: list[tuple[dict[str, Any], list[str]]] = [
    ({"values": {"log": ["u"]}, "as_node": "n8"}, ["u"]),
    (
        {
            "supersteps": [
                {"updates": [{"values": {"log": [word]}, "as_node": "n8"}]} for word in "uvw"
            ]
        },
        ["u", "v", "w"],
    ),
]


@pytest.mark.parametrize(("body", "added"), CHANGES, ids=["one", "bulk"])
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("operation", ["begin_write", "end_write"])
async def test_a_change_of_state_is_there_whole_or_not_at_all(
    prepared: Prepared, operation: str, stage: str, body: Any, added: list[str], tmp_path: Path
) -> None:
    point = f"{operation}:{stage}"
    trial, thread = prepared.of(tmp_path, Death(point)), prepared.thread
    try:
        before = await seen(trial, thread)
        assert not await attempt(trial, "POST", f"/threads/{thread}/state", body)
        row, state, states = await seen(trial, thread)
        if operation == "end_write" and stage in AFTER:
            assert state["values"]["log"] == DONE * 2 + added
            assert (row["values"], row["status"]) == (state["values"], "interrupted")
            assert states[len(added) :] == before[2]
        else:
            assert [row, state, states] == before
        await call(trial, "POST", f"/threads/{thread}/state", body)
        await stream_run(trial, thread, {"assistant_id": "steps", "stream_mode": ["values"]})
        assert (await call(trial, "GET", f"/threads/{thread}"))["values"]["log"][-1] == "9"
    finally:
        await close(trial, point)


@pytest.mark.parametrize("stage", STAGES)
async def test_a_thread_with_supersteps_is_there_whole_or_not_at_all(
    stage: str, tmp_path: Path
) -> None:
    point, thread = f"create_with_state:{stage}", str(uuid.uuid4())
    steps = [{"updates": [{"values": {"log": [f"{n}"]}, "as_node": f"n{n}"}]} for n in range(5)]
    metadata = {"graph_id": "steps"}
    body = {"thread_id": thread, "metadata": metadata, "supersteps": steps}
    trial = Trial(tmp_path, [Death(point)])
    trial.start()
    try:
        assert not await attempt(trial, "POST", "/threads", body)
        found = await call(trial, "POST", "/threads/search", {"metadata": metadata})
        assert [each["thread_id"] for each in found] == ([thread] if stage in AFTER else [])
        await call(trial, "POST", "/threads", {**body, "if_exists": "do_nothing"})
        states = await history(trial, thread)
        assert [each["values"]["log"] for each in states] == [DONE[:n] for n in range(5, 0, -1)]
        assert len(await run_ids(trial, thread)) == 0
    finally:
        await close(trial, point)


POINTS_OF_A_COPY = [
    *(Death(f"begin_copy:{stage}") for stage in STAGES),
    *(Death(f"copy_part:{stage}", n) for n in (1, 2, 3) for stage in BEFORE),
    *(Death(f"end_copy:{stage}") for stage in STAGES),
]


@pytest.mark.parametrize("death", POINTS_OF_A_COPY, ids=lambda d: f"{d.point}-{d.n}")
async def test_a_copy_is_there_whole_or_not_at_all(
    prepared: Prepared, death: Death, tmp_path: Path
) -> None:
    trial, thread = prepared.of(tmp_path, death), prepared.thread
    try:
        before = await seen(trial, thread)
        assert not await attempt(trial, "POST", f"/threads/{thread}/copy")
        assert await seen(trial, thread) == before
        found = await call(trial, "POST", "/threads/search", {})
        copies = [each["thread_id"] for each in found if each["thread_id"] != thread]
        is_whole = death.point in [f"end_copy:{stage}" for stage in AFTER]
        assert len(copies) == int(is_whole)
        copies.append((await call(trial, "POST", f"/threads/{thread}/copy"))["thread_id"])
        for copy in copies:
            text = json.dumps(await history(trial, copy))
            assert json.loads(text.replace(copy, thread)) == before[2]
    finally:
        await close(trial, death.point)


PRUNING = [
    *(Death(f"begin_write:{stage}") for stage in STAGES),
    *(Death(f"prune:{stage}", n) for n in (1, 2) for stage in STAGES),
    *(Death(f"end_write:{stage}") for stage in STAGES),
]


@pytest.mark.parametrize("death", PRUNING, ids=lambda d: f"{d.point}-{d.n}")
async def test_a_thread_that_is_pruned_keeps_its_latest_state(
    prepared: Prepared, death: Death, tmp_path: Path
) -> None:
    trial, thread = prepared.of(tmp_path, death), prepared.thread
    body = {"thread_ids": [thread], "strategy": "keep_latest"}
    try:
        row, state, _ = await seen(trial, thread)
        assert not await attempt(trial, "POST", "/threads/prune", body)
        left = await seen(trial, thread)
        assert left[:2] == [row, state]
        assert await call(trial, "POST", "/threads/prune", body) == {"pruned_count": 1}
        assert await seen(trial, thread) == [row, state, [state]]
        await stream_run(
            trial, thread, {"assistant_id": "steps", "input": state["values"], "stream_mode": []}
        )
    finally:
        await close(trial, death.point)


@pytest.mark.parametrize("stage", STAGES)
async def test_a_thread_that_is_pruned_away_is_there_or_gone(
    prepared: Prepared, stage: str, tmp_path: Path
) -> None:
    point, thread = f"delete_idle:{stage}", prepared.thread
    trial = prepared.of(tmp_path, Death(point))
    try:
        before = await seen(trial, thread)
        body = {"thread_ids": [thread]}
        assert not await attempt(trial, "POST", "/threads/prune", body)
        if stage in BEFORE:
            assert await seen(trial, thread) == before
        again = await call(trial, "POST", "/threads/prune", body)
        assert again == {"pruned_count": int(stage in BEFORE)}
        assert await call(trial, "POST", "/threads/search", {}) == []
    finally:
        await close(trial, point)


SWEEPS = [
    *(("delete", Death(f"delete_idle:{stage}")) for stage in STAGES),
    *(("keep_latest", Death(f"{op}:{stage}")) for op in ("prune", "end_write") for stage in STAGES),
]


@pytest.mark.parametrize(
    ("strategy", "death"), SWEEPS, ids=lambda v: v.point if isinstance(v, Death) else v
)
async def test_a_sweep_that_dies_is_made_up_for(
    prepared: Prepared, strategy: str, death: Death, tmp_path: Path
) -> None:
    ttl = {**SHORT, "strategy": strategy}
    trial, thread = prepared.of(tmp_path, death, ttl=ttl), prepared.thread
    try:
        state = (await seen(trial, thread))[1]
        minutes = {"ttl": ttl["default_ttl"], "strategy": strategy}
        await call(trial, "PATCH", f"/threads/{thread}", {"ttl": minutes})
        await asyncio.to_thread(trial.wait_for_death)
        await asyncio.to_thread(trial.start)
        if strategy == "delete":
            await until_swept(trial, thread, [])
            assert await call(trial, "POST", "/threads/search", {}) == []
        else:
            await until_swept(trial, thread, [state])
            assert await call(trial, "GET", f"/threads/{thread}/state") == state
    finally:
        await close(trial, death.point)


async def until_swept(trial: Trial, thread: str, left: list[Any]) -> None:
    """Look until this is left of a thread's history (20 s at most)."""
    path = f"/threads/{thread}/history?limit=100"
    async with asyncio.timeout(20):
        while True:
            found = await trial.persist(lambda: trial.http.get(path))
            if (found.json() if found.status_code == 200 else []) == left:
                return
