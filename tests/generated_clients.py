"""Python clients that openapi-generator makes of documents, and programs that use them.

Optional: they are made where PyPI's `openapi-generator-cli`, a Java to run it, and what its
clients need are there.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parent
SPECS = Path(os.environ.get("DEMOTIC_SPEC_DIR") or "absent") / "openapi"
VARIANTS = ("", "_with_http_info", "_without_preload_content")
"""What the names of each operation's three methods end with."""

MODULES = ("openapi_generator_cli", "dateutil", "urllib3")
GENERATOR = "from openapi_generator_cli import cli; raise SystemExit(cli())"

needs_generator = (
    pytest.mark.skipif(shutil.which("java") is None, reason="java is not installed"),
    pytest.mark.skipif(
        not all(importlib.util.find_spec(name) for name in MODULES),
        reason="pip install openapi-generator-cli python-dateutil urllib3",
    ),
)


def needs_documents(files: Sequence[Path]) -> pytest.MarkDecorator:
    """A mark for tests of clients that are made of published documents."""
    return pytest.mark.skipif(
        not all(file.is_file() for file in files),
        reason="DEMOTIC_SPEC_DIR names no folder with openapi/ documents",
    )


def make(document: Path, folder: Path, package: str) -> Path:
    """A client of a document, made once; where its package is."""
    if not (folder / "setup.py").exists():
        command = [sys.executable, "-c", GENERATOR, "generate", "-g", "python"]
        command += ["-i", str(document), "-o", str(folder), "--package-name", package]
        done = subprocess.run(command, capture_output=True, text=True, timeout=50)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return folder


def run(client: Path, *arguments: str) -> str:
    """What a program prints that uses a client, and finds other tests' modules."""
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(client), str(TESTS)])},
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def named_like(document: dict[str, Any], published: Path) -> dict[str, Any]:
    """A document whose operations have the names that a published one gives them."""
    theirs = json.loads(published.read_bytes())["paths"]
    for path, methods in document["paths"].items():
        for method, row in methods.items():
            told = theirs.get(path, {}).get(method, {})
            row["operationId"] = told.get("operationId", row["operationId"])
    return document
