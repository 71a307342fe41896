"""Graphs that ACP's tests run, and manifests for them."""

import operator
from typing import Annotated, Any, NotRequired

from langchain_core.messages import AIMessage
from langgraph.config import get_stream_writer
from langgraph.func import entrypoint
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import interrupt
from typing_extensions import TypedDict

from demotic.agents.langgraph.factories import Graph


class Person(TypedDict):
    """Who is greeted."""

    name: str


class Greeting(TypedDict):
    """How."""

    greeting: str


class Greeted(Person, Greeting):
    """Both, and what was done on the way."""

    steps: Annotated[list[str], operator.add]


class Manner(TypedDict):
    """What a greeting may be configured with."""

    language: NotRequired[str]


def think(state: Greeted) -> dict[str, Any]:
    """Say that it begins."""
    get_stream_writer()({"progress": 1})
    return {"steps": ["think"]}


def ask(state: Greeted) -> dict[str, Any]:
    """Ask how loud."""
    answer = interrupt({"question": f"Shout, {state['name']}?"})
    mark = "!" if answer["shout"] else "."
    return {"greeting": f"Hello {state['name']}{mark}", "steps": ["ask"]}


def greeter() -> Graph:
    """A graph that asks a question, with input and output of its own."""
    graph = StateGraph(Greeted, context_schema=Manner, input_schema=Person, output_schema=Greeting)
    graph.add_node(think)
    graph.add_node(ask)
    graph.add_edge(START, "think")
    graph.add_edge("think", "ask")
    return graph.compile()


SHOUT = {
    "interrupt_type": "shout",
    "interrupt_payload": {
        "type": "object",
        "properties": {"question": {"type": "string"}},
        "required": ["question"],
    },
    "resume_payload": {
        "type": "object",
        "properties": {"shout": {"type": "boolean"}},
        "required": ["shout"],
    },
}
MANIFEST: dict[str, Any] = {
    "metadata": {
        "ref": {"name": "org.example.greeter", "version": "1.2.0", "url": "https://example.org/g"},
        "description": "Greets people.",
    },
    "specs": {
        "capabilities": {
            "threads": True,
            "interrupts": True,
            "callbacks": True,
            "streaming": {"values": True, "custom": True},
        },
        "input": {
            "type": "object",
            "properties": {"name": {"type": "string", "minLength": 1}},
            "required": ["name"],
        },
        "output": {
            "type": "object",
            "properties": {"greeting": {"type": "string", "maxLength": 20}},
            "required": ["greeting"],
        },
        "config": {"type": "object", "properties": {"language": {"enum": ["en", "fr"]}}},
        "thread_state": {"type": "object"},
        "custom_streaming_update": {"type": "object", "required": ["progress"]},
        "interrupts": [SHOUT],
    },
}


def chat() -> Graph:
    """A graph that answers messages."""

    def answer(state: MessagesState) -> dict[str, Any]:
        said = state["messages"][-1].content
        return {"messages": [AIMessage(f"You said: {said}", id=f"answer-{said}")]}

    graph = StateGraph(MessagesState)
    graph.add_node(answer)
    graph.add_edge(START, "answer")
    return graph.compile()


class Log(TypedDict, total=False):
    """A log that grows."""

    log: Annotated[list[Any], operator.add]


def asks_twice() -> Graph:
    """Two steps at the same time, each with a question."""

    def left(state: Log) -> Log:
        return {"log": [["left", interrupt({"side": "left"})]]}

    def right(state: Log) -> Log:
        return {"log": [["right", interrupt({"side": "right"})]]}

    graph = StateGraph(Log)
    for node in (left, right):
        graph.add_node(node)
        graph.add_edge(START, node.__name__)
    return graph.compile()


def stops() -> Graph:
    """A graph that stops in front of its second step."""

    def one(state: Log) -> Log:
        return {"log": ["one"]}

    def two(state: Log) -> Log:
        return {"log": ["two"]}

    graph = StateGraph(Log)
    graph.add_node(one)
    graph.add_node(two)
    graph.add_edge(START, "one")
    graph.add_edge("one", "two")
    return graph.compile(interrupt_before=["two"])


@entrypoint()
def shorten(text: str) -> int:
    """A function: a text goes in, a number comes out."""
    return len(text)


def outer() -> Graph:
    """A graph with a graph in it, both of which say something."""

    def inner_step(state: Log) -> Log:
        get_stream_writer()({"from": "inner"})
        return {"log": ["inner"]}

    def outer_step(state: Log) -> Log:
        get_stream_writer()({"from": "outer"})
        return {"log": ["outer"]}

    inner = StateGraph(Log)
    inner.add_node("step", inner_step)
    inner.add_edge(START, "step")
    graph = StateGraph(Log)
    graph.add_node("inner", inner.compile())
    graph.add_node("own", outer_step)
    graph.add_edge(START, "inner")
    graph.add_edge("inner", "own")
    return graph.compile()


def cited() -> Graph:
    """A graph whose question says what an answer must be."""

    def ask_number(state: Log) -> Log:
        return {"log": [interrupt("How many?", response_schema={"type": "integer"})]}

    graph = StateGraph(Log)
    graph.add_node(ask_number)
    graph.add_edge(START, "ask_number")
    return graph.compile()


class Loose(TypedDict):
    """What goes in, and what a graph says comes out."""

    given: Any
    taken: str


def breaks() -> Graph:
    """A graph that hands on what it is given, whatever it says of itself."""

    def hand_on(state: Loose) -> dict[str, Any]:
        return {"taken": state["given"]}

    graph = StateGraph(Loose)
    graph.add_node(hand_on)
    graph.add_edge(START, "hand_on")
    return graph.compile()
