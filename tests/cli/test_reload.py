"""`demotic dev` while files change: what restarts it, what happens to requests and runs."""

import asyncio
import json
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from langgraph_sdk import get_client
from langgraph_sdk.schema import StreamPart
from watchfiles import Change

from cli.programs import BLOCKING, DEV, GRAPH, IMPATIENT, PATIENCE_S, Start, get, posix, post
from demotic.cli.reload import ProjectFilter


@pytest.mark.parametrize(
    ("name", "matters"),
    [
        ("agent.py", True),
        ("langgraph.json", True),
        (".env", True),
        (".env.local", True),
        ("manifest.json", True),
        ("other.json", False),
        ("notes.md", False),
        ("__pycache__/agent.py", False),
        (".venv/lib/x.py", False),
        ("data/demotic.json", False),
    ],
)
def test_changes_of_the_project_s_own_files_matter(
    tmp_path: Path, name: str, matters: bool
) -> None:
    named = [tmp_path / "langgraph.json", tmp_path / "manifest.json"]
    seen = ProjectFilter(named, tmp_path / "data")
    assert seen(Change.modified, str(tmp_path / name)) is matters


@posix
def test_a_change_restarts_and_broken_code_makes_requests_wait_for_the_next_save(
    project: Path, start: Start
) -> None:
    server = start(*DEV)
    url = server.url()
    before = len(server.output)
    (project / "agent.py").write_text("import no_such_thing\n")
    said = server.until("Waiting for a change", before)
    assert "agent.py changed: restarting" in said
    assert said.count("cannot be loaded") == 1
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(get, f"{url}/ok")
        (project / "agent.py").write_text(GRAPH)
        server.until("Serving again: mine", before)
        assert waiting.result(PATIENCE_S) == 200
    assert server.stop(signal.SIGINT) == 0


@posix
def test_broken_code_at_the_start_is_served_once_it_is_mended(project: Path, start: Start) -> None:
    (project / "agent.py").write_text("graph = 1 +\n")
    server = start(*DEV)
    assert "SyntaxError" in server.until("Waiting for a change")
    (project / "agent.py").write_text(GRAPH)
    assert get(f"{server.url()}/ok") == 200


@posix
def test_a_manifest_that_the_configuration_names_later_is_followed_too(
    project: Path, start: Start, tmp_path_factory: pytest.TempPathFactory
) -> None:
    manifest = tmp_path_factory.mktemp("elsewhere") / "manifest.json"
    server = start(*DEV)
    url = server.url()

    def version_after(change: Callable[[], object]) -> str:
        before = len(server.output)
        change()
        server.until("Serving again: mine", before)
        [agent] = post(f"{url}/acp/agents/search", {})
        return str(agent["metadata"]["ref"]["version"])

    def say(version: str) -> None:
        told = {"metadata": {"ref": {"name": "mine", "version": version}}}
        (fresh := manifest.with_suffix(".new")).write_text(json.dumps(told))
        fresh.replace(manifest)  # as editors save

    def name_it() -> None:
        say("1.0.0")
        graph = {"path": "./agent.py:graph", "acp": str(manifest)}
        (project / "langgraph.json").write_text(json.dumps({"graphs": {"mine": graph}}))

    assert version_after(name_it) == "1.0.0"
    assert version_after(lambda: say("2.0.0")) == "2.0.0"
    assert version_after(lambda: say("3.0.0")) == "3.0.0"


@posix
def test_a_server_that_an_agent_blocks_for_too_long_is_started_again(
    project: Path, start: Start
) -> None:
    (project / "agent.py").write_text(BLOCKING)
    server = start(*DEV, env=IMPATIENT)
    url = server.url()
    seen = len(server.output)
    post(f"{url}/runs", {"assistant_id": "mine", "input": {"n": 1}})
    said = server.until("Serving again: mine", seen)
    assert "Agents left too much behind that does not stop: starting again" in said


@posix
def test_the_serving_process_ends_with_the_one_that_watches(project: Path, start: Start) -> None:
    server = start(*DEV)
    server.url()
    server.process.kill()
    server.until_end()  # the output ends when nobody is left to write it


SLOW = """
import asyncio
from typing import TypedDict
from langgraph.config import get_stream_writer
from langgraph.graph import StateGraph

class State(TypedDict):
    n: int

async def step(state):
    await asyncio.sleep(0.1)
    get_stream_writer()({"n": state["n"], "code": "old"})
    return {"n": state["n"] + 1}

builder = StateGraph(State).add_node("step", step).add_edge("__start__", "step")
builder.add_conditional_edges("step", lambda state: "step" if state["n"] < 25 else "__end__")
graph = builder.compile()
"""


async def through_a_change(url: str, change: Callable[[], object]) -> tuple[list[StreamPart], str]:
    """The stream of a run whose code changes, and what becomes of the run; a client that waits
    for another one without a thread is answered, too."""
    parts = []
    async with get_client(url=url, api_key=None, timeout=PATIENCE_S) as client:
        waits = asyncio.create_task(client.runs.wait(None, "mine", input={"n": 0}))
        thread = (await client.threads.create())["thread_id"]
        stream = client.runs.stream(
            thread, "mine", input={"n": 0}, stream_mode="custom", stream_resumable=True
        )
        async for part in stream:
            parts.append(part)
            if part.event == "custom" and part.data["n"] == 3:
                change()
        assert await waits == {"n": 25}
        [run] = await client.runs.list(thread)
    return parts, run["status"]


@posix
@pytest.mark.filterwarnings("ignore:Request failed, attempting reconnect")  # the SDK says so
def test_runs_go_on_after_a_change_in_the_new_code_and_their_clients_come_back(
    project: Path, start: Start
) -> None:
    (project / "agent.py").write_text(SLOW)
    server = start(*DEV)

    def change() -> None:
        (project / "agent.py").write_text(SLOW.replace('"old"', '"new"'))

    parts, status = asyncio.run(through_a_change(server.url(), change))
    assert status == "success"
    told = [part.data for part in parts if part.event == "custom"]
    assert {each["n"] for each in told} == set(range(25))
    assert (told[0]["code"], told[-1]["code"]) == ("old", "new")
    assert len(told) <= 26, "at most the step in flight is taken twice"
    server.until("Serving again: mine")
