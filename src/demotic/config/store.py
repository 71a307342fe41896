"""Reads `store` of `langgraph.json`: how items of long-term memory are kept and found."""

from collections.abc import Callable, Mapping
from typing import Any

from demotic.config.model import ConfigError
from demotic.domain.items import MAX_TTL_S, ItemIndex, ItemRules

Error = Callable[[str, str], ConfigError]
"""The error for a key and what is wrong with its value."""

CheckKeys = Callable[[Mapping[str, Any], str, set[str]], None]
"""Warns of keys below a prefix that are not among those that are known."""

TTL_KEYS = {"default_ttl", "refresh_on_read", "sweep_interval_minutes"}
INDEX_KEYS = {"dims", "embed", "fields"}


def read_rules(store: Mapping[str, Any], error: Error, check_keys: CheckKeys) -> ItemRules:
    """The rules. Raises `ConfigError`."""
    index, ttl = (_object(store, key, error) for key in ("index", "ttl"))
    check_keys(index, "store.index.", INDEX_KEYS)
    check_keys(ttl, "store.ttl.", TTL_KEYS)
    usual = ItemRules()
    refreshes = ttl.get("refresh_on_read")
    if not isinstance(refreshes, bool | None):
        raise error("store.ttl.refresh_on_read", "must be true or false.")
    return ItemRules(
        default_ttl_s=_minutes(ttl, "default_ttl", error),
        refresh_on_read=usual.refresh_on_read if refreshes is None else refreshes,
        sweep_s=_minutes(ttl, "sweep_interval_minutes", error) or usual.sweep_s,
        index=_index(index, error) if index else None,
    )


def read_path(store: Mapping[str, Any], error: Error) -> str | None:
    """What opens a store of the user's own, if there is one. Raises `ConfigError`."""
    path = store.get("path")
    if path is None:
        return None
    if not isinstance(path, str) or not all(path.rpartition(":")):
        raise error(
            "store.path",
            "must name a store, or what makes one, as in './store.py:make' or "
            f"'package.module:make'; it is {path!r}.",
        )
    for key in ("index", "ttl"):
        if store.get(key):
            raise error(
                f"store.{key}",
                f"is for the server's own store, not for {path}, which decides this itself. "
                "Remove it, or store.path.",
            )
    return path


def _index(index: Mapping[str, Any], error: Error) -> ItemIndex:
    dims, embed, fields = index.get("dims"), index.get("embed"), index.get("fields") or ["$"]
    if not isinstance(dims, int) or isinstance(dims, bool) or dims < 1:
        raise error("store.index.dims", "must be how many numbers a vector has, as in 1536.")
    if not isinstance(embed, str) or not all(embed.rpartition(":")):
        raise error(
            "store.index.embed",
            "must name what makes the vectors, as in 'openai:text-embedding-3-small', "
            "'./embed.py:embed' or 'package.module:embed'.",
        )
    if not isinstance(fields, list) or not all(isinstance(each, str) and each for each in fields):
        raise error("store.index.fields", 'must be a list of paths, as in ["$"] or ["text"].')
    return ItemIndex(dims=dims, embed=embed, fields=tuple(fields))


def _object(store: Mapping[str, Any], key: str, error: Error) -> Mapping[str, Any]:
    value = store.get(key) or {}
    if not isinstance(value, dict):
        raise error(f"store.{key}", "must be an object: {...}.")
    return value


def _minutes(ttl: Mapping[str, Any], key: str, error: Error) -> float | None:
    """Minutes as seconds."""
    value = ttl.get(key)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise error(f"store.ttl.{key}", "must be a number of minutes, or null.")
    if not 0 < value * 60 <= MAX_TTL_S:
        raise error(f"store.ttl.{key}", f"must be more than 0, at most {MAX_TTL_S // 60} minutes.")
    return value * 60
