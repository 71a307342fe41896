"""The example agent, as a newcomer meets it: questions, notes, and the choice of its model."""

import importlib.util
import json
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command

import demotic.example
from demotic.example.graph import build, builder, graph, review
from demotic.example.model import GUIDE, LocalChatModel, choose_model, instructions, reply
from demotic.example.retrieval import CORPUS, Index, read_corpus, sections

THREAD: RunnableConfig = {"configurable": {"thread_id": "one"}}
PACKAGE = Path(demotic.example.__file__).parent
PAGES = sorted(CORPUS.glob("*.md"))
REQUEST = "Remember that the demo is on Friday"


def agent(model: BaseChatModel | None = None) -> CompiledStateGraph[Any, Any, Any, Any]:
    """The example with a saver that knows the strictly allowed types only."""
    saver = InMemorySaver(serde=JsonPlusSerializer(allowed_msgpack_modules=None))
    return build(model or LocalChatModel()).compile(checkpointer=saver)


async def say(served: CompiledStateGraph[Any, Any, Any, Any], text: str) -> dict[str, Any]:
    """The state after one message of the user."""
    said = {"messages": [{"role": "user", "content": text}]}
    result: dict[str, Any] = await served.ainvoke(said, THREAD)
    return result


async def answer(served: CompiledStateGraph[Any, Any, Any, Any], value: object) -> dict[str, Any]:
    """The state after a person answered the interrupt."""
    result: dict[str, Any] = await served.ainvoke(Command(resume=value), THREAD)
    return result


async def test_a_question_is_answered_from_the_documentation_with_its_section_named() -> None:
    state = await say(agent(), "What is Demotic?")
    asked, call, found, answered = state["messages"]
    assert (asked.type, found.name) == ("human", "search_docs")
    assert call.tool_calls[0]["args"] == {"query": "What is Demotic?"}
    assert answered.text.startswith("Demotic is an agent server.")
    assert 'Source: "What Demotic is"' in answered.text
    assert state["notes"] == []


async def test_the_answer_is_streamed_word_by_word() -> None:
    said = {"messages": [HumanMessage("How do I reconnect to a stream?")]}
    served = agent()
    pieces: dict[str, list[str]] = {}
    async for chunk, _ in served.astream(said, THREAD, stream_mode="messages"):
        if isinstance(chunk, AIMessageChunk):
            pieces.setdefault(str(chunk.id), []).append(chunk.text)
    final = (await served.aget_state(THREAD)).values["messages"][-1]
    assert final.text.startswith("When the connection breaks")
    assert 'Source: "Reconnecting to a stream", on the page "Threads, runs' in final.text
    assert "".join(pieces[final.id]) == final.text
    assert len(pieces[final.id]) == len(final.text.split())


def test_the_model_streams_the_same_message_without_a_loop() -> None:
    model = LocalChatModel()
    whole = model.invoke("hello")
    assert whole.text == GUIDE
    assert "".join(chunk.text for chunk in model.stream("hello")) == GUIDE


@pytest.mark.parametrize(
    "question", ["What is Demotic?", "Which clients can I use?", "zebra", REQUEST]
)
async def test_equal_questions_get_equal_answers(question: str) -> None:
    first, second = [await say(agent(), question) for _ in range(2)]
    assert [m.content for m in first["messages"]] == [m.content for m in second["messages"]]


async def test_a_note_is_saved_only_after_a_person_was_asked() -> None:
    served = agent()
    paused = await say(served, REQUEST)
    (question,) = paused["__interrupt__"]
    assert question.value == {
        "question": 'Save this note? "the demo is on Friday"',
        "action": "save_note",
        "args": {"text": "the demo is on Friday"},
    }
    assert paused["notes"] == []
    done = await answer(served, "yes")
    assert done["notes"] == ["the demo is on Friday"]
    assert done["messages"][-1].text == 'Saved on this thread: "the demo is on Friday"'


@pytest.mark.parametrize("value", ["yes", " Yes. ", True, {"approve": True}])
async def test_every_form_of_yes_approves(value: object) -> None:
    served = agent()
    await say(served, REQUEST)
    assert (await answer(served, value))["notes"] == ["the demo is on Friday"]


@pytest.mark.parametrize("approval", [{}, {"approve": True}])
async def test_an_edited_note_is_saved_as_edited(approval: dict[str, Any]) -> None:
    served = agent()
    await say(served, REQUEST)
    done = await answer(served, {**approval, "args": {"text": "the demo is on Monday"}})
    assert done["notes"] == ["the demo is on Monday"]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("no, it moved", "no, it moved"),
        (False, ""),
        ({"approve": False, "reason": "too early"}, "too early"),
        ({"approve": False, "args": {"text": "sneaky"}}, ""),
        ({"args": {"text": " "}}, "The edited note has no text."),
        (["yes"], ""),
    ],
)
async def test_anything_else_declines_with_the_reason_given(value: object, reason: str) -> None:
    assert review("text", value) == {"saved": False, "reason": reason}
    served = agent()
    await say(served, REQUEST)
    done = await answer(served, value)
    assert done["notes"] == []
    assert done["messages"][-1].text.startswith("I did not save it.")
    assert reason in done["messages"][-1].text


async def test_each_note_is_saved_exactly_once_over_many_turns() -> None:
    served = agent()
    for text in ("Note: first", "Please save this as a note: second"):
        await say(served, text)
        await answer(served, True)
        await say(served, "What is a run?")
    state = await say(served, "Show my notes")
    assert state["notes"] == ["first", "second"]
    assert state["messages"][-1].text == "Saved on this thread:\n- first\n- second"


class TwoNotes(BaseChatModel):
    """A model that calls tools as real ones may: several at once, and some wrongly."""

    @property
    def _llm_type(self) -> str:
        return "two-notes"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self

    def _generate(self, messages: Any, *args: Any, **kwargs: Any) -> ChatResult:
        made = [
            ("save_note", {"text": "a"}),
            ("search_docs", {"query": "thread"}),
            ("save_note", {"text": "b"}),
            ("save_note", {}),
            ("send_mail", {}),
        ]
        calls = [{"name": name, "args": a, "id": str(at)} for at, (name, a) in enumerate(made)]
        told = AIMessage("done") if messages[-1].type == "tool" else AIMessage("", tool_calls=calls)
        return ChatResult(generations=[ChatGeneration(message=told)])


async def test_several_calls_at_once_are_asked_one_after_the_other() -> None:
    served = agent(TwoNotes())
    first = await say(served, "go")
    assert first["__interrupt__"][0].value["args"] == {"text": "a"}
    second = await answer(served, "yes")
    assert second["__interrupt__"][0].value["args"] == {"text": "b"}
    assert second["notes"] == []
    done = await answer(served, "yes")
    assert done["notes"] == ["a", "b"]
    results = [m for m in done["messages"] if isinstance(m, ToolMessage)]
    assert [m.status for m in results] == ["success", "success", "success", "error", "error"]
    assert "text" in results[3].text
    assert "send_mail" in results[4].text


@pytest.mark.parametrize("text", ["", "hi", "Hello!", "help", "thank you", "...", "yes"])
async def test_unclear_input_gets_a_friendly_explanation(text: str) -> None:
    assert (await say(agent(), text))["messages"][-1].text == GUIDE


async def test_a_question_that_the_documentation_cannot_answer_says_so() -> None:
    state = await say(agent(), "What is the capital of France?")
    assert state["messages"][-1].text.startswith("I found nothing about that")
    assert state["messages"][-1].text.endswith(GUIDE)


@pytest.mark.parametrize(
    ("request_text", "note"),
    [
        ("Remember my birthday is in May", "my birthday is in May"),
        ("Can you remember that I like tea?", "I like tea?"),
        ("Feedback: the docs are short", "the docs are short"),
        ("My feedback is that it works", "My feedback is that it works"),
        ("I'd like to send feedback: great", "great"),
        ("write this down: call Ada", "call Ada"),
        ("Take a note that it rains", "it rains"),
        ("Save: Müller, 5 €", "Müller, 5 €"),
    ],
)
def test_the_note_is_what_follows_the_request(request_text: str, note: str) -> None:
    (call,) = reply([HumanMessage(request_text)], {"save_note"}).tool_calls
    assert call["args"] == {"text": note}


def test_a_request_without_words_to_save_asks_for_them() -> None:
    said = reply([HumanMessage("Please save a note")], {"save_note"})
    assert said.tool_calls == []
    assert "What should I write down?" in said.text


@pytest.mark.parametrize("question", ["How do I save state?", "Can I save a thread?"])
def test_a_question_about_saving_is_a_question(question: str) -> None:
    (call,) = reply([HumanMessage(question)], {"save_note", "search_docs"}).tool_calls
    assert call["name"] == "search_docs"


def test_no_tool_is_called_that_was_not_given() -> None:
    assert reply([HumanMessage(REQUEST)], ()).text == GUIDE
    assert reply([], ()).text == GUIDE
    listed = reply([instructions([]), HumanMessage("show my notes")], ())
    assert listed.text == "Nothing is saved on this thread yet."


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("What is Demotic?", "What Demotic is"),
        ("What happens to a run when the server crashes?", "Surviving a crash"),
        ("How do I resume after an interrupt?", "Resuming after an interrupt"),
        ("Which clients can I use?", "Which clients you can use"),
        ("What if I send two messages while a run is busy?", "Two messages at once"),
        ("What is a thread?", "Threads"),
        ("What is a run?", "Runs"),
        ("What is the feed?", "The feed"),
        ("How do I serve my own graph?", "Serving your own graph"),
        ("Is ACP supported?", "ACP"),
        ("How do I cancel a run?", "Cancelling a run"),
        ("Can a step run twice?", "What may run twice"),
        ("How do I reconnect after the connection broke?", "Reconnecting to a stream"),
    ],
)
def test_the_right_section_ranks_first(question: str, title: str) -> None:
    assert Index(read_corpus()).search(question)[0].title == title


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_section_of_every_page_is_found_by_its_title(page: Path) -> None:
    index = Index(read_corpus())
    found = sections(page.read_text(encoding="utf-8"))
    assert len(found) >= 3
    for section in found:
        assert section in index.search(section.title)


def test_an_empty_index_finds_nothing() -> None:
    assert Index([]).search("thread") == []


def load(name: str) -> Any:
    """Imports provider packages of our own making, the OpenAI one being absent."""
    if name == "langchain_openai":
        raise ModuleNotFoundError(name)
    return SimpleNamespace(ChatAnthropic=lambda model: ("anthropic", model))


def choose(environ: dict[str, str]) -> Any:
    return choose_model(environ, load)


def test_without_a_key_the_local_model_answers(caplog: pytest.LogCaptureFixture) -> None:
    assert isinstance(choose({"OPENAI_API_KEY": ""}), LocalChatModel)
    assert caplog.records == []


def test_a_key_with_its_package_chooses_the_real_model() -> None:
    key = {"ANTHROPIC_API_KEY": "k"}
    assert choose(key) == ("anthropic", "claude-haiku-4-5")
    assert choose({**key, "DEMOTIC_EXAMPLE_MODEL": "other"}) == ("anthropic", "other")
    assert choose({**key, "OPENAI_API_KEY": "k"})[0] == "anthropic"


def test_a_key_without_its_package_warns_once_and_stays_local(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        assert isinstance(choose({"OPENAI_API_KEY": "k"}), LocalChatModel)
    (record,) = caplog.records
    assert "pip install langchain-openai" in record.getMessage()


def test_the_configuration_names_a_graph_that_loads_from_its_file() -> None:
    config = json.loads((PACKAGE / "langgraph.json").read_text(encoding="utf-8"))
    path, _, attribute = config["graphs"]["docs"]["path"].partition(":")
    spec = importlib.util.spec_from_file_location("example_from_file", PACKAGE / path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    loaded = getattr(module, attribute)
    assert isinstance(loaded, CompiledStateGraph)
    assert loaded.checkpointer is None
    assert set(loaded.get_input_jsonschema()["properties"]) == {"messages", "notes"}


def test_the_graph_is_its_builder_compiled() -> None:
    assert graph.builder is builder
    assert {"agent", "tools"} <= set(graph.nodes)
