"""The common form of streams sees every change of order, but for what LangGraph leaves open."""

from itertools import pairwise
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from agents.streams import MODES, Told, canonical, told
from agents.test_differential import CONFIG, Plan, build


def streamed(*nodes: tuple[str, str], resume: str | None = None) -> list[Told]:
    """The stream of a graph, or that of the answer to what it asks."""
    graph = build(Plan(nodes, 1, (), "sync", False), InMemorySaver())
    found: list[Told] = []
    inputs: tuple[Any, ...] = ({"log": ["in"]}, Command(resume=resume))
    for given in inputs[: 1 if resume is None else 2]:
        options: Any = {"stream_mode": [*MODES], "subgraphs": True}
        found = [told(*chunk) for chunk in graph.stream(given, CONFIG, **options)]
    return found


def swapped(events: list[Told], place: int) -> list[Told]:
    """The stream with two neighbours in the wrong order."""
    return [*events[:place], events[place + 1], events[place], *events[place + 2 :]]


def test_any_two_events_of_a_chain_in_the_wrong_order_are_seen() -> None:
    for resume in (None, "yes"):
        events = streamed(("log", "next"), ("sub", "next"), ("asking_sub", "next"), resume=resume)
        assert len(events) > 20
        for place in range(len(events) - 1):
            assert canonical(swapped(events, place)) != canonical(events), events[place]


def test_two_runs_of_a_graph_have_the_same_form() -> None:
    nodes = (("delta", "send"), ("sub", "fan"), ("ask", "next"))
    assert canonical(streamed(*nodes)) == canonical(streamed(*nodes))


def test_the_order_of_tasks_side_by_side_is_open_and_that_within_each_is_not() -> None:
    events = streamed(("log", "fan"), ("sub", "next"), ("mapping", "next"))
    sides = [{task(each) for each in pair} for pair in pairwise(events)]
    open_places = [n for n, side in enumerate(sides) if side == {"n1", "n2"}]
    fixed = [n for n, side in enumerate(sides) if side == {"n1"}]
    assert open_places and fixed
    for place in open_places:
        begins = any(each.begins for each in events[place : place + 2])
        assert (canonical(swapped(events, place)) != canonical(events)) == begins
    for place in fixed:
        assert canonical(swapped(events, place)) != canonical(events)


def task(event: Told) -> str:
    """The name of the root's task that tells an event."""
    if event.path:
        return event.path[0].partition(":")[0]
    return "" if event.is_between else event.task[0]
