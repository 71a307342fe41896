"""What a request may ask of a graph: configuration, context, jumps, breakpoints, durability."""

from dataclasses import dataclass
from typing import Annotated, Any, cast

import orjson
import pytest
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.channels.delta import DeltaChannel
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Send, interrupt
from typing_extensions import TypedDict

from demotic.agents.langgraph.factories import Graph
from demotic.domain.lifecycle import Reason, RunState
from demotic.domain.model import EVERYTHING
from demotic.domain.states import StateUpdate
from served import State, a, b, chain, served


@dataclass
class Context:
    """What a run is given."""

    name: str = "nobody"


async def test_configuration_and_context_reach_the_nodes() -> None:
    async def told(state: State, config: RunnableConfig, runtime: Runtime[Context]) -> State:
        configured = config["configurable"]
        words = [configured["word"], configured["thread_id"], runtime.context.name]
        return {"log": [*words, *(config.get("tags") or [])]}

    graph = StateGraph(State, context_schema=Context).add_node("told", cast(Any, told))
    async with served(graph.add_edge(START, "told").compile()) as house:
        thread = await house.thread()
        config = {"configurable": {"word": "w"}, "tags": ["t"]}
        await house.wait(thread, input={"log": []}, config=config, context={"name": "ada"})
        log = (await house.values(thread))["log"]
        assert log[:3] == ["w", thread, "ada"]
        assert "t" in log


async def test_a_recursion_limit_ends_a_run_with_the_error_that_names_it() -> None:
    async with served(chain(a, b)) as house:
        outcome = await house.wait(None, input={"log": []}, config={"recursion_limit": 1})
        assert outcome.error and outcome.error["error"] == "GraphRecursionError"


@pytest.mark.parametrize(
    ("goto", "log"),
    [
        ("b", ["a", "b", "b"]),
        (["b"], ["a", "b", "b"]),
        ({"node": "b", "input": {"log": []}}, ["a", "b", "b"]),
        ([{"node": "a", "input": {"log": []}}, {"node": "b"}], ["a", "b", "a", "b", "b"]),
    ],
)
async def test_a_command_goes_to_nodes_by_name_and_with_their_own_input(
    goto: Any, log: list[str]
) -> None:
    async with served(chain(a, b)) as house:
        thread = await house.thread()
        await house.wait(thread, input={"log": []})
        await house.wait(thread, command={"goto": goto})
        assert (await house.values(thread))["log"] == log


async def test_a_command_that_only_updates_goes_on_from_a_breakpoint() -> None:
    async with served(chain(a, b)) as house:
        thread = await house.thread()
        await house.wait(thread, input={"log": []}, interrupt_before=["b"])
        await house.wait(thread, command={"update": {"log": ["u"]}})
        assert (await house.values(thread))["log"] == ["a", "u", "b"]


async def test_a_star_stops_before_or_after_every_node() -> None:
    for where, reached in (("interrupt_before", [[], ["a"]]), ("interrupt_after", [["a"]])):
        async with served(chain(a, b)) as house:
            thread = await house.thread()
            outcome = await house.wait(thread, input={"log": []}, **{where: "*"})
            for log in reached:
                assert outcome.reason is Reason.BREAKPOINT
                assert (await house.values(thread))["log"] == log
                outcome = await house.wait(thread, **{where: "*"})
            assert (await house.values(thread))["log"] == ["a", "b"]


@pytest.mark.parametrize(("durability", "saved"), [("sync", 4), ("async", 4), ("exit", 1)])
async def test_durability_says_how_many_states_are_saved(durability: str, saved: int) -> None:
    async with served(chain(a, b)) as house:
        thread = await house.thread()
        await house.wait(thread, input={"log": []}, durability=durability)
        history = await house.engine.states.history(thread, EVERYTHING, limit=10)
        assert len(history) == saved
        assert await house.values(thread) == {"log": ["a", "b"]}


async def test_a_question_at_exit_durability_is_answered_later() -> None:
    async def ask(state: State) -> State:
        return {"log": [f"answer:{interrupt('really?')}"]}

    async with served(chain(a, ask)) as house:
        thread = await house.thread()
        paused = await house.wait(thread, input={"log": []}, durability="exit")
        assert paused.state is RunState.WAITING
        await house.wait(thread, command={"resume": "yes"}, durability="exit")
        assert await house.values(thread) == {"log": ["a", "answer:yes"]}


async def test_a_node_that_fans_out_asks_several_questions_at_once() -> None:
    class Item(TypedDict):
        name: str

    async def ask(item: Item) -> State:
        return {"log": [f"{item['name']}:{interrupt(item['name'])}"]}

    def fan_out(state: State) -> list[Send]:
        return [Send("ask", {"name": name}) for name in ("x", "y", "z")]

    graph = StateGraph(State).add_node("ask", cast(Any, ask)).add_conditional_edges(START, fan_out)
    async with served(graph.compile()) as house:
        thread = await house.thread()
        paused = await house.wait(thread, input={"log": []})
        questions = {q["id"]: q["value"] for q in paused.shown_interrupts}
        assert sorted(questions.values()) == ["x", "y", "z"]
        (first, *_) = questions
        some = await house.wait(thread, command={"resume": {first: "1"}})
        assert len(some.interrupts) == 2
        left = {q["id"]: "2" for asked in some.interrupts.values() for q in asked}
        await house.wait(thread, command={"resume": left})
        assert sorted((await house.values(thread))["log"]) == ["x:1", "y:2", "z:2"]


def deep() -> Graph:
    """A graph in a graph in a graph; the innermost one asks."""

    async def ask(state: State) -> State:
        return {"log": [f"answer:{interrupt('really?')}"]}

    inner = StateGraph(State).add_node(ask).add_edge(START, "ask").compile()
    middle = StateGraph(State).add_node("inner", inner).add_edge(START, "inner").compile()
    return StateGraph(State).add_node("middle", middle).add_edge(START, "middle").compile()


async def test_a_state_deep_inside_is_read_by_its_place_and_has_a_history_of_its_own() -> None:
    async with served(deep()) as house:
        thread = await house.thread()
        await house.wait(thread, input={"log": []})
        state = await house.engine.states.get(thread, EVERYTHING, subgraphs=True)
        middle = state.tasks[0].state
        assert middle is not None and middle.tasks[0].state is not None
        innermost = middle.tasks[0].state
        assert list(innermost.next) == ["ask"]
        place = innermost.checkpoint
        assert place is not None and place["checkpoint_ns"].count("|") == 1
        again = await house.engine.states.get(thread, EVERYTHING, checkpoint=place)
        assert again == innermost
        history = await house.engine.states.history(thread, EVERYTHING, limit=5, checkpoint=place)
        assert [each.checkpoint for each in history][0] == place


async def test_a_fork_runs_a_branch_of_its_own_beside_the_old_one() -> None:
    async with served(chain(a, b)) as house:
        thread = await house.thread()
        await house.wait(thread, input={"log": []})
        history = await house.engine.states.history(thread, EVERYTHING, limit=10)
        before_b = next(each for each in history if list(each.next) == ["b"])
        update = StateUpdate(values={"log": ["u"]}, as_node="a", checkpoint=before_b.checkpoint)
        forked = await house.engine.states.update(thread, update, EVERYTHING)
        await house.wait(thread, checkpoint=forked)
        assert await house.values(thread) == {"log": ["a", "u", "b"]}
        old = await house.engine.states.get(thread, EVERYTHING, checkpoint=history[0].checkpoint)
        assert orjson.loads(old.values) == {"log": ["a", "b"]}


async def test_a_delta_channel_keeps_its_state_over_runs_and_updates() -> None:
    def extended(old: list[Any], written: list[list[Any]]) -> list[Any]:
        return [*old, *(each for write in written for each in write)]

    class Deltas(TypedDict, total=False):
        messages: Annotated[list[Any], DeltaChannel(extended)]

    async def answer(state: Deltas) -> Deltas:
        return {"messages": [f"answer {len(state['messages'])}"]}

    graph = StateGraph(Deltas).add_node(answer).add_edge(START, "answer").compile()
    async with served(graph) as house:
        thread = await house.thread()
        await house.wait(thread, input={"messages": ["one"]})
        update = StateUpdate(values={"messages": ["updated"]}, as_node="answer")
        await house.engine.states.update(thread, update, EVERYTHING)
        await house.wait(thread, input={"messages": ["two"]})
        assert await house.values(thread) == {
            "messages": ["one", "answer 1", "updated", "two", "answer 4"]
        }


async def test_an_update_of_messages_adds_them_as_messages() -> None:
    async def answer(state: MessagesState) -> Any:
        return {"messages": [HumanMessage("answer", id="2")]}

    graph = StateGraph(MessagesState).add_node(answer).add_edge(START, "answer").compile()
    async with served(graph) as house:
        thread = await house.thread()
        await house.wait(thread, input={"messages": [{"role": "user", "content": "hi"}]})
        added = {"messages": [{"role": "user", "content": "changed", "id": "2"}]}
        await house.engine.states.update(thread, StateUpdate(values=added), EVERYTHING)
        values = await house.values(thread)
        assert [each["content"] for each in values["messages"]] == ["hi", "changed"]
