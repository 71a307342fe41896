"""The example's language models: a local one that follows rules, and the choice of a real one."""

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.messages.tool import tool_call, tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

logger = logging.getLogger(__name__)

INSTRUCTIONS = (
    "You answer questions about Demotic, an agent server. Call search_docs before you answer, say "
    "only what it returned, and cite the title of the section in quotation marks. When the user "
    "wants something remembered, noted, saved or passed on as feedback, call save_note with the "
    "words to keep; a person is asked before it is saved, so report what was decided.\n"
)
NOTES_LINE = "Notes kept on this thread: "

GUIDE = (
    "I answer questions about Demotic from its documentation, and I can keep a note for you.\n"
    "\n"
    "Ask me, for example:\n"
    "- What is Demotic?\n"
    "- What happens to a run when the server crashes?\n"
    "- How do I resume after an interrupt?\n"
    "- Which clients can I use?\n"
    "\n"
    'Or say "Remember that the demo is on Friday": I ask before I save it. '
    '"Show my notes" lists what was saved on this thread.'
)
NOTHING_FOUND = "I found nothing about that in the documentation.\n\n"
EMPTY_NOTE = 'What should I write down? Say it in one message: "Remember that ..."'

SMALL_TALK = re.compile(
    r"\W*((hello|hi|hey|help|thanks|thank you|ok|okay|yes|no|test|good (morning|day|evening))\W*)*",
    re.IGNORECASE,
)
NOTES_QUESTION = re.compile(
    r"\b(my|your|the|all|any|which|what) notes\b|\b(asked?|told) you to (remember|note|save)\b",
    re.IGNORECASE,
)
QUESTION = re.compile(
    r"\W*((what|how|why|when|where|which|who|do|does|did|is|are|should)\b|(can|will) (?!you\b))",
    re.IGNORECASE,
)
NOTE_WORD = re.compile(
    r"\b(remember|save|note|feedback|write (this |that |it )?down)\b", re.IGNORECASE
)
NOTE_REQUEST = re.compile(
    r"""\W*((please|(can|could|would|will)\ you|i(\ want|\ would\ like|'d\ like)\ (you\ )?to)\W+)*
    (
        (remember|save|note|write|take|make|send|leave|give|keep)\b\W*
        (((this|that|it|down|as|a|my|some)\W+)*(note|feedback|down)\b\W*)?
        ((this|that|it)\b\W*)?
    |
        (my\ )?feedback\s*[:,-]\s*
    )?""",
    re.IGNORECASE | re.VERBOSE,
)
"""How a request for a note begins; what follows is the note."""


def instructions(notes: Sequence[str]) -> SystemMessage:
    """What a model is told at the start of every turn."""
    return SystemMessage(INSTRUCTIONS + NOTES_LINE + json.dumps(list(notes), ensure_ascii=False))


def reply(messages: Sequence[BaseMessage], tools: Collection[str]) -> AIMessage:
    """The local model's next message: a tool call, or an answer made from what tools returned."""
    last = messages[-1] if messages else None
    if isinstance(last, ToolMessage):
        return AIMessage(_report(last))
    if not isinstance(last, HumanMessage) or SMALL_TALK.fullmatch(last.text):
        return AIMessage(GUIDE)
    said = str(last.text)
    if NOTES_QUESTION.search(said):
        return AIMessage(_list_notes(messages))
    if "save_note" in tools and NOTE_WORD.search(said) and not QUESTION.match(said):
        return _save(said, len(messages))
    if "search_docs" in tools:
        return _call("search_docs", {"query": said}, len(messages))
    return AIMessage(GUIDE)


def _call(name: str, args: dict[str, Any], place: int) -> AIMessage:
    return AIMessage("", tool_calls=[tool_call(name=name, args=args, id=f"call_{place}")])


def _save(request: str, place: int) -> AIMessage:
    text = NOTE_REQUEST.sub("", request, count=1).strip()
    return _call("save_note", {"text": text}, place) if text else AIMessage(EMPTY_NOTE)


def _list_notes(messages: Sequence[BaseMessage]) -> str:
    told = messages[0].text.partition(NOTES_LINE)[2] if messages[0].type == "system" else ""
    notes = json.loads(told) if told else []
    listed = "\n".join(f"- {note}" for note in notes)
    return f"Saved on this thread:\n{listed}" if notes else "Nothing is saved on this thread yet."


def _report(message: ToolMessage) -> str:
    if message.status == "error":
        return f"That did not work: {message.text}"
    if message.name == "save_note":
        return _report_note(json.loads(message.text))
    if message.name == "search_docs":
        return _report_search(json.loads(message.text))
    return str(message.text)


def _report_note(result: dict[str, Any]) -> str:
    if result["saved"]:
        return f'Saved on this thread: "{result["text"]}"'
    reason = f' Your words: "{result["reason"]}"' if result["reason"] else ""
    return f"I did not save it.{reason}"


def _report_search(found: list[dict[str, str]]) -> str:
    if not found:
        return NOTHING_FOUND + GUIDE
    best, *others = found
    page = f', on the page "{best["page"]}"' if best["page"] != best["section"] else ""
    source = f'Source: "{best["section"]}"{page}.'
    if others:
        source += " See also: " + ", ".join(f'"{other["section"]}"' for other in others) + "."
    return f"{best['text']}\n\n{source}"


def _chunks(message: AIMessage) -> Iterator[ChatGenerationChunk]:
    """The message in pieces: a tool call in one, text word by word."""
    calls = [
        tool_call_chunk(name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=at)
        for at, call in enumerate(message.tool_calls)
    ]
    words = re.findall(r"\s*\S+|\s+$", message.text) or [""]
    for word in words[:-1]:
        yield ChatGenerationChunk(message=AIMessageChunk(content=word))
    last = AIMessageChunk(content=words[-1], tool_call_chunks=calls, chunk_position="last")
    yield ChatGenerationChunk(message=last)


class LocalChatModel(BaseChatModel):
    """A chat model of a few rules, for trying things out: the same messages, the same answer."""

    @property
    def _llm_type(self) -> str:
        return "demotic-example"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """This model, allowed to call `tools`; which of them it calls is up to its rules."""
        return self.bind(tools=[convert_to_openai_tool(each) for each in tools], **kwargs)

    def _reply(self, messages: list[BaseMessage], options: dict[str, Any]) -> AIMessage:
        return reply(messages, {each["function"]["name"] for each in options.get("tools", ())})

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._reply(messages, kwargs))])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._reply(messages, kwargs))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        yield from _chunks(self._reply(messages, kwargs))

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in _chunks(self._reply(messages, kwargs)):
            yield chunk
            # A real model waits for its network here, and lets others send what it said so far.
            await asyncio.sleep(0)


@dataclass(frozen=True)
class Provider:
    """A real model: the key that asks for it, and where LangChain keeps it."""

    key: str
    module: str
    class_name: str
    default_model: str


PROVIDERS = (
    Provider("OPENAI_API_KEY", "langchain_openai", "ChatOpenAI", "gpt-4.1-mini"),
    Provider("ANTHROPIC_API_KEY", "langchain_anthropic", "ChatAnthropic", "claude-haiku-4-5"),
)


def choose_model(
    environ: Mapping[str, str], load: Callable[[str], Any] = import_module
) -> BaseChatModel:
    """The model that the environment asks for, or the local one where none is asked or found."""
    asked = [provider for provider in PROVIDERS if environ.get(provider.key)]
    for provider in asked:
        try:
            model_class: Callable[..., BaseChatModel] = getattr(
                load(provider.module), provider.class_name
            )
        except ImportError:
            continue
        return model_class(model=environ.get("DEMOTIC_EXAMPLE_MODEL") or provider.default_model)
    if asked:
        _warn_of_missing_packages(asked)
    return LocalChatModel()


def _warn_of_missing_packages(asked: Sequence[Provider]) -> None:
    logger.warning(
        "%s is set, but its package is not installed: the example uses its local model. "
        "For the real one: pip install %s",
        " and ".join(provider.key for provider in asked),
        " ".join(provider.module.replace("_", "-") for provider in asked),
    )
