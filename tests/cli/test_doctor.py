"""`demotic doctor`: what is there, what lacks, what to do."""

import json
import os
import py_compile
import socket
import sys
from pathlib import Path

import apsw
import click
import pytest

from cli.programs import run
from demotic.server import DATABASE
from demotic.storage.sqlite.database import Database, DirectoryLock
from demotic.storage.sqlite.inspection import newest_schema


@pytest.fixture
def database(project: Path) -> Path:
    """The database of a server that has stopped."""
    path = project / ".demotic" / DATABASE
    Database(path).close()
    return path


def report(*args: str) -> tuple[int, str]:
    """Exit code and report."""
    result = run("doctor", *args)
    assert "Traceback" not in result.output
    return result.exit_code, result.stdout


def test_a_healthy_project_has_no_fail(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "0")
    code, text = report()
    assert code == 0
    assert "fail" not in text
    for each in ("Versions", "Configuration", "Data directory", "Port", "Variables"):
        assert each in text.splitlines()
    assert f"ok    {project / 'langgraph.json'}: mine" in text
    assert f"ok    {project / '.demotic'} does not exist yet" in text
    assert "ok    Port 0 on 127.0.0.1 is free" in text
    assert f"Python {sys.version.split()[0]}" in text
    assert ("about a third faster" in text) is (sys.version_info < (3, 13))
    assert not (project / ".demotic").exists()


def test_a_broken_configuration_fails_with_all_that_is_wrong(project: Path) -> None:
    keys = {"graphs": {"a": "x"}, "dependencies": ["./none"]}
    (project / "langgraph.json").write_text(json.dumps(keys))
    code, text = report()
    assert code == 1
    assert "fail" in text and "graphs.a" in text and "dependencies" in text


def test_no_configuration_is_a_warning_with_the_way_to_one(project: Path) -> None:
    (project / "langgraph.json").unlink()
    code, text = report()
    assert code == 0
    assert f"warn  There is no {project / 'langgraph.json'}" in text
    assert "demotic new" in text


def test_a_sound_database_is_sized_and_checked(database: Path) -> None:
    code, text = report()
    assert code == 0
    assert f"ok    The database has the schema {newest_schema()}, the newest" in text
    assert "ok    demotic.db is sound" in text
    assert "demotic.db takes 0." in text


def test_a_directory_in_use_names_the_process(database: Path) -> None:
    lock = DirectoryLock(database.parent)
    try:
        code, text = report()
    finally:
        lock.close()
    assert code == 0
    assert f"in use by another Demotic process (pid {os.getpid()})" in text
    assert "demotic.db is sound" in text


def test_a_database_of_a_newer_demotic_fails(database: Path) -> None:
    connection = apsw.Connection(str(database))
    connection.pragma("user_version", 999)
    connection.close()
    code, text = report("--data-dir", str(database.parent))
    assert code == 1
    assert "fail  The database has the schema 999" in text
    assert "upgrade" in text


def test_what_is_no_database_fails(database: Path) -> None:
    database.write_bytes(b"not a database" * 1000)
    code, text = report()
    assert code == 1
    assert "cannot be read" in text
    assert "backup" in text


def test_a_data_directory_that_is_a_file_fails(project: Path) -> None:
    (project / ".demotic").write_text("")
    code, text = report()
    assert code == 1
    assert f"fail  {project / '.demotic'} cannot be written" in text


def test_a_port_in_use_is_a_warning(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("PORT", str(taken.getsockname()[1]))
        code, text = report()
    assert code == 0
    assert "is taken by another program" in text


def test_variables_are_shown_without_their_secrets(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / ".env").write_text("LOG_LEVEL=DEBUG\n")
    keys = {"graphs": {"mine": "./agent.py:graph"}, "env": ".env"}
    (project / "langgraph.json").write_text(json.dumps(keys))
    monkeypatch.setenv("DATABASE_URI", "postgresql://me:sesame@db/x")
    monkeypatch.setenv("LANGGRAPH_CLOUD_LICENSE_KEY", "sesame")
    monkeypatch.setenv("CORS_ALLOW_ORIGINS", "https://app.example.com")
    code, text = report()
    assert code == 0
    assert "sesame" not in text
    assert "ok    LOG_LEVEL=DEBUG" in text
    assert "ok    CORS_ALLOW_ORIGINS=https://app.example.com" in text
    assert "warn  DATABASE_URI=(hidden)" in text
    assert "ok    LANGGRAPH_CLOUD_LICENSE_KEY=(hidden)" in text
    assert "no licence is needed" in text


@pytest.mark.parametrize(
    ("is_compiled", "is_kept_so"), [(False, True), (False, False), (True, True)]
)
def test_packages_that_every_start_would_compile_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_compiled: bool, is_kept_so: bool
) -> None:
    module = tmp_path / "package" / "__init__.py"
    module.parent.mkdir()
    module.touch()
    if is_compiled:
        py_compile.compile(str(module))
    monkeypatch.setattr(sys, "dont_write_bytecode", is_kept_so)
    monkeypatch.setattr(click, "__file__", str(module))
    _, text = report()
    told = f"-m compileall -q {tmp_path}" in text
    assert told is (is_kept_so and not is_compiled)
