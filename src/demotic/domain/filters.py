"""Filters on JSON objects: equality by field, nested fields, and comparisons.

A filter gives, by field, the value wanted or an object of operators. An object without operators
is wanted field by field; a list element by element; a field that is missing counts as null.
`$gt`, `$gte`, `$lt` and `$lte` compare numbers (also such as are written as texts), else texts by
their characters; what cannot be compared does not match.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any

from demotic.domain.errors import BadInput
from demotic.domain.model import Json

SIGN = "$"

_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}

OPERATORS = ("$eq", "$ne", *_ORDER)
"""What a field can be compared by."""


def check_filters(filters: Mapping[str, Json]) -> None:
    """Raises `BadInput` for an operator that does not exist."""
    for field, wanted in filters.items():
        _check(field, wanted)


def matches(value: Mapping[str, Json], filters: Mapping[str, Json]) -> bool:
    """Whether an object is as the filters (checked ones) want it."""
    return all(_holds(value.get(field), wanted) for field, wanted in filters.items())


def same(one: Json, other: Json) -> bool:
    """Whether two values are equal as JSON: 1 is 1.0, and true is not 1."""
    if isinstance(one, dict):
        return (
            isinstance(other, dict)
            and one.keys() == other.keys()
            and all(same(each, other[key]) for key, each in one.items())
        )
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _check(field: str, wanted: Json) -> None:
    if isinstance(wanted, dict):
        compares = any(key.startswith(SIGN) for key in wanted)
        for key, each in wanted.items():
            if compares and key not in OPERATORS:
                raise BadInput(
                    f"`filter`: {field!r} cannot be compared by {key!r}. Operators are "
                    f"{', '.join(OPERATORS)}."
                )
            if not compares:
                _check(f"{field}.{key}", each)
    elif isinstance(wanted, list):
        for each in wanted:
            _check(field, each)


def _holds(value: Json, wanted: Json) -> bool:
    if isinstance(wanted, dict):
        if any(key.startswith(SIGN) for key in wanted):
            return all(_compares(value, name, operand) for name, operand in wanted.items())
        return isinstance(value, dict) and matches(value, wanted)
    if isinstance(wanted, list):
        return (
            isinstance(value, list)
            and len(value) == len(wanted)
            and all(map(_holds, value, wanted))
        )
    return same(value, wanted)


def _compares(value: Json, name: str, operand: Json) -> bool:
    if name in _ORDER:
        pair = (_number(value), _number(operand))
        if None not in pair:
            return _ORDER[name](*pair)
        return isinstance(value, str) and isinstance(operand, str) and _ORDER[name](value, operand)
    return same(value, operand) == (name == "$eq")


def _number(value: Json) -> float | int | None:
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
