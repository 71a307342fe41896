"""Thread streams of the Python SDK against a real server, over SSE and WebSocket."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Literal

import pytest
from langgraph_sdk._async.stream import AsyncThreadStream
from langgraph_sdk.client import LangGraphClient

from process.clients import HI, client_of, notes
from process.graphs.graphs import REPLY
from process.proxy import cutting_proxy
from process.serving import Server

pytestmark = pytest.mark.timeout(20, func_only=True)

Transport = Literal["sse", "websocket"]
BOTH = pytest.mark.parametrize("transport", ["sse", "websocket"])
WITHIN_S = 10


@pytest.fixture
async def client(shared_server: Server) -> AsyncIterator[LangGraphClient]:
    async with client_of(shared_server) as client:
        yield client


@BOTH
async def test_messages_come_word_by_word_and_add_up(
    client: LangGraphClient, transport: Transport
) -> None:
    said: dict[str, Any] = {"messages": [{"role": "user", "content": "Hi"}]}
    async with asyncio.timeout(WITHIN_S):
        async with client.threads.stream(assistant_id="chat", transport=transport) as thread:
            await thread.run.start(input=said)
            messages = [message async for message in thread.messages]
            texts = [await message.text for message in messages]
            output = await thread.output
    assert texts == [REPLY]
    assert output["messages"][-1]["content"] == REPLY


@BOTH
async def test_a_question_is_answered_in_the_same_stream(
    client: LangGraphClient, transport: Transport
) -> None:
    async with asyncio.timeout(WITHIN_S):
        async with client.threads.stream(assistant_id="hitl", transport=transport) as thread:
            await thread.run.start(input=notes("in"))
            shown = [values async for values in thread.values]
            [question] = thread.interrupts
            await thread.run.respond("yes")
            output = await thread.output
    assert question["value"] == {"question": "Go on?"}
    assert shown[-1]["items"][:1] == ["in"]
    assert output["items"] == ["in", "asked", "answer yes"]


@BOTH
async def test_a_conversation_with_tools_an_inner_agent_and_two_questions(
    client: LangGraphClient, transport: Transport
) -> None:
    async with asyncio.timeout(WITHIN_S):
        async with client.threads.stream(assistant_id="crew", transport=transport) as thread:
            await thread.run.start(input=HI)
            seen = await until_it_asks(thread)
            graph = await thread.agent.get_tree()
            while len(thread.interrupts) < 2:
                await client.threads.get(thread.thread_id)  # meanwhile events come in
            asked = [*thread.interrupts]
            answers = [
                {
                    "interrupt_id": each["interrupt_id"],
                    "namespace": each["namespace"],
                    "response": "agreed",
                }
                for each in asked
            ]
            # The SDK's `respond` knows one answer; the protocol takes all of them at once.
            await thread._send_command("input.respond", {"responses": answers})
            output = await thread.output
    called = [each["tool_name"] for each in seen if each.get("event") == "tool-started"]
    assert sorted(called) == ["book", "book", "weather", "weather"]
    assert "scout" in {each.get("graph_name") for each in seen}
    assert sorted(each["value"]["book"] for each in asked) == ["Oslo", "Rome"]
    assert "scout" in [each["id"] for each in graph["nodes"]]
    final = output["messages"][-1]["content"]
    assert "Rome: agreed" in final and "Oslo: agreed" in final


@BOTH
async def test_a_cancel_ends_the_stream(client: LangGraphClient, transport: Transport) -> None:
    async with asyncio.timeout(WITHIN_S):
        async with client.threads.stream(assistant_id="slow", transport=transport) as thread:
            run_id = (await thread.run.start(input={"n": 200}))["run_id"]
            ends: list[str] = []
            async for event in thread.subscribe(["custom", "lifecycle"]):
                data: Any = event["params"]["data"]
                if event["method"] == "custom" and data["payload"]["tick"] == 1:
                    await client.runs.cancel(thread.thread_id, run_id)
                elif event["method"] == "lifecycle" and not event["params"]["namespace"]:
                    ends.append(data["event"])
                    if data["event"] != "running":
                        break
            run = await client.runs.get(thread.thread_id, run_id)
    assert ends == ["running", "interrupted"]
    assert run["status"] == "interrupted"


@BOTH
async def test_connections_that_break_cost_no_event(
    shared_server: Server, transport: Transport
) -> None:
    ticks: list[Any] = []
    async with (
        asyncio.timeout(WITHIN_S),
        cutting_proxy(shared_server.port, b'"tick":2', b'"tick":6') as proxy,
        client_of(shared_server, proxy.port) as client,
        client.threads.stream(assistant_id="slow", transport=transport) as thread,
    ):
        await thread.run.start(input={"n": 12})
        async for event in thread.subscribe(["custom"]):
            data: Any = event["params"]["data"]
            ticks.append(data["payload"]["tick"])
            if ticks[-1] == "done":
                break
        assert proxy.cuts == []
    assert ticks == [*range(12), "done"]


async def until_it_asks(thread: AsyncThreadStream) -> list[Any]:
    """What tools and agents tell until the outermost agent asks. One subscription: the SDK waits
    for ever where a second one is opened while it opens the first."""
    seen: list[Any] = []
    async for event in thread.subscribe(["tools", "lifecycle"]):
        seen.append(event["params"]["data"])
        if not event["params"]["namespace"] and seen[-1].get("event") == "interrupted":
            break
    return seen
