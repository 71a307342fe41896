"""The recorded event streams of the streaming protocol, opened again; see `DEMOTIC_SPEC_DIR`.

The same methods in the same order, with data of the same shape, but for what is listed.
"""

from collections.abc import AsyncIterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp

from demotic.domain.ids import uuid7
from dialects.streaming.streaming_http import Client
from replay.differences_listed import ALSO_STREAMED, IGNORED, ORDERED_OTHERWISE, STREAMED
from replay.recording import FILE, ID, EventStream, Frame, event_streams
from replay.serving import serving
from replay.shapes import differences, shape

pytestmark = pytest.mark.skipif(
    not FILE.is_file(), reason="DEMOTIC_SPEC_DIR names no folder with oracle/ recordings"
)


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[ASGIApp]:
    """The whole application."""
    async with serving(tmp_path) as opened:
        yield opened


async def told(client: Client, filter: dict[str, Any]) -> Sequence[Frame]:
    """What an event stream tells of what has happened; a socket knows how much that is."""
    async with client.socket("/stream/events") as socket:
        subscribed = await (await socket.accepted()).result("subscription.subscribe", **filter)
    async with client.follow(path="/stream/events", **filter) as followed:
        events = [await followed.next() for _ in range(subscribed["replayed_events"])]
    return [Frame(each["method"], each, str(each["seq"])) for each in events]


def shown(frame: Frame) -> Any:
    """What is to be equal of an event: its method, its namespace, how an agent stands."""
    data = frame.data["params"]["data"]
    standing = data.get("event") if frame.event in ("lifecycle", "messages") else None
    return frame.event, frame.data["params"]["namespace"], standing


def shown_as_text(frame: Frame) -> str:
    """The same, to sort by."""
    return str(shown(frame))


def problems(stream: EventStream, told: Sequence[Frame]) -> list[str]:
    """Where a stream differs from what was recorded."""
    theirs, ours = stream.frames, without_more(told)
    if stream.number in ORDERED_OTHERWISE:
        theirs, ours = sorted(theirs, key=shown_as_text), sorted(ours, key=shown_as_text)
    left, right = [[shown(each) for each in side] for side in (theirs, ours)]
    if left != right:
        return [f"{stream.number}: {right}, not {left}"]
    found = []
    for one, other in zip(theirs, ours, strict=True):
        listed = STREAMED.get(one.event, {})
        given = shape(one.data["params"]["data"]), shape(other.data["params"]["data"])
        found += [each for each in differences(*given, IGNORED) if each not in listed]
        synthetic = one.data["event_id"].startswith("synth:")
        ids = [ID.sub("…", each.data["event_id"]) for each in (one, other)]
        if synthetic and ids[0] != ids[1]:
            found.append(f"event_id {ids[1]}, not {ids[0]}")
    return [f"{stream.number}: {each}" for each in found]


def without_more(told: Sequence[Frame]) -> Sequence[Frame]:
    """What is told on channels of which the recordings know."""
    return [each for each in told if each.event not in ALSO_STREAMED]


async def test_event_streams_tell_what_was_recorded(app: ASGIApp) -> None:
    found: list[str] = []
    runs = [[*streams] for _, streams in groupby(event_streams(), key=lambda each: each.start)]
    assert runs
    for first, *later in runs:
        client = Client(app, uuid7(1))
        await client.ran("run.start", **first.start.body["params"])
        whole = await told(client, first.filter)
        found += problems(first, whole)
        for each in later:
            position = our_position(each.filter["since"], first, whole)
            found += problems(each, await told(client, {**each.filter, "since": position}))
    assert not found, "\n".join(found)


def our_position(theirs: int, recorded: EventStream, told: Sequence[Frame]) -> int:
    """Our position of the event that has a position in a recording."""
    ours = without_more(told)
    named = next(n for n, each in enumerate(recorded.frames) if each.id == str(theirs))
    return int(ours[named].id or 0)
