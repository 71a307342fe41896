"""A conversation with everything: a model that calls tools, tools that ask, an agent inside."""

import asyncio
import operator
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any, TypedDict

from langchain_core.callbacks import (
    AsyncCallbackManagerForLLMRun,
    CallbackManagerForLLMRun,
)
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    AnyMessage,
    BaseMessage,
    ToolMessage,
    message_chunk_to_message,
)
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.tools import tool
from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph, add_messages
from langgraph.prebuilt import ToolNode
from langgraph.types import Send, interrupt

CITIES = ("Rome", "Oslo")
SUMMARY = ["Both", " are", " booked:"]
REPORT = ["Rome", " is", " warm,", " Oslo", " is", " cold."]


class Talk(TypedDict):
    """A conversation."""

    messages: Annotated[list[AnyMessage], add_messages]


class Scripted(BaseChatModel):
    """A model that says and calls what it is told to, word by word."""

    words: list[str] = []
    calls: list[dict[str, str]] = []

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        chunks = [chunk.message for chunk in self._chunks()]
        whole = chunks[0]
        for chunk in chunks[1:]:
            whole = whole + chunk
        return ChatResult(generations=[ChatGeneration(message=message_chunk_to_message(whole))])

    def _chunks(self) -> Iterator[ChatGenerationChunk]:
        for word in self.words:
            yield ChatGenerationChunk(message=AIMessageChunk(content=word))
        for index, call in enumerate(self.calls):
            half = len(call["args"]) // 2
            for n, args in enumerate((call["args"][:half], call["args"][half:])):
                piece = tool_call_chunk(
                    name=call["name"] if n == 0 else None,
                    args=args,
                    id=call["id"] if n == 0 else None,
                    index=index,
                )
                yield ChatGenerationChunk(
                    message=AIMessageChunk(content="", tool_call_chunks=[piece])
                )
        usage = UsageMetadata(input_tokens=3, output_tokens=5, total_tokens=8)
        yield ChatGenerationChunk(message=AIMessageChunk(content="", usage_metadata=usage))

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._chunks():
            if run_manager:
                await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk
            await asyncio.sleep(0.002)


@tool
async def weather(city: str) -> str:
    """Tell the weather."""
    return f"{city}: fine"


@tool
async def book(city: str) -> str:
    """Book a room; somebody has to agree."""
    return f"{city}: {interrupt({'book': city})}"


def _calls(name: str) -> list[dict[str, str]]:
    return [
        {"name": name, "args": f'{{"city": "{city}"}}', "id": f"{name}-{city}"} for city in CITIES
    ]


def _sent(state: Talk) -> list[Send]:
    """Each call of the last message in a task of its own."""
    last = state["messages"][-1]
    assert isinstance(last, AIMessage)
    return [
        Send("tools", {"__type": "tool_call_with_context", "tool_call": call, "state": state})
        for call in last.tool_calls
    ]


async def _report(state: Talk) -> dict[str, Any]:
    model = Scripted(words=REPORT)
    return {"messages": [await model.ainvoke(state["messages"])]}


async def _look(state: Talk) -> dict[str, Any]:
    model = Scripted(words=["Looking."], calls=_calls("weather"))
    return {"messages": [await model.ainvoke(state["messages"])]}


scout = (
    StateGraph(Talk)
    .add_node("look", _look)
    .add_node("tools", ToolNode([weather]))
    .add_node("report", _report)
    .add_edge(START, "look")
    .add_conditional_edges("look", _sent, ["tools"])
    .add_edge("tools", "report")
    .add_edge("report", END)
    .compile()
)
"""The agent inside: calls two tools, and reports."""


async def _plan(state: Talk) -> dict[str, Any]:
    model = Scripted(words=["I", " book", " both."], calls=_calls("book"))
    return {"messages": [await model.ainvoke(state["messages"])]}


async def _sum_up(state: Talk) -> dict[str, Any]:
    said = [m.content for m in state["messages"] if isinstance(m, ToolMessage)]
    model = Scripted(words=[*SUMMARY, *(f" {each};" for each in sorted(map(str, said)))])
    return {"messages": [await model.ainvoke(state["messages"])]}


crew = (
    StateGraph(Talk)
    .add_node("scout", scout)
    .add_node("plan", _plan)
    .add_node("tools", ToolNode([book]))
    .add_node("sum_up", _sum_up)
    .add_edge(START, "scout")
    .add_edge("scout", "plan")
    .add_conditional_edges("plan", _sent, ["tools"])
    .add_edge("tools", "sum_up")
    .add_edge("sum_up", END)
    .compile()
)
"""Sends out the agent inside, then books two rooms, each of which somebody has to agree to."""


class Notes(TypedDict, total=False):
    """A list that grows."""

    items: Annotated[list[str], operator.add]


async def _tell(state: Notes) -> Notes:
    write = get_stream_writer()
    for percent in (50, 100):
        write({"name": "progress", "payload": {"percent": percent}})
    write({"percent": 100})
    return {"items": ["told"]}


named = StateGraph(Notes).add_node("tell", _tell).add_edge(START, "tell").compile()
"""Writes custom events under a name, and one without."""
