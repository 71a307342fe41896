"""Random graphs that the engine serves do what they do on bare LangGraph in memory."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command, StateSnapshot

from agents.streams import MODES, Told, canonical, told
from agents.test_differential import Plan, build, plans
from demotic.agents.langgraph.encoding import plain
from demotic.domain import states
from demotic.domain.events import Event
from demotic.domain.model import EVERYTHING
from served import Served, served

LIMIT = 12
CONFIG: Any = {"configurable": {"thread_id": "thread"}, "recursion_limit": LIMIT}
ALL = 1000


def request(operation: str, number: int) -> dict[str, Any]:
    """What a run is asked for."""
    if operation == "resume":
        return {"command": {"resume": f"answer {number}"}}
    if operation == "input":
        return {"input": {"log": [f"in {number}"], "kept": ["in"]}}
    return {}


def bare_shape(state: StateSnapshot) -> Any:
    """A state of LangGraph's own without ids and times."""
    asked = sorted(str(each.value) for each in state.interrupts)
    return plain(state.values or {}), list(state.next), asked, (state.metadata or {}).get("step")


def served_shape(state: states.StateSnapshot) -> Any:
    """A state that the engine shows without ids and times."""
    asked = sorted(str(each["value"]) for each in state.interrupts)
    step = (state.metadata or {}).get("step")
    return orjson.loads(state.values), list(state.next), asked, step


async def bare(plan: Plan) -> list[Any]:
    """What LangGraph does."""
    graph: CompiledStateGraph[Any] = build(plan, InMemorySaver())
    seen: list[Any] = []
    for operation, number in plan.operations:
        history = [state async for state in graph.aget_state_history(CONFIG)]
        config = CONFIG
        if operation == "replay":
            place: Any = history[number % len(history)].config
            config = {**CONFIG, **place}
        asked = request(operation, number)
        resume: Mapping[str, Any] = asked.get("command", {})
        given: Any = Command(resume=resume["resume"]) if resume else asked.get("input")
        chunks: list[Told] = []
        error = None
        options: dict[str, Any] = {
            "stream_mode": [*MODES],
            "subgraphs": True,
            "durability": plan.durability,
        }
        try:
            async for path, mode, data in graph.astream(given, config, **options):
                chunks.append(told(path, mode, data))
        except Exception as raised:
            error = type(raised).__name__
        history = [state async for state in graph.aget_state_history(CONFIG)]
        now = await graph.aget_state(CONFIG)
        seen.append((canonical(chunks), error, bare_shape(now), [*map(bare_shape, history)]))
    return seen


def shown(events: Sequence[Event]) -> list[Any]:
    """The events of a run."""
    return canonical(
        Told(tuple(e.ns.split("|") if e.ns else ()), e.kind, orjson.loads(e.data)) for e in events
    )


async def by_engine(plan: Plan) -> list[Any]:
    """What the engine does."""
    async with served(build(plan, InMemorySaver())) as house:
        return await operated(house, plan)


async def operated(house: Served, plan: Plan) -> list[Any]:
    """Carry out a plan; all that can be seen on the way."""
    thread = await house.thread()
    states = house.engine.states
    seen: list[Any] = []
    for operation, number in plan.operations:
        asked = request(operation, number)
        if operation == "replay":
            history = await states.history(thread, EVERYTHING, limit=ALL)
            asked = {"checkpoint": history[number % len(history)].checkpoint}
        events, outcome = await house.events(
            thread,
            **asked,
            modes=MODES,
            subgraphs=True,
            durability=plan.durability,
            config={"recursion_limit": LIMIT},
        )
        history = await states.history(thread, EVERYTHING, limit=ALL)
        now = await states.get(thread, EVERYTHING)
        error = outcome.error["error"] if outcome.error else None
        seen.append((shown(events), error, served_shape(now), [*map(served_shape, history)]))
    return seen


OPERATIONS = st.lists(
    st.tuples(st.sampled_from(["input", "resume", "replay"]), st.integers(0, 20)), max_size=3
)


@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(plans, OPERATIONS)
def test_a_graph_does_the_same_when_it_is_served(plan: Plan, tail: Any) -> None:
    plan = replace(plan, operations=[("input", 0), *tail])
    assert asyncio.run(by_engine(plan)) == asyncio.run(bare(plan))


def test_a_question_is_asked_answered_and_asked_again_from_an_earlier_checkpoint() -> None:
    plan = Plan(
        nodes=[("ask", "next"), ("asking_sub", "next"), ("delta", "send")],
        snapshot_frequency=2,
        operations=[("input", 0), ("resume", 1), ("resume", 2), ("replay", 3), ("resume", 4)],
        durability="sync",
        in_loop=True,
    )
    assert asyncio.run(by_engine(plan)) == asyncio.run(bare(plan))
