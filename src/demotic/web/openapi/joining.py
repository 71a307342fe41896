"""Joins what is served beside a dialect to that dialect's document."""

import re
from collections.abc import Mapping
from typing import Any

import orjson

_SCHEMA = re.compile(r'"#/components/schemas/([^"]+)"')


def joined(
    ours: dict[str, Any],
    *,
    paths: Mapping[str, Mapping[str, Any]],
    schemas: Mapping[str, Any],
    tag: Mapping[str, str],
    responses: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A document with more in it; where both have an operation or a name, ours gives way."""
    components = ours["components"]
    return {
        **ours,
        "tags": [*ours["tags"], tag],
        "paths": {
            **ours["paths"],
            **{path: {**ours["paths"].get(path, {}), **each} for path, each in paths.items()},
        },
        "components": {
            **components,
            "schemas": {**components["schemas"], **schemas},
            "responses": {**components["responses"], **(responses or {})},
        },
    }


def renamed(part: Any, names: Mapping[str, str]) -> Any:
    """A part of a document that calls schemas by other names."""

    def reference(found: re.Match[str]) -> str:
        return f'"#/components/schemas/{names.get(found[1], found[1])}"'

    return orjson.loads(_SCHEMA.sub(reference, orjson.dumps(part).decode()))


def needed(part: Any, schemas: Mapping[str, Any]) -> dict[str, Any]:
    """The schemas that a part of a document refers to, and those that they refer to."""
    found: dict[str, Any] = {}
    left = _referred(part)
    while left:
        name = left.pop()
        if name in schemas and name not in found:
            found[name] = schemas[name]
            left |= _referred(schemas[name])
    return {name: schemas[name] for name in schemas if name in found}


def _referred(part: Any) -> set[str]:
    return set(_SCHEMA.findall(orjson.dumps(part).decode()))
