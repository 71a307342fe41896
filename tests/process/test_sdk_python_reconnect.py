"""The Python SDK over connections that break and servers that are killed."""

import asyncio
import warnings
from collections.abc import AsyncIterator
from typing import Any

import pytest
from langgraph_sdk import get_sync_client
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.schema import StreamPart

from process.clients import HI, client_of, collect, data_of, ids_of, leave, names, notes, until
from process.graphs.graphs import REPLY
from process.proxy import cutting_proxy
from process.serving import Server

pytestmark = pytest.mark.timeout(20, func_only=True)

IN = notes("in")
STEPS = [f"s{i}" for i in range(10)]


@pytest.fixture
async def client(server: Server) -> AsyncIterator[LangGraphClient]:
    async with client_of(server) as client:
        yield client


async def new_thread(client: LangGraphClient) -> str:
    return (await client.threads.create())["thread_id"]


async def crash(server: Server) -> None:
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)


def steps_of(parts: list[StreamPart]) -> list[str]:
    updates = data_of(parts, "updates")
    # LangGraph adds "__metadata__" to a step that it takes from its saved writes.
    return [name for update in updates for name in update if name != "__metadata__"]


def check_steps(parts: list[StreamPart]) -> None:
    """The superstep in flight at a crash may be told again, an earlier one never."""
    steps = steps_of(parts)
    assert sorted(set(steps)) == STEPS
    assert len(steps) <= len(STEPS) + 1


async def replay(client: LangGraphClient, parts: list[StreamPart], id: str) -> list[StreamPart]:
    run_id = parts[0].data["run_id"]
    return await collect(client.runs.join_stream(id, run_id, last_event_id="-1"))


@pytest.mark.requirement("langgraph.sdk.reconnect")
@pytest.mark.parametrize(
    "cut",
    [b'{"tick":2}', b'{"tick":2', b'{"tick":2}\r\nid: ', b"event: custom"],
    ids=["before an id", "within data", "within an id", "after a name"],
)
async def test_a_broken_connection_costs_no_event_of_a_resumable_stream(
    shared_server: Server, cut: bytes
) -> None:
    async with cutting_proxy(shared_server.port, cut) as proxy:
        async with client_of(shared_server, proxy.port) as client:
            id = await new_thread(client)
            told: list[Any] = []
            parts = await collect(
                client.runs.stream(
                    id,
                    "slow",
                    input={"n": 5},
                    stream_mode=["values", "custom"],
                    stream_resumable=True,
                    on_run_created=told.append,
                )
            )
            assert proxy.cuts == []
            assert data_of(parts, "custom") == [{"tick": i} for i in [*range(5), "done"]]
            assert parts == await replay(client, parts, id)
            assert len(told) == 1


async def test_a_stream_survives_several_breaks(shared_server: Server) -> None:
    cuts = [b'{"tick":0}', b'{"tick":1}\r\nid: ', b'{"tick":"done"}']
    async with cutting_proxy(shared_server.port, *cuts) as proxy:
        async with client_of(shared_server, proxy.port) as client:
            id = await new_thread(client)
            parts = await collect(
                client.runs.stream(
                    id, "slow", input={"n": 3}, stream_mode="custom", stream_resumable=True
                )
            )
            assert proxy.cuts == []
            assert data_of(parts, "custom") == [{"tick": i} for i in [0, 1, 2, "done"]]
            assert parts == await replay(client, parts, id)


async def test_tokens_add_up_over_a_broken_connection(shared_server: Server) -> None:
    async with cutting_proxy(shared_server.port, b'"content":"brown"') as proxy:
        async with client_of(shared_server, proxy.port) as client:
            id = await new_thread(client)
            modes: Any = ["messages-tuple", "messages"]
            parts = await collect(
                client.runs.stream(id, "chat", input=HI, stream_mode=modes, stream_resumable=True)
            )
            assert proxy.cuts == []
            text = "".join(message["content"] for message, _ in data_of(parts, "messages"))
            assert text == REPLY
            assert data_of(parts, "messages/partial")[-1][0]["content"] == REPLY


@pytest.mark.requirement("langgraph.sdk.reconnect")
async def test_a_wait_survives_a_broken_connection(shared_server: Server) -> None:
    async with cutting_proxy(shared_server.port, b'"ticked"') as proxy:
        async with client_of(shared_server, proxy.port) as client:
            id = await new_thread(client)
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "Request failed, attempting reconnect")
                values = await client.runs.wait(id, "slow", input={"n": 3})
            assert proxy.cuts == []
            assert values == {"n": 3, "items": ["ticked", "done"]}
            assert len(await client.runs.list(id)) == 1


async def test_the_synchronous_client_reconnects_too(shared_server: Server) -> None:
    def stream(port: int) -> list[StreamPart]:
        with get_sync_client(url=f"http://127.0.0.1:{port}", api_key=None) as client:
            id = client.threads.create()["thread_id"]
            return [
                *client.runs.stream(
                    id, "slow", input={"n": 4}, stream_mode="custom", stream_resumable=True
                )
            ]

    async with cutting_proxy(shared_server.port, b'{"tick":2}') as proxy:
        parts = await asyncio.to_thread(stream, proxy.port)
        assert proxy.cuts == []
    assert data_of(parts, "custom") == [{"tick": i} for i in [0, 1, 2, 3, "done"]]


@pytest.mark.requirement("langgraph.sdk.reconnect")
async def test_a_stateless_stream_survives_a_broken_connection(shared_server: Server) -> None:
    async with cutting_proxy(shared_server.port, b'{"tick":2}') as proxy:
        async with client_of(shared_server, proxy.port) as client:
            parts = await collect(
                client.runs.stream(
                    None, "slow", input={"n": 5}, stream_mode="custom", stream_resumable=True
                )
            )
            assert proxy.cuts == []
            assert data_of(parts, "custom") == [{"tick": i} for i in [*range(5), "done"]]


async def test_a_stateless_wait_survives_a_broken_connection_while_the_run_is_at_work(
    shared_server: Server,
) -> None:
    async with cutting_proxy(shared_server.port, b"\r\n\r\n") as proxy:
        async with client_of(shared_server, proxy.port) as client:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "Request failed, attempting reconnect")
                values = await client.runs.wait(None, "slow", input={"n": 60})
            assert proxy.cuts == []
            assert values == {"n": 60, "items": ["ticked", "done"]}


async def test_threads_states_questions_and_streams_outlive_a_killed_server(
    server: Server, client: LangGraphClient
) -> None:
    done, asking = await new_thread(client), await new_thread(client)
    parts = await collect(client.runs.stream(done, "echo", input=IN, stream_resumable=True))
    await client.runs.wait(asking, "hitl", input=IN)
    before = await everything(client, done, asking)
    await crash(server)
    assert await everything(client, done, asking) == before
    assert await replay(client, parts, done) == parts
    answered = await client.runs.wait(asking, "hitl", command={"resume": "yes"})
    assert answered == {"items": ["in", "asked", "answer yes"]}
    more = await client.runs.wait(done, "echo", input=notes("more"))
    assert more == {"items": ["in", "a", "b", "more", "a", "b"]}


async def everything(client: LangGraphClient, *ids: str) -> list[Any]:
    """All that can be read of threads, and of the assistants."""
    rows: list[Any] = [await client.threads.search(ids=ids), await client.assistants.search()]
    for id in ids:
        rows += [
            await client.threads.get(id),
            await client.threads.get_state(id),
            await client.threads.get_history(id, limit=100),
            await client.runs.list(id),
        ]
    return rows


async def test_a_run_in_flight_goes_on_by_itself_after_a_crash(
    server: Server, client: LangGraphClient
) -> None:
    id = await new_thread(client)
    modes: Any = ["custom", "updates"]
    stream = client.runs.stream(
        id, "steps", input={"n": 50}, stream_mode=modes, stream_resumable=True
    )
    begin = await until(stream, "updates", {"s3": {"items": ["s3"]}})
    run_id = begin[0].data["run_id"]
    await leave(stream)
    await crash(server)
    later = await collect(client.runs.join_stream(id, run_id, last_event_id=begin[-1].id))
    assert ("metadata", {"run_id": run_id, "attempt": 2}) in [(p.event, p.data) for p in later]
    ids = ids_of(begin + later)
    assert ids == sorted(set(ids))
    check_steps(begin + later)
    values: Any = await client.runs.join(id, run_id)
    assert values["items"] == STEPS
    assert (await client.runs.get(id, run_id))["status"] == "success"
    assert (await client.threads.get(id))["status"] == "idle"
    assert len(await client.threads.get_history(id, limit=100)) == len(STEPS) + 2


async def test_a_stream_goes_on_over_a_crash(server: Server, client: LangGraphClient) -> None:
    id = await new_thread(client)
    stream = client.runs.stream(
        id, "steps", input={"n": 50}, stream_mode="updates", stream_resumable=True
    )
    begin = await until(stream, "updates", {"s3": {"items": ["s3"]}})
    await crash(server)
    rest = await collect(stream)
    assert data_of(rest, "metadata")[-1]["attempt"] == 2
    check_steps(begin + rest)
    ids = ids_of(begin + rest)
    assert ids == sorted(set(ids))


async def test_a_run_in_flight_survives_an_orderly_restart_without_repeating_a_step(
    server: Server, client: LangGraphClient
) -> None:
    id = await new_thread(client)
    stream = client.runs.stream(
        id, "steps", input={"n": 100}, stream_mode="updates", stream_resumable=True
    )
    begin = await until(stream, "updates", {"s3": {"items": ["s3"]}})
    assert await asyncio.to_thread(server.stop) == 0
    await asyncio.to_thread(server.start)
    parts = begin + await collect(stream)
    assert steps_of(parts) == STEPS
    assert "error" not in names(parts)


async def test_queued_and_stateless_runs_are_run_after_a_crash(
    server: Server, client: LangGraphClient
) -> None:
    id = await new_thread(client)
    stateless = await client.runs.create(None, "slow", input={"n": 20})
    await client.runs.create(id, "slow", input={"n": 10})
    queued = [await client.runs.create(id, "echo", input=notes(name)) for name in ("x", "y")]
    await crash(server)
    joined = await client.runs.join(stateless["thread_id"], stateless["run_id"])
    assert joined == {"n": 20, "items": ["ticked", "done"]}
    values: Any = await client.runs.join(id, queued[-1]["run_id"])
    assert values["items"] == "ticked done x a b y a b".split()
