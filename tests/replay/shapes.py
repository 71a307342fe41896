"""What two answers have in common: keys and types of JSON, names of events, telling words."""

from collections.abc import Collection, Iterator
from typing import Any

from replay.recording import ID

WORDS = frozenset(
    {
        *("attempt", "checkpoint_during", "checkpoint_ns", "durability", "enabled", "next"),
        *("multitask_strategy", "on_run_completed", "resumable", "schedule", "source", "status"),
        *("step", "stream_mode", "subgraphs", "temporary", "timezone", "type", "version"),
    }
)
"""Keys whose values are words of the API, or numbers that count, not what somebody has given."""

Shape = Any
"""A type's name; a mapping of keys to shapes; a list with the one shape of all elements."""


def shape(value: Any) -> Shape:
    """The shape of a JSON value."""
    if isinstance(value, dict):
        return {ID.sub("…", key): shape(each) for key, each in value.items()}
    if isinstance(value, list):
        merged: Shape = None
        for each in value:
            merged = merge(merged, shape(each))
        return [merged]
    if isinstance(value, bool) or value is None:
        return type(value).__name__
    return "number" if isinstance(value, int | float) else "str"


def merge(one: Shape, other: Shape) -> Shape:
    """The shape of what has either shape: objects have the keys of both."""
    if one in (None, "NoneType"):
        return other
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: merge(one.get(key), other.get(key)) for key in {**one, **other}}
    if isinstance(one, list) and isinstance(other, list):
        return [merge(one[0], other[0])]
    return one


def differences(
    theirs: Shape, ours: Shape, ignored: Collection[str], path: str = ""
) -> Iterator[str]:
    """Where two shapes differ: `- path` is only theirs, `+ path` only ours, `~ path` another type.

    `ignored` are the last parts of paths that may differ. An empty list, or null, has any shape.
    """
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in sorted({**theirs, **ours}):
            if key in ignored:
                continue
            inner = f"{path}.{key}"
            if key not in ours:
                yield f"- {inner}"
            elif key not in theirs:
                yield f"+ {inner}"
            else:
                yield from differences(theirs[key], ours[key], ignored, inner)
    elif isinstance(theirs, list) and isinstance(ours, list):
        yield from differences(theirs[0], ours[0], ignored, f"{path}[]")
    elif theirs != ours and None not in (theirs, ours):
        yield f"~ {path} ({_kind(theirs)}, {_kind(ours)})"


def _kind(given: Shape) -> str:
    if isinstance(given, dict):
        return "object"
    return "array" if isinstance(given, list) else str(given)


def other_words(theirs: Any, ours: Any, path: str = "", key: str = "") -> Iterator[str]:
    """Where two values of `WORDS` differ: `= path (theirs, ours)`. Lists of different lengths are
    of things that others made meanwhile."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for each in sorted(theirs.keys() & ours.keys()):
            yield from other_words(theirs[each], ours[each], f"{path}.{each}", each)
    elif isinstance(theirs, list) and isinstance(ours, list) and key not in WORDS:
        if len(theirs) == len(ours):
            for one, other in zip(theirs, ours, strict=True):
                yield from other_words(one, other, f"{path}[]", key)
    elif key in WORDS and _unnamed(theirs) != _unnamed(ours):
        yield f"= {path} ({theirs}, {ours})"


def _unnamed(value: Any) -> Any:
    return ID.sub("…", value) if isinstance(value, str) else value
