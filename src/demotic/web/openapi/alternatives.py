"""Several types of one value, told as alternatives: what generators of clients understand.

JSON Schema lists them in one `type`; openapi-generator fails on any such list but one of a type
and null.
"""

from collections.abc import Mapping
from typing import Any

_OWN: Mapping[str, tuple[str, ...]] = {
    "array": ("items", "minItems", "maxItems"),
    "object": ("properties", "required", "additionalProperties"),
    "string": ("format", "pattern", "minLength", "maxLength"),
    "number": ("minimum", "maximum"),
    "integer": ("minimum", "maximum"),
}
"""Keywords that say something of one type only."""

_VALUES = frozenset({"default", "example", "examples", "enum", "const"})
"""Keywords whose values are data."""


def in_alternatives(part: Any) -> Any:
    """A part of a document whose schemas have one type each, or one and null."""
    if isinstance(part, list):
        return [in_alternatives(each) for each in part]
    if not isinstance(part, dict):
        return part
    told = {name: each if name in _VALUES else in_alternatives(each) for name, each in part.items()}
    types = told.get("type")
    if not isinstance(types, list) or len({*types} - {"null"}) < 2:
        return told
    if "anyOf" in told:  # says more
        return {name: each for name, each in told.items() if name != "type"}
    parted = {name for type in types for name in _OWN.get(type, ())} | {"type"}
    alternatives = [
        {"type": type, **{name: told[name] for name in _OWN.get(type, ()) if name in told}}
        for type in types
    ]
    return {
        **{name: each for name, each in told.items() if name not in parted},
        "anyOf": alternatives,
    }
