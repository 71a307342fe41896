"""Long-term memory for the benchmark: a graph that fills it, and what is asked of it then."""

from collections.abc import Awaitable, Callable
from typing import Any, TypedDict

from langgraph.graph import START, StateGraph
from langgraph.store.base import BaseStore, PutOp

ITEMS = 100_000
USERS = 1_000
BATCH = 1_000
PAGE = 10

Call = Callable[..., Awaitable[Any]]
"""A request: method, path, body."""


class FillState(TypedDict, total=False):
    """State of `fill`."""

    items: int


def place(number: int) -> tuple[str, str, str]:
    """The namespace of an item: its users have a hundred each."""
    return ("users", f"u{number % USERS}", "notes")


def note(number: int) -> dict[str, Any]:
    """An item."""
    text = f"note {number} about something that matters"
    return {"text": text, "kind": f"k{number % 100}", "n": number}


async def _fill(state: FillState, *, store: BaseStore) -> FillState:
    for begin in range(0, state["items"], BATCH):
        numbers = range(begin, min(begin + BATCH, state["items"]))
        await store.abatch([PutOp(place(n), f"i{n}", note(n)) for n in numbers])
    return {}


fill = StateGraph(FillState).add_node("fill", _fill).add_edge(START, "fill").compile()


async def prepare(call: Call) -> None:
    """Fill the memory, unless it is full."""
    namespace, key = ".".join(place(ITEMS - 1)), f"i{ITEMS - 1}"
    if await call("GET", f"/store/items?namespace={namespace}&key={key}") is None:
        await call("POST", "/runs/wait", {"assistant_id": "fill", "input": {"items": ITEMS}})


async def put(call: Call, index: int) -> None:
    """Store an item again."""
    number = index * 97 % ITEMS
    body = {"namespace": place(number), "key": f"i{number}", "value": note(number)}
    await call("PUT", "/store/items", body)


async def get(call: Call, index: int) -> dict[str, Any]:
    """Read an item; whether it is the one."""
    number = index * 97 % ITEMS
    namespace = ".".join(place(number))
    item = await call("GET", f"/store/items?namespace={namespace}&key=i{number}")
    return {"found": item["value"] == note(number)}


async def search(call: Call, index: int) -> dict[str, Any]:
    """A page of a user's items."""
    body = {"namespace_prefix": place(index % USERS), "filter": {"n": {"$gte": 0}}, "limit": PAGE}
    return {"rows": len((await call("POST", "/store/items/search", body))["items"])}


async def search_all(call: Call, index: int) -> dict[str, Any]:
    """A page of those of a kind, of whomever."""
    body = {"filter": {"kind": f"k{index % 100}"}, "limit": PAGE}
    return {"rows": len((await call("POST", "/store/items/search", body))["items"])}
