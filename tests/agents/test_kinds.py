"""Every kind of agent: it runs, asks, is answered and keeps its state like any other."""

import asyncio
import operator
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
import pytest
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langgraph.func import entrypoint, task
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt
from langgraph_sdk.runtime import ServerRuntime
from typing_extensions import TypedDict

from demotic.agents.langgraph.factories import Factory, Graph, factory_slots
from demotic.agents.langgraph.wrapping import one_node
from demotic.domain.errors import AgentError
from demotic.domain.items import ItemQuery
from demotic.domain.lifecycle import Reason, RunState
from demotic.domain.model import EVERYTHING
from demotic.domain.runs import CancelAction
from served import State, a, chain, decoded, served


def factory(make: Callable[..., Any]) -> Factory:
    """A function as the factory that it is."""
    slots = factory_slots(make)
    assert slots is not None
    return Factory("Graph 'graph'", make, slots)


def asking() -> StateGraph[Any]:
    """A graph that asks once."""

    async def node(state: State) -> State:
        return {"log": [f"answer:{interrupt('really?')}"]}

    return StateGraph(State).add_node(node).add_edge(START, "node")


@entrypoint()
async def functional(given: dict[str, Any]) -> dict[str, Any]:
    """The functional API: a task, and a question."""

    @task
    async def twice(n: int) -> int:
        return 2 * n

    return {"log": [f"answer:{interrupt('really?')}"], "n": await twice(given.get("n", 1))}


async def function(given: dict[str, Any]) -> dict[str, Any]:
    """A plain function."""
    return {"log": [f"answer:{interrupt('really?')}"]}


def sync_function(given: dict[str, Any]) -> dict[str, Any]:
    """A plain function that blocks."""
    return {"log": [f"answer:{interrupt('really?')}"]}


async def generator(given: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """A generator."""
    yield {"progress": 1}
    yield {"log": [f"answer:{interrupt('really?')}"]}


def sync_generator(given: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A generator that blocks."""
    yield {"log": [f"answer:{interrupt('really?')}"]}


def plain_factory() -> StateGraph[Any]:
    """A factory that takes nothing and makes a builder."""
    return asking()


async def async_factory(config: RunnableConfig) -> Graph:
    """A factory that waits."""
    return asking().compile()


@asynccontextmanager
async def around(config: RunnableConfig, runtime: ServerRuntime[Any]) -> AsyncIterator[Graph]:
    """A factory that closes what it has opened."""
    yield asking().compile()


@contextmanager
def sync_around() -> Iterator[Graph]:
    """The same, without waiting."""
    yield asking().compile()


KINDS: dict[str, Graph | Factory] = {
    "entrypoint": functional,
    "function": one_node(function),
    "sync function": one_node(sync_function),
    "generator": one_node(generator),
    "sync generator": one_node(sync_generator),
    "runnable": one_node(RunnableLambda(function)),
    "factory": factory(plain_factory),
    "async factory": factory(async_factory),
    "context manager": factory(around),
    "sync context manager": factory(sync_around),
}


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_asks_is_answered_and_keeps_its_state(kind: str) -> None:
    async with served(KINDS[kind]) as house:
        thread = await house.thread()
        paused = await house.wait(thread, input={})
        assert (paused.state, paused.reason) == (RunState.WAITING, Reason.INTERRUPT), paused.error
        assert [question["value"] for question in paused.shown_interrupts] == ["really?"]
        done = await house.wait(thread, command={"resume": "yes"})
        assert done.error is None
        assert (await house.values(thread))["log"] == ["answer:yes"]
        assert len(await house.engine.states.history(thread, EVERYTHING, limit=10)) > 1


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_runs_without_a_thread(kind: str) -> None:
    async with served(KINDS[kind]) as house:
        paused = await house.wait(None, input={})
        assert paused.reason is Reason.INTERRUPT


async def test_what_a_function_returns_replaces_the_keys_it_names() -> None:
    async def agent(given: dict[str, Any]) -> dict[str, Any]:
        return {"n": given["n"] + 1}

    async with served(one_node(agent)) as house:
        thread = await house.thread()
        await house.wait(thread, input={"n": 1, "kept": True})
        assert await house.values(thread) == {"n": 2, "kept": True}
        await house.wait(thread, input={"n": 5})
        assert await house.values(thread) == {"n": 6, "kept": True}


async def test_a_function_s_annotated_state_has_its_reducers() -> None:
    class Counted(TypedDict, total=False):
        log: Annotated[list[str], operator.add]

    async def agent(state: Counted, config: RunnableConfig) -> Counted:
        return {"log": [config["configurable"]["word"]]}

    async with served(one_node(agent)) as house:
        thread = await house.thread()
        for word in ("a", "b"):
            configured = {"configurable": {"word": word}}
            await house.wait(thread, input={"log": []}, config=configured)
        assert await house.values(thread) == {"log": ["a", "b"]}


@pytest.mark.parametrize("blocking", [True, False])
async def test_a_generator_s_yields_are_events_and_the_last_object_its_result(
    blocking: bool,
) -> None:
    async def agent(given: dict[str, Any]) -> AsyncIterator[Any]:
        yield "starting"
        yield {"n": 1}
        yield {"n": 2}
        yield "done"

    def sync_agent(given: dict[str, Any]) -> Generator[Any, None, Any]:
        yield "starting"
        yield {"n": 1}
        yield "done"
        return {"n": 2}

    async with served(one_node(sync_agent if blocking else agent)) as house:
        events, outcome = await house.events(None, input={}, modes=["custom"])
        yielded = [data for _, data in decoded(events)]
        assert yielded == ["starting", {"n": 1}, *([] if blocking else [{"n": 2}]), "done"]
        assert orjson.loads(outcome.values or b"") == {"n": 2}


async def test_a_runnable_may_take_and_return_anything() -> None:
    async with served(one_node(RunnableLambda(lambda text: f"{text}!"))) as house:
        assert (await house.wait(None, input="hello")).values == b'"hello!"'


@pytest.mark.requirement("langgraph.factories")
async def test_a_factory_s_graph_changes_with_the_configuration_of_run_and_thread() -> None:
    async def one(state: State) -> State:
        return {"log": ["one"]}

    async def two(state: State) -> State:
        return {"log": ["two"]}

    def make(config: RunnableConfig) -> Graph:
        return chain(one, two) if config["configurable"].get("long") else chain(one)

    async with served(factory(make)) as house:
        short, long = await house.thread(), await house.thread()
        await house.wait(short, input={"log": []})
        assert await house.values(short) == {"log": ["one"]}
        configured = {"configurable": {"long": True}}
        where = {"interrupt_before": ["two"]}
        await house.wait(long, input={"log": []}, config=configured, **where)
        state = await house.engine.states.get(long, EVERYTHING)
        assert list(state.next) == ["two"], "the thread's stored configuration makes the graph"


@dataclass
class Context:
    """What a run is given."""

    name: str = "nobody"


@pytest.mark.requirement("langgraph.factories")
async def test_a_factory_s_runtime_tells_what_it_is_for_and_is_closed_after_it() -> None:
    told: list[Any] = []

    @asynccontextmanager
    async def make(runtime: ServerRuntime[Context]) -> AsyncIterator[Graph]:
        execution = runtime.execution_runtime
        told.append((runtime.access_context, execution and execution.context, runtime.user))
        yield asking().compile()
        told.append("closed")

    async with served(factory(make)) as house:
        thread = await house.thread()
        await house.wait(thread, input={"log": []}, context={"name": "ada"})
        assert told == [("threads.create_run", Context("ada"), None), "closed"]
        told.clear()
        await house.engine.states.get(thread, EVERYTHING)
        assert told == [("threads.read", None, None), "closed"]


async def test_a_factory_that_fails_fails_its_run_and_is_named_where_a_state_is_read() -> None:
    broken = False

    def make() -> Any:
        if broken:
            raise RuntimeError("no key")
        return chain(first)

    async def first(state: State) -> State:
        return {"log": ["first"]}

    async with served(factory(make)) as house:
        thread = await house.thread()
        await house.wait(thread, input={"log": []})
        broken = True
        outcome = await house.wait(thread, input={"log": []})
        assert outcome.error == {"error": "RuntimeError", "message": "no key"}
        with pytest.raises(AgentError, match=r"factory of graph 'graph' failed.*no key"):
            await house.engine.states.get(thread, EVERYTHING)


async def test_a_factory_that_makes_something_else_is_told_what_to_return() -> None:
    def make() -> Any:
        return 3

    async with served(factory(make)) as house:
        outcome = await house.wait(await house.thread(), input={})
        assert outcome.state is RunState.FAILED
        assert outcome.error and "made something of the type int" in outcome.error["message"]


async def test_a_factory_is_given_the_store_for_runs_and_for_looks() -> None:
    def make(runtime: ServerRuntime[Any]) -> Any:
        runtime.store.put(("uses",), runtime.access_context, {})
        return chain(a)

    async with served(factory(make)) as house:
        thread = await house.thread()
        assert (await house.wait(thread, input={})).state is RunState.SUCCEEDED
        await house.engine.states.get(thread, EVERYTHING)
        found = await house.engine.items.search(ItemQuery(prefix=("uses",)), EVERYTHING)
        assert {each.key for each in found} == {"threads.create_run", "threads.read"}


async def test_a_run_is_cancelled_although_its_factory_fails_afterwards() -> None:
    reached, broken = asyncio.Event(), False

    async def endless(state: State) -> State:
        reached.set()
        await asyncio.Event().wait()
        return {}

    def make() -> Any:
        if broken:
            raise RuntimeError("no key")
        return chain(endless)

    async with served(factory(make)) as house:
        thread = await house.thread()
        started = await house.start(thread, input={"log": []})
        await asyncio.wait_for(reached.wait(), 5)
        broken = True
        await house.engine.runs.cancel(
            thread, started.run.id, CancelAction.INTERRUPT, EVERYTHING, wait=True
        )
        run = await house.engine.runs.get(thread, started.run.id, EVERYTHING)
        assert run.state is RunState.CANCELLED
