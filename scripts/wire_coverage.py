"""Tells which parameters, body fields and statuses of our OpenAPI documents no test tries.

    DEMOTIC_WIRE_LOG=/tmp/wire pytest tests/dialects && python scripts/wire_coverage.py /tmp/wire

An option is tried when a request that has it succeeds, and its default when one succeeds that
has it not; one that is documented as refused, when it is. Each entry of `config`, `command` and
objects with fields of their own is an option, too. Tests that make their requests of the document
itself do not count.
"""

import argparse
import json
import re
import sys
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import FieldInfo

from demotic.dialects.acp.openapi.tables import tables as acp_tables
from demotic.dialects.acp.versions import VERSIONS
from demotic.dialects.langgraph.choices import STAMPS
from demotic.dialects.langgraph.openapi.tables import TABLES
from demotic.dialects.streaming.routes import StreamingDialect
from demotic.domain import configs
from demotic.engine.core import Engine
from demotic.server.app import agent_protocol
from demotic.web.openapi.describing import Described
from demotic.web.openapi.document import Tables, error_statuses

ALWAYS = frozenset({500, 503})
"""Statuses of every operation, tried once for all."""

ENTRIES = {"config": configs.PASSED, "command": ("resume", "update", "goto")}
"""What objects of any shape are documented to hold."""

UNCOUNTED = re.compile("fuzz|generated")


def no_engine() -> Engine:
    """There is none: nothing is served."""
    raise LookupError("nothing is served")


DIALECTS: Mapping[str, Tables] = {
    "langgraph": TABLES.joined(StreamingDialect(no_engine, STAMPS).tables),
    "agent_protocol": agent_protocol(no_engine).tables,
    **{f"acp-{version.name}": acp_tables(version) for version in VERSIONS},
}
MOUNTS = {"/ap": "agent_protocol", **{each.mount: f"acp-{each.name}" for each in VERSIONS}}
MOUNTED_ONLY = frozenset(f"acp-{each.name}" for each in VERSIONS)
"""Whose tests always name a mount: what they ask at the root is another dialect's."""

CANNOT_BE = frozenset(
    f"agent_protocol {method} /store/items: {name} is not left out"
    for method, name in (("GET", "?namespace"), ("DELETE", "namespace"))
)
"""What no request can try: nothing is stored outside of all namespaces, so that there the only
answer is 404, which a test sees."""


class Request(NamedTuple):
    """What a test sent, and how it was answered."""

    sent: frozenset[str]
    status: int


Seen = dict[tuple[str, str, str], list[Request]]
"""Requests by dialect, method and path."""


def read(folder: Path) -> Seen:
    """The log of a test run."""
    seen: Seen = {}
    for file in folder.glob("*.jsonl"):
        for line in file.read_text().splitlines():
            row = json.loads(line)
            if not UNCOUNTED.search(row["test"]):
                for dialect, path in places(row["test"], row["route"]):
                    request = Request(frozenset(row["sent"]), row["status"])
                    seen.setdefault((dialect, row["method"], path), []).append(request)
    return seen


def places(test: str, route: str) -> Iterator[tuple[str, str]]:
    """The dialects that a route may be of, with its path there."""
    for mount in sorted(MOUNTS, key=len, reverse=True):
        if route.startswith(f"{mount}/"):
            yield MOUNTS[mount], route.removeprefix(mount)
            return
    for name in DIALECTS.keys() - MOUNTED_ONLY:
        if f"/{name}/" in test:
            yield name, route
    if "/dialects/a" not in test:
        yield "langgraph", route


class Option(NamedTuple):
    """What a request may have, by its name in the log."""

    name: str
    is_required: bool = False


def options(told: Described) -> Iterator[Option]:
    """What a request may have."""
    for each in told.parameters:
        name = f"?{each.name}" if each.place == "query" else f"{each.name.lower()}:"
        yield Option(name, each.required)
    if told.body is not None:
        for field in msgspec.structs.fields(told.body):
            yield Option(field.encode_name, field.required)
            if field.encode_name not in told.refused:
                yield from (Option(f"{field.encode_name}.{name}") for name in entries(field))


def entries(field: FieldInfo) -> Iterator[str]:
    """What an object in a body may have, as far as that is documented."""
    for each in (field.type, *typing.get_args(field.type)):
        if isinstance(each, type) and issubclass(each, Struct):
            yield from (inner.encode_name for inner in msgspec.structs.fields(each))
            return
    yield from ENTRIES.get(field.encode_name, ())


def statuses(tables: Tables, path: str, told: Described) -> set[int]:
    """What a request may be answered with."""
    return {*told.answers, *error_statuses(tables, path, told)} - ALWAYS


def watched(dialect: str) -> set[str]:
    """All that must be tried, as in `POST /runs: config`."""
    tables, found = DIALECTS[dialect], set[str]()
    for (method, path), told in tables.operations.items():
        words = {each.name for each in options(told)} | {*map(str, statuses(tables, path, told))}
        found |= {f"{method} {path}: {word}" for word in words}
    return found


def untried(told: Described, answers: set[int], found: list[Request]) -> Iterator[str]:
    """What no request tried of an operation with these answers."""
    served = [each for each in found if each.status < 300]
    for name, is_required in options(told):
        if name in told.refused:
            if not any(name in each.sent and 400 <= each.status < 500 for each in found):
                yield f"{name} is not refused"
        elif not any(name in each.sent for each in served):
            yield f"{name} is not sent"
        elif not is_required and all(name in each.sent for each in served):
            yield f"{name} is not left out"
    for status in sorted(answers - {each.status for each in found}):
        yield f"{status} is not answered"


def main() -> None:
    """List what is not tried; the exit code says whether there is any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    seen, count, lines, bad = read(parser.parse_args().folder), 0, list[str](), 0
    for dialect, tables in DIALECTS.items():
        count += len(watched(dialect))
        for (method, path), told in tables.operations.items():
            place, tried = f"{dialect} {method} {path}", seen.get((dialect, method, path), [])
            answers = statuses(tables, path, told)
            found = [x for x in untried(told, answers, tried) if f"{place}: {x}" not in CANNOT_BE]
            bad += len(found)
            if found:
                lines.append(f"{place}: {'; '.join(found)}")
    lines.append(f"{count} options and statuses, {bad} not tried\n")
    sys.stdout.write("\n".join(lines))
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
