"""Comparison with recordings of LangGraph API 0.16; optional, see `DEMOTIC_SPEC_DIR`."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langgraph.graph import END, START, StateGraph

from demotic.agents.langgraph.introspection import drawing
from demotic.dialects.langgraph import render
from dialects.langgraph.langgraph_http import WHOLE
from dialects.langgraph.samples import MOMENT_US, RUN, THREAD
from served import State, a, b

FOLDER = Path(os.environ.get("DEMOTIC_SPEC_DIR") or "absent") / "oracle"
RECORDING = FOLDER / "observed-langgraph-today.jsonl"
ROUTES = FOLDER / "routes.json"

pytestmark = pytest.mark.skipif(
    not (RECORDING.is_file() and ROUTES.is_file()),
    reason="DEMOTIC_SPEC_DIR names no folder with oracle/ recordings",
)


def recorded(method: str, pattern: tuple[str, ...]) -> Iterator[Any]:
    """Bodies of recorded 200 answers to a method and path; empty segments match anything."""
    for line in RECORDING.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row.get("status") != 200 or "req" not in row or row["req"][0] != method:
            continue
        segments = row["req"][1].partition("?")[0].strip("/").split("/")
        if len(segments) == len(pattern) and all(
            wanted in ("", got) for wanted, got in zip(pattern, segments, strict=True)
        ):
            yield json.loads(row["body"])


def test_every_documented_operation_is_built_or_planned() -> None:
    served = {(each.method, each.path) for each in (*WHOLE.built, *WHOLE.planned)}
    documented = {
        (each["method"].upper(), each["path"])
        for each in json.loads(ROUTES.read_text(encoding="utf-8"))
        if each["dialect"] == "langgraph" and each["method"] not in ("WS", "WEBSOCKET")
    }
    assert not sorted(documented - served)


def test_threads_have_the_recorded_keys() -> None:
    new = render.thread_json(THREAD)
    (first, *rest) = recorded("GET", ("threads", ""))
    assert set(first) == set(new)
    assert set().union(*rest) == set(render.THREAD_FIELDS)


def test_runs_have_the_recorded_keys() -> None:
    for row in recorded("GET", ("threads", "", "runs", "")):
        assert list(row) == list(render.run_json(RUN))
        assert set(row["kwargs"]) == set(render.kwargs_json(RUN))


def test_states_have_the_recorded_keys() -> None:
    names = {
        "checkpoint_id",
        "parent_checkpoint_id",
        "checkpoint",
        "parent_checkpoint",
        "interrupts",
    }
    names |= {"values", "next", "tasks", "metadata", "created_at"}
    for row in recorded("GET", ("threads", "", "state")):
        assert set(row) == names


def test_times_look_as_recorded() -> None:
    (first, *_) = recorded("GET", ("threads", ""))
    assert len(first["created_at"]) == len(render.instant(MOMENT_US))


async def test_an_update_answers_what_was_recorded() -> None:
    place = {"thread_id": "t", "checkpoint_ns": "", "checkpoint_id": "c"}
    for row in recorded("POST", ("threads", "", "state")):
        assert list(row) == list(render.update_json(place))
        assert set(row["checkpoint"]) == set(row["configurable"]) == set(place)


async def test_graphs_are_drawn_as_recorded() -> None:
    inner = StateGraph(State).add_node("inner", b).add_edge(START, "inner").compile()
    nested = StateGraph(State).add_node("a", a).add_node("outer", inner)
    nested.add_edge(START, "a").add_edge("a", "outer").add_edge("outer", END)
    flat = StateGraph(State).add_node("a", a).add_node("b", b)
    flat.add_edge(START, "a").add_edge("a", "b").add_edge("b", END)
    plain, deep = recorded("GET", ("assistants", "", "graph"))
    for graph, depth, wanted in ((flat, False, plain), (nested, 1, deep)):
        assert await drawing(graph.compile(), {}, depth) == wanted
