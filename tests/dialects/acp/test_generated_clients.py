"""Clients that openapi-generator makes of ACP's documents, against a real server.

Optional: see `client_generator`.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from client_generator import VARIANTS, named_like, published, python_client, run
from demotic.dialects.acp.openapi.tables import tables
from demotic.dialects.acp.versions import NEWEST, STRICT, Version
from demotic.web.openapi.document import document
from dialects.acp.acp_http import listed
from process.acp_clients import GRAPHS, SCRIPTS
from process.serving import Server

CASES = [
    *((version, whose, "") for version in (NEWEST, STRICT) for whose in ("published", "own")),
    *((NEWEST, "own", variant) for variant in VARIANTS[1:]),
    *((version, "published", each) for version in (NEWEST, STRICT) for each in VARIANTS[1:]),
]
OPERATIONS, ALIASES = 30, 11
PACKAGE = "acp_client"

pytestmark = pytest.mark.timeout(150, func_only=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with an agent that asks, and its manifest."""
    with Server(tmp_path_factory.mktemp("data"), graphs=GRAPHS) as opened:
        yield opened


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where clients are made."""
    return tmp_path_factory.mktemp("clients")


def client_of(version: Version, whose: str, clients: Path) -> Path:
    """A client of the published document of a version, or of our own with the same names."""
    spec = published(f"acp-{version.name}")
    if whose == "own":
        built = [(each.method, each.path) for each in listed(version).built]
        spec = named_like(document(tables(version), built, ()), spec)
    return python_client(spec, clients / f"{whose}-{version.name}", PACKAGE)


@pytest.mark.requirement("acp.clients")
@pytest.mark.parametrize(
    ("version", "whose", "variant"), CASES, ids=lambda each: getattr(each, "name", each or "plain")
)
def test_a_generated_client_calls_every_operation(
    version: Version, whose: str, variant: str, server: Server, clients: Path
) -> None:
    client = client_of(version, whose, clients)
    url = f"{server.base_url}{version.mount}"
    told = json.loads(run(client, str(SCRIPTS / "generated_client.py"), url, variant))
    assert told["called"] == told["all"]
    assert len(told["called"]) == OPERATIONS


@pytest.mark.requirement("acp.root")
def test_a_generated_client_reads_what_the_root_answers(server: Server, clients: Path) -> None:
    client = client_of(NEWEST, "published", clients)
    said = run(client, str(SCRIPTS / "at_the_root.py"), server.base_url, "generated_client")
    assert len(json.loads(said)) == ALIASES
