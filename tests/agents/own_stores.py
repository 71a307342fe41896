"""Stores as users write them, for `store.path`: each a way to give one."""

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager

from langgraph.graph import START, StateGraph
from langgraph.runtime import Runtime
from langgraph.store.base import BaseStore, Op, Result
from langgraph.store.memory import InMemoryStore
from typing_extensions import TypedDict

events: list[str] = []
"""What was opened and closed."""


class Marked(InMemoryStore):
    """A store that its graphs know again."""

    mark = "the user's own"


class Failing(InMemoryStore):
    """A store whose database cannot be reached."""

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """Fails, and tells a secret."""
        raise ConnectionError("cannot reach postgres://user:secret@db")


instance = Marked()


def make() -> BaseStore:
    """A function."""
    return Marked()


async def make_later() -> BaseStore:
    """An asynchronous function."""
    return Marked()


@contextmanager
def within() -> Iterator[BaseStore]:
    """A context manager."""
    events.append("opened")
    yield Marked()
    events.append("closed")


@asynccontextmanager
async def within_later() -> AsyncIterator[BaseStore]:
    """An asynchronous context manager."""
    events.append("opened")
    yield Marked()
    events.append("closed")


@asynccontextmanager
async def without() -> AsyncIterator[str]:
    """A context manager of something else."""
    yield "no store"


def unreachable() -> BaseStore:
    """Fails at once."""
    raise ConnectionError("no database")


number = 3


class Known(TypedDict, total=False):
    """What is to be remembered, and by whom it was."""

    text: str
    kept_by: str


async def _remember(state: Known, runtime: Runtime) -> Known:
    store = runtime.store
    assert store is not None
    await store.aput(("notes",), state["text"], {"text": state["text"]})
    return {"kept_by": str(getattr(store, "mark", "?"))}


graph = StateGraph(Known).add_node("remember", _remember).add_edge(START, "remember").compile()
"""Stores a text, and tells whose store it used."""
