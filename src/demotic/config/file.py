"""Reads `langgraph.json`: all that is wrong is collected and told at once, what is not honoured is
warned of."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from demotic.config import lifetimes
from demotic.config.http import HttpReading
from demotic.config.keys import BUILD_ONLY, FILE_FORMS, HONOURED, NOT_YET
from demotic.config.model import FILE_NAME, Config, ConfigError, GraphSpec, ThreadTtl, Webhooks
from demotic.config.store import read_path, read_rules
from demotic.config.variables import variable_warnings
from demotic.config.webhooks import read_webhooks
from demotic.domain.items import ItemRules

NODE_SUFFIXES = (".ts", ".js", ".mts", ".mjs", ".cts", ".cjs", ".tsx", ".jsx")
GRAPHS_FORM = "LANGSERVE_GRAPHS"


def find_config(path: Path) -> Path | None:
    """The configuration file that a path to it or to its folder means, if it exists."""
    file = path / FILE_NAME if path.is_dir() else path
    return file.resolve() if file.is_file() else None


def read_config(path: Path, environ: Mapping[str, str] | None = None) -> Config:
    """Read a configuration file, or the one in a folder. Raises `ConfigError`.

    Where there is none, the variables that stand for its keys are enough.
    """
    environ = os.environ if environ is None else environ
    file = find_config(path)
    if file is None and not environ.get(GRAPHS_FORM):
        raise ConfigError(f"There is no configuration file {path}. Name one with --config.")
    missing = path / FILE_NAME if path.is_dir() else path
    return _Reader(file or missing.absolute(), environ).read()


class _Reader(HttpReading):
    """Reads one file."""

    def read(self) -> Config:
        data = self._object(self._parse(), "the file")
        env_file = self._env_file(data.get("env"))
        nothing: dict[str, str] = {}
        env = self._try(nothing, self._env, data.get("env"), env_file)
        environ = {**env, **self._environ}
        data = self._overlaid(data, environ)
        checkpointer = self._part(data, "checkpointer", {"serde", "ttl"})
        store = self._part(data, "store", {"index", "path", "ttl"})
        known = NOT_YET.keys() | BUILD_ONLY | HONOURED
        self._check_keys(data, "", {key for key in known if "." not in key})
        no_paths: tuple[Path, ...] = ()
        config = Config(
            path=self._file,
            directory=self._file.parent,
            graphs=self._try({}, self._graphs, data.get("graphs")),
            import_paths=self._try(no_paths, self._import_paths, data.get("dependencies", [])),
            env=env,
            env_file=env_file,
            allowed_types=self._try((), self._allowed_types, checkpointer.get("serde") or {}),
            http=self._http(data, environ),
            memory=self._try(ItemRules(), read_rules, store, self._error, self._check_keys),
            store=self._try(None, read_path, store, self._error),
            webhooks=self._try(Webhooks(), self._webhooks, data.get("webhooks"), environ),
            thread_ttl=self._try(None, self._thread_ttl, checkpointer.get("ttl")),
            warnings=(*self._warnings, *variable_warnings(environ)),
        )
        if self._problems:
            raise ConfigError("\n".join(self._problems), self._problems, config.warnings)
        return config

    def _overlaid(self, data: dict[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
        """The file's keys under those that variables hold as JSON."""
        overlaid = dict(data)
        for variable, key in FILE_FORMS.items():
            text = environ.get(variable, "").strip()
            if not text:
                continue
            try:
                overlaid[key] = json.loads(text)
            except json.JSONDecodeError as error:
                self._problems.append(f"{variable}: not JSON: {error.msg}.")
                continue
            self._variables[key] = variable
            if key in data and data[key] != overlaid[key]:
                self._warnings.append(f"{variable} wins over '{key}' in {self._file}.")
        return overlaid

    def _parse(self) -> Any:
        if not self._file.exists():
            return {}  # its keys are given as variables
        try:
            return json.loads(self._file.read_text(encoding="utf-8-sig"))
        except json.JSONDecodeError as error:
            place = f"line {error.lineno}, column {error.colno}"
            raise ConfigError(f"{self._file}: {place}: not JSON: {error.msg}.") from None
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{self._file}: the file cannot be read: {error}") from None

    def _graphs(self, value: Any) -> dict[str, GraphSpec]:
        if not value or not isinstance(value, dict):
            raise self._error(
                "graphs", 'must name at least one graph, as in {"agent": "./agent.py:graph"}.'
            )
        nothing = GraphSpec("")
        return {name: self._try(nothing, self._graph, name, each) for name, each in value.items()}

    def _graph(self, name: str, spec: Any) -> GraphSpec:
        key = f"graphs.{name}"
        if not name.strip() or "/" in name or not name.isprintable():
            raise self._error(key, "a graph's name must not be empty or contain '/'.")
        parts = self._object({"path": spec} if isinstance(spec, str) else spec, key)
        self._check_keys(parts, f"{key}.", {"path", "description", "acp"})
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
        return GraphSpec(target, description, self._manifest(f"{key}.acp", parts.get("acp")))

    def _manifest(self, key: str, value: Any) -> Path | None:
        if value is None:
            return None
        if not isinstance(value, str) or not value:
            raise self._error(key, "must name a file, as in './manifest.json'.")
        file = (self._file.parent / value).resolve()
        if not file.is_file():
            raise self._error(key, f"there is no file {value} ({file}).")
        return file

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

    def _webhooks(self, value: Any, environ: Mapping[str, str]) -> Webhooks:
        return read_webhooks(
            value, environ, wrong=self._error, attempt=self._try, check_keys=self._check_keys
        )

    def _thread_ttl(self, value: Any) -> ThreadTtl | None:
        if value is None:
            return None
        parts = self._object(value, "checkpointer.ttl")
        self._check_keys(parts, "checkpointer.ttl.", set(lifetimes.KEYS))
        try:
            return lifetimes.thread_ttl(parts)
        except ValueError as error:
            key, wanted = error.args
            raise self._error(f"checkpointer.ttl.{key}", f"must be {wanted}.") from None


def _is_pair(value: Any) -> bool:
    return (
        isinstance(value, list) and len(value) == 2 and all(isinstance(each, str) for each in value)
    )
