"""Graphs that never stop, each in its way, and one that does."""

import asyncio
import operator
import threading
import time
from typing import Annotated, Any

from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict


class State(TypedDict, total=False):
    """Whether to misbehave; what was done."""

    bad: bool
    log: Annotated[list[str], operator.add]


def _deaf(state: State) -> Any:
    if state.get("bad"):
        get_stream_writer()("stuck")
        threading.Event().wait()
    return {"log": ["well"]}


async def _block(state: State) -> Any:
    while state.get("bad"):
        time.sleep(0.05)  # noqa: ASYNC251
    return {"log": ["well"]}


async def _step(state: State) -> Any:
    await asyncio.sleep(0.2)
    return {"log": [str(len(state["log"]))]}


deaf = StateGraph(State).add_node("node", _deaf).add_edge(START, "node").compile()
blocking = StateGraph(State).add_node("node", _block).add_edge(START, "node").compile()
slow = (
    StateGraph(State)
    .add_node("step", _step)
    .add_edge(START, "step")
    .add_conditional_edges("step", lambda state: "step" if len(state["log"]) < 60 else END)
    .compile()
)
