"""Real graphs behind the dialect: questions, breakpoints, commands, branches, who is in the way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from langgraph.types import interrupt

from dialects.langgraph.langgraph_http import Wire
from dialects.langgraph.test_graphs import run, wire_of
from dialects.streaming.streaming_graphs import nested, two
from served import State, a, b, chain, served

IN: dict[str, Any] = {"input": {"log": ["in"]}}


async def ask(state: State) -> State:
    """Asks."""
    return {"log": [f"answer {interrupt('really?')}"]}


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    """A client of a graph that asks between two steps."""
    async with served(chain(a, ask, b)) as house, wire_of(house) as opened:
        yield opened


async def show(wire: Wire, thread: str, path: str = "") -> Any:
    """What a GET about a thread tells."""
    answer = await wire.ask("GET", f"/threads/{thread}{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


# Questions


@pytest.mark.requirement("langgraph.runs.question")
@pytest.mark.requirement("langgraph.threads.question")
async def test_a_question_is_the_result_of_its_run_and_stands_in_the_thread(wire: Wire) -> None:
    thread = await wire.thread()
    asked = await run(wire, thread, **IN)
    [question] = asked.pop("__interrupt__")
    assert asked == {"log": ["in", "a"]}
    assert question == {"value": "really?", "id": question["id"], "response_schema": None}
    state = await show(wire, thread, "/state")
    [task] = state["tasks"]
    assert (state["next"], task["interrupts"]) == (["ask"], state["interrupts"])
    told = {"id": question["id"], "value": "really?"}
    shown = await show(wire, thread)
    assert (shown["status"], shown["interrupts"]) == ("interrupted", {task["id"]: [told]})
    assert shown["values"] == state["values"] == asked
    [only] = await show(wire, thread, "/runs")
    assert only["status"] == "success"
    joined = await show(wire, thread, f"/runs/{only['run_id']}/join")
    assert joined == {"__interrupt__": [told]}
    answered = await run(wire, thread, command={"resume": "yes"})
    assert answered == {"log": ["in", "a", "answer yes", "b"]}
    shown = await show(wire, thread)
    assert (shown["status"], shown["interrupts"], shown["values"]) == ("idle", {}, answered)


@pytest.mark.requirement("langgraph.threads.question")
@pytest.mark.requirement("langgraph.runs.command")
async def test_several_questions_stand_by_their_tasks_and_are_answered_by_their_ids() -> None:
    async with served(two) as house, wire_of(house) as wire:
        thread = await wire.thread()
        asked = await run(wire, thread, input={"items": ["in"]})
        ids = {each["value"]: each["id"] for each in asked["__interrupt__"]}
        assert {*ids} == {"Left?", "Right?"}
        tasks = (await show(wire, thread, "/state"))["tasks"]
        by_task = {each["id"]: each["interrupts"][0]["value"] for each in tasks}
        shown = (await show(wire, thread))["interrupts"]
        assert {task: each["value"] for task, [each] in shown.items()} == by_task
        half = await run(wire, thread, command={"resume": {ids["Right?"]: "r"}})
        assert [each["value"] for each in half["__interrupt__"]] == ["Left?"]
        assert (await show(wire, thread))["status"] == "interrupted"
        whole = await run(wire, thread, command={"resume": {ids["Left?"]: "l"}})
        assert sorted(whole["items"]) == ["Left? l", "Right? r", "in"]


@pytest.mark.requirement("langgraph.threads.question")
async def test_a_question_within_stands_by_the_task_that_leads_to_it() -> None:
    async with served(nested) as house, wire_of(house) as wire:
        thread = await wire.thread()
        [asked] = (await run(wire, thread, input={"items": ["in"]}))["__interrupt__"]
        [task] = (await show(wire, thread, "/state"))["tasks"]
        told = {"id": asked["id"], "value": "Inside?"}
        assert (await show(wire, thread))["interrupts"] == {task["id"]: [told]}
        answered = await run(wire, thread, command={"resume": "yes"})
        assert answered["items"][-1] == "Inside? yes"


@pytest.mark.requirement("langgraph.threads.question")
async def test_a_change_of_the_state_leaves_the_thread_interrupted(wire: Wire) -> None:
    thread = await wire.thread()
    await run(wire, thread, **IN)
    body = {"values": {"log": ["u"]}, "as_node": "a"}
    assert (await wire.ask("POST", f"/threads/{thread}/state", body)).status_code == 200
    assert (await show(wire, thread))["status"] == "interrupted"
    asked = await run(wire, thread, input=None)
    assert asked["log"] == ["in", "a", "u"] and asked["__interrupt__"]


@pytest.mark.requirement("langgraph.runs.result")
async def test_a_run_keeps_its_result_when_the_thread_has_moved_on(wire: Wire) -> None:
    thread = await wire.thread()
    await run(wire, thread, **IN)
    await run(wire, thread, command={"resume": "yes"})
    await run(wire, thread, input={"log": ["more"]}, interrupt_before=["ask"])
    last, answered, asked = await show(wire, thread, "/runs")
    results = [
        await show(wire, thread, f"/runs/{each['run_id']}/join") for each in (asked, answered, last)
    ]
    assert results[0]["__interrupt__"][0]["value"] == "really?"
    assert results[1] == {"log": ["in", "a", "answer yes", "b"]}
    assert results[2]["log"] == ["in", "a", "answer yes", "b", "more", "a"]


@pytest.mark.requirement("langgraph.runs.new_input")
async def test_new_input_over_a_question_begins_anew_with_the_state_kept(wire: Wire) -> None:
    thread = await wire.thread()
    await run(wire, thread, **IN)
    asked = await run(wire, thread, input={"log": ["again"]})
    assert (asked["log"], len(asked["__interrupt__"])) == (["in", "a", "again", "a"], 1)


@pytest.mark.requirement("langgraph.threads.copy.equal")
async def test_a_question_that_was_copied_is_answered_in_each_thread_for_itself(wire: Wire) -> None:
    thread = await wire.thread()
    await run(wire, thread, **IN)
    before = await show(wire, thread, "/history")
    copy = (await wire.ask("POST", f"/threads/{thread}/copy")).json()["thread_id"]
    assert str(await show(wire, copy, "/history")).replace(copy, thread) == str(before)
    answered = await run(wire, copy, command={"resume": "yes"})
    assert answered["log"] == ["in", "a", "answer yes", "b"]
    assert await show(wire, thread, "/history") == before
    assert (await show(wire, thread))["status"] == "interrupted"
    answered = await run(wire, thread, command={"resume": "no"})
    assert answered["log"] == ["in", "a", "answer no", "b"]


# Breakpoints


@pytest.mark.requirement("langgraph.runs.breakpoints")
@pytest.mark.parametrize("where", [{"interrupt_before": ["ask"]}, {"interrupt_after": ["a"]}])
async def test_a_breakpoint_stops_a_run_and_no_input_goes_on(
    wire: Wire, where: dict[str, Any]
) -> None:
    thread = await wire.thread()
    assert await run(wire, thread, **IN, **where) == {"log": ["in", "a"]}
    shown = await show(wire, thread)
    assert (shown["status"], shown["interrupts"]) == ("interrupted", {})
    state = await show(wire, thread, "/state")
    assert state["next"] == ["ask"]
    assert [each["interrupts"] for each in state["tasks"]] == [[]]
    assert [each["status"] for each in await show(wire, thread, "/runs")] == ["success"]
    went_on = await run(wire, thread, input=None)
    assert went_on["log"] == ["in", "a"] and went_on["__interrupt__"][0]["value"] == "really?"


@pytest.mark.requirement("langgraph.runs.breakpoints")
async def test_a_star_stops_before_every_step(wire: Wire) -> None:
    thread = await wire.thread()
    seen = []
    for given in (IN, {"input": None}):
        await run(wire, thread, **given, interrupt_before="*")
        seen.append((await show(wire, thread, "/state"))["next"])
    assert seen == [["a"], ["ask"]]


# Commands


@pytest.mark.requirement("langgraph.runs.command")
@pytest.mark.parametrize("answer", [0, False, "", ["a", None], {"deep": {"er": 1}}])
async def test_an_answer_may_be_any_json(wire: Wire, answer: Any) -> None:
    thread = await wire.thread()
    await run(wire, thread, **IN)
    values = await run(wire, thread, command={"resume": answer})
    assert values["log"] == ["in", "a", f"answer {answer}", "b"]


@pytest.mark.requirement("langgraph.runs.command")
async def test_a_command_answers_by_id_updates_and_jumps(wire: Wire) -> None:
    thread = await wire.thread()
    [question] = (await run(wire, thread, **IN))["__interrupt__"]
    command = {"resume": {question["id"]: "yes"}, "update": {"log": ["u"]}}
    values = await run(wire, thread, command=command)
    assert values["log"] == ["in", "a", "u", "answer yes", "b"]
    for goto, added in (
        ("b", ["b"]),
        ({"node": "b", "input": {"log": []}}, ["b"]),
        (["b", {"node": "b", "input": {"log": []}}], ["b", "b"]),
    ):
        moved = await run(wire, thread, command={"goto": goto, "update": {"log": ["moved"]}})
        assert moved["log"] == [*values["log"], "moved", *added]
        values = moved


@pytest.mark.requirement("langgraph.runs.nothing_to_do")
@pytest.mark.parametrize("body", [{"input": None}, {"command": {"resume": "yes"}}])
async def test_where_there_is_nothing_to_go_on_with_the_run_fails(
    wire: Wire, body: dict[str, Any]
) -> None:
    thread = await wire.thread()
    failed = await run(wire, thread, **body)
    assert [*failed] == ["__error__"]
    assert failed["__error__"]["error"] == "EmptyInputError"
    [only] = await show(wire, thread, "/runs")
    assert only["status"] == "error"


# Branches and what is saved


@pytest.mark.requirement("langgraph.runs.checkpoint")
async def test_a_run_from_a_checkpoint_is_a_branch_in_either_form() -> None:
    async with served(chain(a, b)) as house, wire_of(house) as wire:
        thread = await wire.thread()
        await run(wire, thread, **IN)
        whole = await show(wire, thread, "/history")
        place = next(each for each in whole if each["next"] == ["b"])
        id, checkpoint = place["checkpoint_id"], place["checkpoint"]
        for form in (
            {"checkpoint_id": id},
            {"checkpoint": checkpoint},
            {"checkpoint": checkpoint, "checkpoint_id": id},
        ):
            before = await show(wire, thread, "/history?limit=100")
            assert await run(wire, thread, input=None, **form) == {"log": ["in", "a", "b"]}
            now = await show(wire, thread, "/history?limit=100")
            assert now[-len(before) :] == before, "the branch that was left stays"
            branch = now[: -len(before)]
            assert id in [each["parent_checkpoint_id"] for each in branch]


@pytest.mark.requirement("langgraph.options.durability")
async def test_durability_says_how_many_states_are_kept() -> None:
    async with served(chain(a, b)) as house, wire_of(house) as wire:
        for given, kept in (
            ({}, 4),
            ({"durability": "sync"}, 4),
            ({"durability": "async"}, 4),
            ({"durability": "exit"}, 1),
            ({"checkpoint_during": True}, 4),
            ({"checkpoint_during": False}, 1),
        ):
            thread = await wire.thread()
            assert await run(wire, thread, **IN, **given) == {"log": ["in", "a", "b"]}
            assert len(await show(wire, thread, "/history")) == kept, given
        bad = {"assistant_id": "graph", "durability": "bogus"}
        refused = await wire.ask("POST", f"/threads/{thread}/runs", bad)
        assert refused.status_code == 422


# Who is in the way


@asynccontextmanager
async def stuck() -> AsyncIterator[tuple[Wire, str, str]]:
    """A client, a thread and the run on it that waits for ever in its second step."""
    reached, is_first = asyncio.Event(), True

    async def second(state: State) -> State:
        nonlocal is_first
        if "stuck" in state["log"] and is_first:
            is_first = False
            reached.set()
            await asyncio.Event().wait()
        return {"log": ["second"]}

    async with served(chain(a, second)) as house, wire_of(house) as wire:
        thread = await wire.thread()
        await run(wire, thread, input={"log": ["before"]})
        body = {"assistant_id": "graph", "input": {"log": ["stuck"]}}
        started = await wire.ask("POST", f"/threads/{thread}/runs", body)
        await asyncio.wait_for(reached.wait(), 5)
        yield wire, thread, started.json()["run_id"]


BEFORE = ["before", "a", "second"]
REACHED = [*BEFORE, "stuck", "a"]


@pytest.mark.requirement("langgraph.runs.interrupt")
async def test_a_run_that_interrupts_goes_on_from_the_state_that_was_reached() -> None:
    async with stuck() as (wire, thread, old):
        new = await run(wire, thread, input={"log": ["new"]}, multitask_strategy="interrupt")
        assert new["log"] == [*REACHED, "new", "a", "second"]
        assert (await show(wire, thread, f"/runs/{old}"))["status"] == "interrupted"


@pytest.mark.requirement("langgraph.runs.rollback")
async def test_a_run_that_rolls_back_goes_on_from_the_state_before() -> None:
    async with stuck() as (wire, thread, old):
        new = await run(wire, thread, input={"log": ["new"]}, multitask_strategy="rollback")
        assert new["log"] == [*BEFORE, "new", "a", "second"]
        assert (await wire.ask("GET", f"/threads/{thread}/runs/{old}")).status_code == 404
        states = await show(wire, thread, "/history?limit=100")
        assert len(states) == 8, "those of the run that vanished have vanished with it"
        assert all("stuck" not in each["values"].get("log", []) for each in states)


@pytest.mark.requirement("langgraph.threads.cancelled")
async def test_a_cancel_keeps_what_was_done_and_the_thread_can_go_on() -> None:
    async with stuck() as (wire, thread, old):
        await wire.ask("POST", f"/threads/{thread}/runs/{old}/cancel?wait=true")
        shown = await show(wire, thread)
        assert (shown["status"], shown["values"]) == ("interrupted", {"log": REACHED})
        assert (await show(wire, thread, "/state"))["next"] == ["second"]
        assert await show(wire, thread, f"/runs/{old}/join") == {"log": REACHED}
        assert await run(wire, thread, input=None) == {"log": [*REACHED, "second"]}


@pytest.mark.requirement("langgraph.threads.cancelled")
async def test_a_cancel_may_take_back_what_was_done() -> None:
    async with stuck() as (wire, thread, old):
        path = f"/threads/{thread}/runs/{old}"
        await wire.ask("POST", f"{path}/cancel?wait=true&action=rollback")
        shown = await show(wire, thread)
        assert (shown["status"], shown["values"]) == ("idle", {"log": BEFORE})
        assert (await show(wire, thread, "/state"))["values"] == {"log": BEFORE}
        assert (await wire.ask("GET", path)).status_code == 404
