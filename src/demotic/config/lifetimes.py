"""How long threads are kept, as `checkpointer.ttl` or `LANGGRAPH_THREAD_TTL` says it."""

import json
from collections.abc import Mapping
from typing import Any

from demotic.config.model import ThreadTtl

STRATEGIES = ("delete", "keep_latest")
SWEEP = "sweep_interval_minutes"
KEYS = frozenset(["strategy", "default_ttl", SWEEP, "sweep_limit"])
MAX_MINUTES = 100 * 366 * 1440
FORM = 'a number of minutes, or JSON as in {"strategy": "delete", "default_ttl": 43200}'


def thread_ttl(given: Mapping[str, Any]) -> ThreadTtl:
    """What an object says; null counts as absent. Raises `ValueError`: the key, and what it must
    be."""
    told = {key: value for key, value in given.items() if value is not None}
    usual = ThreadTtl()
    strategy = told.get("strategy", usual.strategy)
    if strategy not in STRATEGIES:
        raise ValueError("strategy", f"one of {', '.join(STRATEGIES)}")
    default = told.get("default_ttl")
    return ThreadTtl(
        None if default is None else _minutes("default_ttl", default),
        strategy,
        _minutes(SWEEP, told.get(SWEEP, usual.sweep_interval_minutes)),
        _count("sweep_limit", told.get("sweep_limit", usual.sweep_limit)),
    )


def from_text(text: str) -> ThreadTtl:
    """What the variable says: minutes, or the same object as JSON. Raises `ValueError`."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        raise ValueError(FORM) from None
    if _is_number(value):
        value = {"default_ttl": value}
    if not isinstance(value, dict):
        raise ValueError(FORM)
    try:
        return thread_ttl(value)
    except ValueError as error:
        key, wanted = error.args
        raise ValueError(f"{FORM}, where {key} is {wanted}") from None


def _minutes(key: str, value: Any) -> float:
    if not _is_number(value) or not 0 < value <= MAX_MINUTES:
        raise ValueError(key, f"a number of minutes above 0, at most {MAX_MINUTES}")
    return float(value)


def _count(key: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(key, "a whole number from 1 up")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
