"""kill -9 at every hook and at random moments: nothing is lost, doubled or left behind."""

import uuid
from pathlib import Path

import pytest

from process.crashing import (
    POINTS,
    Death,
    Trial,
    Watched,
    call,
    check_database,
    check_steps,
    moments,
    opened,
    run_ids,
    stored_events,
    stream_run,
)

pytestmark = pytest.mark.timeout(120)


async def begin(trial: Trial) -> str:
    """A thread's id, chosen by the client so that it can ask again."""
    thread_id = str(uuid.uuid4())
    body = {"thread_id": thread_id, "if_exists": "do_nothing"}
    await call(trial, "POST", "/threads", body)
    return thread_id


def request(trial: Trial, graph: str, tag: str) -> dict[str, object]:
    """A run's body."""
    given = {"marks": str(trial.marks), "tag": tag}
    return {"assistant_id": graph, "input": given, "stream_mode": ["values", "custom"]}


def check_seen(trial: Trial, watched: Watched) -> None:
    """The client saw every event of the log; what it saw beyond that lies in lost attempts."""
    assert watched.run_id
    shown = {seq for seq, kind in stored_events(trial, watched.run_id).items() if kind != "end"}
    assert shown <= set(watched.seen), "an event of the log never reached the client"


async def ten_steps(directory: Path, *deaths: Death) -> int:
    """A run of ten steps, and a second one behind it in the queue; how many servers it took."""
    async with opened(directory, list(deaths)) as trial:
        thread_id = await begin(trial)
        first = await stream_run(trial, thread_id, request(trial, "steps", "a"))
        second = await stream_run(trial, thread_id, request(trial, "steps", "b"))
        state = await call(trial, "GET", f"/threads/{thread_id}/state")
        assert state["values"]["log"] == [str(n) for n in range(10)] * 2
        assert len(await run_ids(trial, thread_id)) == 2
    check_database(trial)
    check_steps(trial, thread_id, "a")
    check_seen(trial, first)
    check_seen(trial, second)
    return trial.starts


@pytest.mark.parametrize("n", [1, 4])
@pytest.mark.parametrize("point", [p for p in POINTS if not p.startswith("claim")])
async def test_ten_steps_survive_a_kill_at(point: str, n: int, tmp_path: Path) -> None:
    starts = await ten_steps(tmp_path, Death(point, n))
    if n == 1:
        assert starts == 2, f"{point} was never reached"


@pytest.mark.parametrize(
    "point", [p for p in POINTS if p.startswith("claim")] + [f"rescue:{s}" for s in ("executed",)]
)
async def test_ten_steps_survive_a_kill_while_another_process_takes_over_at(
    point: str, tmp_path: Path
) -> None:
    starts = await ten_steps(tmp_path, Death("append:committed", 2), Death(point, 1))
    assert starts == 3, f"{point} was never reached"


@pytest.mark.parametrize("death", moments(25, 0.4, seed=1), ids=lambda d: f"{d.after_s:.3f}s")
async def test_ten_steps_survive_a_kill_at_a_random_moment(death: Death, tmp_path: Path) -> None:
    await ten_steps(tmp_path, death)


@pytest.mark.parametrize("death", moments(25, 0.4, seed=2), ids=lambda d: f"{d.after_s:.3f}s")
async def test_a_token_stream_survives_a_kill_at_a_random_moment(
    death: Death, tmp_path: Path
) -> None:
    async with opened(tmp_path, [death]) as trial:
        thread_id = await begin(trial)
        watched = await stream_run(trial, thread_id, request(trial, "tokens", "t"))
        state = await call(trial, "GET", f"/threads/{thread_id}/state")
        assert state["values"]["log"] == ["tokens"]
    check_database(trial)
    check_seen(trial, watched)
    last_attempt = [data for event, data in watched.seen.values() if event == "custom"][-200:]
    assert last_attempt == [str(n) for n in range(200)]


@pytest.mark.parametrize(
    ("point", "n"),
    [(p, 1) for p in POINTS if not p.startswith("claim")]
    + [(p, n) for n in (2, 3) for p in POINTS if p.startswith("put_")],
)
async def test_a_resume_survives_a_kill_and_is_applied_once_at(
    point: str, n: int, tmp_path: Path
) -> None:
    async with opened(tmp_path, []) as trial:
        thread_id = await begin(trial)
        asked = await stream_run(trial, thread_id, request(trial, "ask", "q"))
    trial = Trial(tmp_path, [Death(point, n)])
    trial.start()
    try:
        body = {
            "assistant_id": "ask",
            "command": {"resume": "yes"},
            "stream_mode": ["values"],
        }
        answered = await stream_run(trial, thread_id, body)
        state = await call(trial, "GET", f"/threads/{thread_id}/state")
        assert state["values"]["log"] == ["answer:yes", "after"]
        assert state["next"] == ["second"], "the answer to one question was taken for another's"
        assert await run_ids(trial, thread_id) == [asked.run_id, answered.run_id]
    finally:
        await trial.close()
    if n == 1:
        assert trial.starts == 2, f"{point} was never reached"
    check_database(trial)
    check_seen(trial, answered)


async def test_an_admitted_run_without_a_client_ends_by_itself(tmp_path: Path) -> None:
    async with opened(tmp_path, [Death("put_checkpoint:committed", 3)]) as trial:
        thread_id = await begin(trial)
        body = request(trial, "steps", "a")
        run = await call(trial, "POST", f"/threads/{thread_id}/runs", body)
        values = await call(trial, "GET", f"/threads/{thread_id}/runs/{run['run_id']}/join")
        assert values["log"] == [str(n) for n in range(10)]
    assert trial.starts == 2
    check_database(trial)


@pytest.mark.requirement("langgraph.runs.retries")
async def test_a_run_that_always_kills_its_server_is_given_up_after_three_losses(
    tmp_path: Path,
) -> None:
    deaths = [Death("put_checkpoint:submitted", 1)] * 3
    async with opened(tmp_path, deaths) as trial:
        thread_id = await begin(trial)
        watched = await stream_run(trial, thread_id, request(trial, "steps", "a"))
        run = await call(trial, "GET", f"/threads/{thread_id}/runs/{watched.run_id}")
        assert run["status"] == "error"
        assert list(watched.seen.values())[-1][0] == "error"
    check_database(trial)
