"""kill -9 around the delivery of a webhook: it arrives, always under the same id."""

import uuid
from pathlib import Path

import pytest

from process.crashing import Death, Trial, call, check_database, opened
from receiving import Receiver, receiving

pytestmark = pytest.mark.timeout(120)

STAGES = ("submitted", "executed", "committed", "answered")


async def start(trial: Trial, receiver: Receiver) -> str:
    """Start a run with a webhook, once, whatever server admits it; its thread's id."""
    thread_id = str(uuid.uuid4())
    await call(trial, "POST", "/threads", {"thread_id": thread_id, "if_exists": "do_nothing"})
    trial.http.headers["Idempotency-Key"] = thread_id
    given = {"marks": str(trial.marks), "tag": "w"}
    body = {"assistant_id": "steps", "input": given, "webhook": receiver.url}
    await call(trial, "POST", f"/threads/{thread_id}/runs", body)
    return thread_id


async def told(directory: Path, receiver: Receiver, death: Death, times: int = 1) -> None:
    """A run is told so often, although its server dies."""
    async with opened(directory, [death]) as trial:
        thread_id = await start(trial, receiver)
        if trial.starts == 1:
            await trial.revive()
        await receiver.received(times)
        await call(trial, "GET", "/ok")
    check_log(trial, receiver, thread_id)
    check_database(trial)
    assert len(receiver.requests) == times


def check_log(trial: Trial, receiver: Receiver, thread_id: str) -> None:
    """There was one webhook, and it told how the run ended."""
    connection = trial.database()
    query = "SELECT id, run_id, state FROM delivery WHERE thread_id = ?"
    [(id, run_id, state)] = connection.execute(query, (thread_id,)).fetchall()
    connection.close()
    assert state == "delivered"
    assert {each.headers["webhook-id"] for each in receiver.requests} == {id}
    for each in receiver.requests:
        assert (each.json["run_id"], each.json["status"]) == (run_id, "success")
        assert each.json["values"]["log"] == [str(n) for n in range(10)]


@pytest.mark.parametrize("stage", STAGES)
async def test_a_webhook_survives_a_kill_around_the_end_of_its_run(
    stage: str, tmp_path: Path
) -> None:
    async with receiving() as receiver:
        await told(tmp_path, receiver, Death(f"finish:{stage}"))


@pytest.mark.parametrize(
    ("stage", "times"), [("submitted", 2), ("executed", 2), ("committed", 1), ("answered", 1)]
)
async def test_it_is_sent_again_where_it_was_not_written_down_that_it_was_sent(
    stage: str, times: int, tmp_path: Path
) -> None:
    async with receiving() as receiver:
        await told(tmp_path, receiver, Death(f"record_attempt:{stage}"), times)


@pytest.mark.parametrize("n", [2, 3])
@pytest.mark.parametrize("stage", STAGES)
async def test_a_webhook_survives_a_kill_around_its_claim(
    stage: str, n: int, tmp_path: Path
) -> None:
    async with receiving() as receiver:
        await told(tmp_path, receiver, Death(f"claim_delivery:{stage}", n))
