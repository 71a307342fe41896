"""Rendering a run's events as this dialect's stream."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest

from demotic.dialects.langgraph.stream import RunStream
from demotic.domain.errors import RunNotFound, StorageUnavailable
from demotic.domain.events import END, START, Ended, Event
from demotic.domain.lifecycle import Reason, RunState
from demotic.domain.runs import Outcome, Run
from dialects.langgraph.langgraph_http import frames
from dialects.langgraph.samples import CANCELLED, DONE, FAILED, RUN

ERROR = {"error": "ValueError", "message": "boom"}


async def found(run: Run, ended: Ended) -> Outcome:
    """The outcome that the storage has."""
    return FAILED


async def deleted(run: Run, ended: Ended) -> Outcome:
    """There is none any more."""
    raise RunNotFound


def plain(*, subgraphs: bool = False) -> Run:
    """A run that cannot be replayed."""
    return replace(RUN, reply_format={}, request=replace(RUN.request, subgraphs=subgraphs))


def stream(modes: Collection[str], run: Run | None = None, **options: Any) -> RunStream:
    """A follower's view."""
    return RunStream(run or plain(), found, modes, **options)


def event(kind: str, data: Any, seq: int = 1, ns: str = "") -> Event:
    """An event of the run."""
    return Event(seq, "run", kind, ns, orjson.dumps(data))


def end(state: RunState, error: Any = None) -> Event:
    """The last event of a leg."""
    return event(END, {"state": state, "reason": Reason.ERROR, "error": error}, 99)


def names(rendered: bytes) -> list[str]:
    """The names of the events shown."""
    return [name for name, _, _ in frames(rendered)]


@pytest.mark.requirement("langgraph.stream.begin")
@pytest.mark.requirement("langgraph.stream.framing")
async def test_a_run_opens_with_its_metadata_and_closes_without_an_event() -> None:
    events = [event(START, {"attempt": 1}), event("values", {"x": 1}), end(RunState.SUCCEEDED)]
    assert await stream(["values"]).events(events) == (
        b'event: metadata\r\ndata: {"run_id":"run","attempt":1}\r\n\r\n'
        b'event: values\r\ndata: {"x":1}\r\n\r\n'
    )


async def test_events_that_come_together_are_one_chunk() -> None:
    events = [event("values", n, n) for n in range(1, 4)]
    assert names(await stream(["values"]).events(events)) == ["values"] * 3


async def test_only_the_modes_asked_for_are_shown() -> None:
    events = [event("values", 1), event("updates", 2), event("custom", 3)]
    assert names(await stream(["custom", "updates"]).events(events)) == ["updates", "custom"]


async def test_a_filtered_stream_does_not_open_with_metadata() -> None:
    events = [event(START, {"attempt": 1}), event("custom", 1)]
    assert names(await stream(["custom"], shows_start=False).events(events)) == ["custom"]


@pytest.mark.requirement("langgraph.stream.subgraphs")
@pytest.mark.parametrize(
    ("subgraphs", "expected"), [(True, ["values|a:1|b:2", "values"]), (False, ["values", "values"])]
)
async def test_nested_namespaces_follow_the_mode_when_subgraphs_are_streamed(
    subgraphs: bool, expected: list[str]
) -> None:
    events = [event("values", 1, ns="a:1|b:2"), event("values", 2)]
    shown = await stream(["values"], plain(subgraphs=subgraphs)).events(events)
    assert names(shown) == expected


@pytest.mark.requirement("langgraph.stream.ids")
async def test_ids_are_sent_for_resumable_runs_only() -> None:
    events = [event("values", 1, 77)]
    assert frames(await stream(["values"], RUN).events(events)) == [("values", 1, "77")]
    assert frames(await stream(["values"]).events(events)) == [("values", 1, None)]


def chunk(text: str, seq: int, ns: str = "") -> Event:
    """A chunk of a message."""
    message = {"type": "AIMessageChunk", "id": "m", "content": text, "tool_call_chunks": []}
    return event("messages", [message, {"langgraph_node": "n"}], seq, ns)


@pytest.mark.requirement("langgraph.stream.messages_tuple")
async def test_messages_tuple_passes_chunks_on_as_messages() -> None:
    shown = frames(await stream(["messages-tuple"]).events([chunk("a", 1)]))
    assert [(name, data[0]["content"], data[1]) for name, data, _ in shown] == [
        ("messages", "a", {"langgraph_node": "n"})
    ]


@pytest.mark.requirement("langgraph.stream.messages")
async def test_messages_accumulate() -> None:
    shown = frames(await stream(["messages"]).events([chunk("a", 1), chunk("b", 2)]))
    assert [name for name, _, _ in shown] == [
        "messages/metadata",
        "messages/partial",
        "messages/partial",
    ]
    assert shown[-1][1][0]["content"] == "ab"


async def test_both_forms_of_messages_may_be_asked_for_and_share_one_id() -> None:
    shown = frames(await stream(["messages", "messages-tuple"], RUN).events([chunk("a", 5)]))
    assert [(name, id) for name, _, id in shown] == [
        ("messages", None),
        ("messages/metadata", None),
        ("messages/partial", "5"),
    ]


async def test_nested_chunks_name_their_namespace_in_tuples_only() -> None:
    run = plain(subgraphs=True)
    shown = await stream(["messages", "messages-tuple"], run).events([chunk("a", 1, "n:1")])
    assert names(shown) == ["messages|n:1", "messages/metadata", "messages/partial"]


async def test_what_came_before_the_cursor_is_taken_in_and_not_shown() -> None:
    view = stream(["messages", "values"], RUN, after=2)
    events = [event(START, {"attempt": 1}, 0), chunk("a", 1), event("values", 1, 2), chunk("b", 3)]
    shown = frames(await view.events(events))
    assert [(name, id) for name, _, id in shown] == [("messages/partial", "3")]
    assert shown[0][1][0]["content"] == "ab"


async def test_another_attempt_opens_again_and_starts_its_messages_anew() -> None:
    view = stream(["messages"])
    await view.events([event(START, {"attempt": 1}), chunk("a", 1)])
    again = frames(await view.events([event(START, {"attempt": 2}), chunk("b", 2)]))
    assert again[0] == ("metadata", {"run_id": "run", "attempt": 2}, None)
    assert again[-1][1][0]["content"] == "b"


async def test_a_failure_is_told_once_whatever_the_modes() -> None:
    view = stream(["custom"])
    shown = await view.events([end(RunState.FAILED, ERROR)])
    assert frames(shown) == [("error", ERROR, None)]
    assert await view.ended(Ended("run", FAILED)) == b""


async def test_a_follower_that_comes_too_late_is_told_of_the_failure() -> None:
    for ended in (Ended("run", FAILED), Ended("run", None)):
        assert frames(await stream(["values"]).ended(ended)) == [("error", ERROR, None)]


@pytest.mark.requirement("langgraph.stream.cancelled")
@pytest.mark.parametrize("outcome", [DONE, CANCELLED])
async def test_a_cancelled_run_just_ends(outcome: Outcome) -> None:
    assert await stream(["values"]).ended(Ended("run", outcome)) == b""
    told = end(RunState.CANCELLED, {"error": "UserInterrupt", "message": ""})
    assert await stream(["values"]).events([told]) == b""


async def test_the_stream_of_a_deleted_run_just_ends() -> None:
    assert await RunStream(plain(), deleted, ["values"]).ended(Ended("run", None)) == b""


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (StorageUnavailable("postgres://secret"), "The storage cannot be used."),
        (RuntimeError("secret"), "Internal server error"),
    ],
)
def test_an_error_while_reading_tells_no_secrets(error: Exception, message: str) -> None:
    told = frames(stream(["values"]).broken(error))
    assert told == [("error", {"error": type(error).__name__, "message": message}, None)]


def batches(*events: Sequence[Event]) -> list[Sequence[Event]]:
    """Events as they come together."""
    return list(events)


async def test_splitting_events_into_chunks_changes_nothing() -> None:
    events = [
        event(START, {"attempt": 1}, 1),
        chunk("a", 2),
        chunk("b", 3),
        end(RunState.SUCCEEDED),
    ]
    whole = await stream(["messages"], RUN).events(events)
    view = stream(["messages"], RUN)
    parts = [await view.events(part) for part in batches(events[:1], events[1:2], events[2:])]
    assert b"".join(parts) == whole
