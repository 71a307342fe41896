"""Several runs at once, over HTTP, in process."""

from typing import Any

import httpx
import pytest

from demotic.dialects.langgraph.choices import MAX_BATCH
from dialects.langgraph.langgraph_http import UNKNOWN, Wire, run_body


async def batch(wire: Wire, *bodies: Any, **headers: str) -> httpx.Response:
    """The answer to a batch."""
    return await wire.ask("POST", "/runs/batch", [*bodies], headers=headers)


async def cancel(wire: Wire, body: Any, action: str = "interrupt") -> httpx.Response:
    """The answer to a cancel."""
    return await wire.ask("POST", f"/runs/cancel?action={action}", body)


async def statuses(wire: Wire, thread: str) -> list[str]:
    """How a thread's runs stand, oldest first."""
    rows = (await wire.ask("GET", f"/threads/{thread}/runs?limit=1000")).json()
    return [row["status"] for row in reversed(rows)]


async def ended(wire: Wire, thread: str) -> list[str]:
    """How a thread's runs stand once all have ended."""
    for row in (await wire.ask("GET", f"/threads/{thread}/runs?limit=1000")).json():
        await wire.ask("GET", f"/threads/{thread}/runs/{row['run_id']}/join")
    return await statuses(wire, thread)


@pytest.mark.requirement("langgraph.batch.create")
async def test_a_batch_starts_runs_in_their_order_on_threads_of_their_own(wire: Wire) -> None:
    answer = await batch(
        wire,
        run_body(["emit", "values", 1], metadata={"n": 1}),
        run_body(["wait", "gate"], on_completion="keep"),
    )
    assert answer.status_code == 200, answer.text
    first, second = answer.json()
    assert (first["metadata"]["n"], first["kwargs"]["input"]) == (1, [["emit", "values", 1]])
    assert first["thread_id"] != second["thread_id"]
    assert (first["kwargs"]["temporary"], second["kwargs"]["temporary"]) == (True, False)
    wire.house.agent.open("gate")
    path = f"/threads/{second['thread_id']}/runs/{second['run_id']}/join"
    assert (await wire.ask("GET", path)).json() == {"done": ["wait"]}
    assert wire.house.agent.started == [first["run_id"], second["run_id"]]


async def test_a_batch_larger_than_the_free_slots_is_carried_out_all_the_same(wire: Wire) -> None:
    bodies = [run_body(["emit", "custom", n], on_completion="keep") for n in range(150)]
    rows = (await batch(wire, *bodies)).json()
    assert len({row["run_id"] for row in rows}) == 150
    for row in rows[::50]:
        assert await ended(wire, row["thread_id"]) == ["success"]


async def test_a_delayed_run_of_a_batch_runs_when_its_time_has_come(wire: Wire) -> None:
    (row,) = (await batch(wire, run_body(after_seconds=0.05, on_completion="keep"))).json()
    assert row["status"] == "pending"
    wire.house.clock.advance(1)
    assert await ended(wire, row["thread_id"]) == ["success"]


@pytest.mark.requirement("langgraph.batch.refused")
async def test_one_bad_body_refuses_the_whole_batch_and_is_named(wire: Wire) -> None:
    good = run_body(on_completion="keep")
    for bad, status, told in [
        ({"assistant_id": 5}, 422, "`[1].assistant_id` must be a string"),
        ({"input": 1}, 422, "The field `assistant_id` is required in `[1]`"),
        (run_body(stream_mode="bogus"), 422, "In `[1]`: `stream_mode` must be one of"),
        (run_body(command={"resume": 1}), 400, "In `[1]`: You must provide a thread_id"),
        (run_body(webhook="http://10.0.0.1/x"), 422, "In `[1]`: "),
        ({"assistant_id": UNKNOWN}, 404, f"In `[1]`: Assistant {UNKNOWN} not found"),
        (5, 422, "`[1]` must be an object"),
    ]:
        answer = await batch(wire, good, bad)
        assert answer.status_code == status, answer.text
        assert told in answer.json()["detail"]
    assert (await wire.ask("POST", "/threads/count", {})).json() == 0
    for bodies in ([], [good] * (MAX_BATCH + 1)):
        answer = await batch(wire, *bodies)
        assert (answer.status_code, "1 to 1000 runs" in answer.text) == (422, True)
    assert (await wire.ask("POST", "/runs/batch", good)).status_code == 422


@pytest.mark.requirement("langgraph.batch.idempotency")
async def test_a_batch_that_is_sent_again_starts_nothing_new(wire: Wire) -> None:
    bodies = [run_body(on_completion="keep"), run_body(on_completion="keep")]
    key = {"idempotency-key": "k"}
    first = (await batch(wire, *bodies, **key)).json()
    again = (await batch(wire, *bodies, **key)).json()
    assert [row["run_id"] for row in again] == [row["run_id"] for row in first]
    assert (await batch(wire, bodies[0], **key)).status_code == 422


@pytest.mark.requirement("langgraph.batch.cancel")
async def test_runs_are_cancelled_by_status(wire: Wire) -> None:
    threads = [await wire.thread() for _ in range(2)]
    for thread in threads:
        await wire.start(thread, ["wait", thread])
        await wire.start(thread)
        await wire.house.agent.arrived(thread)
    assert (await cancel(wire, {"status": "pending"})).status_code == 204
    for thread in threads:
        assert await statuses(wire, thread) == ["running", "interrupted"]
    gone = await cancel(wire, {"status": "running"})
    assert (gone.status_code, gone.content) == (204, b"")
    for thread in threads:
        assert await ended(wire, thread) == ["interrupted", "interrupted"]


@pytest.mark.requirement("langgraph.batch.cancel")
async def test_runs_of_a_thread_are_cancelled_by_id(wire: Wire) -> None:
    thread, other = await wire.thread(), await wire.thread()
    runs = [await wire.start(thread, ["wait", "gate"]) for _ in range(4)]
    elsewhere = await wire.start(other, ["wait", "gate"])
    body = {"thread_id": thread, "run_ids": [runs[1], runs[1], runs[2], UNKNOWN, elsewhere]}
    assert (await cancel(wire, body)).status_code == 204
    assert await statuses(wire, thread) == ["running", "interrupted", "interrupted", "pending"]
    assert await statuses(wire, other) == ["running"]
    again = await cancel(wire, body)
    assert (again.status_code, again.json()["detail"]) == (404, "No runs found to cancel.")
    wire.house.agent.open("gate")


@pytest.mark.requirement("langgraph.batch.cancel.forms")
async def test_a_cancel_has_one_form_and_finds_something(wire: Wire) -> None:
    thread = await wire.thread()
    for status in ("pending", "running", "all"):
        assert (await cancel(wire, {"status": status})).status_code == 404
    unknown = {"thread_id": UNKNOWN, "run_ids": [UNKNOWN]}
    assert (await cancel(wire, unknown)).status_code == 404
    for body in [
        {"status": "all", "thread_id": thread},
        {"status": "all", "run_ids": [UNKNOWN]},
        {"thread_id": thread},
        {"run_ids": [UNKNOWN]},
        {"thread_id": thread, "run_ids": []},
        {"thread_id": "x", "run_ids": [UNKNOWN]},
        {"thread_id": thread, "run_ids": ["x"]},
        {"thread_id": thread, "run_ids": [UNKNOWN] * (MAX_BATCH + 1)},
        {"status": "success"},
        {},
    ]:
        assert (await cancel(wire, body)).status_code == 422, body
    assert (await cancel(wire, {"status": "all"}, "bogus")).status_code == 422


@pytest.mark.requirement("langgraph.batch.cancel.action")
async def test_a_cancel_of_several_may_undo_them(wire: Wire) -> None:
    thread = await wire.thread()
    await wire.start(thread, ["wait", "for ever"])
    await wire.start(thread)
    await wire.house.agent.arrived("for ever")
    assert (await cancel(wire, {"status": "all"}, "rollback")).status_code == 204
    assert await ended(wire, thread) == []


@pytest.mark.requirement("langgraph.batch.cancel.many")
async def test_hundreds_are_cancelled_and_none_begins_meanwhile(wire: Wire) -> None:
    thread = await wire.thread()
    await wire.start(thread, ["wait", "for ever"])
    await wire.house.agent.arrived("for ever")
    for _ in range(450):
        await wire.start(thread)
    assert (await cancel(wire, {"status": "all"})).status_code == 204
    assert await ended(wire, thread) == ["interrupted"] * 451
    assert len(wire.house.agent.started) == 1
