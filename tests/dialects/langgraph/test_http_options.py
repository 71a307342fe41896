"""Options of runs that decide who goes first, when, and what is left."""

import asyncio

import pytest

from dialects.langgraph.langgraph_http import Wire, run_body

INTERRUPT, ROLLBACK = {"multitask_strategy": "interrupt"}, {"multitask_strategy": "rollback"}


async def status(wire: Wire, thread: str, run: str) -> str:
    """A run's status, or `gone`."""
    answer = await wire.ask("GET", f"/threads/{thread}/runs/{run}")
    return "gone" if answer.status_code == 404 else str(answer.json()["status"])


@pytest.mark.requirement("langgraph.runs.interrupt")
async def test_a_run_may_interrupt_all_that_are_in_its_way(wire: Wire) -> None:
    thread = await wire.thread()
    running = await wire.start(thread, ["wait", "for ever"])
    queued = await wire.start(thread)
    await wire.house.agent.arrived("for ever")
    new = await wire.ask("POST", f"/threads/{thread}/runs/wait", run_body(**INTERRUPT))
    assert new.json() == {"done": []}
    assert await status(wire, thread, running) == "interrupted"
    assert await status(wire, thread, queued) == "interrupted"


@pytest.mark.requirement("langgraph.runs.rollback")
async def test_a_run_may_roll_back_all_that_are_in_its_way(wire: Wire) -> None:
    thread = await wire.thread()
    running = await wire.start(thread, ["wait", "for ever"])
    queued = await wire.start(thread)
    await wire.house.agent.arrived("for ever")
    new = await wire.ask("POST", f"/threads/{thread}/runs/wait", run_body(**ROLLBACK))
    assert new.json() == {"done": []}
    assert await status(wire, thread, running) == "gone"
    assert await status(wire, thread, queued) == "gone"


@pytest.mark.requirement("langgraph.runs.interrupt")
@pytest.mark.requirement("langgraph.runs.rollback")
@pytest.mark.parametrize(("strategy", "left"), [(INTERRUPT, "interrupted"), (ROLLBACK, "gone")])
async def test_a_run_that_is_delayed_is_in_the_way_too(
    wire: Wire, strategy: dict[str, str], left: str
) -> None:
    thread = await wire.thread()
    delayed = await wire.start(thread, after_seconds=3600)
    new = await wire.ask("POST", f"/threads/{thread}/runs/wait", run_body(**strategy))
    assert new.json() == {"done": []}
    assert await status(wire, thread, delayed) == left


@pytest.mark.requirement("langgraph.runs.after_seconds")
async def test_a_delayed_run_keeps_its_thread_busy_and_lets_others_pass(wire: Wire) -> None:
    thread = await wire.thread()
    delayed = await wire.start(thread, after_seconds=3600)
    assert (await wire.ask("GET", f"/threads/{thread}")).json()["status"] == "busy"
    passed = await wire.ask("POST", f"/threads/{thread}/runs/wait", run_body())
    assert passed.json() == {"done": []}
    assert await status(wire, thread, delayed) == "pending"


@pytest.mark.requirement("langgraph.runs.after_seconds")
async def test_a_delayed_run_runs_when_its_time_has_come(wire: Wire) -> None:
    thread = await wire.thread()
    delayed = await wire.start(thread, after_seconds=0.05)
    wire.house.clock.advance(1)
    joined = await wire.ask("GET", f"/threads/{thread}/runs/{delayed}/join")
    assert joined.json() == {"done": []}


@pytest.mark.requirement("langgraph.runs.keep")
async def test_a_stateless_run_may_leave_its_thread(wire: Wire) -> None:
    kept = await wire.ask("POST", "/runs/wait", run_body(on_completion="keep"))
    address = kept.headers["content-location"]
    assert (await wire.ask("GET", address)).json()["status"] == "success"


@pytest.mark.requirement("langgraph.runs.idempotency")
async def test_the_same_request_with_its_key_is_the_same_run(wire: Wire) -> None:
    path = f"/threads/{await wire.thread()}/runs"
    key = {"idempotency-key": "order 66"}
    first = await wire.ask("POST", path, run_body(), key)
    await wire.ask("GET", f"{path}/{first.json()['run_id']}/join")
    again = await wire.ask("POST", path, run_body(), key)
    assert first.json()["run_id"] == again.json()["run_id"]
    assert (first.json()["status"], again.json()["status"]) == ("pending", "success")
    other = await wire.ask("POST", path, run_body(["emit", "custom", 1]), key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    waited = [await wire.ask("POST", f"{path}/wait", run_body(), key) for _ in range(2)]
    assert len({each.headers["content-location"] for each in waited}) == 1
    assert [each.json() for each in waited] == [{"done": []}] * 2


@pytest.mark.requirement("langgraph.stream.cancel_on_disconnect")
async def test_a_run_ends_with_its_last_connection_if_it_was_to(wire: Wire) -> None:
    thread = await wire.thread()
    body = run_body(["emit", "values", 1], ["wait", "for ever"], on_disconnect="cancel")
    async with wire.open("POST", f"/threads/{thread}/runs/stream", body) as streaming:
        await streaming.until(b"event: values")
    run = (await wire.ask("GET", f"/threads/{thread}/runs")).json()[0]["run_id"]
    await wire.ask("GET", f"/threads/{thread}/runs/{run}/join")
    assert await status(wire, thread, run) == "interrupted"


@pytest.mark.requirement("langgraph.stream.cancel_on_disconnect")
async def test_another_follower_keeps_a_run_alive(wire: Wire) -> None:
    thread = await wire.thread()
    body = run_body(["emit", "values", 1], ["wait", "gate"], on_disconnect="cancel")
    async with wire.open("POST", f"/threads/{thread}/runs/stream", body) as streaming:
        await streaming.until(b"event: values")
        run = (await wire.ask("GET", f"/threads/{thread}/runs")).json()[0]["run_id"]
        joining = asyncio.create_task(wire.ask("GET", f"/threads/{thread}/runs/{run}/join"))
        await wire.house.agent.arrived("gate")
    wire.house.agent.open("gate")
    assert (await joining).json() == {"done": ["emit", "wait"]}
    assert await status(wire, thread, run) == "success"


@pytest.mark.requirement("langgraph.stream.cancel_on_disconnect")
@pytest.mark.parametrize("start", ["/runs", "/threads/{}/runs"])
async def test_a_run_ends_with_who_waits_for_it_if_it_was_to(wire: Wire, start: str) -> None:
    path = start.format(await wire.thread())
    body = run_body(["wait", "for ever"], on_disconnect="cancel", on_completion="keep")
    async with wire.open("POST", f"{path}/wait", body) as waiting:
        await waiting.begun()
    place = waiting.headers["content-location"]
    await wire.ask("GET", f"{place}/join")
    assert (await wire.ask("GET", place)).json()["status"] == "interrupted"


@pytest.mark.requirement("langgraph.stream.cancel_on_disconnect")
async def test_who_waits_for_a_run_may_take_it_along(wire: Wire) -> None:
    thread = await wire.thread()
    run = await wire.start(thread, ["wait", "for ever"])
    await wire.house.agent.arrived("for ever")
    path = f"/threads/{thread}/runs/{run}/join"
    async with wire.open("GET", f"{path}?cancel_on_disconnect=true") as joined:
        await joined.begun()
    await wire.ask("GET", path)
    assert await status(wire, thread, run) == "interrupted"


@pytest.mark.requirement("langgraph.stream.cancel_on_disconnect")
async def test_a_join_may_be_the_connection_that_a_run_ends_with(wire: Wire) -> None:
    thread = await wire.thread()
    run = await wire.start(thread, ["wait", "gate"], ["emit", "values", 1], ["wait", "for ever"])
    await wire.house.agent.arrived("gate")
    path = f"/threads/{thread}/runs/{run}/stream?cancel_on_disconnect=true"
    async with wire.open("GET", path) as streaming:
        await streaming.begun()
        wire.house.agent.open("gate")
        await streaming.until(b"event: values")
    await wire.ask("GET", f"/threads/{thread}/runs/{run}/join")
    assert await status(wire, thread, run) == "interrupted"
