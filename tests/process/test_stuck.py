"""A server whose agents do not stop starts itself again, and nobody loses by it."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from langgraph_sdk.client import LangGraphClient

from process.clients import client_of, leave, until
from process.serving import READY, Server

pytestmark = pytest.mark.timeout(90)

GRAPHS = Path(__file__).parent / "stuck_graphs"
BAD: Any = {"bad": True}
STEPS = [str(n) for n in range(60)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that bears one stuck thread and two seconds of a blocked loop."""
    env = {"DEMOTIC_STUCK_LIMIT": "1", "DEMOTIC_BLOCKED_SECS": "2"}
    with Server(tmp_path / "data", graphs=GRAPHS, env=env) as server:
        yield server


async def leave_one(client: LangGraphClient) -> None:
    """Cancel a run whose node blocks its thread for ever."""
    thread = (await client.threads.create())["thread_id"]
    stream = client.runs.stream(thread, "deaf", input=BAD, stream_mode="custom")
    await until(stream, "custom", "stuck")
    [run] = await client.runs.list(thread)
    await client.runs.cancel(thread, run["run_id"], wait=True)
    await leave(stream)


async def knock(server: Server, over: asyncio.Event) -> int:
    """Connect again and again; how often a connection was answered. None may be refused."""
    answered = 0
    while not over.is_set():
        async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
            with suppress(httpx.ReadError, httpx.RemoteProtocolError):  # it just went away
                answered += (await http.get(f"{server.base_url}/ok")).status_code == 200
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), 0.02)
    return answered


async def restarted(server: Server) -> None:
    """Wait until the server says once more where it serves."""
    text = server.log_text()
    await asyncio.to_thread(server.wait_for_log, "too much code of agents", 20)
    await asyncio.to_thread(server.wait_for_log, READY, 30, len(text))


@pytest.mark.filterwarnings("ignore:Request failed, attempting reconnect")  # the SDK says so
async def test_too_many_stuck_threads_restart_the_server_and_no_connection_is_refused(
    server: Server,
) -> None:
    pid, over = server.pid, asyncio.Event()
    async with client_of(server) as client:
        knocking = asyncio.create_task(knock(server, over))
        thread = (await client.threads.create())["thread_id"]
        slow = await client.runs.create(thread, "slow", input={"log": []}, stream_resumable=True)
        await leave_one(client)
        await leave_one(client)
        await restarted(server)
        values: Any = await client.runs.join(thread, slow["run_id"])
        assert values["log"] == STEPS, "a run that was at work goes on, each step once"
        values = await client.runs.wait(None, "deaf", input={"log": []})
        assert values["log"] == ["well"]
        over.set()
        assert await knocking > 10
    assert server.pid == pid
    assert await asyncio.to_thread(server.stop) == 0


async def test_a_server_with_a_stuck_thread_stops_when_it_is_asked_to(server: Server) -> None:
    async with client_of(server) as client:
        await leave_one(client)
    assert await asyncio.to_thread(server.stop) == 0


async def test_a_run_that_blocks_the_event_loop_for_ever_fails_and_the_server_goes_on(
    server: Server,
) -> None:
    async with client_of(server) as client:
        thread = (await client.threads.create())["thread_id"]
        run = await client.runs.create(thread, "blocking", input=BAD)
        joined = None
        while joined is None:
            with suppress(httpx.HTTPError):  # the server ends while it is asked
                joined = await client.runs.join(thread, run["run_id"])
        assert "__error__" in joined
        values: Any = await client.runs.wait(None, "blocking", input={"log": []})
        assert values["log"] == ["well"]
    assert server.log_text().count("the event loop is blocked, leases are not renewed") >= 3
