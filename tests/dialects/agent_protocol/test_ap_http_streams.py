"""Streams of runs over HTTP, in process."""

from typing import Any

import httpx
import pytest

from demotic.dialects.agent_protocol.stream import RunStream
from demotic.web import sse
from dialects.agent_protocol.ap_graphs import REPLY, asking, chat
from dialects.agent_protocol.ap_http import (
    AGENT,
    STEPS,
    UNKNOWN,
    ScriptedWire,
    run_body,
    serving,
)
from dialects.langgraph.langgraph_http import frames

ERROR = {"error": "ValueError", "message": "boom"}


def named(shown: Any) -> list[str]:
    """The names of the events."""
    return [name for name, *_ in shown]


@pytest.mark.requirement("ap.runs.stream")
async def test_a_run_is_streamed(wire: ScriptedWire) -> None:
    thread = await wire.thread()
    body = run_body(*STEPS, thread_id=thread, stream_mode=["values", "custom"])
    answer = await wire.ask("POST", "/runs/stream", body)
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    shown = frames(answer.content)
    (run,) = await wire.told("GET", f"/threads/{thread}/runs")
    assert [(name, data) for name, data, _ in shown] == [
        ("metadata", {"run_id": run["run_id"], "attempt": 1}),
        ("values", {"x": 1}),
        ("custom", 1),
        ("values", {"x": 2}),
    ]


@pytest.mark.requirement("ap.stream.ids")
async def test_every_event_has_an_id_and_they_rise(wire: ScriptedWire) -> None:
    body = run_body(*STEPS, ["fail", "boom"], stream_mode=["values", "custom"])
    shown = frames((await wire.ask("POST", "/runs/stream", body)).content)
    ids = [int(id or "") for *_, id in shown]
    assert named(shown) == ["metadata", "values", "custom", "values", "error"]
    assert ids == sorted(set(ids))


@pytest.mark.requirement("ap.runs.stream_mode")
@pytest.mark.parametrize(
    ("mode", "names"),
    [
        (None, ["metadata", "values", "values"]),
        ("values", ["metadata", "values", "values"]),
        (["values"], ["metadata", "values", "values"]),
        ("custom", ["metadata", "custom"]),
        (["custom", "values"], ["metadata", "values", "custom", "values"]),
        ("updates", ["metadata"]),
        ("messages", ["metadata"]),
    ],
)
async def test_the_modes_that_are_named_are_shown(
    mode: Any, names: list[str], wire: ScriptedWire
) -> None:
    body = run_body(*STEPS, stream_mode=mode)
    assert named(frames((await wire.ask("POST", "/runs/stream", body)).content)) == names


async def test_modes_that_are_none_are_refused(wire: ScriptedWire) -> None:
    for mode in ("events", ["values", "debug"], "messages-tuple", 1, [1]):
        refused = await wire.ask("POST", "/runs/stream", run_body(stream_mode=mode))
        assert refused.status_code == 422
        assert "`stream_mode" in refused.json()["message"]


async def test_a_conversation_is_streamed_word_by_word() -> None:
    async with serving(chat) as wire:
        said = [{"role": "user", "content": "Hi", "id": "m"}]
        body = {"messages": said, "stream_mode": ["messages", "updates", "values"]}
        shown = frames((await wire.ask("POST", "/runs/stream", body)).content)
        parts = [data[0] for name, data, _ in shown if name == "messages"]
        assert "".join(each["content"] for each in parts) == REPLY
        assert {each["role"] for each in parts} == {"assistant"}
        (update,) = [data for name, data, _ in shown if name == "updates"]
        (added,) = update["model"]["messages"]
        assert (added["role"], added["content"]) == ("assistant", REPLY)
        assert shown[-1][:2] == ("values", {"messages": [*said, added]})


async def test_a_paused_run_shows_what_it_asks_and_so_does_its_stream_later() -> None:
    async with serving(asking) as wire:
        body = {"input": {"items": ["x"]}}
        shown = frames((await wire.ask("POST", "/runs/stream", body)).content)
        name, data, _ = shown[-1]
        assert (name, data["__interrupt__"][0]["value"]) == ("values", "Go on?")
        later = await wire.ask("GET", f"/runs/{shown[0][1]['run_id']}/stream")
        ((name, again, _),) = frames(later.content)
        assert (name, again) == ("values", data)


async def test_a_failed_run_ends_with_one_error_also_late(wire: ScriptedWire) -> None:
    body = run_body(["emit", "values", {"x": 1}], ["fail", "boom"])
    shown = frames((await wire.ask("POST", "/runs/stream", body)).content)
    assert [each[:2] for each in shown[1:]] == [("values", {"x": 1}), ("error", ERROR)]
    late = await wire.ask("GET", f"/runs/{shown[0][1]['run_id']}/stream")
    assert frames(late.content) == [shown[-1]]


@pytest.mark.requirement("ap.runs.join_stream")
async def test_a_joined_stream_shows_what_comes_from_now_on(wire: ScriptedWire) -> None:
    id = await wire.start(
        ["emit", "values", {"x": 1}], ["wait", "gate"], ["emit", "values", {"x": 2}]
    )
    await wire.agent.arrived("gate")
    async with wire.open("GET", f"/runs/{id}/stream") as joined:
        await joined.begun()
        wire.agent.open("gate")
        shown = frames(await joined.rest())
    assert [each[:2] for each in shown] == [("values", {"x": 2})]
    missing = await wire.ask("GET", f"/runs/{UNKNOWN}/stream")
    assert (missing.status_code, missing.json()["code"]) == (404, "run_not_found")


async def test_a_run_that_was_waited_for_shows_its_values_at_the_end(wire: ScriptedWire) -> None:
    thread = await wire.thread()
    body = run_body(["wait", "gate"], thread_id=thread)
    async with wire.open("POST", "/runs/wait", body) as waiting:
        await wire.agent.arrived("gate")
        (run,) = await wire.told("GET", f"/threads/{thread}/runs")
        async with wire.open("GET", f"/runs/{run['run_id']}/stream") as joined:
            await joined.begun()
            wire.agent.open("gate")
            shown = frames(await joined.rest())
        await waiting.rest()
    assert [each[:2] for each in shown] == [("values", {"done": ["wait"]})]


async def test_of_a_run_that_is_over_its_last_values_are_shown(wire: ScriptedWire) -> None:
    for options in ({}, {"thread_id": await wire.thread()}, {"stream_mode": "custom"}):
        id = (await wire.wait(*STEPS, **options))["run"]["run_id"]
        for _ in range(2):
            shown = frames((await wire.ask("GET", f"/runs/{id}/stream")).content)
            assert [each[:2] for each in shown] == [("values", {"done": ["emit"] * 3})]


async def test_a_client_that_comes_back_goes_on_after_the_last_event_it_saw(
    wire: ScriptedWire,
) -> None:
    body = run_body(*STEPS, ["fail", "boom"], stream_mode=["values", "custom"])
    shown = frames((await wire.ask("POST", "/runs/stream", body)).content)
    path = f"/runs/{shown[0][1]['run_id']}/stream"
    for place, (*_, id) in enumerate(shown):
        rest = await wire.ask("GET", path, headers={"Last-Event-ID": id or ""})
        assert frames(rest.content) == shown[place + 1 :]
    for start in ("0", "-1"):
        rest = await wire.ask("GET", path, headers={"Last-Event-ID": start})
        assert frames(rest.content) == shown
    refused = await wire.ask("GET", path, headers={"Last-Event-ID": "x"})
    assert refused.status_code == 422


@pytest.mark.requirement("ap.stream.accept")
@pytest.mark.parametrize("accept", ["application/json", "text/event-stream", "image/png", "*/*"])
async def test_streams_and_json_are_served_whatever_is_accepted(
    accept: str, wire: ScriptedWire
) -> None:
    headers = {"Accept": accept, "Content-Type": "application/json"}
    streamed = await wire.ask("POST", "/runs/stream", run_body(*STEPS), headers)
    assert streamed.headers["content-type"].startswith("text/event-stream")
    id = frames(streamed.content)[0][1]["run_id"]
    joined = await wire.ask("GET", f"/runs/{id}/stream", headers=headers)
    assert joined.headers["content-type"].startswith("text/event-stream")
    shown = await wire.ask("GET", f"/runs/{id}", headers=headers)
    assert shown.headers["content-type"] == "application/json"
    waited = await wire.ask("GET", f"/runs/{id}/wait", headers=headers)
    assert waited.headers["content-type"] == "application/json"


@pytest.mark.requirement("ap.stream.heartbeat")
async def test_a_silent_stream_is_kept_open_by_a_comment_and_a_blank_line(
    wire: ScriptedWire,
) -> None:
    started = await wire.house.start(None, ["wait", "gate"], modes=("values",))
    rendering = RunStream(started.run, wire.engine.runs.outcome, ["values"])
    text = b""
    async for chunk in sse.frames(started.following, rendering, pace_s=0.01):
        text += chunk
        if sse.HEARTBEAT * 2 in text:
            wire.agent.open("gate")
    started.following.close()
    assert sse.HEARTBEAT == b": heartbeat\r\n\r\n"
    assert named(frames(text)) == ["metadata", "values"]


@pytest.mark.requirement("ap.runs.on_disconnect")
@pytest.mark.parametrize("path", ["/runs/stream", "/runs/wait"])
@pytest.mark.parametrize(
    ("options", "status"),
    [({}, "error"), ({"on_disconnect": "cancel"}, "error"), ({"on_disconnect": "continue"}, None)],
)
async def test_a_run_ends_with_the_client_that_started_it_unless_it_is_to_go_on(
    path: str, options: dict[str, str], status: str | None, wire: ScriptedWire
) -> None:
    thread = await wire.thread()
    body = run_body(["wait", "gate"], thread_id=thread, **options)
    async with wire.open("POST", path, body) as stream:
        await wire.agent.arrived("gate")
        if path == "/runs/wait":
            await stream.begun()  # it listens for the client from then on
    (run,) = await wire.told("GET", f"/threads/{thread}/runs")
    if status is None:
        wire.agent.open("gate")
    answer = await wire.told("GET", f"/runs/{run['run_id']}/wait")
    assert answer["run"]["status"] == (status or "success")


async def test_a_background_run_goes_on_when_one_who_joined_goes_away(wire: ScriptedWire) -> None:
    id = await wire.start(["wait", "gate"])
    await wire.agent.arrived("gate")
    for path in ("stream", "wait"):
        async with wire.open("GET", f"/runs/{id}/{path}") as joined:
            await joined.begun()
    wire.agent.open("gate")
    assert (await wire.told("GET", f"/runs/{id}/wait"))["run"]["status"] == "success"


async def test_a_client_that_reads_text_sees_the_whole_stream(wire: ScriptedWire) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(wire.app)) as client:
        body = {"agent_id": AGENT, "input": STEPS}
        answer = await client.post("http://test/runs/stream", json=body)
    assert answer.text.startswith("event: metadata\r\ndata: {")
