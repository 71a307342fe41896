"""Graphs that call another assistant of the same server, whose URL is in their configuration."""

import operator
import uuid
from typing import Annotated, Any, TypedDict

from langchain_core.runnables import RunnableConfig
from langgraph.graph import START, StateGraph
from langgraph.pregel.remote import RemoteGraph


class Notes(TypedDict, total=False):
    """A list that nodes append to."""

    items: Annotated[list[str], operator.add]


def _remote(config: RunnableConfig) -> RemoteGraph:
    return RemoteGraph("hitl", url=config["configurable"]["url"])


def _elsewhere(config: RunnableConfig) -> RunnableConfig:
    """The configuration with a thread of its own, always the same for the same thread."""
    own = uuid.uuid5(uuid.NAMESPACE_OID, config["configurable"]["thread_id"])
    return {**config, "configurable": {**config["configurable"], "thread_id": str(own)}}


async def _call(state: Notes, config: RunnableConfig) -> Any:
    return await _remote(config).ainvoke({"items": []}, _elsewhere(config))


def _call_sync(state: Notes, config: RunnableConfig) -> Any:
    return _remote(config).invoke({"items": []}, _elsewhere(config))


calls = StateGraph(Notes).add_node("far", _call).add_edge(START, "far").compile()
"""Has its question asked by another assistant, on a thread of that one's own."""

calls_sync = StateGraph(Notes).add_node("far", _call_sync).add_edge(START, "far").compile()
"""The same in a node that is no coroutine."""


def calls_itself(config: RunnableConfig) -> Any:
    """A graph whose node calls another assistant on the very thread that it runs on."""
    url = config["configurable"].get("url", "http://127.0.0.1")
    remote = RemoteGraph("echo", url=url)
    return StateGraph(Notes).add_node("far", remote).add_edge(START, "far").compile()
