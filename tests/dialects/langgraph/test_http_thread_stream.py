"""Following a whole thread over HTTP, in process, and the official client."""

from typing import Any

import pytest
from starlette.requests import Request

from demotic.dialects.langgraph.thread_stream import ThreadStream
from demotic.domain.model import EVERYTHING
from demotic.web.sse import HEARTBEAT, sse_answer
from dialects.langgraph.langgraph_http import AGENT, UNKNOWN, Frame, Streaming, Wire, frames
from dialects.langgraph.test_http_streams import chunk


def path_of(thread: str, query: str = "") -> str:
    """Where a thread is followed."""
    return f"/threads/{thread}/stream{query}"


async def until_done(stream: Streaming, runs: int = 1) -> list[Frame]:
    """The events up to the end of a number of runs."""
    whole: list[Frame] = []
    while sum(data == {**data, "status": "run_done"} for _, data, _ in dicts(whole)) < runs:
        whole += frames(await stream.until(b"\r\n\r\n"))
    return whole


def dicts(events: list[Frame]) -> list[tuple[str, dict[str, Any], str | None]]:
    """Those whose data is an object."""
    return [each for each in events if isinstance(each[1], dict)]


def shown(events: list[Frame]) -> list[tuple[str, Any]]:
    """Names and data."""
    return [(name, data) for name, data, _ in events]


@pytest.mark.requirement("langgraph.threads.stream")
async def test_all_runs_of_a_thread_are_shown_as_their_own_streams_show_them(wire: Wire) -> None:
    thread = await wire.thread()
    async with wire.open("GET", path_of(thread)) as stream:
        await stream.begun()
        assert stream.headers["content-type"].startswith("text/event-stream")
        one = await wire.start(thread, ["emit", "custom", 1], stream_mode="custom")
        two = await wire.start(
            thread, ["emit", "values", {"x": 2}], ["emit", "custom", 9], stream_mode="values"
        )
        events = await until_done(stream, 2)
    assert shown(events) == [
        ("metadata", {"run_id": one, "attempt": 1}),
        ("custom", 1),
        ("metadata", {"status": "run_done", "run_id": one}),
        ("metadata", {"run_id": two, "attempt": 1}),
        ("values", {"x": 2}),
        ("metadata", {"status": "run_done", "run_id": two}),
    ]
    ids = [int(id or "") for _, _, id in events]
    assert ids == sorted(set(ids))
    assert (await wire.ask("GET", path_of(UNKNOWN))).status_code == 404


@pytest.mark.requirement("langgraph.threads.stream")
async def test_a_failed_run_tells_its_error_before_it_is_done(wire: Wire) -> None:
    thread = await wire.thread()
    async with wire.open("GET", path_of(thread)) as stream:
        await stream.begun()
        run = await wire.start(thread, ["fail", "boom"])
        assert shown(await until_done(stream))[1:] == [
            ("error", {"error": "ValueError", "message": "boom"}),
            ("metadata", {"status": "run_done", "run_id": run}),
        ]


@pytest.mark.requirement("langgraph.threads.stream")
async def test_a_run_that_is_taken_back_is_done_too(wire: Wire) -> None:
    thread = await wire.thread()
    async with wire.open("GET", path_of(thread)) as stream:
        await stream.begun()
        run = await wire.start(thread, ["wait", "gate"])
        await stream.until(b"attempt")
        await wire.ask("POST", f"/threads/{thread}/runs/{run}/cancel?wait=1&action=rollback")
        assert shown(await until_done(stream)) == [
            ("metadata", {"status": "run_done", "run_id": run})
        ]


@pytest.mark.requirement("langgraph.threads.stream")
async def test_who_joins_in_the_middle_of_a_message_gets_it_whole(wire: Wire) -> None:
    thread = await wire.thread()
    steps: list[Any] = [chunk("a"), ["wait", "gate"], chunk("b")]
    await wire.start(thread, *steps, stream_mode="messages")
    await wire.house.agent.arrived("gate")
    async with wire.open("GET", path_of(thread)) as stream:
        await stream.begun()
        wire.house.agent.open("gate")
        [(name, [message]), _] = shown(await until_done(stream))
    assert (name, message["content"]) == ("messages/partial", "ab")


@pytest.mark.requirement("langgraph.threads.stream.lifecycle")
async def test_lifecycle_shows_begins_and_ends_also_of_runs_that_are_only_waited_for(
    wire: Wire,
) -> None:
    thread = await wire.thread()
    async with wire.open("GET", path_of(thread, "?stream_modes=lifecycle")) as stream:
        await stream.begun()
        run = await wire.start(thread, ["emit", "values", 1], stream_mode="values")
        await wire.ask("POST", f"/threads/{thread}/runs/wait", {"assistant_id": AGENT, "input": []})
        events = shown(await until_done(stream, 2))
    assert events[:2] == [
        ("metadata", {"run_id": run, "attempt": 1}),
        ("metadata", {"status": "run_done", "run_id": run}),
    ]
    assert [list(data) for _, data in events[2:]] == [["run_id", "attempt"], ["status", "run_id"]]
    assert events[2][1]["run_id"] == events[3][1]["run_id"] != run


@pytest.mark.requirement("langgraph.threads.stream.state_update")
async def test_changes_of_the_state_are_shown_to_who_asks_for_them(wire: Wire) -> None:
    thread = await wire.thread()
    await wire.start(thread)
    async with wire.open("GET", path_of(thread, "?stream_modes=state_update")) as stream:
        await stream.begun()
        run = await wire.start(thread, ["emit", "values", 1])
        await wire.ask("GET", f"/threads/{thread}/runs/{run}/join")
        answer = await wire.ask("POST", f"/threads/{thread}/state", {"values": {"x": 1}})
        assert answer.status_code == 200, answer.text
        [(name, data, id)] = frames(await stream.until(b"\r\n\r\n"))
    assert name == "state_update" and id is not None
    assert data["values"] == {"x": 1}
    assert set(data) == {"values", "checkpoint", "parent_checkpoint", "metadata"}


@pytest.mark.requirement("langgraph.threads.stream.parameter")
@pytest.mark.parametrize(
    "query",
    [
        "?stream_modes=lifecycle,state_update",
        "?stream_mode=lifecycle&stream_mode=state_update",
        '?stream_mode=["lifecycle","state_update"]',
        "?stream_modes=lifecycle&stream_mode=state_update",
    ],
)
async def test_modes_are_named_in_every_way_that_clients_know(wire: Wire, query: str) -> None:
    thread = await wire.thread()
    async with wire.open("GET", path_of(thread, query)) as stream:
        await stream.begun()
        assert stream.headers["location"] == path_of(thread, "?stream_modes=lifecycle,state_update")
        await wire.start(thread, ["emit", "values", 1], stream_mode="values")
        assert [name for name, _ in shown(await until_done(stream))] == ["metadata"] * 2
    refused = await wire.ask("GET", path_of(thread, "?stream_mode=values"))
    assert refused.status_code == 422
    assert "run_modes, lifecycle, state_update" in refused.json()["detail"]


@pytest.mark.requirement("langgraph.threads.stream.replay")
async def test_a_thread_is_replayed_from_any_event(wire: Wire) -> None:
    thread = await wire.thread()
    for n in range(2):
        run = await wire.start(thread, ["emit", "custom", n], stream_mode="custom")
        await wire.ask("GET", f"/threads/{thread}/runs/{run}/join")
    for start in ("0", "-1"):
        async with wire.open("GET", path_of(thread), None, {"Last-Event-ID": start}) as stream:
            whole = await until_done(stream, 2)
        assert [data for name, data in shown(whole) if name == "custom"] == [0, 1]
    for n, (_, _, id) in enumerate(whole[:-1]):
        headers = {"Last-Event-ID": id or ""}
        async with wire.open("GET", path_of(thread), None, headers) as stream:
            rest = await until_done(stream, 2 if n < 2 else 1)
        assert rest == whole[n + 1 :]
    bad = await wire.ask("GET", path_of(thread), headers={"Last-Event-ID": "x"})
    assert bad.status_code == 422


@pytest.mark.requirement("langgraph.threads.stream.open")
async def test_a_silent_stream_says_that_it_is_open_and_breaks_off_at_a_stop(wire: Wire) -> None:
    thread = await wire.thread()
    engine = wire.house.engine

    async def follow(request: Request) -> Any:
        following = await engine.threads.follow(thread, EVERYTHING, after=None)
        return sse_answer(following, ThreadStream(engine, ["run_modes"]), {}, pace_s=0.01)

    stream = Streaming(wire.app, "GET", path_of(thread), None, {})
    stream._app = (await follow(Request({"type": "http"}))).__call__
    async with stream:
        assert await stream.chunk() == HEARTBEAT
        assert await stream.chunk() == HEARTBEAT
        engine.hub.hang_up()
        await stream._task  # the answer is broken off, not ended
        while not stream._chunks.empty():
            assert stream._chunks.get_nowait() == HEARTBEAT


@pytest.mark.requirement("langgraph.threads.stream")
async def test_a_stream_of_a_deleted_thread_ends(wire: Wire) -> None:
    thread = await wire.thread()
    async with wire.open("GET", path_of(thread)) as stream:
        await stream.begun()
        await wire.ask("DELETE", f"/threads/{thread}")
        assert await stream.rest() == b""
