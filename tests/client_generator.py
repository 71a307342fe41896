"""Clients that openapi-generator makes of a document, for the tests that use them.

They are optional: made where `openapi-generator-cli` (PyPI), a Java to run it, what its clients
need, and, for clients of published documents, these (`DEMOTIC_SPEC_DIR`) are there.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

GENERATOR = "from openapi_generator_cli import cli; raise SystemExit(cli())"
GENERATE_S = 50
TESTS = Path(__file__).parent

VARIANTS = ("", "_with_http_info", "_without_preload_content")
"""What the names of a Python client's three methods for an operation end with."""


def published(name: str) -> Any:
    """A published document. Skips where there is none."""
    file = Path(os.environ.get("DEMOTIC_SPEC_DIR") or "absent") / "openapi" / f"{name}.json"
    if not file.is_file():
        pytest.skip(f"DEMOTIC_SPEC_DIR names no folder with openapi/{name}.json")
    return json.loads(file.read_bytes())


def needed(program: str, how: str) -> str:
    """Where a program is. Skips where it is not, and says how to get it."""
    if (found := shutil.which(program)) is None:
        beside = Path(sys.executable).parent / program  # what PyPI installed, without an activation
        found = str(beside) if beside.is_file() else None
    if found is None:
        pytest.skip(f"{program} is not installed: {how}")
    return found


def generate(language: str, document: Any, folder: Path, options: Mapping[str, str]) -> Path:
    """The folder, with a client of a document in it. Skips without the generator.

    `options` are the generator's for the language (`--additional-properties`).
    """
    needed("java", "openapi-generator needs one, of version 11 or later")
    if importlib.util.find_spec("openapi_generator_cli") is None:
        pytest.skip("pip install openapi-generator-cli")
    folder.mkdir(parents=True, exist_ok=True)
    spec = folder / "openapi.json"
    spec.write_text(json.dumps(document))
    command = [sys.executable, "-c", GENERATOR, "generate", "-g", language, "-i", str(spec)]
    command += ["-o", str(folder), "--global-property", "apis,models,supportingFiles"]
    for part in ("apiTests", "modelTests", "apiDocs", "modelDocs"):
        command[-1] += f",{part}=false"
    command += ["--additional-properties", ",".join(f"{k}={v}" for k, v in options.items())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=GENERATE_S)
    assert done.returncode == 0, done.stdout[-2000:]
    return folder


def python_client(document: Any, folder: Path, package: str) -> Path:
    """A Python client of a document, made once; the folder of its package."""
    for module in ("dateutil", "urllib3"):
        if importlib.util.find_spec(module) is None:
            pytest.skip("pip install python-dateutil urllib3")
    if not (folder / "setup.py").exists():
        generate("python", document, folder, {"packageName": package})
    return folder


def run(client: Path, *arguments: str) -> str:
    """What a program prints that uses a Python client, and finds other tests' modules."""
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(client), str(TESTS)])},
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def named_like(document: dict[str, Any], theirs: Any) -> dict[str, Any]:
    """A document whose operations have the names that a published one gives them."""
    for path, methods in document["paths"].items():
        for method, row in methods.items():
            told = theirs["paths"].get(path, {}).get(method, {})
            row["operationId"] = told.get("operationId", row["operationId"])
    return document
