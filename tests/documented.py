"""What OpenAPI documents tell of, entry by entry: every option with its default, and every status,
as `scripts/wire_coverage.py` looks for them in the log of a test run."""

import runpy
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from demotic.web.openapi.document import document

SCRIPT = Path(__file__).parents[1] / "scripts" / "wire_coverage.py"
APART = frozenset({"500", "503"})
"""Statuses of every operation, tried once for all."""


@cache
def promised(dialect: str) -> Mapping[str, str]:
    """What is promised of each option and status that is looked for, as `POST /runs: config`."""
    script = runpy.run_path(str(SCRIPT))
    tables = script["DIALECTS"][dialect]
    told = told_by(document(tables, tables.operations, ()))
    return {name: _promise(name, told.get(name)) for name in sorted(script["watched"](dialect))}


def unlike(dialect: str, served: Mapping[str, Any]) -> set[str]:
    """What is told by the document that is served and not looked for, or the other way round;
    fields of objects in a body stand in `components`, or have no place in a document."""
    found = {name for name in promised(dialect) if "." not in name.rpartition(" ")[2]}
    return found ^ set(told_by(served))


def told_by(whole: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options of a document with their defaults, and its statuses, under the same names."""
    return {
        f"{method.upper()} {path}: {name}": default
        for path, methods in whole["paths"].items()
        for method, row in methods.items()
        for name, default in (*_parameters(row), *_fields(whole, row), *_statuses(row))
    }


def _promise(name: str, default: Any) -> str:
    if name.rpartition(" ")[2].isdecimal():
        return "is answered where the document says so"
    means = "" if default is None else f", which means {default!r}"
    return f"has its effect, and may be left out unless it is required{means}"


def _parameters(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for each in row.get("parameters", ()):
        name, default = each["name"], each["schema"].get("default")
        if each["in"] != "path":
            yield (f"?{name}" if each["in"] == "query" else f"{name.lower()}:"), default


def _fields(whole: Mapping[str, Any], row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    content = row.get("requestBody", {}).get("content", {}).get("application/json", {})
    if "$ref" in (schema := content.get("schema", {})):
        found = whole["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        yield from ((name, each.get("default")) for name, each in found["properties"].items())


def _statuses(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from ((status, None) for status in row["responses"].keys() - APART)
