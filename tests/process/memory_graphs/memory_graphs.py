"""Graphs with a long-term memory: one that stores, one that searches."""

from typing import TypedDict

from langgraph.graph import START, StateGraph
from langgraph.runtime import Runtime
from langgraph.store.base import BaseStore
from langgraph.store.memory import InMemoryStore


class Remembered(TypedDict, total=False):
    """Whose memory, a text for it, and what was found."""

    user: str
    text: str
    found: list[str]


async def _remember(state: Remembered, runtime: Runtime) -> Remembered:
    assert runtime.store is not None
    await runtime.store.aput(("users", state["user"]), state["text"], {"text": state["text"]})
    return {}


def _recall(state: Remembered, *, store: BaseStore) -> Remembered:
    found = store.search(("users", state["user"]), query=state["text"], limit=2)
    return {"found": [each.key for each in found if each.score]}


remember = (
    StateGraph(Remembered)
    .add_node("remember", _remember)
    .add_edge(START, "remember")
    .compile(store=InMemoryStore())
)
"""Stores the text among the user's; the store it was compiled with is not the server's."""

recall = StateGraph(Remembered).add_node("recall", _recall).add_edge(START, "recall").compile()
"""Finds the user's texts that are near to the given one, from a thread."""
