"""`demotic serve`: for deployments."""

import json
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langgraph_sdk import get_sync_client

from cli.programs import BLOCKING, IMPATIENT, PATIENCE_S, Program, Start, posix, post, refused

SERVE = ("serve", "--port", "0")


def entries(program: Program, event: str) -> Iterator[dict[str, Any]]:
    """The lines of the log about an event, read until there is one."""
    program.until(f'"event":"{event}"')
    for line in program.output.splitlines():
        entry: dict[str, Any] = json.loads(line)
        if entry["event"] == event:
            yield entry


def ask(url: str, **headers: str) -> dict[str, str]:
    """The headers of an answer; header names are written with underscores."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    with urllib.request.urlopen(urllib.request.Request(url, headers=sent), timeout=PATIENCE_S) as a:
        return {name.lower(): value for name, value in a.headers.items()}


@posix
def test_it_logs_json_from_its_first_to_its_last_line(project: Path, start: Start) -> None:
    (project / "langgraph.json").write_text(
        json.dumps({"graphs": {"mine": "./agent.py:graph"}, "encryption": {"path": "x.py:e"}})
    )
    server = start(*SERVE)
    [said] = entries(server, "serving")
    assert (said["agents"], said["data_dir"]) == (["mine"], str(project / ".demotic"))
    assert said["config"] == str(project / "langgraph.json")
    ask(f"{said['url']}/ok")
    assert server.stop(signal.SIGTERM) == 0
    lines = [json.loads(line) for line in server.output.splitlines()]
    assert (lines[0]["level"], lines[-1]["event"]) == ("warning", "stopped")
    assert "encryption: is not honoured yet" in lines[0]["event"]
    assert "request" in {line["event"] for line in lines}


@posix
def test_variables_alone_can_name_prefix_origins_and_hosts(project: Path, start: Start) -> None:
    (project / "langgraph.json").unlink()
    variables = {
        "LANGSERVE_GRAPHS": json.dumps({"other": str(project / "agent.py:graph")}),
        "MOUNT_PREFIX": "/agents/",
        "CORS_ALLOW_ORIGINS": "https://app.example.com",
        "DEMOTIC_ALLOWED_HOSTS": "agents.example.com",
    }
    server = start(*SERVE, env=variables)
    [said] = entries(server, "serving")
    assert said["url"].endswith("/agents")
    assert (said["agents"], said["config"]) == (["other"], "the graphs of LANGSERVE_GRAPHS")
    url = f"{said['url']}/ok"
    answer = ask(url, origin="https://app.example.com", host="agents.example.com")
    assert answer["access-control-allow-origin"] == "https://app.example.com"
    assert "access-control-allow-origin" not in ask(url, origin="http://localhost:3000")
    assert "Traceback" not in server.output


LISTEN = [
    ("langgraph", "/assistants/search", "graph_id"),
    ("langgraph-2024", "/assistants/search", "graph_id"),
    ("langgraph-0.1.0", "/assistants/search", "graph_id"),
    ("ap", "/agents/search", "capabilities"),
    ("acp", "/agents/search", "agent_id"),
    ("acp-0.2.1", "/agents/search", "agent_id"),
]


@posix
def test_dialects_have_addresses_of_their_own(project: Path, start: Start) -> None:
    options = [f"--listen={name}=127.0.0.1:0" for name, *_ in LISTEN]
    server = start(*SERVE, *options)
    [said] = entries(server, "serving")
    urls = said["listen"]
    assert len({said["url"], *urls.values()}) == 1 + len(LISTEN)
    for name, path, field in LISTEN:
        [found] = post(urls[name] + path, {})
        assert field in found, name
        with urllib.request.urlopen(f"{urls[name]}/openapi.json", timeout=PATIENCE_S) as answer:
            assert path in json.load(answer)["paths"]
    ask(f"{urls['acp']}/docs")
    for stranger in (f"{urls['acp']}/acp/agents/search", f"{urls['ap']}/assistants/search"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            post(stranger, {})
    post(f"{said['url']}/acp/agents/search", {})
    assert server.stop(signal.SIGTERM) == 0


@posix
def test_every_address_asks_for_the_key(project: Path, start: Start) -> None:
    variables = {"DEMOTIC_API_KEYS": "a-long-secret", "DEMOTIC_LISTEN": "acp=127.0.0.1:0"}
    server = start(*SERVE, env=variables)
    [said] = entries(server, "serving")
    url = said["listen"]["acp"]
    for path in ("/docs", "/agents/ok"):
        with pytest.raises(urllib.error.HTTPError, match="401"):
            ask(url + path)
    ask(f"{url}/docs", x_api_key="a-long-secret")


@pytest.mark.parametrize(
    "given", ["acp", "acp=8001", "mcp=127.0.0.1:1", "acp=127.0.0.1:", "acp=127.0.0.1:99999"]
)
def test_a_listener_that_is_none_is_refused(project: Path, given: str) -> None:
    assert "--listen: must be DIALECT=HOST:PORT" in refused("serve", "--listen", given)


def test_a_further_address_that_others_reach_is_refused(project: Path) -> None:
    assert "--insecure" in refused("serve", "--port", "0", "--listen", "acp=0.0.0.0:0")


def test_there_is_no_example_in_a_deployment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    message = refused("serve")
    assert f"There is no configuration file {tmp_path / 'langgraph.json'}" in message
    assert "--config" in message


def test_an_address_that_others_reach_is_refused(project: Path) -> None:
    assert "add --insecure" in refused("serve", "--host", "0.0.0.0")


def test_a_configuration_can_be_named_by_a_variable(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGGRAPH_CONFIG", "no.json")
    message = refused("serve")
    assert str(project / "no.json") in message
    assert "Correct LANGGRAPH_CONFIG" in message


LOOP = """
from typing import TypedDict
from langgraph.graph import StateGraph

class State(TypedDict):
    n: int

builder = StateGraph(State).add_node("again", lambda state: {"n": state["n"] + 1})
builder.add_edge("__start__", "again").add_edge("again", "again")
graph = builder.compile()
"""


@posix
def test_the_sdk_reaches_a_prefix_and_the_env_file_limits_the_steps_of_a_run(
    project: Path, start: Start
) -> None:
    (project / "agent.py").write_text(LOOP)
    (project / ".env").write_text("LANGGRAPH_DEFAULT_RECURSION_LIMIT=7\n")
    keys = {
        "graphs": {"mine": "./agent.py:graph"},
        "env": ".env",
        "http": {"mount_prefix": "/agents"},
    }
    (project / "langgraph.json").write_text(json.dumps(keys))
    server = start(*SERVE)
    [said] = entries(server, "serving")
    with get_sync_client(url=said["url"], api_key=None, timeout=PATIENCE_S) as client:
        thread = client.threads.create()["thread_id"]
        parts = list(client.runs.stream(thread, "mine", input={"n": 0}, stream_resumable=True))
        assert parts[-1].event == "error"
        assert "Recursion limit of 7" in parts[-1].data["message"]
        assert client.threads.get_state(thread)["values"] == {"n": 7}


@posix
def test_it_starts_itself_again_when_an_agent_blocks_it_for_too_long(
    project: Path, start: Start
) -> None:
    (project / "agent.py").write_text(BLOCKING)
    server = start(*SERVE, env=IMPATIENT)
    [said] = entries(server, "serving")
    seen = len(server.output)
    post(f"{said['url']}/runs", {"assistant_id": "mine", "input": {"n": 1}})
    server.until("leases are not renewed", seen)
    server.until(f'"url":"{said["url"]}"', seen)
    assert server.process.poll() is None
