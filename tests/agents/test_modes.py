"""Stream modes that look on: events, debug, tasks, checkpoints."""

import asyncio
import re
from typing import Any

import orjson
import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, Send, interrupt
from typing_extensions import TypedDict

from demotic.agents.langgraph.encoding import encode_anyway
from demotic.agents.langgraph.factories import Graph
from demotic.domain.lifecycle import Reason, RunState
from demotic.domain.model import EVERYTHING
from served import State, a, b, chain, decoded, served


async def test_tasks_tell_of_every_step_when_it_begins_and_ends() -> None:
    async with served(chain(a, b)) as house:
        events, _ = await house.events(await house.thread(), input={"log": []}, modes=["tasks"])
        shown = [data for kind, data in decoded(events) if kind == "tasks"]
        assert [(each["name"], each.get("result")) for each in shown] == [
            ("a", None),
            ("a", {"log": ["a"]}),
            ("b", None),
            ("b", {"log": ["b"]}),
        ]
        assert shown[0]["id"] == shown[1]["id"]


@pytest.mark.requirement("langgraph.stream.debug")
async def test_checkpoints_and_debug_tell_the_history_as_it_grows() -> None:
    async with served(chain(a, b)) as house:
        thread = await house.thread()
        modes = ["checkpoints", "debug"]
        events, _ = await house.events(thread, input={"log": []}, modes=modes)
        history = await house.engine.states.history(thread, EVERYTHING, limit=10)
        saved = [state.checkpoint for state in reversed(history)]
        debug = [
            data["payload"]
            for kind, data in decoded(events)
            if kind == "debug" and data["type"] == "checkpoint"
        ]
        assert [each["checkpoint"] for each in debug] == saved
        assert [each["parent_checkpoint"] for each in debug] == [None, *saved[:-1]]
        shown = [data for kind, data in decoded(events) if kind == "checkpoints"]
        ids = [each["config"]["configurable"]["checkpoint_id"] for each in shown]
        assert ids == [each["checkpoint_id"] for each in saved if each]
        assert not any(key.startswith("__pregel") for key in shown[0]["config"]["configurable"])
        assert shown[-1]["values"] == {"log": ["a", "b"]}


async def test_debug_names_the_place_of_a_nested_graph_s_state() -> None:
    inner = chain(a)
    graph = StateGraph(State).add_node("outer", inner).add_edge(START, "outer").compile()
    async with served(graph) as house:
        thread = await house.thread()
        events, _ = await house.events(
            thread, input={"log": []}, modes=["debug", "values"], subgraphs=True
        )
        assert {e.ns.partition(":")[0] for e in events if e.kind == "debug"} == {"", "outer"}
        tasks = [
            task
            for kind, data in decoded(events)
            if kind == "debug" and data["type"] == "checkpoint"
            for task in data["payload"]["tasks"]
            if "checkpoint" in task
        ]
        assert [(t["name"], t["checkpoint"]["thread_id"]) for t in tasks] == [("outer", thread)]


def chatting() -> Graph:
    """A graph that streams three tokens."""
    model = GenericFakeChatModel(messages=iter([AIMessage(content="one two")]))

    async def chat(state: MessagesState) -> dict[str, Any]:
        return {"messages": [await model.ainvoke(state["messages"])]}

    return StateGraph(MessagesState).add_node(chat).add_edge(START, "chat").compile()


async def test_events_show_every_part_and_other_modes_come_beside_them() -> None:
    async with served(chatting()) as house:
        thread = await house.thread()
        given = {"messages": [{"role": "user", "content": "hi"}]}
        modes = ["events", "messages", "updates", "values"]
        events, outcome = await house.events(thread, input=given, modes=modes)
        shown = [data for kind, data in decoded(events) if kind == "events"]
        names = [each["event"] for each in shown]
        assert (names[0], names[-1]) == ("on_chain_start", "on_chain_end")
        assert names.count("on_chat_model_stream") >= 3
        assert {"on_chat_model_start", "on_chat_model_end"} <= set(names)
        root = [each for each in shown if not each["parent_ids"]]
        assert {each["event"] for each in root} == {"on_chain_start", "on_chain_end"}
        assert len({each["run_id"] for each in root}) == 1
        assert {"messages", "updates", "values"} <= {kind for kind, _ in decoded(events)}
        assert orjson.loads(outcome.values or b"")["messages"][-1]["content"] == "one two"


async def test_a_question_and_its_answer_work_in_mode_events() -> None:
    async def ask(state: State) -> State:
        return {"log": [f"answer:{interrupt('really?')}"]}

    async with served(chain(a, ask)) as house:
        thread = await house.thread()
        _, paused = await house.events(thread, input={"log": []}, modes=["events"], subgraphs=True)
        assert (paused.state, paused.reason) == (RunState.WAITING, Reason.INTERRUPT)
        _, done = await house.events(thread, command={"resume": "yes"}, modes=["events"])
        assert done.values == b'{"log":["a","answer:yes"]}'


async def test_an_error_in_mode_events_is_the_outcome() -> None:
    async def boom(state: State) -> State:
        raise KeyError("boom")

    async with served(chain(boom)) as house:
        _, outcome = await house.events(await house.thread(), input={"log": []}, modes=["events"])
        assert outcome.error == {"error": "KeyError", "message": "'boom'"}


@pytest.mark.parametrize("mode", ["events", "debug", "tasks", "checkpoints"])
async def test_what_json_cannot_hold_is_shown_by_its_beginning_and_fails_no_run(mode: str) -> None:
    class Passing(TypedDict, total=False):
        n: int

    async def first(state: Passing) -> Any:
        return Command(goto=Send("second", {"thing": re.compile("x" * 1000)}))

    async def second(state: Any) -> Passing:
        return {"n": 1}

    graph = StateGraph(Passing).add_node(first).add_node(second).add_edge(START, "first").compile()
    async with served(graph) as house:
        events, outcome = await house.events(None, input={"n": 0}, modes=[mode])
        assert outcome.error is None, outcome.error
        assert events
        if mode == "tasks":
            told = next(data for _, data in decoded(events) if data["name"] == "second")
            assert told["input"]["thing"].startswith("re.compile('xxx")
            assert len(told["input"]["thing"]) == 200


def test_anything_can_be_shown_within_bounds() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise ValueError

    circle: dict[Any, Any] = {"n": 2**70, (1, 2): asyncio.Queue, "half": "\ud800"}
    circle["self"] = circle
    shown = orjson.loads(encode_anyway(circle))
    assert (shown["n"], shown["half"]) == (str(2**70), "�")
    assert shown["(1, 2)"] == "Queue"
    assert shown["self"].startswith("{'n': 11805")
    assert orjson.loads(encode_anyway(Broken())).endswith("Broken>")
