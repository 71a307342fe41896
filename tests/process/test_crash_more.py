"""kill -9 during runs that do not begin at the beginning: answers, updates, jumps, forks."""

import asyncio
import shutil
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from process.crashing import Death, Trial, call, check_database, opened, run_ids, stream_run

pytestmark = pytest.mark.timeout(120)

STAGES = ("submitted", "executed", "committed", "answered")
POINTS = [f"{op}:{stage}" for op in ("put_checkpoint", "put_writes", "finish") for stage in STAGES]
AT_EXIT = [f"{op}:{stage}" for op in ("put_checkpoint", "finish") for stage in STAGES]
WITHOUT_THREAD = [f"{op}:{stage}" for op in ("admit", "finish") for stage in STAGES]

UP_TO = {n: [str(each) for each in range(n)] for n in (5, 7, 10)}


@dataclass
class Prepared:
    """A data directory with one thread for each kind of request, and the requests."""

    directory: Path
    threads: dict[str, str] = field(default_factory=dict)
    bodies: dict[str, dict[str, Any]] = field(default_factory=dict)

    def of(self, directory: Path) -> Path:
        """A copy of the data directory."""
        shutil.copytree(self.directory / "data", directory / "data")
        shutil.copy(self.directory / "marks", directory / "marks")
        return directory


async def begin(trial: Trial, graph: str, **options: Any) -> str:
    """A thread on which a graph has run."""
    thread_id = str(uuid.uuid4())
    await call(trial, "POST", "/threads", {"thread_id": thread_id})
    given = {"marks": str(trial.marks), "tag": "t"}
    body = {"assistant_id": graph, "input": given, "stream_mode": ["values"], **options}
    await stream_run(trial, thread_id, body)
    return thread_id


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Threads that stand at a question, at a breakpoint and at their end."""
    made = Prepared(tmp_path_factory.mktemp("prepared"))
    asyncio.run(fill(made))
    return made


async def fill(made: Prepared) -> None:
    """Make the threads, and note what is to be asked of each."""
    async with opened(made.directory, []) as trial:
        made.threads["answers"] = await begin(trial, "two_questions")
        state = await call(trial, "GET", f"/threads/{made.threads['answers']}/state")
        answers = {each["id"]: each["value"][0] for each in state["interrupts"]}
        made.bodies["answers"] = {"assistant_id": "two_questions", "command": {"resume": answers}}
        stopped = {"interrupt_before": ["n5"]}
        made.threads["update"] = await begin(trial, "steps", **stopped)
        made.bodies["update"] = {"command": {"update": {"log": ["u"]}}}
        made.threads["goto"] = await begin(trial, "steps")
        made.bodies["goto"] = {"command": {"update": {"log": ["u"]}, "goto": "n8"}}
        made.threads["send"] = await begin(trial, "steps")
        marks = {"marks": str(trial.marks), "tag": "sent"}
        made.bodies["send"] = {"command": {"goto": [{"node": "n9", "input": marks}]}}
        made.threads["fork"] = await begin(trial, "steps")
        history = await call(trial, "GET", f"/threads/{made.threads['fork']}/history?limit=50")
        place = next(state["checkpoint"] for state in history if state["next"] == ["n7"])
        made.bodies["fork"] = {"input": None, "checkpoint": place}


EXPECTED = {
    "answers": ["after", "left:l", "right:r"],
    "update": [*UP_TO[5], "u", *UP_TO[10][5:]],
    "goto": [*UP_TO[10], "u", "8", "9"],
    "send": [*UP_TO[10], "9"],
    "fork": UP_TO[10],
}


@pytest.mark.parametrize("kind", EXPECTED)
@pytest.mark.parametrize("point", POINTS)
async def test_a_request_is_carried_out_once_whatever_dies(
    prepared: Prepared, kind: str, point: str, tmp_path: Path
) -> None:
    thread_id = prepared.threads[kind]
    body = {"assistant_id": "steps", "stream_mode": ["values"], **prepared.bodies[kind]}
    trial = Trial(prepared.of(tmp_path), [Death(point)])
    trial.start()
    try:
        await stream_run(trial, thread_id, body)
        state = await call(trial, "GET", f"/threads/{thread_id}/state")
        log = state["values"]["log"]
        assert (sorted(log) if kind == "answers" else log) == EXPECTED[kind]
        assert state["next"] == (["second"] if kind == "answers" else [])
        assert len(await run_ids(trial, thread_id)) == 2
    finally:
        await trial.close()
    assert trial.starts == 2, f"{point} was never reached"
    check_database(trial)


@pytest.mark.parametrize("point", ["put_writes:committed", "put_checkpoint:submitted"])
async def test_answers_that_a_calling_graph_forwards_are_given_once_whatever_dies(
    prepared: Prepared, point: str, tmp_path: Path
) -> None:
    thread_id, answers = prepared.threads["answers"], prepared.bodies["answers"]["command"]
    forwarded = {"__pregel_resume_map": answers["resume"]}
    config = {"metadata": {"langgraph_checkpoint_ns": "far:1"}, "configurable": forwarded}
    trial = Trial(prepared.of(tmp_path), [Death(point)])
    trial.start()
    try:
        body = {"assistant_id": "two_questions", "input": {"log": ["again"]}, "config": config}
        await stream_run(trial, thread_id, {**body, "stream_mode": ["values"]})
        state = await call(trial, "GET", f"/threads/{thread_id}/state")
        assert sorted(state["values"]["log"]) == EXPECTED["answers"]
        assert state["next"] == ["second"]
    finally:
        await trial.close()
    assert trial.starts == 2, f"{point} was never reached"
    check_database(trial)


@pytest.mark.parametrize("point", AT_EXIT)
async def test_a_run_that_saves_at_its_end_only_survives_a_kill_at(
    point: str, tmp_path: Path
) -> None:
    async with opened(tmp_path, [Death(point)]) as trial:
        thread_id = await begin(trial, "steps", durability="exit")
        state = await call(trial, "GET", f"/threads/{thread_id}/state")
        assert state["values"]["log"] == UP_TO[10]
        history = await call(trial, "GET", f"/threads/{thread_id}/history?limit=50")
        assert len(history) == 1
    assert trial.starts == 2, f"{point} was never reached"
    check_database(trial)


@pytest.mark.parametrize("point", WITHOUT_THREAD)
async def test_a_run_without_a_thread_survives_a_kill_and_leaves_nothing_at(
    point: str, tmp_path: Path
) -> None:
    async with opened(tmp_path, [Death(point)]) as trial:
        given = {"marks": str(trial.marks), "tag": "t"}
        body = {"assistant_id": "steps", "input": given}
        values = await call(trial, "POST", "/runs/wait", body)
        assert values["log"] == UP_TO[10]
    assert trial.starts == 2, f"{point} was never reached"
    check_database(trial)
    connection = trial.database()
    for table in ("checkpoint", "checkpoint_write", "checkpoint_value"):
        assert not connection.execute(f"SELECT 1 FROM {table}").fetchall(), table
    connection.close()
