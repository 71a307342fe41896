"""LangGraph's RemoteGraph against a real server: a graph elsewhere, used like a local one."""

from typing import Any
from uuid import uuid4

import pytest
from langgraph.graph import START, StateGraph
from langgraph.pregel.remote import RemoteGraph
from langgraph.types import Command

from process.clients import client_of, notes, sync_client_of
from process.graphs.graphs import REPLY, Notes, echo, nested
from process.serving import Server

pytestmark = pytest.mark.timeout(10, func_only=True)

IN = notes("in")


async def test_a_remote_graph_is_invoked_without_a_thread(shared_server: Server) -> None:
    async with client_of(shared_server) as client:
        remote = RemoteGraph("echo", client=client)
        assert await remote.ainvoke(IN) == {"items": ["in", "a", "b"]}


async def test_a_remote_graph_streams_its_updates(shared_server: Server) -> None:
    async with client_of(shared_server) as client:
        remote = RemoteGraph("echo", client=client)
        parts = [part async for part in remote.astream(IN, stream_mode="updates")]
        assert parts == [{"a": {"items": ["a"]}}, {"b": {"items": ["b"]}}]


async def test_a_remote_graph_streams_messages_and_subgraphs(shared_server: Server) -> None:
    async with client_of(shared_server) as client:
        chat = RemoteGraph("chat", client=client)
        hi = {"messages": [{"role": "user", "content": "Hi"}]}
        chunks: list[Any] = [part async for part in chat.astream(hi, stream_mode="messages")]
        assert "".join(message["content"] for message, _ in chunks) == REPLY

        sub = RemoteGraph("sub", client=client)
        parts = [part async for part in sub.astream(IN, stream_mode="updates", subgraphs=True)]
        assert [(namespace and "in a subgraph") for namespace, _ in parts] == [
            "in a subgraph",
            (),
            (),
        ]


async def test_a_remote_graph_keeps_state_in_a_thread(shared_server: Server) -> None:
    async with client_of(shared_server) as client:
        id = (await client.threads.create())["thread_id"]
        remote = RemoteGraph("echo", client=client)
        config: Any = {"configurable": {"thread_id": id}}
        await remote.ainvoke(IN, config)
        state = await remote.aget_state(config)
        assert (state.values, state.next) == ({"items": ["in", "a", "b"]}, ())
        history = [each async for each in remote.aget_state_history(config)]
        assert [each.next for each in history] == [(), ("b",), ("a",), ("__start__",)]
        again = await remote.ainvoke({"items": ["more"]}, config)
        assert again == {"items": ["in", "a", "b", "more", "a", "b"]}


async def test_a_remote_graph_asks_and_is_answered(shared_server: Server) -> None:
    async with client_of(shared_server) as client:
        id = (await client.threads.create())["thread_id"]
        remote = RemoteGraph("hitl", client=client)
        config: Any = {"configurable": {"thread_id": id}}
        asked = await remote.ainvoke(IN, config)
        assert asked["items"] == ["in", "asked"]
        state = await remote.aget_state(config)
        assert state.next == ("ask",)
        assert [each.value for each in state.tasks[0].interrupts] == [{"question": "Go on?"}]
        answered = await remote.ainvoke(Command(resume="yes"), config)
        assert answered == {"items": ["in", "asked", "answer yes"]}


async def test_an_error_of_a_remote_graph_is_raised_here(shared_server: Server) -> None:
    async with client_of(shared_server) as client:
        with pytest.raises(Exception, match="boom"):
            await RemoteGraph("err", client=client).ainvoke(IN)


async def test_a_remote_graph_is_a_node_of_a_local_one(shared_server: Server) -> None:
    async with client_of(shared_server) as client:
        remote: Any = RemoteGraph("echo", client=client)
        graph = StateGraph(Notes).add_node("far", remote).add_edge(START, "far").compile()
        # Both append to what they got, so that the local state has the remote one's input twice.
        assert await graph.ainvoke({"items": ["in"]}) == {"items": ["in", "in", "a", "b"]}


def test_a_remote_graph_is_used_synchronously(shared_server: Server) -> None:
    remote = RemoteGraph("echo", url=shared_server.base_url, api_key=str(uuid4()))
    assert remote.invoke(IN) == {"items": ["in", "a", "b"]}
    assert remote.sync_client is not None
    remote.sync_client.http.client.close()


async def test_a_remote_graph_is_followed_and_answered_as_a_thread_stream(
    shared_server: Server,
) -> None:
    async with client_of(shared_server) as client:
        id = (await client.threads.create())["thread_id"]
        remote = RemoteGraph("hitl", client=client)
        config: Any = {"configurable": {"thread_id": id}}
        async with await remote.astream_events(IN, config, version="v3") as run:
            shown = [values async for values in run.values]
            assert await run.interrupted() and shown[-1] == {"items": ["in", "asked"]}
            [question] = await run.interrupts()
        assert question["value"] == {"question": "Go on?"}
        answer: Any = Command(resume="yes")
        async with await remote.astream_events(answer, config, version="v3") as run:
            assert await run.output() == {"items": ["in", "asked", "answer yes"]}


def test_a_remote_graph_is_followed_synchronously_as_a_thread_stream(
    shared_server: Server,
) -> None:
    with sync_client_of(shared_server) as client:
        remote = RemoteGraph("echo", sync_client=client)
        config: Any = {"configurable": {"thread_id": str(uuid4())}}
        with remote.stream_events(IN, config, version="v3") as run:
            assert [*run.values][-1] == run.output == {"items": ["in", "a", "b"]}


async def test_a_remote_graph_is_drawn_as_the_local_one(shared_server: Server) -> None:
    async with client_of(shared_server) as client:
        for name, local in (("echo", echo), ("nested", nested)):
            drawn = await RemoteGraph(name, client=client).aget_graph(xray=True)
            expected = local.get_graph(xray=True)
            assert [*drawn.nodes] == [*expected.nodes]
            ends = [[(each.source, each.target) for each in g.edges] for g in (drawn, expected)]
            assert ends[0] == ends[1]
