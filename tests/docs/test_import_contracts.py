"""The import contracts catch what they are for: each seeded violation breaks its contract."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from docs.pages import ROOT

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("importlinter") is None,
    reason="import-linter is not installed: pip install -e '.[dev]'",
)

ROOMS = "Rooms, top to bottom"
ADAPTERS = "Adapters know ports and domain only"
CORE = "The core imports no framework and no driver"
HTTP = "Dialects and HTTP import no driver and no agent framework"
DIALECTS = "Dialects do not know each other"
SETTINGS = "Settings are passed down, never imported below the server"

SEEDS = [
    ("engine/seed.py", "import sqlite3", CORE),
    ("dialects/langgraph/seed.py", "import langgraph.graph", HTTP),
    ("storage/sqlite/seed.py", "import demotic.engine.core", ADAPTERS),
    ("web/seed.py", "import demotic.config", SETTINGS),
    ("dialects/streaming/seed.py", "import demotic.dialects.langgraph.render", DIALECTS),
    ("domain/seed.py", "import demotic.ports.clock", ROOMS),
    ("agents/langgraph/seed.py", "import demotic.storage.sqlite.database", ROOMS),
    ("attic/__init__.py", "", ROOMS),
]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the source and its contracts."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of a copy."""
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", code, "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "src"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=50,
    )


def test_the_source_keeps_every_contract(copy: Path) -> None:
    done = lint(copy)
    assert done.returncode == 0, done.stdout
    assert "BROKEN" not in done.stdout


@pytest.mark.parametrize(("file", "line", "contract"), SEEDS, ids=[seed[0] for seed in SEEDS])
def test_a_violation_breaks_its_contract(copy: Path, file: str, line: str, contract: str) -> None:
    seed = copy / "src" / "demotic" / file
    seed.parent.mkdir(exist_ok=True)
    seed.write_text(f'"""A seeded violation."""\n\n{line}\n')
    done = lint(copy)
    assert done.returncode == 1, done.stdout
    assert f"{contract} BROKEN" in done.stdout
