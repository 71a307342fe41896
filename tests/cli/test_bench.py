"""`demotic bench`: measures its own server, or one that runs already."""

import json
from pathlib import Path

import pytest

from cli.programs import PATIENCE_S, Start, posix, run
from demotic.bench.served import CONFIG


@posix
@pytest.mark.timeout(120)
def test_it_starts_a_server_and_measures_it_against_bare_langgraph(
    tmp_path: Path, start: Start
) -> None:
    file = tmp_path / "figures.json"
    program = start(
        "bench", "--quick", "--reps", "1", "--only", "echo_c1,late_stream_c1", "--json", str(file)
    )
    output = program.until_end()
    assert program.process.wait(PATIENCE_S) == 0, output
    assert "Measuring echo_c1 (1 of 2): stateless echo" in output
    assert "Traceback" not in output
    rows = json.loads(file.read_text())["rows"]
    assert list(rows) == ["start", "echo_c1", "late_stream_c1"]
    [echo], [floor] = rows["echo_c1"]["server"], rows["echo_c1"]["floor"]["memory"]
    assert (echo["runs"], echo["errors"], floor["runs"]) == (40, 0, 40)
    assert 0 < floor["cpu_ms"] < echo["cpu_ms"]
    assert echo["disk_kib"] >= 0


@posix
@pytest.mark.timeout(120)
def test_a_server_that_answers_something_else_is_told_and_no_target_is_met(
    project: Path, start: Start
) -> None:
    graphs = {"graphs": {"echo": "./agent.py:graph"}}
    (project / "langgraph.json").write_text(json.dumps(graphs))
    url = start("dev", "--port", "0", "--no-browser", "--no-reload").url()
    program = start("bench", "--base", url, "--quick", "--reps", "1", "--only", "echo_c1")
    output = program.until_end()
    assert program.process.wait(PATIENCE_S) == 1
    assert "NOT MET" in output
    assert "echo_c1: 40 runs failed, the first with: Refused: answered" in output


@posix
@pytest.mark.timeout(120)
def test_a_server_that_is_not_there_is_told(start: Start) -> None:
    rows = ("--quick", "--reps", "1", "--only", "steps_c8,memory")
    program = start("bench", "--base", "http://127.0.0.1:1", *rows)
    output = program.until_end()
    assert program.process.wait(PATIENCE_S) == 1
    assert "Traceback" not in output
    assert "steps_c8: 1 runs failed, the first with: ClientConnectorError" in output
    assert "memory: 2000 runs failed, the first with: ClientConnectorError" in output


def test_it_names_the_graphs_that_a_server_must_serve() -> None:
    assert run("bench", "--graphs").stdout == f"{CONFIG}\n"
    assert CONFIG.is_file()


def test_it_lists_its_rows() -> None:
    lines = run("bench", "--list").stdout.splitlines()
    assert lines[0].startswith("start ")
    assert any(line.startswith("steps_c8 ") and line.endswith("(usual)") for line in lines)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--only", "ehco_c1"], "There is no row ehco_c1. There are memory, "),
        (["--pid", "1"], "--pid tells of the server at --base"),
        (["--only", "start", "--base", "http://127.0.0.1:1"], "cannot be measured"),
        (["--reps", "0"], "x>=1"),
    ],
)
def test_what_cannot_be_measured_is_refused(arguments: list[str], told: str) -> None:
    result = run("bench", *arguments)
    assert result.exit_code == 2
    assert told in result.stderr


def test_a_missing_package_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("demotic.cli.bench.NEEDED", ("no_such_thing", "json", "no_such.thing"))
    result = run("bench", "--only", "echo_c1")
    assert result.exit_code == 1
    assert "(no_such_thing, no_such.thing)" in result.stderr
    assert "-m pip install 'demotic[bench]'" in result.stderr
