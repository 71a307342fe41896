"""What the user has set: `langgraph.json`, read as it is, and the server's settings."""

import difflib
import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from demotic.domain.errors import DemoticError

FILE_NAME = "langgraph.json"


class ConfigError(DemoticError):
    """The configuration cannot be used."""


@dataclass(frozen=True, slots=True)
class GraphSpec:
    """Where a graph is: `path.py:attribute` or `package.module:attribute`."""

    target: str
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A `langgraph.json`. `import_paths` are to come first on `sys.path`, in this order."""

    path: Path
    directory: Path
    graphs: Mapping[str, GraphSpec]
    import_paths: tuple[Path, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    env_file: Path | None = None
    allowed_types: tuple[tuple[str, str], ...] = ()
    cors_origins: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def environment(self, real: Mapping[str, str]) -> dict[str, str]:
        """The variables of the file under those of the real environment."""
        return {**self.env, **real}

    def enter(self) -> None:
        """Give this process the file's variables and import paths."""
        os.environ.update(self.environment(os.environ))
        wanted = [str(path) for path in self.import_paths]
        sys.path[:] = wanted + [entry for entry in sys.path if entry not in wanted]


BUILD_ONLY = frozenset(
    "$schema _INTERNAL_docker_tag api_version base_image dockerfile_lines image_distro"
    " keep_pkg_tools node_version pip_config_file pip_installer python_version source".split()
)
"""Keys that only matter for building an image."""

HONOURED = frozenset(["graphs", "dependencies", "env", "checkpointer", "http"])

NOT_YET = {
    "auth": "every request is accepted",
    "checkpointer.backend": "state is kept in the data directory",
    "checkpointer.path": "state is kept in the data directory",
    "checkpointer.ttl": "threads are kept until they are deleted",
    "checkpointer.uri": "state is kept in the data directory",
    "disable_persistence": "state is kept in the data directory",
    "encryption": "data is stored unencrypted",
    "http.app": "its routes are not served",
    "http.configurable_headers": "headers do not reach the graph",
    "http.logging_headers": "headers are not logged",
    "http.middleware_order": "there is no middleware to order",
    "http.enable_custom_route_auth": "there are no custom routes",
    "http.mount_prefix": "the server answers at the root",
    **{
        f"http.disable_{part}": "its routes, as far as they exist, stay"
        for part in "a2a assistants mcp meta runs store threads ui webhooks".split()
    },
    "node_loader": "only Python graphs are hosted",
    "priority": "runs are started in the order of their arrival",
    "store": "graphs run without a long-term memory",
    "ui": "its components are not served",
    "ui_config": "its components are not served",
    "webhooks": "no webhook is called",
}
"""Keys that are understood and not honoured yet, and what happens instead."""

NODE_SUFFIXES = (".ts", ".js", ".mts", ".mjs", ".cts", ".cjs", ".tsx", ".jsx")
ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s*]+", re.IGNORECASE)


def find_config(path: Path) -> Path | None:
    """The configuration file that a path to it or to its folder means, if it exists."""
    file = path / FILE_NAME if path.is_dir() else path
    return file.resolve() if file.is_file() else None


def read_config(path: Path, environ: Mapping[str, str] | None = None) -> Config:
    """Read a configuration file, or the one in a folder. Raises `ConfigError`."""
    file = find_config(path)
    if file is None:
        raise ConfigError(f"There is no configuration file {path}. Name one with --config.")
    return _Reader(file, os.environ if environ is None else environ).read()


class _Reader:
    """Reads one file and collects what there is to warn of."""

    def __init__(self, file: Path, environ: Mapping[str, str]) -> None:
        self._file, self._environ = file, environ
        self._warnings: list[str] = []

    def read(self) -> Config:
        data = self._object(self._parse(), "the file")
        checkpointer = self._object(data.get("checkpointer") or {}, "checkpointer")
        http = self._object(data.get("http") or {}, "http")
        known = NOT_YET.keys() | BUILD_ONLY | HONOURED
        self._check_keys(data, "", {key for key in known if "." not in key})
        self._check_keys(checkpointer, "checkpointer.", _children("checkpointer") | {"serde"})
        self._check_keys(http, "http.", _children("http") | {"cors"})
        env_file = self._env_file(data.get("env"))
        return Config(
            path=self._file,
            directory=self._file.parent,
            graphs=self._graphs(data.get("graphs")),
            import_paths=self._import_paths(data.get("dependencies", [])),
            env=self._env(data.get("env"), env_file),
            env_file=env_file,
            allowed_types=self._allowed_types(checkpointer.get("serde") or {}),
            cors_origins=self._cors_origins(http.get("cors") or {}),
            warnings=tuple(self._warnings),
        )

    def _error(self, key: str, problem: str) -> ConfigError:
        return ConfigError(f"{self._file}: {key}: {problem}")

    def _warn(self, key: str, problem: str) -> None:
        self._warnings.append(f"{self._file}: {key}: {problem}")

    def _parse(self) -> Any:
        try:
            return json.loads(self._file.read_text(encoding="utf-8-sig"))
        except json.JSONDecodeError as error:
            place = f"line {error.lineno}, column {error.colno}"
            raise ConfigError(f"{self._file}: {place}: not JSON: {error.msg}.") from None
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{self._file}: the file cannot be read: {error}") from None

    def _object(self, value: Any, key: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._error(key, "must be an object: {...}.")
        return value

    def _check_keys(self, data: Mapping[str, Any], prefix: str, known: set[str]) -> None:
        for key in data:
            if key not in known:
                close = difflib.get_close_matches(key, sorted(known), n=1)
                hint = f" Did you mean '{prefix}{close[0]}'?" if close else ""
                self._warn(prefix + key, f"there is no such setting; it is ignored.{hint}")
            elif prefix + key in NOT_YET and data[key]:
                self._warn(prefix + key, f"is not honoured yet: {NOT_YET[prefix + key]}.")

    def _graphs(self, value: Any) -> dict[str, GraphSpec]:
        if not value or not isinstance(value, dict):
            raise self._error(
                "graphs", 'must name at least one graph, as in {"agent": "./agent.py:graph"}.'
            )
        return {name: self._graph(name, spec) for name, spec in value.items()}

    def _graph(self, name: str, spec: Any) -> GraphSpec:
        key = f"graphs.{name}"
        if not name.strip() or "/" in name or not name.isprintable():
            raise self._error(key, "a graph's name must not be empty or contain '/'.")
        parts = self._object({"path": spec} if isinstance(spec, str) else spec, key)
        self._check_keys(parts, f"{key}.", {"path", "description"})
        target, description = parts.get("path"), parts.get("description")
        if not isinstance(description, str | None):
            raise self._error(f"{key}.description", "must be a text.")
        place, colon, attribute = target.rpartition(":") if isinstance(target, str) else ("",) * 3
        if place.lower().endswith(NODE_SUFFIXES) or attribute.lower().endswith(NODE_SUFFIXES):
            raise self._error(
                key, f"{target} is a JavaScript graph; only Python graphs are hosted. Remove it."
            )
        if not (isinstance(target, str) and place and colon and attribute.isidentifier()):
            raise self._error(
                key,
                "must name a file or module and an attribute of it, "
                f"as in './agent.py:graph' or 'package.module:graph'; it is {json.dumps(target)}.",
            )
        return GraphSpec(target, description)

    def _import_paths(self, value: Any) -> tuple[Path, ...]:
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self._error("dependencies", 'must be a list of texts, as in ["."].')
        paths = [self._file.parent]
        for each in value:
            if not each.startswith(".") and not Path(each).is_absolute():
                continue  # a package for the image's build, or already installed
            path = (self._file.parent / each).resolve()
            if not path.is_dir():
                raise self._error(
                    "dependencies", f"there is no folder {each} ({path}). Create it or remove it."
                )
            paths.append(path)
        return tuple(dict.fromkeys(paths))

    def _env_file(self, value: Any) -> Path | None:
        return (self._file.parent / value).resolve() if isinstance(value, str) and value else None

    def _env(self, value: Any, file: Path | None) -> dict[str, str]:
        if file is not None:
            return self._dotenv(value, file)
        pairs = self._object(value or {}, "env")
        for name, each in pairs.items():
            if isinstance(each, dict | list | None):
                raise self._error(f"env.{name}", "must be a text.")
        return {
            name: each if isinstance(each, str) else json.dumps(each)
            for name, each in pairs.items()
        }

    def _dotenv(self, value: str, file: Path) -> dict[str, str]:
        if not file.is_file():
            self._warn("env", f"there is no file {value}; no variable is read from it.")
            return {}
        try:
            pairs = dotenv_values(file, encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise self._error("env", f"{file} cannot be read: {error}") from None
        return {name: each for name, each in pairs.items() if each is not None}

    def _allowed_types(self, serde: Any) -> tuple[tuple[str, str], ...]:
        key = "checkpointer.serde"
        for name, each in self._object(serde, key).items():
            if name == "allowed_json_modules" and each is not None:
                self._warn(f"{key}.{name}", "is not honoured yet: no type is restored from JSON.")
            elif name == "pickle_fallback" and each:
                self._warn(f"{key}.{name}", "is not honoured: nothing is pickled, ever.")
        self._check_keys(
            serde,
            f"{key}.",
            {"allowed_json_modules", "allowed_msgpack_modules", "pickle_fallback"},
        )
        key += ".allowed_msgpack_modules"
        value = serde.get("allowed_msgpack_modules")
        if value is True:
            self._warn(key, "true is not honoured: list the types, as [module, name].")
            return ()
        if not isinstance(value or [], list) or not all(map(_is_pair, value or [])):
            raise self._error(key, 'must list pairs, as in [["my_agent.state", "Invoice"]].')
        return tuple((module, name) for module, name in value or [])

    def _cors_origins(self, cors: Any) -> tuple[str, ...]:
        others = self._object(cors, "http.cors").keys() - {"allow_origins"}
        for name in sorted(others):
            self._warn(f"http.cors.{name}", "is not honoured yet: only allow_origins is.")
        key, value = "http.cors.allow_origins", cors.get("allow_origins") or []
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self._error(key, 'must be a list of texts, as in ["https://app.example.com"].')
        if value == ["*"]:
            self._warn(key, "'*' lets every web site that you visit use your agents.")
            return ("*",)
        for each in value:
            self._check_origin(key, each)
        return tuple(value)

    def _check_origin(self, key: str, origin: str) -> None:
        if origin == "*":
            raise self._error(
                key,
                "'*' beside other origins contradicts them: it allows every web site. "
                "Remove '*' to allow only the others, or the others to allow every one.",
            )
        if not ORIGIN.fullmatch(origin):
            raise self._error(
                key,
                f"'{origin}' is not an origin. An origin is a scheme, a host and perhaps a port, "
                "without a pattern or a path, as in 'https://app.example.com'.",
            )


def _children(key: str) -> set[str]:
    return {each.partition(".")[2] for each in NOT_YET if each.startswith(f"{key}.")}


def _is_pair(value: Any) -> bool:
    return (
        isinstance(value, list) and len(value) == 2 and all(isinstance(each, str) for each in value)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the server runs. `log_json` None: JSON lines unless it logs to a terminal."""

    host: str
    port: int
    data_dir: Path
    slots: int
    synchronous: str
    drain_s: float
    retention_s: float
    body_limit: int
    log_level: str
    log_json: bool | None


def _whole(low: int, high: int | None = None) -> Callable[[str], int]:
    def parse(text: str) -> int:
        number = int(text) if text.isascii() and text.lstrip("-").isdigit() else low - 1
        if number < low or (high is not None and number > high):
            raise ValueError(f"a whole number from {low}" + (f" to {high}" if high else " up"))
        return number

    return parse


def _seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number < float("inf"):
        raise ValueError("a number of seconds, 0 or more")
    return number


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        for choice in choices:
            if choice.lower() == text.lower():
                return choice
        raise ValueError("one of " + ", ".join(choices))

    return parse


def _truth(text: str) -> bool:
    if text.lower() in ("1", "true", "yes", "on"):
        return True
    if text.lower() in ("0", "false", "no", "off"):
        return False
    raise ValueError("true or false")


LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its variable, its flag if it has one, its default, what it means.

    `shown` says what the default is where it depends on something.
    """

    name: str
    env: str
    flag: str | None
    default: Any
    meaning: str
    parse: Callable[[str], Any] = str
    shown: str = ""


SETTINGS = (
    Setting("host", "LANGGRAPH_SERVER_HOST", "--host", "127.0.0.1", "The address to listen on."),
    Setting(
        "port", "PORT", "--port", 2024, "The port to listen on; 0: any free one.", _whole(0, 65535)
    ),
    Setting(
        "data_dir",
        "DEMOTIC_DATA_DIR",
        "--data-dir",
        None,
        "The directory that keeps threads, runs and state.",
        lambda text: Path(text).expanduser().resolve(),
        "`.demotic` beside the configuration file",
    ),
    Setting(
        "slots",
        "N_JOBS_PER_WORKER",
        "--n-jobs-per-worker",
        100,
        "How many runs are worked on at a time.",
        _whole(1),
    ),
    Setting(
        "synchronous",
        "DEMOTIC_SYNCHRONOUS",
        None,
        "normal",
        "`normal`: a commit survives a killed process; `full`: a power loss, too.",
        _one_of("normal", "full"),
    ),
    Setting(
        "drain_s",
        "BG_JOB_SHUTDOWN_GRACE_PERIOD_SECS",
        None,
        180.0,
        "How many seconds a stopping server gives its runs to reach a safe point.",
        _seconds,
        "180; `demotic dev`: 5",
    ),
    Setting(
        "retention_s",
        "DEMOTIC_EVENT_RETENTION_SECS",
        None,
        86400.0,
        "For how many seconds the events of a finished run can be replayed.",
        _seconds,
    ),
    Setting(
        "body_limit",
        "HTTP_MAX_REQUEST_BODY_BYTES",
        None,
        300 * 1024 * 1024,
        "The largest request body, in bytes.",
        _whole(1),
    ),
    Setting(
        "log_level",
        "LOG_LEVEL",
        "--server-log-level",
        "INFO",
        "The least severe log line to write.",
        _one_of(*LOG_LEVELS),
    ),
    Setting(
        "log_json",
        "LOG_JSON",
        None,
        None,
        "Whether log lines are JSON.",
        _truth,
        "true unless the log goes to a terminal",
    ),
)
"""Every setting. A flag wins over its variable, the variable over the default."""


def read_settings(
    flags: Mapping[str, Any], environ: Mapping[str, str], defaults: Mapping[str, Any]
) -> Settings:
    """Settings from flags, variables and defaults, by the settings' names.

    `defaults` come before those of the table and must hold `data_dir`. Raises `ConfigError`.
    """
    return Settings(**{each.name: _setting(each, flags, environ, defaults) for each in SETTINGS})


def _setting(
    setting: Setting,
    flags: Mapping[str, Any],
    environ: Mapping[str, str],
    defaults: Mapping[str, Any],
) -> Any:
    given, source = flags.get(setting.name), setting.flag
    if given is None:
        given, source = environ.get(setting.env, "").strip() or None, setting.env
    if given is None:
        return defaults.get(setting.name, setting.default)
    try:
        return setting.parse(str(given))
    except ValueError as error:
        raise ConfigError(f"{source}: must be {error}; it is '{given}'.") from None
