"""What the options of a run do that the agent does not see, on every operation that has them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from demotic.domain.lifecycle import RunState
from demotic.domain.runs import Run
from dialects.langgraph.langgraph_http import AGENT, UNKNOWN, Wire, frames, open_wire
from dialects.langgraph.run_ways import (
    ALONE,
    AT_ONCE,
    BATCH,
    CHANGED_CRON,
    CREATE,
    CRON_ON_THREAD,
    EVERY,
    ON_THREAD,
    STATELESS,
    STREAM,
    STREAM_ALONE,
    THREAD,
    WAIT,
    WAIT_ALONE,
    Given,
    Way,
    nth_run,
)
from house import House

REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "checkpoint": ({"checkpoint": {"checkpoint_id": "c"}}, 422, "`checkpoint` needs a thread"),
    "checkpoint_id": ({"checkpoint_id": "c"}, 422, "`checkpoint_id` needs a thread"),
    "command.resume": ({"command": {"resume": 1}}, 400, "thread_id when resuming"),
    "on_run_completed": ({"on_run_completed": "keep"}, 422, "`on_run_completed` is for crons"),
}
"""What is refused by some operations: how it is sent, and how refused."""

HINTS = {
    **{way: [{"on_completion": "delete"}, {"on_completion": "keep"}] for way in ON_THREAD},
    **{way: [{"if_not_exists": "create"}, {"if_not_exists": "reject"}] for way in STATELESS},
}
"""What says how to treat something that the operation never meets."""

UNFOLLOWED = (CREATE, ALONE, BATCH)
FOLLOWED = (STREAM, WAIT, STREAM_ALONE, WAIT_ALONE)


@pytest.fixture
async def wire(house: House) -> AsyncIterator[Wire]:
    """A client that has a thread."""
    async with open_wire(house) as opened:
        await opened.ask("POST", "/threads", {"thread_id": THREAD})
        yield opened


async def ended(wire: Wire, run: Run) -> RunState:
    """How a run ended."""
    following = wire.house.engine.runs.follow(run, after=0)
    outcome = (await asyncio.wait_for(following.ended(), 5)).outcome
    following.close()
    assert outcome is not None
    return outcome.state


async def left(wire: Wire, run: Run) -> str:
    """How the run's thread stands when nothing is to do on it any more, or `gone`; within 5 s."""
    async with asyncio.timeout(5):
        while True:
            thread = await wire.ask("GET", f"/threads/{run.thread_id}")
            status = "gone" if thread.status_code == 404 else str(thread.json()["status"])
            if status != "busy":
                return status


@pytest.mark.requirement("langgraph.runs.idempotency")
@pytest.mark.parametrize("way", AT_ONCE, ids=str)
async def test_a_key_makes_a_request_the_same_run_whatever_starts_it(wire: Wire, way: Way) -> None:
    kept = {"on_completion": "keep"}
    for key in ("one", "one", "other"):
        answer = await way.ask(wire, kept, {"Idempotency-Key": key})
        assert answer.status_code == 200
    await nth_run(wire, 1)
    reused = await way.ask(wire, {**kept, "metadata": {}}, {"Idempotency-Key": "one"})
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")
    assert len(wire.house.agent.runs) == 2


@pytest.mark.requirement("langgraph.runs.after_seconds")
@pytest.mark.parametrize("way", AT_ONCE, ids=str)
async def test_a_delay_passes_first_whatever_starts_the_run(wire: Wire, way: Way) -> None:
    asking = asyncio.create_task(way.ask(wire, {"after_seconds": 0.05}))
    plain = await ALONE.run(wire)
    if way in FOLLOWED:
        assert not asking.done()
    else:
        assert (await asking).status_code == 200
    wire.house.clock.advance(1)
    delayed = await nth_run(wire, 1)
    assert delayed.id != plain.id and delayed.reply_format["dialect"] == "langgraph"
    assert (await asking).status_code == 200


@pytest.mark.requirement("langgraph.runs.reject")
@pytest.mark.parametrize("way", ON_THREAD, ids=str)
async def test_a_busy_thread_refuses_a_run_that_is_not_to_wait(wire: Wire, way: Way) -> None:
    await wire.start(THREAD, ["wait", "gate"])
    answer = await way.ask(wire, {"multitask_strategy": "reject"})
    assert (answer.status_code, answer.json()["code"]) == (409, "thread_busy")
    wire.house.agent.open("gate")


@pytest.mark.requirement("langgraph.runs.if_not_exists")
@pytest.mark.parametrize("way", [*ON_THREAD, CRON_ON_THREAD], ids=str)
async def test_a_thread_is_made_if_it_may_be(wire: Wire, way: Way) -> None:
    await wire.ask("DELETE", f"/threads/{THREAD}")
    refusals: list[Given] = [{}, {"if_not_exists": "reject"}]
    for refusal in refusals:
        answer = await way.ask(wire, refusal)
        assert (answer.status_code, answer.json()["code"]) == (404, "thread_not_found")
    assert (await way.ask(wire, {"if_not_exists": "create"})).status_code == 200
    assert (await wire.ask("GET", f"/threads/{THREAD}")).status_code == 200


@pytest.mark.requirement("langgraph.runs.keep")
@pytest.mark.parametrize("way", STATELESS, ids=str)
async def test_a_stateless_run_leaves_its_thread_if_it_is_to(wire: Wire, way: Way) -> None:
    for choice, status in [("delete", "gone"), ("keep", "idle")]:
        run = await way.run(wire, {"on_completion": choice})
        assert await left(wire, run) == status


@pytest.mark.requirement("langgraph.stream.cancel_on_disconnect")
@pytest.mark.parametrize("way", FOLLOWED, ids=str)
async def test_a_run_ends_with_who_started_it_if_it_is_to(wire: Wire, way: Way) -> None:
    path = way.path.replace("{thread_id}", THREAD)
    for n, (choice, state) in enumerate(
        [("cancel", RunState.CANCELLED), ("continue", RunState.SUCCEEDED)]
    ):
        body = {"assistant_id": AGENT, "input": [["wait", choice]], "on_disconnect": choice}
        async with wire.open("POST", path, body):
            run = await nth_run(wire, n)
            await wire.house.agent.arrived(choice)
        if choice == "continue":
            wire.house.agent.open(choice)
        assert await ended(wire, run) is state


@pytest.mark.requirement("langgraph.options.hints")
@pytest.mark.parametrize("way", UNFOLLOWED, ids=str)
async def test_a_run_that_nobody_follows_ends_with_nobody(wire: Wire, way: Way) -> None:
    steps = [["wait", "gate"], ["pause", "really?"]]
    body = {"input": steps, "on_disconnect": "cancel", "on_completion": "keep"}
    run = await way.run(wire, body)
    wire.house.agent.open("gate")
    assert await left(wire, run) == "interrupted"


@pytest.mark.requirement("langgraph.options.hints")
@pytest.mark.parametrize("way", HINTS, ids=str)
async def test_a_choice_for_what_cannot_be_changes_nothing(wire: Wire, way: Way) -> None:
    for choice in HINTS[way]:
        run = await way.run(wire, choice)
        assert await left(wire, run) == ("idle" if way.on_thread else "gone")
    ((name, _),) = HINTS[way][0].items()
    bad = await way.ask(wire, {name: "bogus"})
    assert bad.status_code == 422 and f"`{name}`" in bad.json()["detail"]


@pytest.mark.requirement("langgraph.stream.replay")
@pytest.mark.parametrize("way", ON_THREAD, ids=str)
async def test_a_run_can_be_come_back_to_if_it_is_to_whatever_started_it(
    wire: Wire, way: Way
) -> None:
    cases: list[tuple[Given, list[str]]] = [
        ({"stream_resumable": True}, ["metadata", "values"]),
        ({"stream_resumable": True, "stream_mode": "custom"}, ["metadata", "custom"]),
        ({}, []),
    ]
    for options, shown in cases:
        steps = [["emit", "values", {"x": 1}], ["emit", "custom", 1]]
        run = await way.run(wire, {"input": steps, **options})
        assert await ended(wire, run) is RunState.SUCCEEDED
        path = f"/threads/{THREAD}/runs/{run.id}/stream"
        replayed = await wire.ask("GET", path, headers={"Last-Event-ID": "-1"})
        assert [name for name, _, _ in frames(replayed.text)] == shown


@pytest.mark.requirement("langgraph.options.refused")
@pytest.mark.parametrize("way", [way for way in EVERY if way.refused], ids=str)
async def test_what_has_no_meaning_is_refused_with_the_reason(wire: Wire, way: Way) -> None:
    for name in way.refused:
        sent, status, told = REFUSED[name]
        answer = await way.ask(wire, sent)
        assert answer.status_code == status and told in answer.json()["detail"]


@pytest.mark.requirement("langgraph.errors.body")
@pytest.mark.parametrize("way", EVERY, ids=str)
async def test_what_contradicts_itself_or_is_not_there_is_told(wire: Wire, way: Way) -> None:
    both = {"config": {"configurable": {"a": 1}}, "context": {"b": 1}}
    answer = await way.ask(wire, both)
    assert (answer.status_code, answer.json()["code"]) == (400, "contradiction")
    if way != CHANGED_CRON:
        answer = await way.ask(wire, {"assistant_id": UNKNOWN})
        assert (answer.status_code, answer.json()["code"]) == (404, "assistant_not_found")
    assert wire.house.agent.runs == []
