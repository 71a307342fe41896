"""The graphs of the benchmark. They call no model and no network, so only overhead is measured."""

import asyncio
import operator
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Annotated, Any, TypedDict, cast

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import interrupt

TOKENS = 200
STEPS = 10
ECHO = "constant"
SLEPT = "slept"
RECORDS = 1000

Graph = StateGraph[Any, Any, Any, Any]
Node = Callable[[Any], Awaitable[Any]]


class CountingModel(BaseChatModel):
    """A chat model that says `tok0 tok1 ...`, one token at a time, as fast as it is read."""

    @property
    def _llm_type(self) -> str:
        return "counting"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        text = "".join(_tokens())
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content=text))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for token in _tokens():
            yield ChatGenerationChunk(message=AIMessageChunk(content=token))

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for token in _tokens():
            yield ChatGenerationChunk(message=AIMessageChunk(content=token))


def _tokens() -> Iterator[str]:
    return (f"tok{number} " for number in range(TOKENS))


class EchoState(TypedDict, total=False):
    """State of `echo`."""

    q: str
    out: str


class StepsState(TypedDict, total=False):
    """State of `steps`: the numbers of the nodes that ran."""

    log: Annotated[list[int], operator.add]


class SleepyState(TypedDict, total=False):
    """State of `sleepy`."""

    secs: float
    out: str


class BigState(TypedDict, total=False):
    """State of `bigstate`: about 195 kB as JSON."""

    q: str
    records: list[dict[str, Any]]


class InterruptibleState(TypedDict, total=False):
    """State of `interruptible`."""

    q: str
    answer: Any


_model = CountingModel()
_records = [{"id": n, "name": f"record-{n}", "text": "x" * 150} for n in range(RECORDS)]


async def _echo(state: EchoState) -> dict[str, str]:
    return {"out": ECHO}


async def _chat(state: MessagesState) -> dict[str, list[BaseMessage]]:
    return {"messages": [await _model.ainvoke(state["messages"])]}


async def _sleep(state: SleepyState) -> dict[str, str]:
    await asyncio.sleep(float(state.get("secs") or 1.0))
    return {"out": SLEPT}


async def _fill(state: BigState) -> dict[str, Any]:
    return {"records": _records}


async def _ask(state: InterruptibleState) -> dict[str, Any]:
    return {"answer": interrupt({"question": "go on?"})}


def _step(number: int) -> Node:
    async def node(state: StepsState) -> dict[str, list[int]]:
        return {"log": [number]}

    return node


def _chain(state: type, **nodes: Node) -> Graph:
    """A graph of nodes that run one after another."""
    graph: Graph = StateGraph(state)
    last = START
    for name, node in nodes.items():
        graph.add_node(name, cast(Any, node))
        graph.add_edge(last, name)
        last = name
    graph.add_edge(last, END)
    return graph


BUILDERS: dict[str, Graph] = {
    "echo": _chain(EchoState, echo=_echo),
    "chat10": _chain(MessagesState, chat=_chat),
    "steps": _chain(StepsState, **{f"n{number}": _step(number) for number in range(STEPS)}),
    "sleepy": _chain(SleepyState, sleepy=_sleep),
    "interruptible": _chain(InterruptibleState, ask=_ask),
    "bigstate": _chain(BigState, fill=_fill),
}
"""The graphs before compilation, for who wants a checkpointer of their own."""

echo = BUILDERS["echo"].compile()
chat10 = BUILDERS["chat10"].compile()
steps = BUILDERS["steps"].compile()
sleepy = BUILDERS["sleepy"].compile()
interruptible = BUILDERS["interruptible"].compile()
bigstate = BUILDERS["bigstate"].compile()
