"""Thread streams of the JavaScript SDK against a real server, over SSE and WebSocket:
js/threads.mjs goes around, this judges its report."""

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from node_packages import beside_scripts, node_packages
from process.proxy import cutting_proxy
from process.serving import Server

pytestmark = [pytest.mark.node, pytest.mark.timeout(30, func_only=True)]

JS = Path(__file__).parent / "js"
WALK_S = 40

Report = dict[str, Any]


@pytest.fixture(scope="module", params=["sse", "websocket"])
def report(
    request: pytest.FixtureRequest,
    shared_server: Server,
    tmp_path_factory: pytest.TempPathFactory,
) -> Report:
    """What the SDK got over one transport."""
    folder = tmp_path_factory.mktemp("threads")
    [script] = beside_scripts(node_packages(JS), folder, JS / "threads.mjs")
    return asyncio.run(_walk(script, request.param, shared_server))


async def _walk(script: Path, transport: str, server: Server) -> Report:
    async with cutting_proxy(server.port, b'"tick":2', b'"tick":6') as proxy:
        urls = (server.base_url, transport, f"http://127.0.0.1:{proxy.port}")
        process = await asyncio.create_subprocess_exec(
            *("node", "--experimental-websocket", str(script), "langgraph-sdk-1", *urls),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(), WALK_S)
        except TimeoutError:
            process.kill()
            await process.wait()
            raise
        assert process.returncode == 0, err.decode()
        assert proxy.cuts == []
    report: Report = json.loads(out)
    return report


def step(report: Report, name: str) -> Any:
    """What a step of the walk got; fails when it raised."""
    got = report[name]
    assert "failed" not in got, got["failed"]
    return got


def methods(events: list[Any]) -> set[str]:
    """The channels that events came over."""
    return {event["method"] for event in events}


def ends(events: list[Any]) -> list[str]:
    """How runs began and ended at the root."""
    at_root = [
        each["params"]["data"]["event"]
        for each in events
        if each["method"] == "lifecycle" and not each["params"]["namespace"]
    ]
    return [each for each in at_root if each in ("interrupted", "completed")]


@pytest.mark.requirement("langgraph.sdk.js")
def test_a_conversation_with_tools_an_inner_agent_and_two_questions(report: Report) -> None:
    got = step(report, "conversation")
    assert [each["payload"] for each in got["asked"]] == [{"book": "Rome"}, {"book": "Oslo"}]
    assert got["again"]["code"] == "no_such_interrupt"
    [inner] = got["tree"]["tree"]["children"]
    assert (inner["graph_name"], inner["status"]) == ("scout", "completed")
    assert {"values", "updates", "messages", "tools", "lifecycle"} <= methods(got["seen"])
    assert ends(got["seen"]) == ends(got["lateSeen"]) == ["interrupted", "completed"]
    assert methods(got["lateSeen"]) == {"messages", "lifecycle"}
    assert len(got["checkpoints"]) == 3
    assert "Rome: agreed" in got["final"] and "Oslo: agreed" in got["final"]


def test_messages_tool_calls_and_subgraphs_are_read_one_by_one(report: Report) -> None:
    got = step(report, "projections")
    assert got["messages"] == ["Looking.", "Rome is warm, Oslo is cold.", "I book both."]
    assert got["calls"][-2:] == [["book", "book-Rome"], ["book", "book-Oslo"]]
    assert got["inside"] == [["scout", "scout"]]


def test_a_cancel_ends_the_stream(report: Report) -> None:
    got = step(report, "cancelled")
    assert got["status"] == "interrupted"
    assert [each["event"] for each in got["ends"]] == ["running", "interrupted"]


def test_connections_that_break_cost_no_event(report: Report) -> None:
    assert step(report, "broken")["ticks"] == [*range(12), "done"]


def test_a_custom_channel_has_a_name(report: Report) -> None:
    assert step(report, "extensions")["value"] == {"percent": 100}
