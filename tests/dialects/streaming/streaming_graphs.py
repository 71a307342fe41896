"""LangGraph graphs for commands: some ask, one is built of two, one waits."""

import asyncio
import operator
from typing import Annotated, Any

from langchain_core.messages import AIMessage, AnyMessage
from langgraph.graph import START, StateGraph, add_messages
from langgraph.types import interrupt
from typing_extensions import TypedDict

from demotic.agents.langgraph.factories import Graph


class Notes(TypedDict, total=False):
    """A list that grows."""

    items: Annotated[list[str], operator.add]


def asking(question: str) -> Any:
    """A step that asks, and keeps the answer."""

    async def ask(state: Notes) -> Notes:
        return {"items": [f"{question} {interrupt(question)}"]}

    return ask


async def aside(state: Notes) -> Notes:
    """A step that only a jump leads to."""
    return {"items": ["aside"]}


one = (
    StateGraph(Notes)
    .add_node("ask", asking("Go on?"))
    .add_node("aside", aside)
    .add_edge(START, "ask")
    .compile()
)
"""Asks one question."""

two = (
    StateGraph(Notes)
    .add_node("left", asking("Left?"))
    .add_node("right", asking("Right?"))
    .add_edge(START, "left")
    .add_edge(START, "right")
    .compile()
)
"""Asks two questions at once."""

_inner = StateGraph(Notes).add_node("ask", asking("Inside?")).add_edge(START, "ask").compile()

nested = StateGraph(Notes).add_node("inner", _inner).add_edge(START, "inner").compile()
"""An agent with another in it, which asks."""


class Talk(TypedDict):
    """A conversation."""

    messages: Annotated[list[AnyMessage], add_messages]


def gated(gate: asyncio.Event) -> Graph:
    """Answers the last message once a gate is open."""

    async def answer(state: Talk) -> dict[str, Any]:
        await gate.wait()
        return {"messages": [AIMessage(f"You said {state['messages'][-1].content}.")]}

    return StateGraph(Talk).add_node("answer", answer).add_edge(START, "answer").compile()
