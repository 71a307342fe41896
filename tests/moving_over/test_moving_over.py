"""Projects in the shape that `langgraph dev` serves are served unchanged, and converse."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langgraph_sdk import get_sync_client
from langgraph_sdk.client import SyncLangGraphClient

from process.serving import Server

PROJECTS = Path(__file__).parent / "projects"


def client_of(server: Server) -> SyncLangGraphClient:
    """The SDK, told only where the server is."""
    return get_sync_client(url=server.base_url, api_key=None, timeout=20)


def asked(text: str) -> Any:
    """A user's message as input."""
    return {"messages": [{"role": "user", "content": text}]}


def served(project: str, data_dir: Path) -> Iterator[Server]:
    """A project, served; it has nothing to warn of and is left as it was."""
    with Server(data_dir, graphs=PROJECTS / project) as server:
        assert "Warning" not in server.log_text()
        yield server
        assert not (PROJECTS / project / ".demotic").exists()


@pytest.fixture(scope="module")
def react(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A ReAct agent with a src layout."""
    yield from served("react_agent", tmp_path_factory.mktemp("react"))


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two graphs of one package, with relative imports."""
    yield from served("multi_graph", tmp_path_factory.mktemp("several"))


@pytest.fixture(scope="module")
def research(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Graphs that ask people, with subgraphs and functions."""
    yield from served("research", tmp_path_factory.mktemp("research"))


def test_an_agent_calls_its_tool_and_remembers_the_conversation(react: Server) -> None:
    with client_of(react) as client:
        thread = client.threads.create()["thread_id"]
        first: Any = client.runs.wait(thread, "agent", input=asked("How is the weather?"))
        kinds = [each["type"] for each in first["messages"]]
        assert kinds == ["human", "ai", "tool", "ai"]
        assert first["messages"][2]["content"].count("sunny") == 3
        assert first["messages"][-1]["content"].strip() == "weather says: it is sunny."
        second: Any = client.runs.wait(thread, "agent", input=asked("And tomorrow?"))
        assert len(second["messages"]) == 8


def test_its_tokens_are_streamed_and_its_context_is_taken(react: Server) -> None:
    context: Any = {"model": "fake/other", "max_search_results": 1}
    with client_of(react) as client:
        parts = list(
            client.runs.stream(
                None,
                "agent",
                input=asked("Weather?"),
                context=context,
                stream_mode=["messages-tuple", "values"],
            )
        )
        tokens = [part.data[0]["content"] for part in parts if part.event == "messages"]
        assert "".join(tokens[-6:]).strip().endswith("it is sunny.")
        assert "other " in tokens
        last = [part for part in parts if part.event == "values"][-1].data["messages"]
        assert last[2]["content"].count("sunny") == 1


def test_graphs_of_one_package_share_what_it_holds(several: Server) -> None:
    with client_of(several) as client:
        names = {each["graph_id"] for each in client.assistants.search()}
        assert names == {"indexer", "chat"}
        client.runs.wait(None, "indexer", input={"docs": []})
        thread = client.threads.create()["thread_id"]
        vague: Any = client.runs.wait(thread, "chat", input=asked("Hm"))
        assert vague["messages"][-1]["content"] == "What do you want to know?"
        config: Any = {"configurable": {"greeting": "Hi!", "search_kwargs": {"k": 1}}}
        known: Any = client.runs.wait(
            thread, "chat", input=asked("Where do threads keep it?"), config=config
        )
        answer = known["messages"][-1]["content"]
        assert answer == "Hi! From 1 document(s): Threads keep state."
        state: Any = client.threads.get_state(thread)["values"]
        assert state["router"] == {"type": "documents", "logic": "length"}
        assert [each["page_content"] for each in state["documents"]] == ["Threads keep state."]


def test_people_are_asked_for_the_plan_and_then_in_parallel_subgraphs(research: Server) -> None:
    with client_of(research) as client:
        thread = client.threads.create()["thread_id"]
        plan: Any = client.runs.wait(thread, "report", input={"topic": "tea", "feedback": []})
        assert "tea history, tea future" in plan["__interrupt__"][0]["value"]
        more: Any = client.runs.wait(thread, "report", command={"resume": "taste"})
        assert "tea taste" in more["__interrupt__"][0]["value"]
        questions: Any = client.runs.wait(thread, "report", command={"resume": True})
        asked_for = {each["id"]: each["value"]["expert"] for each in questions["__interrupt__"]}
        assert sorted(asked_for.values()) == [
            "What is tea future?",
            "What is tea history?",
            "What is tea taste?",
        ]
        assert client.threads.get(thread)["status"] == "interrupted"
        answers = {id: question.split()[-1] for id, question in asked_for.items()}
        done: Any = client.runs.wait(thread, "report", command={"resume": answers})
        assert done["final_report"] == (
            "(brief) tea history: history?; tea future: future?; tea taste: taste?"
        )


def test_answers_survive_a_restart_of_the_server(tmp_path: Path) -> None:
    server = Server(tmp_path, graphs=PROJECTS / "research")
    with server, client_of(server) as client:
        thread = client.threads.create()["thread_id"]
        client.runs.wait(thread, "report", input={"topic": "tea", "feedback": []})
        server.kill()
        server.start()
        state: Any = client.threads.get_state(thread)
        assert state["next"] == ["human_feedback"]
        more: Any = client.runs.wait(thread, "report", command={"resume": "taste"})
        assert "tea taste" in more["__interrupt__"][0]["value"]


def test_a_function_asks_and_knows_what_it_returned_before(research: Server) -> None:
    with client_of(research) as client:
        thread = client.threads.create()["thread_id"]
        for topic, before in (("cats", None), ("dogs", "cats")):
            said: Any = topic
            question: Any = client.runs.wait(thread, "essay", input=said)
            expected = {"essay": f"An essay about {topic}", "words": 4}
            assert question["__interrupt__"][0]["value"] == expected
            done: Any = client.runs.wait(thread, "essay", command={"resume": "good"})
            assert done == {"essay": expected["essay"], "review": "good", "before": before}
