"""Following runs over HTTP, in process, and the official client."""

from typing import Any, cast

import pytest
from langgraph_sdk.client import LangGraphClient

from dialects.langgraph.langgraph_http import (
    AGENT,
    ASSISTANT,
    STEPS,
    Wire,
    frames,
    run_body,
)

# What the SDK sends as it is, though its types ask for an object.
NOTHING: Any = []


# Joining a stream


@pytest.mark.requirement("langgraph.runs.join_stream")
async def test_a_run_joined_in_the_middle_shows_only_what_comes(wire: Wire) -> None:
    thread = await wire.thread()
    steps: list[Any] = [["emit", "custom", 1], ["wait", "gate"], ["emit", "custom", 2]]
    run = await wire.start(thread, *steps, stream_mode="custom")
    await wire.house.agent.arrived("gate")
    async with wire.open("GET", f"/threads/{thread}/runs/{run}/stream") as joined:
        await joined.begun()
        wire.house.agent.open("gate")
        assert frames(await joined.rest()) == [("custom", 2, None)]
    late = await wire.ask("GET", f"/threads/{thread}/runs/{run}/stream")
    assert (late.status_code, late.text) == (200, "")


@pytest.mark.requirement("langgraph.stream.replay")
async def test_a_resumable_run_is_replayed_from_any_event(wire: Wire) -> None:
    thread = await wire.thread()
    body = run_body(*STEPS, stream_mode=["values", "custom"], stream_resumable=True)
    first = await wire.ask("POST", f"/threads/{thread}/runs/stream", body)
    path, events = first.headers["location"], frames(first.text)
    assert all(id for _, _, id in events)
    for start in ("-1", "0"):
        again = await wire.ask("GET", path, headers={"Last-Event-ID": start})
        assert again.text == first.text
    rest = await wire.ask("GET", path, headers={"Last-Event-ID": events[1][2] or ""})
    assert frames(rest.text) == events[2:]
    assert (await wire.ask("GET", path)).text == ""
    custom = await wire.ask("GET", f"{path}?stream_mode=custom", headers={"Last-Event-ID": "-1"})
    assert frames(custom.text) == [event for event in events if event[0] == "custom"]
    foreign = await wire.ask("GET", path, headers={"Last-Event-ID": "1795333934812-0"})
    assert foreign.status_code == 422


def chunk(text: str) -> list[Any]:
    """A step that emits a chunk of a message."""
    message = {"type": "AIMessageChunk", "id": "m", "content": text, "tool_call_chunks": []}
    return ["emit", "messages", [message, {}]]


@pytest.mark.requirement("langgraph.stream.messages")
async def test_who_joins_in_the_middle_of_a_message_gets_the_whole_message_so_far(
    wire: Wire,
) -> None:
    thread = await wire.thread()
    steps: list[Any] = [chunk("a"), chunk("b"), ["wait", "gate"], chunk("c")]
    run = await wire.start(thread, *steps, stream_mode="messages", stream_resumable=True)
    await wire.house.agent.arrived("gate")
    async with wire.open("GET", f"/threads/{thread}/runs/{run}/stream") as joined:
        await joined.begun()
        wire.house.agent.open("gate")
        shown = frames(await joined.rest())
    assert [(name, data[0]["content"]) for name, data, _ in shown] == [("messages/partial", "abc")]
    whole = await wire.ask(
        "GET", f"/threads/{thread}/runs/{run}/stream", headers={"Last-Event-ID": "0"}
    )
    events = frames(whole.text)
    rest = await wire.ask(
        "GET",
        f"/threads/{thread}/runs/{run}/stream",
        headers={"Last-Event-ID": events[-2][2] or ""},
    )
    assert frames(rest.text) == events[-1:] == shown


@pytest.mark.requirement("langgraph.stream.disconnect")
async def test_a_run_goes_on_when_its_client_goes_away(wire: Wire) -> None:
    thread = await wire.thread()
    body = run_body(["emit", "values", 1], ["wait", "gate"])
    for path in ("stream", "wait"):
        async with wire.open("POST", f"/threads/{thread}/runs/{path}", body) as answer:
            await answer.begun()
        joined = f"{answer.headers['content-location']}/join"
        wire.house.agent.open("gate")
        assert (await wire.ask("GET", joined)).json() == {"done": ["emit", "wait"]}


# The official client


@pytest.mark.requirement("langgraph.sdk.run_created")
@pytest.mark.requirement("langgraph.sdk")
async def test_the_python_sdk_creates_streams_joins_and_searches(wire: Wire) -> None:
    client = LangGraphClient(wire.client)
    thread = await client.threads.create(metadata={"a": 1})
    id = thread["thread_id"]
    created: list[Any] = []
    parts = [
        (part.event, part.data)
        async for part in client.runs.stream(
            id,
            AGENT,
            input=cast(Any, STEPS),
            stream_mode=["values", "custom"],
            on_run_created=created.append,
        )
    ]
    assert parts[1:] == [("values", {"x": 1}), ("custom", 1), ("values", {"x": 2})]
    assert [(each["thread_id"], each["run_id"]) for each in created] == [
        (id, parts[0][1]["run_id"])
    ]
    assert await client.runs.wait(id, AGENT, input=NOTHING) == {"done": []}
    assert await client.runs.wait(None, AGENT, input=NOTHING) == {"done": []}
    assert [run["status"] for run in await client.runs.list(id)] == ["success", "success"]
    assert (await client.threads.search(metadata={"a": 1}))[0]["thread_id"] == id
    assert (await client.assistants.search(graph_id=AGENT))[0]["assistant_id"] == ASSISTANT
    assert (await client.threads.get_state(id))["values"] == {}
    assert await client.threads.get_history(id) == []
    await client.threads.delete(id)


@pytest.mark.requirement("langgraph.sdk")
@pytest.mark.requirement("langgraph.sdk.run_created")
async def test_the_python_sdk_is_told_of_runs_once_and_joins_failed_ones(wire: Wire) -> None:
    client = LangGraphClient(wire.client)
    id = (await client.threads.create())["thread_id"]
    told: list[Any] = []
    fails: Any = [["fail", "boom"]]
    for thread in (id, None):
        parts = [
            part
            async for part in client.runs.stream(
                cast(Any, thread), AGENT, input=fails, on_run_created=told.append
            )
        ]
        assert [part.event for part in parts] == ["metadata", "error"]
        await client.runs.wait(cast(Any, thread), AGENT, input=NOTHING, on_run_created=told.append)
        await client.runs.create(
            cast(Any, thread), AGENT, input=NOTHING, on_run_created=told.append
        )
    assert len({each["run_id"] for each in told}) == len(told) == 6
    assert [each.get("thread_id") for each in told[:3]] == [id] * 3
    error = {"error": "ValueError", "message": "boom"}
    assert await client.runs.join(id, told[0]["run_id"]) == {"__error__": error}
    late = [part async for part in client.runs.join_stream(id, told[0]["run_id"])]
    assert [(part.event, part.data) for part in late] == [("error", error)]
