"""A project to serve, and programs that end with the test."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from cli.programs import GRAPH, Program, Start
from demotic.config import FILE_FORMS, SETTINGS, VARIABLES
from importing import forgotten


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of the variables that are read is set."""
    names = [*(each.env for each in SETTINGS), *FILE_FORMS, "LANGGRAPH_CONFIG"]
    for name in [*names, *(each.name for each in VARIABLES)]:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a graph and a configuration, which is the current one."""
    (tmp_path / "agent.py").write_text(GRAPH)
    (tmp_path / "langgraph.json").write_text(json.dumps({"graphs": {"mine": "./agent.py:graph"}}))
    monkeypatch.chdir(tmp_path)
    with forgotten(tmp_path):
        yield tmp_path


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts programs and ends them."""
    with ExitStack() as stack:

        def start(*args: str, env: Mapping[str, str] | None = None) -> Program:
            program = Program(*args, env=env)
            stack.callback(program.close)
            return program

        yield start
