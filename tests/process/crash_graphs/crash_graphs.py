"""Graphs for the crash tests: each node leaves a mark in a file, outside of all state."""

import asyncio
import operator
import os
from typing import Annotated, Any

from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt
from typing_extensions import TypedDict


class State(TypedDict, total=False):
    """`marks` is the file; `log` lists what was done."""

    marks: str
    tag: str
    log: Annotated[list[str], operator.add]


def mark(state: State, word: str) -> None:
    """Note that something is being done now, by which process."""
    with open(state["marks"], "a") as file:
        file.write(f"{state['tag']} {word} {os.getpid()}\n")


def step(n: int) -> Any:
    """The n-th step."""

    async def node(state: State) -> State:
        mark(state, str(n))
        await asyncio.sleep(0.002)
        return {"log": [str(n)]}

    return node


async def stream(state: State) -> State:
    """Two hundred tokens."""
    mark(state, "tokens")
    write = get_stream_writer()
    for n in range(200):
        write(n)
        if n % 10 == 0:
            await asyncio.sleep(0.001)
    return {"log": ["tokens"]}


async def question(state: State) -> State:
    """Asks, and takes the answer."""
    answer = interrupt("go on?")
    mark(state, "answered")
    return {"log": [f"answer:{answer}"]}


async def after(state: State) -> State:
    """What follows the answer."""
    mark(state, "after")
    return {"log": ["after"]}


async def second(state: State) -> State:
    """Asks once more: an answer given twice would be taken here."""
    answer = interrupt("sure?")
    return {"log": [f"second:{answer}"]}


async def left(state: State) -> State:
    """Asks one of two questions."""
    return {"log": [f"left:{interrupt('left?')}"]}


async def right(state: State) -> State:
    """Asks the other at the same time."""
    return {"log": [f"right:{interrupt('right?')}"]}


async def hold(state: State) -> State:
    """Goes on at once, but not in a run that is tagged `held`."""
    if state["tag"] == "held":
        get_stream_writer()("holding")
        await asyncio.Event().wait()
    mark(state, "passed")
    return {"log": [f"{state['tag']} passed"]}


def _steps() -> Any:
    graph = StateGraph(State)
    names = [f"n{n}" for n in range(10)]
    for n, name in enumerate(names):
        graph.add_node(name, step(n))
    for source, target in zip([START, *names], [*names, END], strict=True):
        graph.add_edge(source, target)
    return graph.compile()


steps = _steps()
tokens = StateGraph(State).add_node(stream).add_edge(START, "stream").compile()
ask = (
    StateGraph(State)
    .add_node(question)
    .add_node(after)
    .add_node(second)
    .add_edge(START, "question")
    .add_edge("question", "after")
    .add_edge("after", "second")
    .compile()
)
holds = (
    StateGraph(State)
    .add_node("n0", step(0))
    .add_node(hold)
    .add_edge(START, "n0")
    .add_edge("n0", "hold")
    .compile()
)
two_questions = (
    StateGraph(State)
    .add_node(left)
    .add_node(right)
    .add_node(after)
    .add_node(second)
    .add_edge(START, "left")
    .add_edge(START, "right")
    .add_edge(["left", "right"], "after")
    .add_edge("after", "second")
    .compile()
)
