"""Variables that stand for keys of the file, and variables of other agent servers."""

import json
from pathlib import Path

import pytest

from demotic.config import (
    FILE_FORMS,
    NOT_YET,
    SETTINGS,
    VARIABLES,
    ConfigError,
    Variable,
    read_config,
    read_settings,
)

GRAPHS = {"LANGSERVE_GRAPHS": '{"agent": "./agent.py:graph"}'}
DEFAULTS = {"data_dir": Path("data")}


def warnings(folder: Path, **environ: str) -> tuple[str, ...]:
    """What is warned of where only variables are given."""
    return read_config(folder, {**GRAPHS, **environ}).warnings


def test_variables_are_enough_where_there_is_no_file(tmp_path: Path) -> None:
    cors = json.dumps({"cors": {"allow_origins": ["https://a.example"]}, "mount_prefix": "/x/"})
    config = read_config(tmp_path, {**GRAPHS, "LANGGRAPH_HTTP": cors})
    assert config.graphs["agent"].target == "./agent.py:graph"
    assert (config.directory, config.import_paths) == (tmp_path, (tmp_path,))
    assert (config.http.cors.allow_origins, config.http.mount_prefix) == (
        ("https://a.example",),
        "/x",
    )
    assert config.warnings == ()


def test_a_variable_wins_over_its_key_and_says_so(tmp_path: Path) -> None:
    file = tmp_path / "langgraph.json"
    file.write_text(json.dumps({"graphs": {"other": "./b.py:graph"}}))
    config = read_config(tmp_path, GRAPHS)
    assert list(config.graphs) == ["agent"]
    assert config.warnings == (f"LANGSERVE_GRAPHS wins over 'graphs' in {file}.",)
    file.write_text(json.dumps({"graphs": {"agent": "./agent.py:graph"}}))
    assert read_config(tmp_path, GRAPHS).warnings == ()


def test_the_env_file_may_hold_such_a_variable(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text('LANGGRAPH_CHECKPOINTER={"path": "x.py:saver"}\n')
    keys = {"graphs": {"agent": "./agent.py:graph"}, "env": ".env"}
    (tmp_path / "langgraph.json").write_text(json.dumps(keys))
    [warning] = read_config(tmp_path, {}).warnings
    assert warning.startswith("LANGGRAPH_CHECKPOINTER: checkpointer.path: is not honoured")


@pytest.mark.parametrize("name", sorted(FILE_FORMS.keys() - {"LANGSERVE_GRAPHS"}))
def test_a_variable_is_read_as_its_key_would_be(tmp_path: Path, name: str) -> None:
    key = FILE_FORMS[name]
    if key in NOT_YET:
        [warning] = warnings(tmp_path, **{name: '{"x": 1}'})
        assert warning == f"{name}: {key}: is not honoured yet: {NOT_YET[key]}."
    else:
        [warning] = warnings(tmp_path, **{name: '{"nothing": 1}'})
        assert warning.startswith(f"{name}: {key}.nothing: there is no such setting")


def test_what_is_wrong_in_variables_is_told_at_once_with_their_names(tmp_path: Path) -> None:
    environ = {"LANGSERVE_GRAPHS": '{"a": "x", "b": "./y.js:z"}', "LANGGRAPH_AUTH": "{"}
    with pytest.raises(ConfigError) as caught:
        read_config(tmp_path, environ)
    first, *others = caught.value.problems
    assert first.startswith("LANGGRAPH_AUTH: not JSON")
    assert [each.partition(": must")[0].partition(": ./")[0] for each in others] == [
        "LANGSERVE_GRAPHS: graphs.a",
        "LANGSERVE_GRAPHS: graphs.b",
    ]


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda each: each.name)
def test_a_variable_that_is_not_honoured_is_said_with_what_happens(
    tmp_path: Path, variable: Variable
) -> None:
    name = variable.name.replace("*", "ANY")
    said = [f"{name} is not honoured yet: {variable.instead}."]
    assert [*warnings(tmp_path, **{name: "something"})] == ([] if variable.expected else said)
    for value in ("", " ", *variable.harmless):
        assert warnings(tmp_path, **{name: value}) == ()


def test_no_variable_is_both_honoured_and_not() -> None:
    honoured = {each.env for each in SETTINGS} | FILE_FORMS.keys() | {"LANGGRAPH_CONFIG"}
    environ = dict.fromkeys(honoured, "x")
    assert [name for each in VARIABLES for name in each.names_in(environ)] == []


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("MOUNT_PREFIX", "/a/b/", "/a/b"),
        (
            "CORS_ALLOW_ORIGINS",
            "https://a.example, http://b:1",
            ("https://a.example", "http://b:1"),
        ),
        ("CORS_ALLOW_ORIGINS", "*", ("*",)),
        ("DEMOTIC_ALLOWED_HOSTS", "a.example,*.b.example", ("a.example", "*.b.example")),
        ("DEMOTIC_LOCAL_ORIGINS", "false", False),
        ("LOG_COLOR", "true", True),
    ],
)
def test_a_server_s_surroundings_are_set_by_variables(name: str, text: str, value: object) -> None:
    [setting] = [each for each in SETTINGS if each.env == name]
    settings = read_settings({}, {name: text}, DEFAULTS)
    assert getattr(settings, setting.name) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("MOUNT_PREFIX", "agents"),
        ("MOUNT_PREFIX", "/"),
        ("CORS_ALLOW_ORIGINS", "a.example"),
        ("CORS_ALLOW_ORIGINS", "*,https://a.example"),
        ("DEMOTIC_ALLOWED_HOSTS", "*"),
        ("DEMOTIC_ALLOWED_HOSTS", "https://a.example"),
        ("LOG_COLOR", "red"),
    ],
)
def test_a_surrounding_that_cannot_be_is_refused_with_its_variable(name: str, text: str) -> None:
    with pytest.raises(ConfigError, match=f"{name}: must be"):
        read_settings({}, {name: text}, DEFAULTS)


@pytest.mark.parametrize("value", ["x", 3, "/", "//"])
def test_a_prefix_in_the_file_must_be_a_path(tmp_path: Path, value: object) -> None:
    http = json.dumps({"mount_prefix": value})
    with pytest.raises(ConfigError, match=r"LANGGRAPH_HTTP: http\.mount_prefix: must be a path"):
        read_config(tmp_path, {**GRAPHS, "LANGGRAPH_HTTP": http})
