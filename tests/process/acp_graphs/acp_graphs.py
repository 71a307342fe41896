"""Graphs for ACP's clients."""

import operator
import time
from typing import Annotated, Any

from langchain_core.messages import AIMessage
from langgraph.config import get_stream_writer
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import interrupt
from typing_extensions import TypedDict


class Person(TypedDict):
    """Who is greeted."""

    name: str


class Greeting(TypedDict):
    """How."""

    greeting: str


class Greeted(Person, Greeting):
    """Both, and what was done on the way."""

    steps: Annotated[list[str], operator.add]


def think(state: Greeted) -> dict[str, Any]:
    """Say that it begins; a name may take its time."""
    get_stream_writer()({"progress": 1, "text": "a\u2028b"})
    if state["name"].startswith("slow"):
        time.sleep(6)
    return {"steps": ["think"]}


def ask(state: Greeted) -> dict[str, Any]:
    """Ask how loud."""
    answer = interrupt({"question": f"Shout, {state['name']}?"})
    if state["name"] == "Nobody":
        raise ValueError("There is nobody.")
    mark = "!" if answer["shout"] else "."
    return {"greeting": f"Hello {state['name']}{mark}", "steps": ["ask"]}


def linger(state: Greeted) -> dict[str, Any]:
    """Say that it nearly ends; for some it takes its time."""
    get_stream_writer()({"progress": 2})
    if state["name"] == "Kill":
        time.sleep(1.5)
    return {"steps": ["linger"]}


builder = StateGraph(Greeted, input_schema=Person, output_schema=Greeting)
for node in (think, ask, linger):
    builder.add_node(node)
builder.add_edge(START, "think")
builder.add_edge("think", "ask")
builder.add_edge("ask", "linger")
greeter = builder.compile()


def answer(state: MessagesState) -> dict[str, Any]:
    """Say it again."""
    return {"messages": [AIMessage(f"You said: {state['messages'][-1].content}")]}


chatting = StateGraph(MessagesState)
chatting.add_node(answer)
chatting.add_edge(START, "answer")
chat = chatting.compile()
