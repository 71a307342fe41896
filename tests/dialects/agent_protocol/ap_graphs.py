"""LangGraph graphs that keep a conversation, and one that asks."""

import operator
from typing import Annotated, Any

from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AnyMessage
from langgraph.graph import START, StateGraph, add_messages
from langgraph.types import interrupt
from typing_extensions import TypedDict

REPLY = "One two three"


class Chat(TypedDict, total=False):
    """A conversation and what it is about."""

    messages: Annotated[list[AnyMessage], add_messages]
    topic: str


async def answer(state: Chat) -> dict[str, Any]:
    """Say `REPLY`, word by word."""
    model = GenericFakeChatModel(messages=iter([AIMessage(REPLY)]))
    return {"messages": [await model.ainvoke(state["messages"])]}


chat = StateGraph(Chat).add_node("model", answer).add_edge(START, "model").compile()
"""A model that answers."""


class Notes(TypedDict, total=False):
    """A list that grows."""

    items: Annotated[list[str], operator.add]


async def note(state: Notes) -> Notes:
    """Do something before the question."""
    return {"items": ["noted"]}


async def ask(state: Notes) -> Notes:
    """Ask, and keep the answer."""
    return {"items": [f"answer {interrupt('Go on?')}"]}


asking = (
    StateGraph(Notes)
    .add_node("note", note)
    .add_node("ask", ask)
    .add_edge(START, "note")
    .add_edge("note", "ask")
    .compile()
)
"""Notes, then asks."""

echo = StateGraph(Notes).add_node("note", note).add_edge(START, "note").compile()
"""Notes."""
