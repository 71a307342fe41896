"""AGNTCY's own client, agntcy-acp, against a real server: every operation in every variant.

The newest version speaks ACP 0.2.2 and is served at `/acp`; the older ones speak 0.2.1 and are
served at `/acp/0.2.1`.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.pages import DOCS, blocks, read
from process.acp_clients import GRAPHS, interpreter, run_script
from process.serving import Server

CLIENTS = {"1.5.2": "/acp", "1.3.2": "/acp/0.2.1", "1.2.0": "/acp/0.2.1"}
SPEAKS = {"/acp": "0.2.2", "/acp/0.2.1": "0.2.1"}
NEWEST = "1.5.2"
OPERATIONS, ALIASES = 30, 11

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with an agent that asks, and its manifest."""
    with Server(tmp_path_factory.mktemp("data"), graphs=GRAPHS) as started:
        yield started


@pytest.fixture(scope="session")
def cache(request: pytest.FixtureRequest) -> Path:
    """Where environments are kept from one session to the next."""
    assert request.config.cache is not None
    return request.config.cache.mkdir("acp-clients")


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("version", CLIENTS)
def test_every_operation_of_the_official_client_in_every_variant(
    version: str, kind: str, server: Server, cache: Path
) -> None:
    python, mount = interpreter(version, cache), CLIENTS[version]
    told = run_script(python, "every_operation.py", f"{server.base_url}{mount}", kind)
    assert told["version"] == SPEAKS[mount]
    assert set(told["called"]) == {"plain", "_with_http_info", "_without_preload_content"}
    for called in told["called"].values():
        assert len(called) == OPERATIONS


@pytest.mark.parametrize("version", ["1.5.2", "1.3.2"])
def test_callbacks_are_read_with_the_official_clients_models(
    version: str, server: Server, cache: Path
) -> None:
    python = interpreter(version, cache)
    told = run_script(python, "callbacks.py", f"{server.base_url}{CLIENTS[version]}")
    statuses = ["pending", "interrupted", "pending", "success"]
    assert told == {"stateless": [statuses, True], "thread": [statuses, True]}


def test_the_official_client_reads_what_the_root_answers(server: Server, cache: Path) -> None:
    python = interpreter(NEWEST, cache)
    called = run_script(python, "at_the_root.py", server.base_url, "every_operation")
    assert len(called) == ALIASES


@pytest.mark.parametrize("way", ["stateless", "threads"])
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_node_of_another_graph_runs_an_agent_and_answers_its_question(
    kind: str, way: str, server: Server, cache: Path
) -> None:
    python, url = interpreter(NEWEST, cache), f"{server.base_url}/acp"
    told = run_script(python, "remote_node.py", url, kind, way)
    assert told == {"asked": {"question": "Shout, Ada?"}, "told": "Hello Ada!"}


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_heartbeats_do_not_disturb_the_official_client(
    kind: str, server: Server, cache: Path
) -> None:
    python, url = interpreter(NEWEST, cache), f"{server.base_url}/acp"
    statuses = run_script(python, "silence.py", url, kind)
    assert set(statuses[:-1]) == {"pending"} and statuses[-1] == "interrupted"


@pytest.mark.parametrize("page", ["howto/acp.md", "explanation/which-dialect.md"])
def test_the_script_of_a_page_prints_what_it_says(
    page: str, cache: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    found = blocks(read(DOCS / page))
    [script] = [code for kind, code in found if kind == "py" and "ACPClient(" in code]
    said = next(text for kind, text in found if kind == "text")
    with Server(tmp_path_factory.mktemp("data"), graphs=tmp_path) as example:
        script = script.replace("http://127.0.0.1:2024", example.base_url)
        command = [str(interpreter(NEWEST, cache)), "-W", "ignore", "-c", script]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, said), done.stderr
