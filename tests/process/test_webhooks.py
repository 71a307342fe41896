"""Webhooks of a real server, asked for by the official SDK and taken by a real receiver."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import UnprocessableEntityError
from standardwebhooks import Webhook

from process.clients import client_of, collect, notes
from process.serving import GRAPHS, Server
from receiving import Receiver, receiving

pytestmark = pytest.mark.timeout(120)

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
LOCAL = {"require_https": False, "disable_loopback": False}


def project(folder: Path, **webhooks: Any) -> Path:
    """A folder with the graphs, and these rules for webhooks."""
    folder.mkdir()
    names = ("echo", "hitl", "err", "slow")
    config = {
        "dependencies": [str(GRAPHS)],
        "graphs": {name: f"{GRAPHS / 'graphs.py'}:{name}" for name in names},
        "webhooks": webhooks,
    }
    (folder / "langgraph.json").write_text(json.dumps(config))
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A server that may call this machine."""
    folder = tmp_path_factory.mktemp("webhooks")
    headers = {"X-From": "demotic ${{ env.LG_WEBHOOK_NAME }}"}
    graphs = project(folder / "project", url=LOCAL, headers=headers)
    env = {"DEMOTIC_WEBHOOK_SECRET": SECRET, "LG_WEBHOOK_NAME": "one"}
    with Server(folder / "data", graphs=graphs, env=env) as running:
        yield running


@pytest.fixture
async def client(server: Server) -> AsyncIterator[LangGraphClient]:
    """The official SDK."""
    async with client_of(server) as opened:
        yield opened


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Somebody who is told."""
    async with receiving() as opened:
        yield opened


async def log(server: Server, run_id: str) -> list[dict[str, Any]]:
    """The webhooks of a run."""
    async with httpx.AsyncClient(base_url=server.base_url, trust_env=False) as http:
        answer = await http.get("/webhooks/deliveries", params={"run_id": run_id})
        rows: list[dict[str, Any]] = answer.raise_for_status().json()
        return rows


async def settled(server: Server, run_id: str, status: str) -> dict[str, Any]:
    """The one webhook of a run, once it stands so (20 s at most)."""
    async with asyncio.timeout(20):
        while True:
            rows = await log(server, run_id)
            if [each["status"] for each in rows] == [status]:
                return rows[0]


async def test_the_sdk_s_run_is_told_signed_and_as_it_is(
    client: LangGraphClient, server: Server, receiver: Receiver
) -> None:
    thread = (await client.threads.create())["thread_id"]
    run = await client.runs.create(thread, "echo", input=notes("x"), webhook=receiver.url)
    assert run["kwargs"]["webhook"] == receiver.url  # type: ignore[typeddict-item]  # it is sent
    [got] = await receiver.received(1)
    told = Webhook(SECRET).verify(got.body, got.headers)
    assert {key: told[key] for key in run} == {**await client.runs.get(thread, run["run_id"])}
    assert told["values"] == {"items": ["x", "a", "b"]}
    assert got.headers["X-From"] == "demotic one"
    row = await settled(server, run["run_id"], "delivered")
    assert row["delivery_id"] == got.headers["webhook-id"]


async def test_runs_without_threads_waits_and_streams_are_told_too(
    client: LangGraphClient, server: Server, receiver: Receiver
) -> None:
    await client.runs.wait(None, "echo", input=notes("w"), webhook=receiver.url)
    await collect(client.runs.stream(None, "echo", input=notes("s"), webhook=receiver.url))
    await client.runs.create(None, "echo", input=notes("c"), webhook=receiver.url)
    got = await receiver.received(3)
    assert sorted(each.json["values"]["items"][0] for each in got) == ["c", "s", "w"]


async def test_a_run_that_asks_and_one_that_fails_tell_so(
    client: LangGraphClient, server: Server, receiver: Receiver
) -> None:
    thread = (await client.threads.create())["thread_id"]
    asked = await client.runs.wait(thread, "hitl", input=notes(), webhook=receiver.url)
    assert "__interrupt__" in asked
    await client.runs.wait(None, "err", input=notes(), webhook=receiver.url, raise_error=False)
    question, failure = (each.json for each in await receiver.received(2))
    assert (question["status"], question["values"]) == ("success", {"items": ["asked"]})
    assert failure["status"] == "error"
    assert failure["error"] == {"error": "ValueError", "message": "boom"}
    assert failure["values"] == {"items": ["a"]}


async def test_a_receiver_that_is_down_over_a_crash_is_told_when_it_is_up(
    tmp_path: Path,
) -> None:
    graphs = project(tmp_path / "project", url=LOCAL)
    async with receiving() as receiver:
        port = receiver.port
    with Server(tmp_path / "data", graphs=graphs) as server:
        async with client_of(server) as client:
            thread = (await client.threads.create())["thread_id"]
            url = f"http://127.0.0.1:{port}/hook"
            run = await client.runs.create(thread, "echo", input=notes("x"), webhook=url)
            await client.runs.join(thread, run["run_id"])
        row = await settled(server, run["run_id"], "pending")
        await asyncio.to_thread(server.kill)
        async with receiving(port=port) as up:
            await asyncio.to_thread(server.start)
            got = await up.received(1)
            assert [each.headers["webhook-id"] for each in got] == [row["delivery_id"]]
            again = await settled(server, run["run_id"], "delivered")
            assert again["log"][-1]["status_code"] == 200


async def test_a_redirect_a_refusal_and_a_private_name_are_seen_in_the_log(
    client: LangGraphClient, server: Server, receiver: Receiver
) -> None:

    async def redirect(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "http://169.254.169.254/"})

    receiver.answers = [redirect, 410]
    for code in (302, 410):
        thread = (await client.threads.create())["thread_id"]
        run = await client.runs.create(thread, "echo", input=notes(), webhook=receiver.url)
        row = await settled(server, run["run_id"], "failed")
        assert [each["status_code"] for each in row["log"]] == [code]
    assert len(receiver.requests) == 2


async def test_the_sdk_is_told_why_a_url_is_refused(client: LangGraphClient) -> None:
    for url, reason in [
        ("/hook", "`webhook` must not be a relative URL"),
        ("http://10.0.0.1/", "`webhook` must not lead to 10.0.0.1, which is private"),
        ("http://169.254.169.254/", "the metadata service of a cloud"),
    ]:
        with pytest.raises(UnprocessableEntityError, match=reason):
            await client.runs.create(None, "echo", input=notes(), webhook=url)


async def test_loopback_is_refused_unless_it_is_opened(tmp_path: Path, receiver: Receiver) -> None:
    with Server(tmp_path / "data") as server:
        async with client_of(server) as client:
            with pytest.raises(UnprocessableEntityError, match="disable_loopback"):
                await client.runs.create(None, "echo", input=notes(), webhook=receiver.url)
        assert receiver.requests == []


async def test_a_variable_that_is_missing_stops_the_start(tmp_path: Path) -> None:
    graphs = project(tmp_path / "project", headers={"X": "${{ env.LG_WEBHOOK_GONE }}"})
    server = Server(tmp_path / "data", graphs=graphs)
    with pytest.raises(AssertionError, match="LG_WEBHOOK_GONE, which is not set. Set it."):
        await asyncio.to_thread(server.start)
