"""A history that was shown before is shown again as it is now, and costs no memory without end."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt

from demotic.agents.langgraph.history import OVERHEAD, Shown
from demotic.domain.model import EVERYTHING
from demotic.domain.states import StateSnapshot
from demotic.engine.states import EMPTY
from demotic.ports.checkpoints import StoredCheckpoint, StoredWrite
from served import State, a, b, chain, served

STORED = StoredCheckpoint(ns="", id="1", parent_id=None, body=b"body")
WRITE = StoredWrite(task_id="t", task_path="", idx=0, channel="log", data=b"data")


async def ask(state: State) -> State:
    return {"log": [f"heard {interrupt('go on?')}"]}


async def test_the_history_is_the_same_when_it_is_read_again_and_grows_with_the_thread() -> None:
    async with served(chain(a, b)) as house:
        thread = await house.thread()
        states = house.engine.states
        await house.wait(thread, input={"log": []})
        first = await states.history(thread, EVERYTHING, limit=10)
        assert await states.history(thread, EVERYTHING, limit=10) == first
        await house.wait(thread, input={"log": []})
        second = await states.history(thread, EVERYTHING, limit=10)
        assert second[len(first) :] == first
        assert len(second) == 2 * len(first)


async def test_a_step_that_goes_on_after_a_question_is_shown_as_it_is_now() -> None:
    async with served(chain(a, ask)) as house:
        thread = await house.thread()
        states = house.engine.states
        await house.wait(thread, input={"log": []})
        [asking, *_] = await states.history(thread, EVERYTHING, limit=10)
        assert asking.tasks[0].result is None
        await house.wait(thread, command={"resume": "yes"})
        [end, answered, *_] = await states.history(thread, EVERYTHING, limit=10)
        assert orjson.loads(end.values)["log"] == ["a", "heard yes"]
        assert answered.checkpoint == asking.checkpoint
        assert answered.tasks[0].result == {"log": ["heard yes"]}


async def test_a_nested_agent_s_history_and_a_filtered_one_are_read_as_before() -> None:
    inner = StateGraph(State).add_node(ask).add_edge(START, "ask").compile()
    outer = StateGraph(State).add_node("inner", inner).add_edge(START, "inner").compile()
    async with served(outer) as house:
        thread = await house.thread()
        states = house.engine.states
        await house.wait(thread, input={"log": []})
        [asking, *_] = await states.history(thread, EVERYTHING, limit=10)
        for _ in range(2):
            nested = await states.history(
                thread, EVERYTHING, limit=10, checkpoint=asking.tasks[0].checkpoint
            )
            assert [state.next for state in nested] == [["ask"], ["__start__"]]
            found = await states.history(thread, EVERYTHING, limit=10, metadata={"source": "input"})
            assert [state.next for state in found] == [["__start__"]]


CHANGES: dict[str, dict[str, Any]] = {
    "a write": {"writes": [WRITE]},
    "another body": {"body": b"other"},
    "other metadata": {"metadata": b'{"step":1}'},
    "another parent": {"parent_id": "0"},
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_checkpoint_with_something_new_is_not_taken_for_what_it_was(what: str) -> None:
    shown = Shown()
    shown.add("thread", STORED, EMPTY)
    assert shown.get("thread", STORED) is EMPTY
    assert shown.get("other", STORED) is None
    assert shown.get("thread", replace(STORED, **CHANGES[what])) is None


def state_of(size: int) -> StateSnapshot:
    """A state with values of some size."""
    return replace(EMPTY, values=b"x" * size)


def test_the_states_that_were_not_asked_for_lately_are_forgotten() -> None:
    shown = Shown(capacity=10 * OVERHEAD)
    checkpoints = [replace(STORED, id=str(n)) for n in range(20)]
    for stored in checkpoints:
        shown.add("thread", stored, EMPTY)
        shown.get("thread", checkpoints[0])
    kept = [n for n, stored in enumerate(checkpoints) if shown.get("thread", stored)]
    assert kept == [0, *range(12, 20)]


def test_what_is_too_large_or_made_of_others_writes_is_not_kept() -> None:
    shown = Shown(capacity=16 * OVERHEAD)
    shown.add("thread", STORED, state_of(2 * OVERHEAD))
    assert shown.get("thread", STORED) is None
    inherited = replace(STORED, inherited=["log"])
    shown.add("thread", inherited, EMPTY)
    assert shown.get("thread", inherited) is None
