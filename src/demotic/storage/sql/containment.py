"""JSON containment, with the meaning of PostgreSQL's `@>`, for backends that lack it."""

from typing import Any

import orjson


def json_within(*values: Any) -> bool:
    """Whether the JSON text `wanted` (second) is contained in `document` (first).

    NULL `wanted`: always. The signature is the one that SQL functions have.
    """
    document, wanted = values
    if wanted is None:
        return True
    return document is not None and contains(orjson.loads(document), orjson.loads(wanted))


def contains(value: Any, wanted: Any) -> bool:
    """Whether `wanted` is contained in `value`: objects by key, lists by element."""
    if isinstance(wanted, dict):
        return isinstance(value, dict) and all(
            key in value and contains(value[key], part) for key, part in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(value, list) and all(
            any(contains(element, part) for element in value) for part in wanted
        )
    return type(value) is type(wanted) and bool(value == wanted) or _equal_numbers(value, wanted)


def _equal_numbers(value: Any, wanted: Any) -> bool:
    numbers = {int, float}
    return type(value) in numbers and type(wanted) in numbers and bool(value == wanted)
