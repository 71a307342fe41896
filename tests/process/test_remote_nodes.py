"""RemoteGraph as a node: of a local graph, and of a graph that the same server serves."""

import uuid
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.pregel.remote import RemoteGraph
from langgraph.types import Command, Interrupt, StateSnapshot
from langgraph_sdk.client import LangGraphClient

from process.clients import HI, client_of, notes, sync_client_of
from process.graphs.graphs import REPLY, Chat, Inner, Notes
from process.serving import Server

pytestmark = pytest.mark.timeout(10, func_only=True)

MODES: Any = ["values", "updates"]
ECHOED = [
    ((), "values", {"items": ["in"]}),
    (("far",), "values", {"items": ["in"]}),
    (("far",), "updates", {"a": {"items": ["a"]}}),
    (("far",), "values", {"items": ["in", "a"]}),
    (("far",), "updates", {"b": {"items": ["b"]}}),
    (("far",), "values", {"items": ["in", "a", "b"]}),
    ((), "updates", {"far": {"items": ["in", "a", "b"]}}),
    ((), "values", {"items": ["in", "in", "a", "b"]}),
]
"""What a graph with `echo` as its node streams, as one with a local graph there would."""


def around(remote: RemoteGraph, state: Any = Notes) -> Any:
    """A local graph with a remote one as its only node."""
    node: Any = remote
    graph = StateGraph(state).add_node("far", node).add_edge(START, "far")
    return graph.compile(checkpointer=InMemorySaver())


def on_a_thread() -> Any:
    """The configuration of a new thread; its id is that of both the local and the remote one."""
    return {"configurable": {"thread_id": str(uuid.uuid4())}}


def thread_of(config: Any) -> str:
    """The thread's id."""
    return str(config["configurable"]["thread_id"])


def named(path: tuple[str, ...]) -> tuple[str, ...]:
    """A namespace without ids."""
    return tuple(part.split(":")[0] for part in path)


async def settled(client: LangGraphClient, config: Any) -> None:
    """Wait for the remote runs: RemoteGraph leaves as soon as it has seen a question."""
    for run in await client.runs.list(thread_of(config)):
        await client.runs.join(thread_of(config), run["run_id"])


async def test_a_remote_node_streams_as_a_local_graph_would(shared_server: Server) -> None:
    async with client_of(shared_server) as client:
        graph = around(RemoteGraph("echo", client=client))
        stream = graph.astream(notes("in"), on_a_thread(), stream_mode=MODES, subgraphs=True)
        assert [(named(path), mode, data) async for path, mode, data in stream] == ECHOED
        stream = graph.astream(notes("in"), on_a_thread(), stream_mode=MODES)
        outer = [(mode, data) for path, mode, data in ECHOED if path == ()]
        assert [each async for each in stream] == outer


async def test_a_graph_inside_a_remote_node_streams_under_both_names(
    shared_server: Server,
) -> None:
    async with client_of(shared_server) as client:
        graph = around(RemoteGraph("sub", client=client))
        stream = graph.astream(
            notes(), on_a_thread(), stream_mode=["updates", "custom"], subgraphs=True
        )
        assert [(named(path), mode, data) async for path, mode, data in stream] == [
            (("far", "outer"), "custom", {"from": "inside"}),
            (("far", "outer"), "updates", {"inside": {"items": ["inside"]}}),
            (("far",), "updates", {"outer": {"items": ["outer"]}}),
            (("far",), "custom", {"from": "after"}),
            (("far",), "updates", {"after": {"items": ["after"]}}),
            ((), "updates", {"far": {"items": ["outer", "after"]}}),
        ]


async def test_a_remote_node_streams_its_messages(shared_server: Server) -> None:
    async with client_of(shared_server) as client:
        graph = around(RemoteGraph("chat", client=client), Chat)
        stream = graph.astream(HI, on_a_thread(), stream_mode="messages", subgraphs=True)
        parts = [(named(path), data) async for path, data in stream]
        assert {path for path, _ in parts} == {("far",)}
        assert "".join(chunk["content"] for _, (chunk, _) in parts) == REPLY


async def test_the_state_of_a_remote_node_is_seen_in_the_outer_one(shared_server: Server) -> None:
    async with client_of(shared_server) as client:
        graph, config = around(RemoteGraph("hitl", client=client)), on_a_thread()
        asked = await graph.ainvoke(notes("in"), config)
        assert [each.value for each in asked["__interrupt__"]] == [{"question": "Go on?"}]
        await settled(client, config)
        state = await graph.aget_state(config, subgraphs=True)
        (far,) = state.tasks
        assert (state.values, state.next, state.interrupts) == (
            notes("in"),
            ("far",),
            far.interrupts,
        )
        assert isinstance(far.state, StateSnapshot)
        assert (far.state.values, far.state.next) == (notes("in", "asked"), ("ask",))
        assert far.state.interrupts == state.interrupts

        plain = await graph.aget_state(config)
        history = [each async for each in graph.aget_state_history(plain.tasks[0].state)]
        assert [each.next for each in history] == [("ask",), ("before",), ("__start__",)]
        outer = [each async for each in graph.aget_state_history(config)]
        assert [each.next for each in outer] == [("far",), ("__start__",)]


@pytest.mark.parametrize(
    ("remote", "state", "answered"),
    [
        ("hitl", Notes, notes("asked", "answer Go on?")),
        ("nested", Inner, {"asked": "inside inside?"}),
        ("two_questions", Notes, notes("left left?", "right right?")),
    ],
)
async def test_a_question_in_a_remote_node_is_answered_through_the_outer_graph(
    remote: str, state: Any, answered: Any, shared_server: Server
) -> None:
    async with client_of(shared_server) as client:
        graph, config = around(RemoteGraph(remote, client=client), state), on_a_thread()
        given = notes() if state is Notes else {"asked": ""}
        found = await graph.ainvoke(given, config)
        while questions := found.get("__interrupt__"):
            (question,) = questions  # RemoteGraph passes on one at a time
            found = await graph.ainvoke(Command(resume={question.id: words(question)}), config)
        assert found == answered
        await settled(client, config)
        inner = await client.threads.get_state(thread_of(config))
        assert (inner["values"], inner["next"]) == (answered, [])


def words(question: Interrupt) -> str:
    """What a question asks."""
    return str(question.value["question"] if isinstance(question.value, dict) else question.value)


async def test_an_answer_to_another_node_leaves_a_remote_one_its_input(
    shared_server: Server,
) -> None:
    async with client_of(shared_server) as client:
        asks: Any = RemoteGraph("hitl", client=client)
        echoes: Any = RemoteGraph("echo", client=client)
        builder = StateGraph(Notes).add_node("asks", asks).add_node("echoes", echoes)
        builder.add_edge(START, "asks").add_edge("asks", "echoes")
        graph: Any = builder.compile(checkpointer=InMemorySaver())
        config = on_a_thread()
        (question,) = (await graph.ainvoke(notes(), config))["__interrupt__"]
        await graph.ainvoke(Command(resume={question.id: "yes"}), config)
        once = ["asked", "answer yes"]
        state = await client.threads.get_state(thread_of(config))
        assert state["values"] == notes(*once, *once, "a", "b")  # both remote ones share the thread


def test_a_remote_node_is_used_synchronously(shared_server: Server) -> None:
    with sync_client_of(shared_server) as client:
        graph = around(RemoteGraph("echo", sync_client=client))
        stream = graph.stream(notes("in"), on_a_thread(), stream_mode=MODES, subgraphs=True)
        assert [(named(path), mode, data) for path, mode, data in stream] == ECHOED

        graph, config = around(RemoteGraph("hitl", sync_client=client)), on_a_thread()
        (question,) = graph.invoke(notes("in"), config)["__interrupt__"]
        for run in client.runs.list(thread_of(config)):
            client.runs.join(thread_of(config), run["run_id"])
        state = graph.get_state(config, subgraphs=True)
        assert state.tasks[0].state.values == notes("in", "asked")
        assert len([*graph.get_state_history(config)]) == 2
        found = graph.invoke(Command(resume={question.id: "yes"}), config)
        assert found == notes("in", "in", "asked", "answer yes")


@pytest.mark.parametrize("graph", ["calls", "calls_sync"])
async def test_a_served_graph_calls_another_one_of_its_server(
    graph: str, shared_server: Server
) -> None:
    async with client_of(shared_server) as client:
        id = (await client.threads.create())["thread_id"]
        config: Any = {"configurable": {"url": shared_server.base_url}}
        asked: Any = await client.runs.wait(id, graph, input=notes("in"), config=config)
        (question,) = asked["__interrupt__"]
        assert question["value"] == {"question": "Go on?"}
        answer: Any = {"resume": {question["id"]: "yes"}}
        found = await client.runs.wait(id, graph, command=answer, config=config)
        assert found == notes("in", "asked", "answer yes")
        assert (await client.threads.get(id))["status"] == "idle"


async def test_a_served_graph_that_calls_on_its_own_thread_is_told_so(
    shared_server: Server,
) -> None:
    async with client_of(shared_server) as client:
        id = (await client.threads.create())["thread_id"]
        config: Any = {"configurable": {"url": shared_server.base_url}}
        with pytest.raises(Exception, match="call the agent on a thread of its own"):
            await client.runs.wait(id, "calls_itself", input=notes("in"), config=config)
        assert len(await client.runs.list(id)) == 1
