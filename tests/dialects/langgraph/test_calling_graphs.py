"""What RemoteGraph sends as a node of another graph: answers, where it looks, who it is."""

import asyncio
from typing import Any

import pytest
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt

from demotic.dialects.langgraph import translate
from demotic.dialects.langgraph.wire import RunCreate
from demotic.web.answers import encode
from demotic.web.bodies import decode
from dialects.langgraph.langgraph_http import UNKNOWN, Wire
from dialects.langgraph.test_graphs import wire_of
from served import State, chain, served

NODE = "far:0bd9f83b-70ae-92fc-5ee9-e12ade52f014"


def called(answers: Any = None, *, node: Any = NODE, run_id: Any = None) -> dict[str, Any]:
    """The configuration of a node's call (langgraph 1.2, RemoteGraph)."""
    configurable = {"__pregel_resuming": True}
    return {
        "metadata": {"langgraph_checkpoint_ns": node, "langgraph_step": 2, "run_id": run_id},
        "configurable": configurable if answers is None else {"__pregel_resume_map": answers},
    }


async def ask_left(state: State) -> State:
    return {"log": [f"left {interrupt('left?')}"]}


async def ask_right(state: State) -> State:
    return {"log": [f"right {interrupt('right?')}"]}


def asking() -> Any:
    """Asks two questions at once."""
    graph = StateGraph(State).add_node(ask_left).add_node(ask_right)
    return graph.add_edge(START, "ask_left").add_edge(START, "ask_right").compile()


async def call(wire: Wire, thread: str, answers: Any = None) -> Any:
    """One call, which always brings the node's input; the values."""
    body = {"assistant_id": "graph", "input": {"log": ["in"]}, "config": called(answers)}
    return (await wire.ask("POST", f"/threads/{thread}/runs/wait", body)).json()


@pytest.mark.requirement("langgraph.runs.forwarded_answers")
async def test_answers_that_a_calling_graph_forwards_go_to_the_questions_asked() -> None:
    async with served(asking()) as house, wire_of(house) as wire:
        thread = await wire.thread()
        asked = (await call(wire, thread))["__interrupt__"]
        ids = {question["value"]: question["id"] for question in asked}
        others = {"f" * 32: "for another node"}
        first = await call(wire, thread, {**others, ids["left?"]: "L"})
        assert [question["value"] for question in first["__interrupt__"]] == ["right?"]
        assert await call(wire, thread, {ids["right?"]: "R"}) == {
            "log": ["in", "left L", "right R"]
        }


@pytest.mark.requirement("langgraph.runs.forwarded_answers")
async def test_answers_to_nothing_that_is_asked_leave_the_input() -> None:
    async with served(asking()) as house, wire_of(house) as wire:
        thread = await wire.thread()
        others = {"f" * 32: "for another node"}
        assert (await call(wire, thread, others))["log"] == ["in"]
        assert (await call(wire, thread, others))["log"] == ["in", "in"]


@pytest.mark.parametrize("answers", [[], {}, "yes", 1, True])
def test_what_is_no_map_of_answers_is_left_out(answers: Any) -> None:
    assert new_run(called(answers)).request.forwarded is None


def test_answers_and_callers_count_only_where_remote_graph_forwards_them() -> None:
    run = new_run(called({"f" * 32: 1}, run_id=UNKNOWN))
    assert (run.request.forwarded, run.caller) == ({"f" * 32: 1}, UNKNOWN)
    assert not run.request.config.get("configurable")
    for config in ({"metadata": {"run_id": UNKNOWN}}, called(node=7), called(run_id="x")):
        run = new_run(config)
        assert (run.request.forwarded, run.caller) == (None, None)


def new_run(config: Any) -> Any:
    """The run that a body with this configuration asks for."""
    body = decode(encode({"assistant_id": "echo", "config": config}), RunCreate)
    ids: dict[str, Any] = {"run_id": UNKNOWN, "thread_id": UNKNOWN}
    assert translate.new_run(body, **ids, graphs=["echo"]).caller is None
    return translate.new_run(body, **ids, graphs=["echo"], follows=True)


@pytest.mark.requirement("langgraph.threads.calling_place")
async def test_the_state_at_the_calling_node_is_that_of_the_thread() -> None:
    async with served(asking()) as house, wire_of(house) as wire:
        thread = await wire.thread()
        await call(wire, thread)
        place = {"checkpoint": {"thread_id": thread, "checkpoint_ns": NODE}}
        state = (await wire.ask("GET", f"/threads/{thread}/state")).json()
        found = await wire.ask("POST", f"/threads/{thread}/state/checkpoint", place)
        assert found.json() == state and state["values"] == {"log": ["in"]}
        history = (await wire.ask("POST", f"/threads/{thread}/history", place)).json()
        assert history == (await wire.ask("POST", f"/threads/{thread}/history", {})).json()
        elsewhere = {"checkpoint": {"thread_id": thread, "checkpoint_ns": "other:1"}}
        found = await wire.ask("POST", f"/threads/{thread}/state/checkpoint", elsewhere)
        assert found.json()["values"] == {}


@pytest.mark.requirement("langgraph.runs.caller")
async def test_a_run_that_its_caller_would_wait_for_forever_is_refused() -> None:
    reached, let_go = asyncio.Event(), asyncio.Event()

    async def wait(state: State) -> State:
        reached.set()
        await let_go.wait()
        return {"log": ["waited"]}

    async with served(chain(wait)) as house, wire_of(house) as wire:
        thread = await wire.thread()
        path = f"/threads/{thread}/runs"
        body = {"assistant_id": "graph", "input": {"log": []}}
        caller = (await wire.ask("POST", path, body)).json()["run_id"]
        await asyncio.wait_for(reached.wait(), 5)
        own = {**body, "config": called(run_id=caller)}
        for how in ("stream", "wait"):
            refused = await wire.ask("POST", f"{path}/{how}", own)
            assert refused.status_code == 409
            assert f"Run {caller} of this thread asks" in refused.json()["detail"]
        assert (await wire.ask("POST", path, own)).status_code == 200  # nobody waits for this one
        let_go.set()
        elsewhere = await wire.ask("POST", f"/threads/{await wire.thread()}/runs/wait", own)
        assert elsewhere.json() == {"log": ["waited"]}
        await wire.ask("GET", f"{path}/{caller}/join")
        assert (await wire.ask("POST", f"{path}/wait", own)).json() == {"log": ["waited"] * 3}
