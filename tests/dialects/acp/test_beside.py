"""ACP beside LangGraph's API: the same threads and runs, each in its own words."""

import json
import re
from typing import Any

import httpx
import pytest

from demotic.dialects.langgraph.routes import LangGraphDialect
from demotic.domain.ids import system_assistant_id
from dialects.acp import graphs
from dialects.acp.acp_http import AGENT, UNKNOWN, Acp, no_engine, open_acp
from dialects.acp.requirements import REQUIREMENTS

GRAPH = system_assistant_id("graph")
PAUSE = ["pause", {"question": "ok?"}]


async def both(acp: Acp, thread: str, run: str) -> tuple[Any, Any, Any]:
    """Status of a run over LangGraph's API and over ACP, and of its thread."""
    path = f"/threads/{thread}/runs/{run}"
    theirs = (await acp.ask("GET", path, mount="")).json()
    ours = (await acp.ask("GET", path)).json()
    old = (await acp.ask("GET", path, mount="/acp/0.2.1")).json()
    threads = [
        (await acp.ask("GET", f"/threads/{thread}", mount=mount)).json()["status"]
        for mount in ("", "/acp", "/acp/0.2.1")
    ]
    assert old["status"] == ours["status"] and len(set(threads)) == 1
    return theirs["status"], ours["status"], threads[0]


@pytest.mark.requirement("acp.threads.shared")
@pytest.mark.parametrize("starter", ["LangGraph", "ACP"])
async def test_each_dialect_tells_its_own_status_of_the_same_run(acp: Acp, starter: str) -> None:
    mount = "" if starter == "LangGraph" else "/acp"

    async def start(*steps: list[Any], **options: Any) -> tuple[str, str]:
        thread = await acp.thread()
        agent = {"assistant_id": AGENT} if starter == "LangGraph" else {}
        body = {"input": list(steps), **agent, **options}
        made = await acp.ask("POST", f"/threads/{thread}/runs", body, mount=mount)
        return thread, made.json()["run_id"]

    queued = await start(after_seconds=3600)
    assert await both(acp, *queued) == ("pending", "pending", "busy")
    running = await start(["wait", "gate"])
    await acp.agent.arrived("gate")
    assert await both(acp, *running) == ("running", "pending", "busy")
    acp.agent.open("gate")
    await acp.output("/threads/{}/runs/{}".format(*running))
    assert await both(acp, *running) == ("success", "success", "idle")
    paused = await start(PAUSE)
    await acp.output("/threads/{}/runs/{}".format(*paused))
    assert await both(acp, *paused) == ("success", "interrupted", "interrupted")
    failed = await start(["fail", "no"])
    await acp.output("/threads/{}/runs/{}".format(*failed))
    assert await both(acp, *failed) == ("error", "error", "error")
    cancelled = await start(["wait", "never"])
    await acp.agent.arrived("never")
    path = "/threads/{}/runs/{}".format(*cancelled)
    await acp.ask("POST", f"{path}/cancel?wait=true")
    assert await both(acp, *cancelled) == ("interrupted", "error", "interrupted")
    undone = await start(["wait", "ever"])
    await acp.agent.arrived("ever")
    path = "/threads/{}/runs/{}".format(*undone)
    await acp.ask("POST", f"{path}/cancel?wait=true&action=rollback")
    for each in ("", "/acp"):
        assert (await acp.ask("GET", path, mount=each)).status_code == 404


@pytest.mark.requirement("acp.threads.shared")
async def test_a_thread_is_made_run_and_answered_over_three_mounts() -> None:
    async with open_acp(graphs.greeter(), manifest=graphs.MANIFEST) as acp:
        thread = (await acp.ask("POST", "/threads", {}, mount="")).json()["thread_id"]
        place = f"/threads/{thread}/runs"
        body = {"input": {"name": "Ada"}, "metadata": {"from": "acp"}}
        waited = (await acp.ask("POST", f"{place}/wait", body)).json()
        run = f"{place}/{waited['run']['run_id']}"
        assert waited["output"]["interrupt"] == {"shout": {"question": "Shout, Ada?"}}
        state = (await acp.ask("GET", f"/threads/{thread}/state", mount="")).json()
        assert [each["value"] for each in state["interrupts"]] == [{"question": "Shout, Ada?"}]
        resume = {"assistant_id": "graph", "command": {"resume": {"shout": True}}}
        values = (await acp.ask("POST", f"{place}/wait", resume, mount="")).json()
        assert values["greeting"] == "Hello Ada!"
        # The run that asked is over without an answer of its own.
        for mount in ("/acp", "/acp/0.2.1"):
            assert (await acp.ask("GET", run, mount=mount)).json()["status"] == "success"
            answer = await acp.ask("POST", run, {"shout": True}, mount=mount)
            assert answer.status_code == 409
        assert (await acp.output(run))["type"] == "result"
        listed = (await acp.ask("GET", place)).json()
        assert [each["status"] for each in listed] == ["success", "success"]
        assert listed[0]["creation"]["agent_id"] == GRAPH and "input" not in listed[0]["creation"]
        ours = (await acp.ask("GET", f"/threads/{thread}/history")).json()
        theirs = (await acp.ask("GET", f"/threads/{thread}/history", mount="")).json()
        assert [each["checkpoint"]["checkpoint_id"] for each in ours] == [
            each["checkpoint"]["checkpoint_id"] for each in theirs
        ]


async def test_a_run_of_another_dialect_that_waits_can_be_resumed() -> None:
    async with open_acp(graphs.greeter(), manifest=graphs.MANIFEST) as acp:
        thread = await acp.thread()
        body = {"assistant_id": "graph", "input": {"name": "Ada"}}
        made = await acp.ask("POST", f"/threads/{thread}/runs", body, mount="")
        run = f"/threads/{thread}/runs/{made.json()['run_id']}"
        assert (await acp.output(run))["interrupt"] == {"shout": {"question": "Shout, Ada?"}}
        shown = (await acp.ask("GET", run)).json()
        assert shown["creation"]["input"] == {"name": "Ada"}
        assert (await acp.ask("POST", run, {"shout": True})).status_code == 200
        assert (await acp.output(run))["values"] == {"greeting": "Hello Ada!"}
        kwargs = (await acp.ask("GET", run, mount="")).json()["kwargs"]
        assert kwargs["stream_mode"] == ["values"]


async def test_runs_whose_assistant_is_gone_are_still_shown() -> None:
    async with open_acp(graphs.greeter(), manifest=graphs.MANIFEST) as acp:
        made = await acp.ask("POST", "/assistants", {"graph_id": "graph"}, mount="")
        id = made.json()["assistant_id"]
        thread = await acp.thread()
        body = {"agent_id": id, "input": {"name": "Ada"}}
        run = (await acp.ask("POST", f"/threads/{thread}/runs/wait", body)).json()["run"]
        await acp.ask("DELETE", f"/assistants/{id}", mount="")
        path = f"/threads/{thread}/runs/{run['run_id']}"
        assert (await acp.output(path))["interrupt"] == {"interrupt": {"question": "Shout, Ada?"}}
        assert (await acp.ask("POST", "/runs", body)).status_code == 404


def shared() -> list[tuple[str, str]]:
    """What both dialects have at the same method and path."""
    theirs = LangGraphDialect(no_engine)
    paths = {(each.method, plain(each.path)) for each in [*theirs.built, *theirs.planned]}
    ours = [each.operation for each in REQUIREMENTS.values() if each.operation]
    return [each for each in ours if (each[0], plain(each[1])) in paths]


def plain(path: str) -> str:
    """A path whose parameters have no names."""
    return re.sub(r"{\w+}", "{}", path)


LANGGRAPH_ONLY = {"assistant_id", "kwargs", "state_updated_at", "parent_checkpoint", "steps"}
ACP_ONLY = {"agent_id", "creation", "output", "run"}


def keys_of(answer: httpx.Response) -> set[str]:
    """The fields of an answer: of the object, of the first one in a list, of the first event."""
    if answer.headers.get("content-type", "").startswith("text/event-stream"):
        data = [line for line in answer.text.splitlines() if line.startswith("data: ")]
        return set(json.loads(data[0].removeprefix("data: "))) if data else set()
    if answer.headers.get("content-type") != "application/json":
        return set()
    told = answer.json()
    return set(told[0] if isinstance(told, list) else told)


@pytest.mark.requirement("acp.mounts")
def test_the_pairs_are_those_that_both_protocols_have() -> None:
    assert len(shared()) == 19 + 2  # and the two that show the documents


@pytest.mark.requirement("acp.mounts")
@pytest.mark.parametrize(("method", "path"), shared())
async def test_each_mount_answers_a_shared_path_in_its_own_words(method: str, path: str) -> None:
    async with open_acp(graphs.greeter(), manifest=graphs.MANIFEST) as acp:
        told = {}
        for mount in ("", "/acp"):
            thread = await acp.thread()
            made = await acp.ask(
                "POST",
                f"/threads/{thread}/runs/wait",
                {"input": {"name": "Ada"}, "agent_id": GRAPH},
            )
            run = made.json()["run"]["run_id"]
            if path.endswith("/cancel"):  # over LangGraph's API a paused run has ended
                body = {"input": {"name": "Ada"}, "after_seconds": 60}
                later = {**body, "multitask_strategy": "enqueue"}
                waiting = await acp.ask("POST", f"/threads/{thread}/runs", later)
                run = waiting.json()["run_id"]
            address = path.format(thread_id=thread, run_id=run, agent_id=GRAPH)
            names = {"assistant_id": GRAPH, "agent_id": GRAPH}
            new = {"input": {"name": "Ada"}, **names, "multitask_strategy": "enqueue"}
            sent: Any = new if method == "POST" and "runs" in path else {}
            answer = await acp.ask(method, address, sent, mount=mount)
            assert answer.status_code < 300, answer.text
            told[mount] = keys_of(answer)
            nothing = path.format(thread_id=UNKNOWN, run_id=UNKNOWN, agent_id=UNKNOWN)
            if nothing != path:
                missing = await acp.ask(method, nothing, sent, mount=mount)
                assert missing.status_code in (404, 409)
                assert isinstance(missing.json(), str) == (mount == "/acp")
        assert not told[""] & ACP_ONLY and not told["/acp"] & LANGGRAPH_ONLY
