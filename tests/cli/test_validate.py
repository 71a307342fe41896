"""`demotic validate`: everything that is wrong, at once."""

import json
from pathlib import Path

from cli.programs import refused, run


def write(project: Path, **keys: object) -> None:
    """The project's configuration, changed."""
    keys = {"graphs": {"mine": "./agent.py:graph"}, **keys}
    (project / "langgraph.json").write_text(json.dumps(keys))


def test_a_good_configuration_is_loaded_and_passes(project: Path) -> None:
    result = run("validate")
    assert result.exit_code == 0
    first, graph, last = result.stdout.splitlines()
    assert first == str(project / "langgraph.json")
    assert graph.startswith("  mine  ./agent.py:graph  loaded in ")
    assert last == "1 graph, 0 warnings, 0 errors"
    assert result.stderr == ""


def test_warnings_pass_and_name_what_was_meant(project: Path) -> None:
    write(project, dependancies=["."], auth={"path": "./auth.py:auth"})
    result = run("validate", "--no-load")
    assert result.exit_code == 0
    assert "Did you mean 'dependencies'?" in result.stderr
    assert "auth: is not honoured yet" in result.stderr
    assert result.stdout.splitlines()[-1] == "1 graph, 2 warnings, 0 errors"


def test_every_error_of_a_file_is_told_at_once(project: Path) -> None:
    write(project, graphs={"a": "no", "b": "./x.ts:graph"}, dependencies=["./none"], auht={})
    result = run("validate")
    assert result.exit_code == 1
    errors = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    places = [line.split(": ")[2] for line in errors]
    assert places == ["graphs.a", "graphs.b", "dependencies"]
    assert "Did you mean 'auth'?" in result.stderr
    assert result.stdout.splitlines()[-1] == "1 warning, 3 errors"


def test_graphs_that_do_not_load_fail_and_the_others_are_still_tried(project: Path) -> None:
    (project / "broken.py").write_text("import no_such_thing\n")
    write(project, graphs={"bad": "./broken.py:graph", "mine": "./agent.py:graph"})
    result = run("validate")
    assert result.exit_code == 1
    assert "  bad   ./broken.py:graph  failed" in result.stdout
    assert "  mine  ./agent.py:graph   loaded" in result.stdout.replace("graph  l", "graph   l")
    assert "pip install no-such-thing" in result.stderr
    assert "Traceback" not in result.stderr
    assert run("validate", "--no-load").exit_code == 0


def test_what_embeds_items_is_loaded_too(project: Path) -> None:
    (project / "embed.py").write_text("def embed(texts):\n    return [[1.0] for _ in texts]\n")
    index = {"dims": 1, "embed": "./embed.py:embed"}
    write(project, store={"index": index})
    result = run("validate")
    assert result.exit_code == 0
    assert "  store.index  ./embed.py:embed  loaded in " in result.stdout
    write(project, store={"index": {**index, "embed": "./embed.py:none"}})
    result = run("validate")
    assert result.exit_code == 1
    assert "store.index.embed (./embed.py:none)" in result.stderr
    assert result.stdout.splitlines()[-1] == "1 graph, 0 warnings, 1 error"


def test_what_keeps_items_is_loaded_too(project: Path) -> None:
    (project / "stores.py").write_text("def make(): ...\n\nnumber = 3\n")
    write(project, store={"path": "./stores.py:make"})
    result = run("validate")
    assert result.exit_code == 0
    assert "  store.path  ./stores.py:make  loaded in " in result.stdout
    write(project, store={"path": "./stores.py:number"})
    result = run("validate")
    assert result.exit_code == 1
    assert "store.path (./stores.py:number) is a int: it must be a BaseStore" in result.stderr


def test_a_missing_file_is_named(project: Path) -> None:
    (project / "langgraph.json").unlink()
    assert str(project / "langgraph.json") in refused("validate")
