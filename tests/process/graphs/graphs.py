"""Small graphs, each with one trait that clients and crashes are tested against."""

import asyncio
import operator
from typing import Annotated, Any, TypedDict

from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AnyMessage
from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph, add_messages
from langgraph.types import interrupt

TICK_S = 0.05
REPLY = "The quick brown fox\u2028jumps over the lazy dog."


class Notes(TypedDict, total=False):
    """A list that nodes append to."""

    items: Annotated[list[str], operator.add]


async def _a(state: Notes) -> Notes:
    return {"items": ["a"]}


async def _b(state: Notes) -> Notes:
    return {"items": ["b"]}


echo = (
    StateGraph(Notes)
    .add_node("a", _a)
    .add_node("b", _b)
    .add_edge(START, "a")
    .add_edge("a", "b")
    .add_edge("b", END)
    .compile()
)
"""Two nodes, each of which appends its name."""


class Chat(TypedDict):
    """A conversation."""

    messages: Annotated[list[AnyMessage], add_messages]


async def _answer(state: Chat) -> dict[str, Any]:
    # A new model each time: it gives its messages away.
    model = GenericFakeChatModel(messages=iter([AIMessage(REPLY)]))
    return {"messages": [await model.ainvoke(state["messages"])]}


chat = StateGraph(Chat).add_node("model", _answer).add_edge(START, "model").compile()
"""A model that streams `REPLY` word by word."""


async def _before(state: Notes) -> Notes:
    return {"items": ["asked"]}


async def _ask(state: Notes) -> Notes:
    return {"items": [f"answer {interrupt({'question': 'Go on?'})}"]}


hitl = (
    StateGraph(Notes)
    .add_node("before", _before)
    .add_node("ask", _ask)
    .add_edge(START, "before")
    .add_edge("before", "ask")
    .compile()
)
"""Asks a question after its first node, and appends the answer."""


async def _ask_left(state: Notes) -> Notes:
    return {"items": [f"left {interrupt('left?')}"]}


async def _ask_right(state: Notes) -> Notes:
    return {"items": [f"right {interrupt('right?')}"]}


two_questions = (
    StateGraph(Notes)
    .add_node("left", _ask_left)
    .add_node("right", _ask_right)
    .add_edge(START, "left")
    .add_edge(START, "right")
    .compile()
)
"""Asks two questions at once, and appends both answers."""


class Inner(TypedDict, total=False):
    """The state of the graph inside."""

    asked: str


async def _ask_inside(state: Inner) -> Inner:
    return {"asked": f"inside {interrupt('inside?')}"}


nested = (
    StateGraph(Inner)
    .add_node(
        "outer",
        StateGraph(Inner).add_node("ask", _ask_inside).add_edge(START, "ask").compile(),
    )
    .add_edge(START, "outer")
    .compile()
)
"""A node that is a graph, which asks."""


async def _inside(state: Notes) -> Notes:
    get_stream_writer()({"from": "inside"})
    return {"items": ["inside"]}


async def _after(state: Notes) -> Notes:
    get_stream_writer()({"from": "after"})
    return {"items": ["after"]}


inner = StateGraph(Notes).add_node("inside", _inside).add_edge(START, "inside").compile()


async def _outer(state: Notes) -> Notes:
    await inner.ainvoke({"items": []})
    return {"items": ["outer"]}


sub = (
    StateGraph(Notes)
    .add_node("outer", _outer)
    .add_node("after", _after)
    .add_edge(START, "outer")
    .add_edge("outer", "after")
    .compile()
)
"""A node with a graph inside; both write custom events."""


async def _fail(state: Notes) -> Notes:
    raise ValueError("boom")


err = (
    StateGraph(Notes)
    .add_node("a", _a)
    .add_node("fail", _fail)
    .add_edge(START, "a")
    .add_edge("a", "fail")
    .compile()
)
"""Appends, then fails."""


class Ticks(TypedDict, total=False):
    """How long to go on, and what happened."""

    n: int
    items: Annotated[list[str], operator.add]


async def _tick(state: Ticks) -> Ticks:
    write = get_stream_writer()
    for i in range(state.get("n", 5)):
        write({"tick": i})
        await asyncio.sleep(TICK_S)
    return {"items": ["ticked"]}


async def _done(state: Ticks) -> Ticks:
    get_stream_writer()({"tick": "done"})
    return {"items": ["done"]}


slow = (
    StateGraph(Ticks)
    .add_node("tick", _tick)
    .add_node("done", _done)
    .add_edge(START, "tick")
    .add_edge("tick", "done")
    .compile()
)
"""Writes a custom event every 50 ms, `n` times, then goes to another node."""


def _ten_steps() -> StateGraph[Ticks]:
    graph = StateGraph(Ticks)
    for i in range(10):
        graph.add_node(f"s{i}", _step(i))
        graph.add_edge(f"s{i - 1}" if i else START, f"s{i}")
    return graph


def _step(i: int) -> Any:
    async def step(state: Ticks) -> Ticks:
        get_stream_writer()({"step": i})
        await asyncio.sleep(state.get("n", 0) / 1000)
        return {"items": [f"s{i}"]}

    return step


steps = _ten_steps().compile()
"""Ten nodes in a row, each of which takes `n` milliseconds and appends its name."""


def _plain(state: Notes) -> Notes:
    return {"items": ["plain"]}


sync = StateGraph(Notes).add_node("plain", _plain).add_edge(START, "plain").compile()
"""A node that is no coroutine."""
