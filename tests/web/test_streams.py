"""Streamed answers: heartbeats, keep-alive newlines, and followers that are let go."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.types import Message

from demotic.domain.errors import RunNotFound, StorageUnavailable
from demotic.domain.events import END, START, Ended, Event
from demotic.domain.model import EVERYTHING
from demotic.domain.runs import CancelAction
from demotic.engine.follow import Hub
from demotic.engine.runs import Started
from demotic.web.keepalive import chunks, waiting_answer
from demotic.web.paced import Streamed
from demotic.web.sse import HEARTBEAT, frame, frames, sse_answer
from house import House

SOON_S = 0.001


class Names:
    """Shows events by their names; one of the name `broken` cannot be shown."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error
        self.closed = False

    async def events(self, events: Sequence[Event]) -> bytes:
        """A frame per event of output."""
        if self._error:
            raise self._error
        return b"".join(frame(e.kind, e.data) for e in events if e.kind not in (START, END))

    async def ended(self, ended: Ended) -> bytes:
        """A frame that tells it."""
        return frame("ended", b"1")

    def broken(self, error: Exception) -> bytes:
        """A frame that tells it."""
        return frame("broken", b"1")

    def close(self) -> None:
        """Remember it."""
        self.closed = True


class Word:
    """Answers a word."""

    async def ended(self, ended: Ended) -> bytes:
        """The run has ended."""
        return b'"ended"'

    def broken(self, error: Exception) -> bytes:
        """It cannot be known."""
        return f'"{type(error).__name__}"'.encode()


async def begin(house: House, *steps: list[Any]) -> Started:
    """A run on a new thread."""
    return await house.start(await house.thread(), *steps)


@pytest.mark.requirement("langgraph.stream.heartbeat")
async def test_a_silent_stream_is_kept_alive_by_heartbeats(house: House) -> None:
    started = await begin(house, ["wait", "gate"], ["emit", "custom", 1])
    reading = frames(started.following, Names(), pace_s=SOON_S)
    assert await anext(reading) == HEARTBEAT
    house.agent.open("gate")
    rest = [chunk async for chunk in reading if chunk != HEARTBEAT]
    assert b"".join(rest) == frame("custom", b"1") + frame("ended", b"1")


async def test_events_that_nobody_is_shown_do_not_put_off_the_heartbeat(house: House) -> None:
    started = await begin(house, ["emit", "custom", 1], ["wait", "gate"])
    await house.agent.arrived("gate")
    reading = frames(started.following, Names(), pace_s=SOON_S)
    seen = {await anext(reading), await anext(reading)}
    assert HEARTBEAT in seen
    await reading.aclose()


async def test_a_stream_that_cannot_be_read_says_so_and_ends(house: House) -> None:
    started = await begin(house, ["emit", "custom", 1])
    reading = frames(started.following, Names(StorageUnavailable("secret")))
    assert [chunk async for chunk in reading] == [frame("broken", b"1")]


async def test_the_stream_of_a_run_that_vanishes_just_ends(house: House) -> None:
    started = await begin(house, ["emit", "custom", 1])
    assert [chunk async for chunk in frames(started.following, Names(RunNotFound()))] == []


@pytest.mark.requirement("langgraph.stream.heartbeat")
async def test_a_waiting_answer_is_kept_alive_by_newlines(house: House) -> None:
    started = await begin(house, ["emit", "custom", 1], ["wait", "gate"])
    reading = chunks(started.following, Word(), pace_s=SOON_S)
    assert await anext(reading) == b"\n"
    house.agent.open("gate")
    assert b"".join([chunk async for chunk in reading]).strip() == b'"ended"'


async def test_a_quick_answer_has_no_newline(house: House) -> None:
    started = await begin(house)
    assert [chunk async for chunk in chunks(started.following, Word())] == [b'"ended"']


async def test_who_waits_for_a_run_that_was_deleted_gets_an_answer(house: House) -> None:
    started = await begin(house, ["wait", "gate"])
    run = started.run
    late = house.engine.runs.follow(run, after=None)
    await house.engine.runs.delete(run.thread_id, run.id, EVERYTHING)
    gone = house.engine.runs.follow(run, after=None)
    for following in (late, gone):
        assert [chunk async for chunk in chunks(following, Word())] == [b'"RunNotFound"']


async def send_until(answer: Streamed, leave: asyncio.Event) -> list[Message]:
    """Send an answer to a client that leaves at an event."""
    sent: list[Message] = []

    async def receive() -> Message:
        await leave.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)
        if message.get("body"):
            leave.set()

    scope = {"type": "http", "asgi": {"spec_version": "2.3"}}
    await asyncio.wait_for(answer(scope, receive, send), 5)
    return sent


@pytest.mark.parametrize("leaves_at_once", [True, False])
async def test_a_client_that_goes_away_leaves_no_follower_behind(
    house: House, leaves_at_once: bool
) -> None:
    hub = Hub(house.storage)
    run = (await begin(house, ["wait", "gate"])).run
    for _ in range(2):
        leave = asyncio.Event()
        if leaves_at_once:
            leave.set()
        names = Names()
        following = hub.follow(run, after=None)
        await send_until(sse_answer(following, names, {}, SOON_S), leave)
        assert names.closed
        await send_until(waiting_answer(hub.follow(run, after=None), Word(), {}, SOON_S), leave)
        assert list(hub.waiting()) == []


async def test_answers_break_off_when_the_server_shuts_down_so_that_clients_come_back(
    house: House,
) -> None:
    hub = Hub(house.storage)
    run = (await begin(house, ["wait", "gate"])).run
    followers = [hub.follow(run, after=None) for _ in range(2)]
    hub.hang_up()
    for answer in (
        sse_answer(followers[0], Names(), {}),
        waiting_answer(followers[1], Word(), {}),
    ):
        sent = await send_until(answer, asyncio.Event())
        assert [message["type"] for message in sent] == ["http.response.start"]
    assert list(hub.waiting()) == []


@pytest.mark.parametrize("error", [OSError("gone")])
async def test_a_connection_that_breaks_while_sending_ends_the_stream(
    house: House, error: OSError
) -> None:
    hub = Hub(house.storage)
    run = (await begin(house, ["wait", "gate"])).run

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        raise error

    answer = sse_answer(hub.follow(run, after=None), Names(), {}, SOON_S)
    await answer({"type": "http", "asgi": {"spec_version": "2.4"}}, receive, send)
    assert list(hub.waiting()) == []
    await house.engine.runs.cancel(
        run.thread_id, run.id, CancelAction.INTERRUPT, EVERYTHING, wait=True
    )
