"""Graphs that answer as those of the recordings did."""

import asyncio
import operator
from typing import Annotated, Any

from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langgraph.config import get_stream_writer
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import interrupt
from typing_extensions import TypedDict


class State(TypedDict, total=False):
    """A list that grows, and a number."""

    x: Annotated[list[str], operator.add]
    n: int


class Pace:
    """How long a tick of `slow` takes; a replay sets it."""

    seconds = 5.0


async def a(state: State) -> State:
    """A first step."""
    return {"x": ["a"]}


async def b(state: State) -> State:
    """A step that tells of its progress."""
    get_stream_writer()({"progress": 1})
    return {"x": ["b"]}


async def fail(state: State) -> State:
    """A step that fails."""
    raise ValueError("boom")


async def ask(state: State) -> State:
    """A step that asks."""
    return {"x": [str(interrupt({"question": "ok?"}))]}


async def slow(state: State) -> State:
    """A step that ticks."""
    for tick in range(state["n"]):
        get_stream_writer()({"tick": tick})
        await asyncio.sleep(Pace.seconds)
    return {"x": ["slow"]}


async def chat(state: MessagesState) -> dict[str, Any]:
    """A model that says hello."""
    model = GenericFakeChatModel(messages=iter([AIMessage("hello there world")]))
    return {"messages": [await model.ainvoke(state["messages"])]}


def _chain(*nodes: tuple[str, Any]) -> Any:
    builder = StateGraph(State)
    names = [START, *(name for name, _ in nodes), END]
    for name, node in nodes:
        builder.add_node(name, node)
    for source, target in zip(names, names[1:], strict=False):
        builder.add_edge(source, target)
    return builder.compile()


echo = _chain(("a", a), ("b", b))
sub = _chain(("a", a), ("outer", _chain(("inner", b))))
err = _chain(("a", a), ("fail", fail))
hitl = _chain(("a", a), ("ask", ask))
slow_graph = _chain(("a", a), ("slow", slow))
chat_graph = (
    StateGraph(MessagesState)
    .add_node("chat", chat)
    .add_edge(START, "chat")
    .add_edge("chat", END)
    .compile()
)

GRAPHS = {
    "echo": echo,
    "sub": sub,
    "err": err,
    "hitl": hitl,
    "slow": slow_graph,
    "chat": chat_graph,
}
