"""What `langgraph.json` and the settings mean, and what is said about what they cannot mean."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from demotic.config import (
    BUILD_ONLY,
    NOT_YET,
    SETTINGS,
    Config,
    ConfigError,
    GraphSpec,
    ThreadTtl,
    find_config,
    read_config,
    read_settings,
)

GRAPHS = {"agent": "./agent.py:graph"}


def written(folder: Path, **keys: Any) -> Path:
    """A configuration file with one graph and these keys."""
    file = folder / "langgraph.json"
    file.write_text(json.dumps({"graphs": GRAPHS, **keys}))
    return file


def read(folder: Path, **keys: Any) -> Config:
    """The configuration with one graph and these keys."""
    return read_config(written(folder, **keys), {})


def nested(key: str, value: object) -> dict[str, Any]:
    """`a.b` as an object in an object."""
    first, _, rest = key.partition(".")
    return {first: nested(rest, value) if rest else value}


def test_a_file_and_its_folder_mean_the_same(tmp_path: Path) -> None:
    file = written(tmp_path)
    assert find_config(tmp_path) == find_config(file) == file.resolve()
    assert find_config(tmp_path / "none.json") is None
    assert read_config(tmp_path).graphs == {"agent": GraphSpec("./agent.py:graph")}


def test_a_missing_file_is_named() -> None:
    with pytest.raises(ConfigError, match=r"no configuration file nowhere/x\.json.*--config"):
        read_config(Path("nowhere/x.json"))


def test_graphs_have_a_short_and_a_long_form(tmp_path: Path) -> None:
    long = {"path": "my.module:app", "description": "Does it"}
    config = read(tmp_path, graphs={"a": "C:\\x\\agent.py:graph", "b": long})
    assert config.graphs == {
        "a": GraphSpec("C:\\x\\agent.py:graph"),
        "b": GraphSpec("my.module:app", "Does it"),
    }
    assert config.warnings == ()


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"graphs": {}}, "graphs: must name at least one graph"),
        ({"graphs": ["x"]}, "graphs: must name at least one graph"),
        ({"graphs": {"a": "./agent.py"}}, r"graphs\.a: must name a file or module and an attr"),
        ({"graphs": {"a": 3}}, r"graphs\.a: must be an object"),
        ({"graphs": {"a": {"description": "x"}}}, r"graphs\.a: must name a file .* it is null"),
        ({"graphs": {"a": {"path": "m:x", "description": 1}}}, r"graphs\.a\.description: must be"),
        ({"graphs": {"a/b": "m:x"}}, r"graphs\.a/b: a graph's name"),
        ({"graphs": {"a": "./agent.ts:graph"}}, "only Python graphs are hosted"),
        ({"graphs": {"a": "./agent.js"}}, "only Python graphs are hosted"),
        ({"dependencies": "."}, "dependencies: must be a list"),
        ({"dependencies": ["./none"]}, r"dependencies: there is no folder \./none \(.*none\)"),
        ({"env": ["A=1"]}, "env: must be an object"),
        ({"env": {"A": {}}}, r"env\.A: must be a text"),
        ({"checkpointer": []}, None),
        ({"checkpointer": 3}, "checkpointer: must be an object"),
        (
            {"checkpointer": {"serde": {"allowed_msgpack_modules": ["m.T"]}}},
            r"checkpointer\.serde\.allowed_msgpack_modules: must list pairs",
        ),
        ({"http": {"cors": {"allow_origins": "*"}}}, r"http\.cors\.allow_origins: must be a list"),
        ({"http": {"cors": {"allow_origins": ["*", "http://a"]}}}, "contradicts them"),
        ({"http": {"cors": {"allow_origins": ["https://*.a.b"]}}}, "is not an origin"),
        ({"http": {"cors": {"allow_origins": ["https://a/path"]}}}, "is not an origin"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_file_key_and_fix(
    tmp_path: Path, keys: dict[str, Any], message: str | None
) -> None:
    if message is None:
        assert read(tmp_path, **keys).warnings == ()
        return
    with pytest.raises(ConfigError, match=message) as caught:
        read(tmp_path, **keys)
    assert str(tmp_path / "langgraph.json") in caught.value.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{\n "graphs": }', r"line 2, column 12: not JSON"),
        (b"[]", "the file: must be an object"),
        (b"\xff\xfe", "cannot be read"),
    ],
)
def test_what_is_no_configuration_is_refused_with_its_place(
    tmp_path: Path, text: bytes, message: str
) -> None:
    (tmp_path / "langgraph.json").write_bytes(text)
    with pytest.raises(ConfigError, match=message):
        read_config(tmp_path)


def test_a_byte_order_mark_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "langgraph.json").write_text(json.dumps({"graphs": GRAPHS}), encoding="utf-8-sig")
    assert read_config(tmp_path).graphs


@pytest.mark.parametrize("key", sorted(BUILD_ONLY))
def test_what_only_the_build_of_an_image_needs_is_accepted_silently(
    tmp_path: Path, key: str
) -> None:
    assert read(tmp_path, **{key: "anything"}).warnings == ()


@pytest.mark.parametrize("key", sorted(NOT_YET))
def test_what_is_not_honoured_yet_is_said_with_its_consequence(tmp_path: Path, key: str) -> None:
    [warning] = read(tmp_path, **nested(key, {"x": 1})).warnings
    assert f": {key}: is not honoured yet: {NOT_YET[key]}." in warning


@pytest.mark.parametrize(
    ("key", "meant"),
    [("dependancies", "dependencies"), ("http.corse", "http.cors"), ("graphs.agent.paht", "path")],
)
def test_an_unknown_key_is_named_with_the_one_that_was_meant(
    tmp_path: Path, key: str, meant: str
) -> None:
    keys = nested(key, [])
    if "graphs" in keys:
        keys["graphs"]["agent"]["path"] = "m:x"
    [warning] = read(tmp_path, **keys).warnings
    assert f"{key}: there is no such setting; it is ignored. Did you mean" in warning
    assert meant in warning


def test_local_dependencies_come_after_the_configuration_s_own_folder(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    config = read(tmp_path, dependencies=["./lib", ".", "langchain_openai", str(tmp_path / "lib")])
    assert config.import_paths == (tmp_path, tmp_path / "lib")


def test_variables_come_from_a_file_or_from_the_configuration_itself(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text('export A=1\nB="two words" # note\nC\n')
    config = read(tmp_path, env="./.env")
    assert config.env == {"A": "1", "B": "two words"}
    assert config.env_file == tmp_path / ".env"
    assert read(tmp_path, env={"A": "x", "N": 3, "T": True}).env == {
        "A": "x",
        "N": "3",
        "T": "true",
    }


def test_a_missing_env_file_is_warned_of(tmp_path: Path) -> None:
    [warning] = read(tmp_path, env=".env").warnings
    assert "env: there is no file .env" in warning


def test_entering_sets_what_is_unset_and_puts_the_import_paths_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", {"REAL": "kept"})
    monkeypatch.setattr(sys, "path", ["/elsewhere", str(tmp_path)])
    read(tmp_path, env={"REAL": "file", "NEW": "file"}).enter()
    assert os.environ == {"REAL": "kept", "NEW": "file"}
    assert sys.path == [str(tmp_path), "/elsewhere"]


def test_allowed_types_are_pairs_of_module_and_name(tmp_path: Path) -> None:
    serde = {"allowed_msgpack_modules": [["my.state", "Invoice"]]}
    config = read(tmp_path, checkpointer={"serde": serde})
    assert (config.allowed_types, config.warnings) == ((("my.state", "Invoice"),), ())


@pytest.mark.parametrize(
    ("serde", "message"),
    [
        ({"allowed_msgpack_modules": True}, "true is not honoured: list the types"),
        ({"allowed_json_modules": [["a", "b"]]}, "is not honoured yet"),
        ({"pickle_fallback": True}, "nothing is pickled"),
    ],
)
def test_types_are_never_restored_without_being_listed(
    tmp_path: Path, serde: dict[str, Any], message: str
) -> None:
    config = read(tmp_path, checkpointer={"serde": serde})
    [warning] = config.warnings
    assert message in warning
    assert config.allowed_types == ()


def test_origins_of_other_sites_are_allowed_by_name(tmp_path: Path) -> None:
    origins = ["https://app.example.com", "http://localhost:3000"]
    config = read(tmp_path, http={"cors": {"allow_origins": origins}})
    assert (config.http.cors.allow_origins, config.warnings) == (tuple(origins), ())


def test_every_origin_alone_is_allowed_and_warned_of(tmp_path: Path) -> None:
    config = read(tmp_path, http={"cors": {"allow_origins": ["*"]}})
    assert config.http.cors.allow_origins == ("*",)
    [every] = config.warnings
    assert "every web site" in every


DEFAULTS = {"data_dir": Path("data")}


def test_a_flag_wins_over_its_variable_and_the_variable_over_the_default() -> None:
    environ = {"PORT": "8000", "LOG_JSON": "true", "BG_JOB_SHUTDOWN_GRACE_PERIOD_SECS": "  "}
    settings = read_settings({"port": 9000, "host": None}, environ, {**DEFAULTS, "drain_s": 5.0})
    assert (settings.port, settings.host, settings.log_json) == (9000, "127.0.0.1", True)
    assert (settings.drain_s, settings.data_dir) == (5.0, Path("data"))
    assert read_settings({}, environ, DEFAULTS).port == 8000
    assert read_settings({}, {}, DEFAULTS).drain_s == 180.0


@pytest.mark.requirement("langgraph.runs.time_limit")
def test_a_run_may_take_a_day_unless_it_is_said_otherwise() -> None:
    assert read_settings({}, {}, DEFAULTS).run_s == 86_400
    assert read_settings({}, {"BG_JOB_TIMEOUT_SECS": "60"}, DEFAULTS).run_s == 60


def test_a_data_directory_is_relative_to_the_current_one() -> None:
    settings = read_settings({}, {"DEMOTIC_DATA_DIR": "here/data"}, DEFAULTS)
    assert settings.data_dir == Path.cwd() / "here" / "data"


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("PORT", "http", "a whole number from 0 to 65535; it is 'http'"),
        ("PORT", "65536", "a whole number from 0 to 65535"),
        ("N_JOBS_PER_WORKER", "0", "a whole number from 1 up"),
        ("HTTP_MAX_REQUEST_BODY_BYTES", "-1", "a whole number"),
        ("BG_JOB_SHUTDOWN_GRACE_PERIOD_SECS", "soon", "a number of seconds"),
        ("DEMOTIC_EVENT_RETENTION_SECS", "inf", "a number of seconds"),
        ("DEMOTIC_SYNCHRONOUS", "off", "one of normal, full"),
        ("LOG_LEVEL", "loud", "one of DEBUG, INFO"),
        ("LOG_JSON", "maybe", "true or false"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_variable(
    variable: str, value: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=f"{variable}: must be {message}"):
        read_settings({}, {variable: value}, DEFAULTS)


def test_words_are_read_in_any_case() -> None:
    environ = {"LOG_LEVEL": "debug", "DEMOTIC_SYNCHRONOUS": "FULL", "LOG_JSON": "0"}
    settings = read_settings({}, environ, DEFAULTS)
    assert (settings.log_level, settings.synchronous) == ("DEBUG", "full")
    assert settings.log_json is False


def test_a_flag_that_cannot_be_is_refused_by_its_own_name() -> None:
    with pytest.raises(ConfigError, match="--port: must be a whole number"):
        read_settings({"port": "x"}, {"PORT": "80"}, DEFAULTS)


def test_every_setting_has_its_own_variable_and_a_meaning() -> None:
    assert len({each.env for each in SETTINGS}) == len(SETTINGS)
    assert all(each.meaning.endswith(".") for each in SETTINGS)


def test_how_long_threads_are_kept_is_read_with_its_defaults(tmp_path: Path) -> None:
    assert read(tmp_path).thread_ttl is None
    assert read(tmp_path, checkpointer={"ttl": {}}).thread_ttl == ThreadTtl(None, "delete", 5, 1000)
    told = {"strategy": "keep_latest", "default_ttl": 60, "sweep_interval_minutes": 0.5}
    config = read(tmp_path, checkpointer={"ttl": {**told, "sweep_limit": 10}})
    assert config.thread_ttl == ThreadTtl(60, "keep_latest", 0.5, 10)
    assert config.warnings == ()
    typo = read(tmp_path, checkpointer={"ttl": {"default_tll": 1}})
    assert "Did you mean 'checkpointer.ttl.default_ttl'?" in typo.warnings[0]


@pytest.mark.parametrize(
    ("ttl", "problem"),
    [
        (5, r"checkpointer\.ttl: must be an object"),
        ({"strategy": "x"}, r"checkpointer\.ttl\.strategy: must be one of delete, keep_latest"),
        ({"default_ttl": 0}, r"checkpointer\.ttl\.default_ttl: must be a number of minutes"),
        ({"default_ttl": True}, r"checkpointer\.ttl\.default_ttl"),
        ({"sweep_interval_minutes": -1}, r"checkpointer\.ttl\.sweep_interval_minutes"),
        ({"sweep_limit": 0}, r"checkpointer\.ttl\.sweep_limit: must be a whole number"),
    ],
)
def test_a_lifetime_that_cannot_be_is_named(tmp_path: Path, ttl: Any, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        read(tmp_path, checkpointer={"ttl": ttl})


@pytest.mark.parametrize(
    ("text", "ttl"),
    [
        ("60", ThreadTtl(60)),
        ("0.5", ThreadTtl(0.5)),
        ('{"strategy": "keep_latest", "default_ttl": 5}', ThreadTtl(5, "keep_latest")),
    ],
)
def test_how_long_threads_are_kept_may_be_a_variable(text: str, ttl: ThreadTtl) -> None:
    defaults = {"data_dir": Path()}
    assert read_settings({}, {"LANGGRAPH_THREAD_TTL": text}, defaults).thread_ttl == ttl


@pytest.mark.parametrize("text", ["x", "0", "true", "[]", '{"strategy": "x"}'])
def test_a_variable_that_says_no_lifetime_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="LANGGRAPH_THREAD_TTL: must be a number of minutes"):
        read_settings({}, {"LANGGRAPH_THREAD_TTL": text}, {"data_dir": Path()})
