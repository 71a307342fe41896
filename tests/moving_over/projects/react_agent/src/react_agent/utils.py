"""Helpers."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult


class FakeChatModel(BaseChatModel):
    """Stands for a provider's model: searches once, then says what was found."""

    name_of_model: str

    @property
    def _llm_type(self) -> str:
        return "fake"

    def bind_tools(self, tools: Sequence[Callable[..., Any]], **kwargs: Any) -> Any:
        return self

    def _answer(self, messages: list[BaseMessage]) -> AIMessage:
        last = messages[-1]
        if isinstance(last, ToolMessage):
            return AIMessage(f"{self.name_of_model} says: it is sunny.")
        call = {"name": "search", "args": {"query": last.text}, "id": f"call-{len(messages)}"}
        return AIMessage("", tool_calls=[call])

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._answer(messages))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        answer = self._answer(messages)
        if answer.tool_calls:
            call = answer.tool_calls[0]
            chunk = {"name": "search", "args": '{"query": "weather"}', "id": call["id"], "index": 0}
            yield ChatGenerationChunk(message=AIMessageChunk("", tool_call_chunks=[chunk]))
            return
        for word in answer.text.split(" "):
            yield ChatGenerationChunk(message=AIMessageChunk(f"{word} "))


def load_chat_model(fully_specified_name: str) -> BaseChatModel:
    """The model named as provider/name."""
    _, name = fully_specified_name.split("/", maxsplit=1)
    return FakeChatModel(name_of_model=name)
