"""Clients that openapi-generator makes of the protocol's documents, against a real server.

Optional: see `client_generator`.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from client_generator import VARIANTS, published, python_client, run
from demotic.web.openapi.document import document
from dialects.agent_protocol.ap_http import WHOLE
from process.serving import Server

WALK = Path(__file__).parent / "ap_client_walk.py"
PUBLISHED = ("2025-04", "2026-08")
PACKAGE = "ap_client"
ALIASES = {
    *("search_agents", "get_agent", "get_agent_schemas"),
    *("search_runs", "get_run", "wait_run", "cancel_run", "delete_run"),
}
"""What the root serves of the protocol."""

pytestmark = pytest.mark.timeout(150, func_only=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of the graphs that processes are tested with."""
    with Server(tmp_path_factory.mktemp("data")) as opened:
        yield opened


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where clients are made."""
    return tmp_path_factory.mktemp("clients")


def of(version: str, clients: Path) -> Path:
    """The client of a published document."""
    return python_client(published(f"agent-protocol-{version}"), clients / version, PACKAGE)


@pytest.mark.requirement("ap.clients")
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("version", PUBLISHED)
def test_a_generated_client_calls_every_operation(
    version: str, variant: str, server: Server, clients: Path
) -> None:
    client = of(version, clients)
    told = json.loads(run(client, str(WALK), f"{server.base_url}/ap", variant))
    assert told["called"] == told["all"]


@pytest.mark.requirement("ap.root")
@pytest.mark.parametrize("version", PUBLISHED)
def test_a_generated_client_reads_what_the_root_answers(
    version: str, server: Server, clients: Path
) -> None:
    client = of(version, clients)
    told = json.loads(run(client, str(WALK), server.base_url, ""))
    assert told["called"] == sorted(ALIASES & {*told["all"]})


SCRIPT = """
import sys
from ap_client import ApiClient, Configuration, RunCreate, RunsApi, ThreadCreate, ThreadsApi

client = ApiClient(Configuration(host=sys.argv[1]))
thread = ThreadsApi(client).post_threads(thread_create=ThreadCreate())
asked = RunCreate.from_dict({"agent_id": "echo", "thread_id": thread.thread_id,
                             "input": {"items": ["x"]}, "stream_mode": ["values"]})
answer = RunsApi(client).post_runs_wait(run_create=asked)
print(answer.run.status, answer.values, answer.run.stream_mode)
"""


def test_a_client_of_our_own_document_works(server: Server, clients: Path) -> None:
    built = [(each.method, each.path) for each in WHOLE.built]
    whole = document(WHOLE.tables, built, ())
    client = python_client(whole, clients / "own", PACKAGE)
    said = run(client, "-c", SCRIPT, f"{server.base_url}/ap").split("\n")[0]
    assert said.startswith("success {'items': ['x', 'a', 'b']}")
