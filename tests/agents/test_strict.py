"""Resumes that are to be strict: an answer to what is not asked leaves everything as it was."""

import pytest
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt

from demotic.agents.langgraph.factories import Graph
from demotic.domain.lifecycle import Reason, RunState, ThreadState
from demotic.domain.model import EVERYTHING, Json
from served import Served, State, served


async def left(state: State) -> State:
    """Asks."""
    return {"log": [f"left:{interrupt('left?')}"]}


async def right(state: State) -> State:
    """Asks, too."""
    return {"log": [f"right:{interrupt('right?')}"]}


def two_questions() -> Graph:
    """Two questions at a time."""
    graph = StateGraph(State).add_node("left", left).add_node("right", right)
    return graph.add_edge(START, "left").add_edge(START, "right").compile()


async def answer(house: Served, thread: str, resume: Json, **options: Json) -> tuple[RunState, str]:
    """How a resume ends, and with which error."""
    outcome = await house.wait(thread, command={"resume": resume}, **options)
    return outcome.state, (outcome.error or {}).get("error", "")


@pytest.mark.parametrize("resume", [{"0" * 32: "x"}, {}, "which one?"])
async def test_a_wrong_answer_is_refused_and_the_thread_stays_as_it_was(resume: Json) -> None:
    async with served(two_questions()) as house:
        thread = await house.thread()
        await house.wait(thread, input={"log": []})
        before = await house.engine.threads.get(thread, EVERYTHING)
        assert before.state is ThreadState.INTERRUPTED and before.interrupts
        state = await house.engine.states.get(thread, EVERYTHING)

        started = await house.start(thread, command={"resume": resume}, strict=True)
        outcome = await house.engine.runs.outcome(started.run)
        assert (outcome.state, outcome.reason) == (RunState.FAILED, Reason.REFUSED)
        assert outcome.error is not None and outcome.error["error"] == "UnknownInterruptError"
        after = await house.engine.threads.get(thread, EVERYTHING)
        told = ("state", "values", "interrupts", "error", "reason", "state_updated_us")
        assert [getattr(after, key) for key in told] == [getattr(before, key) for key in told]
        assert await house.engine.states.get(thread, EVERYTHING) == state

        asked = [each["id"] for questions in before.interrupts.values() for each in questions]
        both = dict.fromkeys(asked, "yes")
        assert await answer(house, thread, both, strict=True) == (RunState.SUCCEEDED, "")
        assert sorted((await house.values(thread))["log"]) == ["left:yes", "right:yes"]
        again = await answer(house, thread, both, strict=True)
        assert again == (RunState.FAILED, "UnknownInterruptError")


async def test_without_strictness_a_wrong_answer_is_ignored() -> None:
    async with served(two_questions()) as house:
        thread = await house.thread()
        await house.wait(thread, input={"log": []})
        state, _ = await answer(house, thread, {"0" * 32: "x"})
        assert state is RunState.WAITING
