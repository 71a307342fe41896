"""Thread streams of the Python SDK against a real server, over SSE and WebSocket."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Literal

import pytest
from langgraph_sdk.client import LangGraphClient

from process.clients import client_of, notes
from process.graphs.graphs import REPLY
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
