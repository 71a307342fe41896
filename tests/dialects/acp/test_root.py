"""ACP's paths at the root: those that LangGraph's API lacks, in bodies that ACP's clients read."""

from typing import Any

import pytest

from aliased import ADA, Root, holds, open_root
from demotic.domain.ids import system_assistant_id
from dialects.acp.acp_http import UNKNOWN

AGENT = system_assistant_id("graph")
READ = [
    ("POST", "/agents/search", {"name": "org.example.greeter", "version": "1.2.0"}),
    ("POST", "/agents/search", {"version": "1.0.0"}),
    ("GET", f"/agents/{AGENT}", None),
    ("GET", f"/agents/{AGENT}/descriptor", None),
    ("POST", "/runs/search", {"status": "interrupted", "agent_id": AGENT}),
    ("GET", "/runs/{run_id}", None),
    ("GET", "/runs/{run_id}/wait", None),
    ("GET", "/threads/{thread_id}/runs/{thread_run_id}/wait", None),
]


async def address(root: Root, path: str) -> str:
    """A path with the ids of a run, or of a run on a thread, that has come to its question."""
    if "thread_id" in path:
        thread = await root.thread()
        run = await root.paused(f"/threads/{thread}/runs")
        return path.format(thread_id=thread, thread_run_id=run)
    return path.format(run_id=await root.paused())


@pytest.mark.requirement("acp.root")
@pytest.mark.parametrize(("method", "path", "body"), READ)
async def test_the_root_answers_all_that_the_mount_does(method: str, path: str, body: Any) -> None:
    async with open_root() as root:
        path = await address(root, path)
        here = await root.told(method, path, body)
        there = await root.told(method, f"/acp{path}", body)
        assert holds(here, there), (here, there)


@pytest.mark.requirement("acp.root")
@pytest.mark.parametrize("path", ["/runs/{run_id}", "/threads/{thread_id}/runs/{thread_run_id}"])
async def test_a_run_is_resumed_at_the_root(path: str) -> None:
    async with open_root() as root:
        run = await address(root, path)
        assert (await root.ask("POST", run, {"shout": 1})).status_code == 422
        assert (await root.told("POST", run, {"shout": True}))["status"] == "pending"
        output = (await root.told("GET", f"{run}/wait"))["output"]
        assert output == {"type": "result", "values": {"greeting": "Hello Ada!"}}
        refused = await root.ask("POST", run, {"shout": True})
        assert refused.status_code == 409
        assert refused.json()["code"] == "run_not_interrupted"


@pytest.mark.requirement("acp.root")
async def test_a_run_is_cancelled_and_deleted_at_the_root() -> None:
    async with open_root() as root:
        later = (await root.told("POST", "/acp/runs", {**ADA, "after_seconds": 60}))["run_id"]
        assert (await root.ask("DELETE", f"/runs/{later}")).status_code == 422
        assert (await root.ask("POST", f"/runs/{later}/cancel?wait=true")).status_code == 204
        told = await root.told("GET", f"/runs/{later}/wait")
        assert (told["run"]["status"], told["output"]["errcode"]) == ("error", 3)
        assert (await root.ask("POST", f"/runs/{later}/cancel")).status_code == 422
        assert (await root.ask("DELETE", f"/runs/{later}")).status_code == 204
        assert (await root.ask("GET", f"/acp/runs/{later}")).status_code == 404


@pytest.mark.requirement("acp.root")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/agents/{UNKNOWN}"),
        ("GET", f"/agents/{UNKNOWN}/descriptor"),
        ("GET", f"/runs/{UNKNOWN}"),
        ("GET", f"/runs/{UNKNOWN}/wait"),
        ("POST", f"/runs/{UNKNOWN}"),
        ("DELETE", f"/runs/{UNKNOWN}"),
        ("POST", f"/runs/{UNKNOWN}/cancel"),
        ("POST", f"/threads/{UNKNOWN}/runs/{UNKNOWN}"),
        ("GET", f"/threads/{UNKNOWN}/runs/{UNKNOWN}/wait"),
    ],
)
async def test_what_is_not_there_is_told_in_the_body_of_the_roots_errors(
    method: str, path: str
) -> None:
    async with open_root() as root:
        answer = await root.ask(method, path, {} if method == "POST" else None)
        assert answer.status_code == 404
        told = answer.json()
        assert set(told) == {"detail", "code", "message", "metadata"}
        assert told["code"].endswith("_not_found")
