"""Clients that openapi-generator makes of a published document, for the tests that use them.

They are optional: made where `openapi-generator-cli` (PyPI), a Java to run it, and the published
documents (`DEMOTIC_SPEC_DIR`) are there.
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
