"""Graphs from the user's files: found, named, compiled, and explained when they cannot be."""

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from langgraph.pregel import Pregel

import demotic.example
from demotic.agents.langgraph.factories import Factory
from demotic.agents.langgraph.loader import load_graph
from demotic.domain.errors import AgentError
from importing import forgotten

GRAPH = """
    from dataclasses import dataclass
    from typing import TypedDict
    from langgraph.graph import StateGraph

    class State(TypedDict):
        n: int

    @dataclass
    class Note:
        text: str

    builder = StateGraph(State).add_node("one", lambda state: {}).add_edge("__start__", "one")
    graph = builder.compile()
"""

IMPORTS = "\n".join(
    [
        "from contextlib import asynccontextmanager, contextmanager",
        "from langchain_core.runnables import RunnableConfig, RunnableLambda",
        "from langgraph.graph import StateGraph",
        "from langgraph_sdk.runtime import ServerRuntime",
        "",
    ]
)


@pytest.fixture(autouse=True)
def clean_imports(tmp_path: Path) -> Iterator[None]:
    """Each test imports its own files, whatever they are called."""
    with forgotten(tmp_path):
        yield


def write(folder: Path, **files: str) -> None:
    """Write files; `a__b` stands for `a/b.py`."""
    for name, text in files.items():
        file = folder / (name.replace("__", "/", 1) + ".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text))


def refusal(folder: Path, target: str) -> str:
    """What is said when a graph cannot be loaded."""
    with pytest.raises(AgentError) as caught:
        load_graph("agent", target, folder)
    assert "demotic/agents" not in caught.value.message
    assert "importlib" not in caught.value.message
    return caught.value.message


def test_a_compiled_graph_and_a_builder_are_loaded(tmp_path: Path) -> None:
    write(tmp_path, agent=GRAPH)
    compiled = load_graph("a", "./agent.py:graph", tmp_path)
    assert isinstance(compiled, Pregel)
    assert load_graph("b", "./agent.py:graph", tmp_path) is compiled
    assert isinstance(load_graph("c", "agent:builder", tmp_path), Pregel)


def test_a_file_has_the_name_by_which_others_import_it(tmp_path: Path) -> None:
    write(tmp_path, apps__one=GRAPH, two="from apps.one import graph, Note")
    graph = load_graph("one", "./apps/one.py:graph", tmp_path)
    assert load_graph("two", "./two.py:graph", tmp_path) is graph
    assert sys.modules["two"].Note.__module__ == "apps.one"


def test_a_dependency_s_folder_is_where_names_begin(tmp_path: Path) -> None:
    write(tmp_path / "lib", apps__one=GRAPH)
    load_graph("one", "./lib/apps/one.py:graph", tmp_path, [tmp_path, tmp_path / "lib"])
    assert sys.modules["apps.one"].Note.__module__ == "apps.one"


def test_a_package_in_src_needs_no_installation(tmp_path: Path) -> None:
    files = {"agent____init__": "", "agent__state": GRAPH}
    write(tmp_path / "src", **files)
    write(tmp_path / "src", agent__graph="from agent.state import graph\nfrom .state import Note")
    load_graph("agent", "./src/agent/graph.py:graph", tmp_path)
    assert sys.modules["agent.graph"].Note is sys.modules["agent.state"].Note


def test_a_file_imports_the_files_beside_it(tmp_path: Path) -> None:
    write(tmp_path, apps__shared=GRAPH, apps__one="from shared import graph")
    assert isinstance(load_graph("one", "./apps/one.py:graph", tmp_path), Pregel)


def test_a_file_that_cannot_be_imported_by_name_keeps_one_name(tmp_path: Path) -> None:
    folder = tmp_path / "my-agent"
    write(folder, types=GRAPH)
    graph = load_graph("a", "./my-agent/types.py:graph", tmp_path)
    assert load_graph("b", "./my-agent/types.py:graph", tmp_path) is graph
    [name] = [each for each in sys.modules if each.startswith("demotic_graph_my_agent_types_")]
    assert sys.modules[name].Note.__module__ == name


def test_a_file_named_like_a_loaded_module_does_not_replace_it(tmp_path: Path) -> None:
    write(tmp_path, json=GRAPH)
    before = sys.modules["json"]
    assert isinstance(load_graph("a", "./json.py:graph", tmp_path), Pregel)
    assert sys.modules["json"] is before


def test_the_example_is_loaded_under_its_own_name() -> None:
    folder = Path(demotic.example.__file__).parent
    graph = load_graph("docs", "./graph.py:graph", folder)
    assert graph is sys.modules["demotic.example.graph"].graph


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert f"there is no file {tmp_path / 'agent.py'}" in refusal(tmp_path, "./agent.py:graph")


def test_a_missing_attribute_is_answered_with_the_graphs_there_are(tmp_path: Path) -> None:
    write(tmp_path, agent=GRAPH, other="x = 1")
    message = refusal(tmp_path, "./agent.py:grahp")
    assert "has no 'grahp'. Did you mean 'graph'? Its graphs are: builder, graph." in message
    assert refusal(tmp_path, "./other.py:graph").endswith("other.py has no 'graph'.")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("class graph: ...", "the class graph"),
        ("graph = 3", "of the type int"),
        ("graph = None", "of the type NoneType"),
    ],
)
def test_anything_else_is_refused_with_what_is_needed(tmp_path: Path, code: str, kind: str) -> None:
    write(tmp_path, agent=code)
    message = refusal(tmp_path, "./agent.py:graph")
    assert f"is {kind}." in message
    assert "graph = builder.compile()" in message


@pytest.mark.requirement("langgraph.factories")
@pytest.mark.parametrize(
    "code",
    [
        "def graph(): ...",
        "def graph(config): ...",
        "def graph(settings: RunnableConfig): ...",
        "def graph(runtime): ...",
        "def graph(rt: ServerRuntime): ...",
        "def graph(rt: ServerRuntime[dict], config): ...",
        "def graph(cfg, rt) -> StateGraph: ...",
        "async def graph(config, runtime): ...",
        "async def graph(config): yield 1",
        "@asynccontextmanager\nasync def graph(config): yield 1",
        "@contextmanager\ndef graph(): yield 1",
        "def graph(config: 'RunnableConfig', rt: 'ServerRuntime[Unknown]'): ...",
    ],
)
def test_a_function_is_a_factory_by_its_parameters(tmp_path: Path, code: str) -> None:
    write(tmp_path, agent=IMPORTS + code)
    assert isinstance(load_graph("a", "./agent.py:graph", tmp_path), Factory)


@pytest.mark.parametrize(
    "code",
    [
        "def graph(state): ...",
        "async def graph(state: dict, config: RunnableConfig): ...",
        "async def graph(state): yield 1",
        "graph = RunnableLambda(lambda given: given)",
    ],
)
def test_any_other_function_or_runnable_is_an_agent_of_its_own(tmp_path: Path, code: str) -> None:
    write(tmp_path, agent=IMPORTS + code)
    assert isinstance(load_graph("a", "./agent.py:graph", tmp_path), Pregel)


def test_a_factory_that_needs_more_is_refused_with_what_it_may_take(tmp_path: Path) -> None:
    write(tmp_path, agent=IMPORTS + "def graph(config, model, tools) -> StateGraph: ...")
    message = refusal(tmp_path, "./agent.py:graph")
    assert message.startswith("Graph 'agent' (./agent.py:graph) needs the parameters config, model")
    assert "`config: RunnableConfig`, `runtime: ServerRuntime`" in message


def test_a_builder_that_cannot_be_compiled_is_explained(tmp_path: Path) -> None:
    write(tmp_path, agent=GRAPH.replace('"__start__"', '"nowhere"'))
    message = refusal(tmp_path, "./agent.py:builder")
    assert "ValueError" in message
    assert "nowhere" in message


def test_an_error_shows_the_user_s_own_lines_only(tmp_path: Path) -> None:
    write(tmp_path, agent="import helper", helper="import json\n\njson.loads('{')")
    message = refusal(tmp_path, "./agent.py:graph")
    lines = message.splitlines()
    assert lines[0] == "Graph 'agent' (./agent.py:graph) cannot be loaded."
    assert lines[1:5] == [
        f'  File "{tmp_path / "agent.py"}", line 1, in <module>',
        "    import helper",
        f'  File "{tmp_path / "helper.py"}", line 3, in <module>',
        "    json.loads('{')",
    ]
    assert lines[5].startswith("json.decoder.JSONDecodeError: Expecting property name")
    assert len(lines) == 6


def test_a_syntax_error_shows_its_line(tmp_path: Path) -> None:
    write(tmp_path, agent="x = 1\ndef broken(:\n")
    message = refusal(tmp_path, "./agent.py:graph")
    assert f'File "{tmp_path / "agent.py"}", line 2' in message
    assert "def broken(:" in message
    assert "SyntaxError" in message


def test_a_file_that_exits_is_an_error_too(tmp_path: Path) -> None:
    write(tmp_path, agent="raise SystemExit('no key')")
    assert "SystemExit: no key" in refusal(tmp_path, "./agent.py:graph")


@pytest.mark.parametrize(
    ("module", "distribution"), [("no_such_thing", "no-such-thing"), ("yaml_x", "yaml-x")]
)
def test_a_missing_module_comes_with_how_to_install_it(
    tmp_path: Path, module: str, distribution: str
) -> None:
    write(tmp_path, agent=f"from {module}.part import x")
    message = refusal(tmp_path, "./agent.py:graph")
    assert f"ModuleNotFoundError: No module named '{module}'" in message
    assert f"Hint: install it where Demotic runs: {sys.executable} -m pip install" in message
    assert message.endswith(distribution)


def test_a_module_in_a_folder_of_the_project_comes_with_the_dependency(tmp_path: Path) -> None:
    write(tmp_path, lib__helper="x = 1", agent="import helper")
    message = refusal(tmp_path, "./agent.py:graph")
    assert 'helper is in ./lib: add "./lib" to the dependencies in langgraph.json' in message


def test_an_error_in_the_package_around_a_file_is_the_one_that_is_shown(tmp_path: Path) -> None:
    files = {"agent____init__": "import no_such_thing", "agent__graph": GRAPH}
    write(tmp_path, **files)
    message = refusal(tmp_path, "./agent/graph.py:graph")
    assert "__init__.py" in message
    assert "No module named 'no_such_thing'" in message


def test_a_relative_import_outside_a_package_is_explained(tmp_path: Path) -> None:
    write(tmp_path, agent="from .state import x")
    assert "put an __init__.py beside the file" in refusal(tmp_path, "./agent.py:graph")
