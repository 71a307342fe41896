"""What OpenAPI tables document, entry by entry: every option with its default, and every status."""

import runpy
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from demotic.web.openapi.describing import Described
from demotic.web.openapi.document import Tables

SCRIPT = Path(__file__).parents[1] / "scripts" / "wire_coverage.py"
UNLIKE_ANY = object()


def documented(tables: Tables) -> Mapping[str, str]:
    """What is promised of each: `POST /runs: config` to words."""
    return {
        f"{method} {path}: {name}": promise
        for (method, path), told in tables.operations.items()
        for name, promise in (*_options(tables, told), *_statuses(told))
    }


def watched(dialect: str) -> set[str]:
    """What `scripts/wire_coverage.py` looks for in the log of a test run."""
    found: set[str] = runpy.run_path(str(SCRIPT))["watched"](dialect)
    return found


def _options(tables: Tables, told: Described) -> Iterator[tuple[str, str]]:
    for each in told.parameters:
        yield each.name, _option(each.required, each.schema.get("default", UNLIKE_ANY))
    if told.body is not None:
        for field in msgspec.structs.fields(told.body):
            default = tables.fields[told.body][field.name].more.get("default", UNLIKE_ANY)
            yield field.encode_name, _option(field.required, default)


def _option(required: bool, default: object) -> str:
    if required:
        return "must be sent, and has its effect"
    more = "" if default is UNLIKE_ANY else f", which means {default!r}"
    return f"may be sent, and has its effect, or be left out{more}"


def _statuses(told: Described) -> Iterator[tuple[str, str]]:
    for status in sorted({*told.answers, *told.errors}):
        yield str(status), "is answered where the document says so"
