"""Interpreters that have a version of agntcy-acp, and what they run.

Each version has an environment of its own, made once and kept in pytest's cache folder. Plain
resolution of its dependencies does not end, so it is installed without them, beside what it
imports.
"""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parents[1]
SCRIPTS = Path(__file__).parent / "acp_scripts"
GRAPHS = Path(__file__).parent / "acp_graphs"
IMPORTED = (
    "pydantic>=2,<3",
    "python-dateutil",
    "urllib3<3",
    "aiohttp",
    "aiohttp-retry",
    "pyyaml",
    "typing-extensions",
    "langgraph>=1.2.22,<1.3",
)
INSTALL_S = 400


def interpreter(version: str, cache: Path) -> Path:
    """An interpreter with this version; skips where it cannot be had."""
    folder = cache / f"agntcy-acp-{version}-py{sys.version_info.major}.{sys.version_info.minor}"
    python, made = folder / "bin" / "python", folder / "made"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # other tests may be making it just now
        if not made.exists():
            _run(sys.executable, "-m", "venv", str(folder))
            pip = (str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
            _run(*pip, "--no-deps", f"agntcy-acp=={version}")
            _run(*pip, *IMPORTED)
            made.touch()
    return python


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S)
    except subprocess.TimeoutExpired:
        pytest.skip(f"the package index did not answer in {INSTALL_S} s: {' '.join(command)}")
    if done.returncode:
        pytest.skip(f"agntcy-acp cannot be installed: {done.stderr[-300:]}")


def run_script(python: Path, name: str, *arguments: str, path: Sequence[Path] = ()) -> Any:
    """What a script prints, which is JSON, on its last line. It finds other tests' modules, and
    what is on `path`."""
    command = [str(python), "-W", "ignore", str(SCRIPTS / name), *arguments]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (TESTS, *path)))}
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, env=env)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])
