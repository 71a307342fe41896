"""How runs and threads stand, over HTTP, in process: every status and what leads to it."""

import asyncio
from uuid import UUID

import pytest

from demotic.domain.ids import system_assistant_id
from demotic.engine.core import Limits
from dialects.langgraph.langgraph_http import (
    AGENT,
    ASSISTANT,
    UNKNOWN,
    Wire,
    frames,
    open_wire,
    run_body,
)
from house import open_house


async def stand(wire: Wire, thread: str, run: str) -> tuple[str, str]:
    """How a run and its thread stand."""
    one = (await wire.ask("GET", f"/threads/{thread}/runs/{run}")).json()
    return one["status"], (await wire.ask("GET", f"/threads/{thread}")).json()["status"]


@pytest.mark.requirement("langgraph.statuses")
async def test_a_run_is_pending_running_and_a_success_and_its_thread_busy_and_idle(
    wire: Wire,
) -> None:
    thread = await wire.thread()
    first = await wire.start(thread, ["wait", "gate"])
    second = await wire.start(thread)
    await wire.house.agent.arrived("gate")
    assert await stand(wire, thread, first) == ("running", "busy")
    assert await stand(wire, thread, second) == ("pending", "busy")
    wire.house.agent.open("gate")
    await wire.ask("GET", f"/threads/{thread}/runs/{second}/join")
    assert await stand(wire, thread, second) == ("success", "idle")


@pytest.mark.requirement("langgraph.runs.created")
async def test_a_run_is_pending_in_the_answer_that_creates_it_though_it_begins_at_once(
    wire: Wire,
) -> None:
    thread = await wire.thread()
    body = run_body(["wait", "gate"], on_completion="keep")
    one = (await wire.ask("POST", f"/threads/{thread}/runs", body)).json()
    alone = (await wire.ask("POST", "/runs", body)).json()
    batch = (await wire.ask("POST", "/runs/batch", [body, body])).json()
    for row in (one, alone, *batch):
        assert row["status"] == "pending"
        assert await stand(wire, row["thread_id"], row["run_id"]) == ("running", "busy")
    wire.house.agent.open("gate")


@pytest.mark.requirement("langgraph.statuses")
async def test_a_run_that_fails_is_an_error_and_so_is_its_thread(wire: Wire) -> None:
    thread = await wire.thread()
    body = run_body(["fail", "boom"])
    streamed = await wire.ask("POST", f"/threads/{thread}/runs/stream", body)
    run = streamed.headers["content-location"].rpartition("/")[2]
    error = {"error": "ValueError", "message": "boom"}
    assert (streamed.status_code, frames(streamed.text)[-1]) == (200, ("error", error, None))
    assert await stand(wire, thread, run) == ("error", "error")
    shown = (await wire.ask("GET", f"/threads/{thread}")).json()
    assert shown["error"] == error
    joined = await wire.ask("GET", f"/threads/{thread}/runs/{run}/join")
    assert (joined.status_code, joined.json()) == (200, {"__error__": error})
    await wire.ask("POST", f"/threads/{thread}/runs/wait", run_body())
    assert await stand(wire, thread, run) == ("error", "idle")
    joined = await wire.ask("GET", f"/threads/{thread}/runs/{run}/join")
    assert joined.json() == {"__error__": error}, "its own result, also later"


@pytest.mark.requirement("langgraph.statuses")
@pytest.mark.requirement("langgraph.runs.time_limit")
async def test_a_run_out_of_time_is_a_timeout_and_its_thread_an_error() -> None:
    limits = Limits(run_s=0.01, drain_s=0.05, grace_s=0.05)
    async with open_house(limits=limits) as house, open_wire(house) as wire:
        thread = await wire.thread()
        run = await wire.start(thread, ["wait", "for ever"])
        joined = (await wire.ask("GET", f"/threads/{thread}/runs/{run}/join")).json()
        assert "took longer than" in joined["__error__"]["message"]
        assert await stand(wire, thread, run) == ("timeout", "error")


@pytest.mark.requirement("langgraph.statuses")
@pytest.mark.requirement("langgraph.threads.search.filters")
async def test_threads_are_found_and_counted_by_how_they_stand(wire: Wire) -> None:
    steps = {"interrupted": ["pause", "ok?"], "error": ["fail", "boom"], "busy": ["wait", "gate"]}
    threads = {"idle": await wire.thread()}
    for status, step in steps.items():
        threads[status] = await wire.thread()
        run = await wire.start(threads[status], step)
        if status != "busy":
            await wire.ask("GET", f"/threads/{threads[status]}/runs/{run}/join")
    for status, thread in threads.items():
        body = {"status": status}
        [found] = (await wire.ask("POST", "/threads/search", body)).json()
        assert (found["thread_id"], found["status"]) == (thread, status)
        assert (await wire.ask("POST", "/threads/count", body)).json() == 1
    wire.house.agent.open("gate")


@pytest.mark.requirement("langgraph.statuses")
@pytest.mark.requirement("langgraph.threads.busy")
async def test_a_thread_is_busy_from_the_creation_of_a_run_and_free_once_that_is_cancelled(
    wire: Wire,
) -> None:
    thread = await wire.thread()
    run = await wire.start(thread, after_seconds=3600)
    assert await stand(wire, thread, run) == ("pending", "busy")
    update = await wire.ask("POST", f"/threads/{thread}/state", {"values": {"x": 1}})
    assert (update.status_code, update.json()["code"]) == (409, "thread_busy")
    rejected = run_body(multitask_strategy="reject")
    for path in ("", "/wait", "/stream"):
        refused = await wire.ask("POST", f"/threads/{thread}/runs{path}", rejected)
        assert (refused.status_code, refused.json()["code"]) == (409, "thread_busy")
    cancelled = await wire.ask("POST", f"/threads/{thread}/runs/{run}/cancel")
    assert cancelled.status_code == 202
    assert await stand(wire, thread, run) == ("interrupted", "idle")


@pytest.mark.requirement("langgraph.threads.busy")
async def test_a_run_that_is_cancelled_before_it_began_leaves_the_question_of_another(
    wire: Wire,
) -> None:
    thread = await wire.thread()
    await wire.ask("POST", f"/threads/{thread}/runs/wait", run_body(["pause", "ok?"]))
    run = await wire.start(thread, after_seconds=3600)
    assert await stand(wire, thread, run) == ("pending", "busy")
    await wire.ask("POST", f"/threads/{thread}/runs/{run}/cancel?wait=true")
    assert await stand(wire, thread, run) == ("interrupted", "interrupted")
    shown = (await wire.ask("GET", f"/threads/{thread}")).json()
    assert shown["interrupts"] == {"task": [{"id": "i1", "value": "ok?"}]}


@pytest.mark.requirement("langgraph.stream.cancelled")
async def test_the_stream_of_a_run_that_is_cancelled_just_ends(wire: Wire) -> None:
    thread = await wire.thread()
    run = await wire.start(thread, ["emit", "values", 1], ["wait", "gate"], stream_resumable=True)
    await wire.house.agent.arrived("gate")
    path = f"/threads/{thread}/runs/{run}"
    async with wire.open("GET", f"{path}/stream", headers={"Last-Event-ID": "0"}) as stream:
        await stream.until(b"event: values")
        await wire.ask("POST", f"{path}/cancel?wait=true")
        assert await stream.rest() == b""
    assert await stand(wire, thread, run) == ("interrupted", "interrupted")


@pytest.mark.requirement("langgraph.runs.cancel.pending")
async def test_a_run_that_has_not_begun_is_cancelled_at_once_or_vanishes(wire: Wire) -> None:
    thread = await wire.thread()
    await wire.start(thread, ["wait", "gate"])
    await wire.house.agent.arrived("gate")
    kept, gone = await wire.start(thread), await wire.start(thread)
    path = f"/threads/{thread}/runs"
    assert (await wire.ask("POST", f"{path}/{kept}/cancel")).status_code == 202
    assert await stand(wire, thread, kept) == ("interrupted", "busy")
    assert (await wire.ask("POST", f"{path}/{gone}/cancel?action=rollback")).status_code == 202
    assert (await wire.ask("GET", f"{path}/{gone}")).status_code == 404
    wire.house.agent.open("gate")


@pytest.mark.requirement("langgraph.runs.result")
async def test_who_joins_a_run_that_never_began_gets_the_values_of_its_thread(wire: Wire) -> None:
    thread = await wire.thread()
    path = f"/threads/{thread}/runs"
    await wire.ask("POST", f"{path}/wait", run_body(["emit", "custom", 1]))
    run = await wire.start(thread, after_seconds=3600)
    await wire.ask("POST", f"{path}/{run}/cancel?wait=true")
    assert (await wire.ask("GET", f"{path}/{run}/join")).json() == {"done": ["emit"]}


@pytest.mark.requirement("langgraph.runs.cancel.action")
async def test_an_action_that_there_is_not_is_refused_and_cancels_nothing(wire: Wire) -> None:
    thread = await wire.thread()
    run = await wire.start(thread, ["wait", "gate"])
    await wire.house.agent.arrived("gate")
    refused = await wire.ask("POST", f"/threads/{thread}/runs/{run}/cancel?action=bogus")
    assert refused.status_code == 422
    assert "`action` must be one of interrupt, rollback" in refused.json()["detail"]
    assert await stand(wire, thread, run) == ("running", "busy")
    wire.house.agent.open("gate")


@pytest.mark.requirement("langgraph.runs.enqueue")
async def test_runs_of_a_thread_are_carried_out_one_after_the_other(wire: Wire) -> None:
    thread = await wire.thread()
    runs = [await wire.start(thread, ["wait", str(n)]) for n in range(3)]
    for n, run in enumerate(runs):
        await wire.house.agent.arrived(str(n))
        assert wire.house.agent.started == runs[: n + 1]
        assert await stand(wire, thread, run) == ("running", "busy")
        wire.house.agent.open(str(n))
        await wire.ask("GET", f"/threads/{thread}/runs/{run}/join")
    assert await stand(wire, thread, runs[-1]) == ("success", "idle")


@pytest.mark.requirement("langgraph.runs.stateless_end")
async def test_a_stateless_run_can_be_joined_until_it_vanishes_with_its_thread(wire: Wire) -> None:
    created = (await wire.ask("POST", "/runs", run_body(["wait", "gate"]))).json()
    path = f"/threads/{created['thread_id']}/runs/{created['run_id']}"
    await wire.house.agent.arrived("gate")
    joining = asyncio.create_task(wire.ask("GET", f"{path}/join"))
    assert (await wire.ask("GET", path)).json()["status"] == "running"
    wire.house.agent.open("gate")
    assert (await joining).json() == {"done": ["wait"]}
    assert (await wire.ask("GET", path)).status_code == 404
    assert (await wire.ask("GET", f"/threads/{created['thread_id']}")).status_code == 404


# Ids


@pytest.mark.requirement("langgraph.ids")
async def test_ids_are_ordered_by_time_and_those_of_default_assistants_are_known(
    wire: Wire,
) -> None:
    thread = await wire.thread()
    run = await wire.start(thread)
    copy = (await wire.ask("POST", f"/threads/{thread}/copy")).json()["thread_id"]
    assert [UUID(each).version for each in (thread, run, copy)] == [7, 7, 7]
    # What LangGraph's own server and its clients make of these names.
    assert system_assistant_id("agent") == "fe096781-5601-53d2-b2f6-0d3403f7e9ca"
    found = (await wire.ask("GET", f"/assistants/{ASSISTANT}")).json()
    assert (found["graph_id"], found["metadata"]["created_by"]) == (AGENT, "system")
    for named in (AGENT, ASSISTANT, ASSISTANT.upper()):
        answer = await wire.ask("POST", "/runs/wait", run_body(assistant_id=named))
        assert answer.json() == {"done": []}


@pytest.mark.requirement("langgraph.threads.create.race")
async def test_of_creates_with_one_id_one_wins_and_the_others_are_told(wire: Wire) -> None:
    id = "01a2023b-64e9-7287-b6db-ed3fee48bd55"
    bodies = [{"thread_id": id, "metadata": {"n": n}} for n in range(8)]
    answers = await asyncio.gather(*(wire.ask("POST", "/threads", body) for body in bodies))
    assert sorted(each.status_code for each in answers) == [200, *[409] * 7]
    [made] = [each.json() for each in answers if each.status_code == 200]
    again = await asyncio.gather(
        *(wire.ask("POST", "/threads", {**body, "if_exists": "do_nothing"}) for body in bodies)
    )
    assert [each.json() for each in again] == [made] * 8
    kept = {"assistant_id": id, "graph_id": AGENT}
    made_at_once = await asyncio.gather(*(wire.ask("POST", "/assistants", kept) for _ in range(8)))
    assert sorted(each.status_code for each in made_at_once) == [200, *[409] * 7]


@pytest.mark.requirement("langgraph.runs.if_not_exists")
async def test_runs_that_create_one_thread_at_once_are_all_carried_out_on_it(wire: Wire) -> None:
    path = f"/threads/{UNKNOWN}/runs"
    body = run_body(if_not_exists="create")
    answers = await asyncio.gather(*(wire.ask("POST", f"{path}/wait", body) for _ in range(8)))
    assert [each.json() for each in answers] == [{"done": []}] * 8
    listed = (await wire.ask("GET", path)).json()
    assert [each["status"] for each in listed] == ["success"] * 8
    assert (await wire.ask("POST", "/threads/count", {})).json() == 1
