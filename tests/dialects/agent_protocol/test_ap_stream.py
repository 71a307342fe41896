"""What one follower of a run is shown; no server."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest

from demotic.dialects.agent_protocol.stream import RunStream
from demotic.domain.errors import RunNotFound, StorageUnavailable
from demotic.domain.events import Ended, Event
from demotic.domain.ids import MAX_EVENTS, seq_of
from demotic.domain.runs import Outcome, Run, RunRequest
from dialects.agent_protocol.ap_samples import CANCELLED, DONE, FAILED, RUN, WAITING
from dialects.langgraph.langgraph_http import frames

EPOCH = 3
LAST = MAX_EVENTS - 1
VALUES_AT, ERROR_AT = str(seq_of(EPOCH, LAST - 1)), str(seq_of(EPOCH, LAST))
ERROR = {"error": "ValueError", "message": "boom"}
MESSAGE = {"type": "ai", "content": "Yes", "id": "m"}
SHOWN = {"role": "assistant", "content": "Yes", "id": "m"}


def event(n: int, kind: str, data: Any, ns: str = "") -> Event:
    """The n-th event of the attempt."""
    return Event(seq_of(EPOCH, n), "run", kind, ns, orjson.dumps(data))


async def find(run: Run, ended: Ended) -> Outcome:
    """Where an end tells of no outcome."""
    return DONE


async def seen(
    stream: RunStream, events: Sequence[Event], outcome: Outcome | None = DONE
) -> list[tuple[str, Any, str | None]]:
    """Everything that a follower is shown."""
    shown = await stream.events(events)
    return frames(shown + await stream.ended(Ended("run", outcome)))


@pytest.mark.requirement("ap.stream.events")
async def test_the_first_event_is_metadata_and_each_has_an_id() -> None:
    stream = RunStream(RUN, find, ["values", "custom"])
    events = [
        event(0, "start", {"attempt": 2}),
        event(1, "values", {"x": 1}),
        event(2, "custom", {"content": "raw", "messages": [MESSAGE]}),
        event(3, "updates", {"a": {}}),
        event(4, "values", {"x": 1}, "inner:1"),
        event(5, "end", {"state": "succeeded"}),
    ]
    assert await seen(stream, events) == [
        ("metadata", {"run_id": "run", "attempt": 2}, str(seq_of(EPOCH, 0))),
        ("values", {"x": 1}, str(seq_of(EPOCH, 1))),
        ("custom", {"content": "raw", "messages": [MESSAGE]}, str(seq_of(EPOCH, 2))),
    ]


@pytest.mark.requirement("ap.stream.messages")
async def test_messages_are_shown_in_the_protocols_words() -> None:
    stream = RunStream(RUN, find, ["values", "updates", "messages"])
    events = [
        event(1, "values", {"x": 1, "messages": [MESSAGE]}),
        event(2, "updates", {"a": {"messages": [MESSAGE]}, "b": None, "c": [{"messages": []}]}),
        event(3, "messages", [{**MESSAGE, "type": "AIMessageChunk"}, {"node": "a"}]),
        event(4, "messages", ["content", {}]),
        event(5, "updates", ["content"]),
    ]
    assert [data for _, data, _ in await seen(stream, events)] == [
        {"x": 1, "messages": [SHOWN]},
        {"a": {"messages": [SHOWN]}, "b": None, "c": [{"messages": []}]},
        [SHOWN, {"node": "a"}],
        ["content", {}],
        ["content"],
    ]


@pytest.mark.requirement("ap.stream.error")
async def test_a_failed_run_ends_with_its_error() -> None:
    stream = RunStream(RUN, find, ["values"])
    failed = [event(1, "values", {"x": 1}), event(2, "end", {"state": "failed", "error": ERROR})]
    shown = await seen(stream, failed, FAILED)
    assert shown == [("values", {"x": 1}, str(seq_of(EPOCH, 1))), ("error", ERROR, ERROR_AT)]


@pytest.mark.requirement("ap.stream.finished")
@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (DONE, [("values", {"x": 1, "messages": [SHOWN]}, VALUES_AT)]),
        (None, [("values", {"x": 1, "messages": [SHOWN]}, VALUES_AT)]),
        (FAILED, [("error", ERROR, ERROR_AT)]),
        (CANCELLED, []),
        (
            WAITING,
            [
                (
                    "values",
                    {"x": ["a"], "__interrupt__": list(WAITING.shown_interrupts)},
                    VALUES_AT,
                )
            ],
        ),
        (
            replace(FAILED, values=b"{}"),
            [("values", {}, VALUES_AT), ("error", ERROR, ERROR_AT)],
        ),
    ],
)
@pytest.mark.parametrize("modes", [["values"], ["custom"]])
async def test_who_comes_when_it_is_over_gets_the_last_values_and_the_error(
    outcome: Outcome | None, expected: list[Any], modes: list[str]
) -> None:
    stream = RunStream(RUN, find, modes, was_over=True)
    assert await seen(stream, [], outcome) == expected


async def test_who_comes_after_the_last_values_gets_them_at_the_end() -> None:
    late = RunStream(RUN, find, ["values", "custom"])
    shown = await seen(late, [event(7, "custom", 1)])
    assert [name for name, *_ in shown] == ["custom", "values"]
    others = RunStream(RUN, find, ["custom"])
    assert [name for name, *_ in await seen(others, [event(7, "custom", 1)])] == ["custom"]


async def test_the_end_has_the_epoch_of_the_last_attempt() -> None:
    stream = RunStream(replace(RUN, epoch=0), find, ["values"])
    told = [event(0, "start", {"attempt": 1})]
    assert (await seen(stream, told))[-1][2] == VALUES_AT


@pytest.mark.requirement("ap.stream.replay")
async def test_who_has_seen_the_end_is_told_nothing_twice() -> None:
    recorded = replace(RUN, request=RunRequest(modes=["values"]))
    failed = replace(FAILED, values=b'{"x":1}')
    again = RunStream(recorded, find, ["values"], after=seq_of(EPOCH, 1))
    assert await seen(again, [], failed) == [("error", ERROR, ERROR_AT)]
    done = RunStream(recorded, find, ["values"], after=int(ERROR_AT))
    assert await seen(done, [], failed) == []
    unrecorded = replace(RUN, request=RunRequest(modes=[]))
    first = RunStream(unrecorded, find, ["values"], after=0)
    assert await seen(first, [], failed) == [
        ("values", {"x": 1}, VALUES_AT),
        ("error", ERROR, ERROR_AT),
    ]
    between = RunStream(unrecorded, find, ["values"], after=int(VALUES_AT))
    assert await seen(between, [], failed) == [("error", ERROR, ERROR_AT)]


async def test_of_a_deleted_run_there_is_nothing_more_to_tell() -> None:
    async def gone(run: Run, ended: Ended) -> Outcome:
        raise RunNotFound

    assert await seen(RunStream(RUN, gone, ["values"]), [], None) == []


async def test_an_error_while_reading_is_told_without_its_secrets() -> None:
    stream = RunStream(RUN, find, ["values"])
    ((name, data, id),) = frames(stream.broken(StorageUnavailable("/var/secret")))
    assert (name, data["error"], id) == ("error", "StorageUnavailable", ERROR_AT)
    assert "secret" not in data["message"]
    stream.close()
