"""The key `http`."""

import json
from pathlib import Path
from typing import Any

import pytest

from demotic.config import (
    Config,
    ConfigError,
    CorsSpec,
    HeaderSpec,
    HttpSpec,
    read_config,
    read_settings,
)


def read(folder: Path, http: Any, environ: dict[str, str] | None = None) -> Config:
    """A configuration with this key."""
    file = folder / "langgraph.json"
    file.write_text(json.dumps({"graphs": {"agent": "./agent.py:graph"}, "http": http}))
    return read_config(file, environ or {})


def test_nothing_said_passes_x_headers_but_keys(tmp_path: Path) -> None:
    http = read(tmp_path, {}).http
    assert http == HttpSpec()
    assert http.configurable_headers.includes == ("x-*",)
    assert "x-api-key" in http.configurable_headers.excludes
    assert http.logging_headers.includes == ()


def test_the_whole_key_is_read(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        {
            "app": "./web.py:app",
            "disable_store": True,
            "disable_meta": False,
            "cors": {
                "allow_origins": ["https://a.example"],
                "allow_origin_regex": "https://.*[.]a[.]example",
                "allow_methods": ["GET"],
                "allow_headers": ["x-a"],
                "expose_headers": ["x-b"],
                "allow_credentials": False,
                "max_age": 5,
            },
            "configurable_headers": {"includes": ["X-User-*"], "exclude": ["x-user-secret"]},
            "logging_headers": {"include": ["x-request-id"]},
            "middleware_order": "auth_first",
            "enable_custom_route_auth": True,
            "mount_prefix": "/agents",
            "root_aliases": False,
        },
    )
    assert config.warnings == ()
    assert config.http == HttpSpec(
        app="./web.py:app",
        disabled=frozenset({"store"}),
        cors=CorsSpec(
            allow_origins=("https://a.example",),
            allow_origin_regex="https://.*[.]a[.]example",
            allow_methods=("GET",),
            allow_headers=("x-a",),
            expose_headers=("x-b",),
            allow_credentials=False,
            max_age=5,
        ),
        configurable_headers=HeaderSpec(("x-user-*",), ("x-user-secret",)),
        logging_headers=HeaderSpec(("x-request-id",)),
        auth_first=True,
        custom_route_auth=True,
        mount_prefix="/agents",
        root_aliases=False,
    )


@pytest.mark.parametrize("http", [{}, {"root_aliases": None}, {"root_aliases": True}])
def test_aliases_are_served_unless_they_are_switched_off(tmp_path: Path, http: Any) -> None:
    assert read(tmp_path, http).http.root_aliases
    for text, wanted in (("", None), ("off", False), ("true", True)):
        settings = read_settings({}, {"DEMOTIC_ROOT_ALIASES": text}, {"data_dir": tmp_path})
        assert settings.root_aliases is wanted


def test_cors_may_be_a_variable(tmp_path: Path) -> None:
    config = read(tmp_path, {}, {"CORS_CONFIG": '{"allow_origins": ["https://a.example"]}'})
    assert config.http.cors.allow_origins == ("https://a.example",)
    with pytest.raises(ConfigError, match="CORS_CONFIG: not JSON"):
        read(tmp_path, {}, {"CORS_CONFIG": "{"})


@pytest.mark.parametrize(
    ("http", "message"),
    [
        ({"app": 1}, "http.app: must name an application"),
        ({"app": "web"}, "http.app: must name an application"),
        ({"disable_store": "yes"}, "http.disable_store: must be true or false"),
        ({"middleware_order": "last"}, "must be one of middleware_first, auth_first"),
        ({"configurable_headers": []}, "http.configurable_headers: must be an object"),
        ({"configurable_headers": {"includes": "x"}}, "must be a list of texts"),
        ({"cors": {"allow_origin_regex": "("}}, "must be a regular expression"),
        ({"cors": {"max_age": -1}}, "must be a number of seconds"),
        ({"cors": {"allow_methods": "GET"}}, "must be a list of texts"),
        ({"enable_custom_route_auth": 1}, "must be true or false"),
        ({"root_aliases": 0}, "http.root_aliases: must be true or false"),
    ],
)
def test_what_cannot_be_used_stops_the_start(tmp_path: Path, http: Any, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(tmp_path, http)
    assert message in error.value.message


def test_an_unknown_part_is_told_with_a_guess(tmp_path: Path) -> None:
    [warning] = read(tmp_path, {"disable_stores": True}).warnings
    assert "Did you mean 'http.disable_store'?" in warning
