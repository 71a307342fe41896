"""Graphs that misbehave, over HTTP: an `error` event or a clear word, and the server goes on."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from langgraph.config import get_stream_writer
from langgraph.graph import START, StateGraph
from typing_extensions import TypedDict

from dialects.langgraph.langgraph_http import Wire, frames
from dialects.langgraph.test_graphs import wire_of
from served import served

LONG = 10 * 1024 * 1024
BREAKS = "a\r\n\r\nevent: end\ndata: {}\u2028b\u2029c\x85d\x0be\x1cf"
"""What would end a line, or an event, for one reader or another."""


class Loose(TypedDict, total=False):
    """A state whose value may be anything."""

    bad: bool
    value: Any


@asynccontextmanager
async def misbehaving(node: Callable[[], Any]) -> AsyncIterator[Wire]:
    """A client of a graph whose only node misbehaves when it is asked to."""

    async def act(state: Loose) -> Any:
        return node() if state.get("bad") else {"value": "well"}

    graph = StateGraph(Loose).add_node("act", act).add_edge(START, "act").compile()
    async with served(graph) as house, wire_of(house) as wire:
        yield wire


async def ask(wire: Wire, thread: str, how: str, **body: Any) -> Any:
    """A run that misbehaves; the answer's bytes."""
    sent = {"assistant_id": "graph", "input": {"bad": True}, **body}
    answer = await asyncio.wait_for(wire.ask("POST", f"/threads/{thread}/runs/{how}", sent), 10)
    assert answer.status_code == 200
    return answer


async def goes_on(wire: Wire, thread: str) -> None:
    """The thread can be read, and its next run succeeds."""
    for path in ("", "/state", "/history"):
        assert (await wire.ask("GET", f"/threads/{thread}{path}")).status_code == 200
    well = await ask(wire, thread, "wait", input={"bad": False})
    assert well.json() == {"bad": False, "value": "well"}


def throw(error: BaseException) -> Any:
    """Raises."""
    raise error


FAILS: dict[str, tuple[Callable[[], Any], str, str]] = {
    "raises": (lambda: throw(ValueError(BREAKS)), "ValueError", BREAKS),
    "exits": (lambda: throw(SystemExit(3)), "AgentExited", "SystemExit(3)"),
    "cannot be kept": (lambda: {"value": threading.Lock()}, "TypeError", "lock"),
    "is no state": (lambda: 42, "InvalidUpdateError", "42"),
}


@pytest.mark.requirement("langgraph.stream.error")
@pytest.mark.parametrize("what", FAILS)
async def test_a_graph_that_fails_ends_its_stream_with_one_error(what: str) -> None:
    node, name, words = FAILS[what]
    async with misbehaving(node) as wire:
        thread = await wire.thread()
        streamed = frames((await ask(wire, thread, "stream")).content)
        assert [event for event, _, _ in streamed] == ["metadata", "values", "error"]
        error = streamed[-1][1]
        assert error["error"] == name and words in error["message"]
        waited = (await ask(wire, thread, "wait")).json()["__error__"]
        assert (waited["error"], waited["message"]) == (name, error["message"])
        await goes_on(wire, thread)


SHOWN: dict[str, tuple[Any, Any]] = {
    "line breaks": (BREAKS, BREAKS),
    "half characters": ("a\ud800b", "a\ufffdb"),
    "a NUL": ("a\0b", "a\0b"),
    "ten megabytes": ("x" * LONG, "x" * LONG),
}


@pytest.mark.requirement("langgraph.stream.framing")
@pytest.mark.requirement("langgraph.errors.bad_input")
@pytest.mark.parametrize("what", SHOWN)
async def test_whatever_text_a_graph_makes_arrives_in_one_event(what: str) -> None:
    made, expected = SHOWN[what]

    def node() -> Any:
        get_stream_writer()(made)
        return {"value": made}

    async with misbehaving(node) as wire:
        thread = await wire.thread()
        modes = ["values", "custom"]
        streamed = frames((await ask(wire, thread, "stream", stream_mode=modes)).content)
        assert [(event, data) for event, data, _ in streamed[1:]] == [
            ("values", {"bad": True}),
            ("custom", expected),
            ("values", {"bad": True, "value": expected}),
        ]
        await goes_on(wire, thread)


@pytest.mark.requirement("langgraph.errors.bad_input")
async def test_a_graph_that_blocks_the_event_loop_delays_others_and_breaks_none() -> None:
    def block() -> Any:
        time.sleep(0.2)
        return {"value": "blocked"}

    async with misbehaving(block) as wire:
        threads = [await wire.thread() for _ in range(3)]
        answers = await asyncio.gather(*(ask(wire, thread, "wait") for thread in threads))
        assert [each.json()["value"] for each in answers] == ["blocked"] * 3
        await goes_on(wire, threads[0])


@pytest.mark.requirement("langgraph.runs.cancel")
async def test_a_graph_that_swallows_its_cancellation_is_left_behind() -> None:
    reached, let_go = asyncio.Event(), asyncio.Event()

    async def stubborn(state: Loose) -> Any:
        while state.get("bad") and not let_go.is_set():
            reached.set()
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                continue
        return {"value": "well"}

    graph = StateGraph(Loose).add_node(stubborn).add_edge(START, "stubborn").compile()
    async with served(graph) as house, wire_of(house) as wire:
        thread = await wire.thread()
        runs = f"/threads/{thread}/runs"
        body = {"assistant_id": "graph", "input": {"bad": True}}
        run = (await wire.ask("POST", runs, body)).json()["run_id"]
        await asyncio.wait_for(reached.wait(), 5)
        cancelled = await wire.ask("POST", f"{runs}/{run}/cancel?wait=true")
        assert cancelled.status_code == 200
        shown = (await wire.ask("GET", f"{runs}/{run}")).json()
        assert shown["status"] == "interrupted"
        await goes_on(wire, thread)
        let_go.set()
