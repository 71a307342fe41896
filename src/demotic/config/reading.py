"""What reading any part of `langgraph.json` needs: where a value stands, what is wrong with it."""

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from demotic.config.keys import NOT_YET
from demotic.config.model import ConfigError

T = TypeVar("T")


class Reading:
    """Reads one file and collects what there is to warn of, and what is wrong."""

    def __init__(self, file: Path, environ: Mapping[str, str]) -> None:
        self._file, self._environ = file, environ
        self._variables: dict[str, str] = {}  # by the key whose value they hold
        self._warnings: list[str] = []
        self._problems: list[str] = []

    def _try(self, otherwise: T, read: Callable[..., T], *args: Any) -> T:
        """What `read` returns; what it refuses is kept to be told with all the rest."""
        try:
            return read(*args)
        except ConfigError as error:
            self._problems += error.problems
            return otherwise

    def _part(self, data: Mapping[str, Any], key: str, honoured: set[str]) -> dict[str, Any]:
        nothing: dict[str, Any] = {}
        part = self._try(nothing, self._object, data.get(key) or {}, key)
        self._check_keys(part, f"{key}.", _children(key) | honoured)
        return part

    def _place(self, key: str) -> str:
        variable = self._variables.get(key.partition(".")[0])
        return f"{variable}: {key}" if variable else f"{self._file}: {key}"

    def _error(self, key: str, problem: str) -> ConfigError:
        return ConfigError(f"{self._place(key)}: {problem}")

    def _warn(self, key: str, problem: str) -> None:
        self._warnings.append(f"{self._place(key)}: {problem}")

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

    def _texts(self, value: Any, key: str, example: str) -> tuple[str, ...]:
        """A list of texts."""
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self._error(key, f"must be a list of texts, as in {example}.")
        return tuple(value)

    def _flag(self, value: Any, key: str) -> bool:
        """True or false; null counts as false."""
        if not isinstance(value, bool | None):
            raise self._error(key, "must be true or false.")
        return bool(value)


def _children(key: str) -> set[str]:
    return {each.partition(".")[2] for each in NOT_YET if each.startswith(f"{key}.")}
