"""Clients that openapi-generator makes of the protocol's documents, against a real server.

Optional: they are made where `openapi-generator-cli` (PyPI), a Java to run it, what its clients
need (`python-dateutil`, `urllib3`) and the published documents (`DEMOTIC_SPEC_DIR`) are there.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from demotic.web.openapi.document import document
from dialects.agent_protocol.ap_http import WHOLE
from process.serving import Server

WALK = Path(__file__).parent / "ap_client_walk.py"
SPECS = Path(os.environ.get("DEMOTIC_SPEC_DIR") or "absent") / "openapi"
PUBLISHED = {v: SPECS / f"agent-protocol-{v}.json" for v in ("2025-04", "2026-08")}
VARIANTS = ["", "_with_http_info", "_without_preload_content"]
MODULES = ("openapi_generator_cli", "dateutil", "urllib3")

pytestmark = [
    pytest.mark.skipif(shutil.which("java") is None, reason="java is not installed"),
    pytest.mark.skipif(
        not all(importlib.util.find_spec(name) for name in MODULES),
        reason="pip install openapi-generator-cli python-dateutil urllib3",
    ),
]
with_documents = pytest.mark.skipif(
    not all(file.is_file() for file in PUBLISHED.values()),
    reason="DEMOTIC_SPEC_DIR names no folder with openapi/ documents",
)

GENERATOR = "from openapi_generator_cli import cli; raise SystemExit(cli())"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of the graphs that processes are tested with."""
    with Server(tmp_path_factory.mktemp("data")) as opened:
        yield opened


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where clients are made."""
    return tmp_path_factory.mktemp("clients")


def make(spec: Path, folder: Path) -> Path:
    """A client of a document, made once; where it is."""
    if not (folder / "setup.py").exists():
        command = [sys.executable, "-c", GENERATOR, "generate", "-g", "python"]
        command += ["-i", str(spec), "-o", str(folder), "--package-name", "ap_client"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=50)
        assert done.returncode == 0, done.stdout[-2000:]
    return folder


def run(client: Path, *arguments: str) -> str:
    """What a program that uses a client prints."""
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": str(client)},
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@with_documents
@pytest.mark.requirement("ap.clients")
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("version", PUBLISHED)
def test_a_generated_client_calls_every_operation(
    version: str, variant: str, server: Server, clients: Path
) -> None:
    client = make(PUBLISHED[version], clients / version)
    told = json.loads(run(client, str(WALK), f"{server.base_url}/ap", variant))
    assert told["called"] == told["all"]


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
    spec = clients / "own.json"
    spec.write_bytes(orjson.dumps(document(WHOLE.tables, built, ())))
    client = make(spec, clients / "own")
    said = run(client, "-c", SCRIPT, f"{server.base_url}/ap").split("\n")[0]
    assert said.startswith("success {'items': ['x', 'a', 'b']}")
