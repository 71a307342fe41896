"""What the root's document says of the aliases: what the dialects' own documents say of them."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import orjson

from demotic.dialects.acp.openapi.tables import tables
from demotic.dialects.acp.versions import NEWEST
from demotic.dialects.agent_protocol.openapi.tables import TABLES
from demotic.server.alias_schemas import AGENT_PROTOCOL, SchemaUnion
from demotic.server.aliases import ERRORS
from demotic.web.openapi.describing import Schema
from demotic.web.openapi.document import ERROR_WORDS, Tables, document
from demotic.web.openapi.joining import joined, needed, renamed
from demotic.web.problems import common_body
from demotic.web.routing import Operation

TAG = {
    "name": "Aliases",
    "description": "Paths of the Agent Protocol and of ACP that LangGraph's API lacks. What both "
    "have is answered in one body that clients of either read.",
}

TOLD = {"Acp": tables(NEWEST), AGENT_PROTOCOL: TABLES}
"""What the dialects tell, by what the names of their schemas begin with here; of what both have,
the first one's words are shown."""


class _Part(NamedTuple):
    """What a dialect's own document says of the aliases."""

    paths: Mapping[str, Mapping[str, Any]]
    schemas: Mapping[str, Schema]
    responses: Mapping[str, Any]


def with_aliases(ours: dict[str, Any], aliases: Iterable[Operation]) -> dict[str, Any]:
    """The root's document with the aliases in it."""
    wanted = [(each.method, each.path) for each in aliases]
    parts = [_part(prefix, told, wanted) for prefix, told in TOLD.items()]
    union = SchemaUnion({name: each for part in parts for name, each in part.schemas.items()})
    paths: dict[str, dict[str, Any]] = {}
    for method, path in wanted:
        rows = [found for part in parts if (found := _row(part, method, path))]
        told = {**_both(union, *rows), "tags": [TAG["name"]]}
        paths.setdefault(path, {})[method.lower()] = told
    return joined(
        ours,
        paths=paths,
        schemas=needed(paths, union.schemas),
        responses={name: each for part in parts for name, each in part.responses.items()},
        tag=TAG,
    )


def _part(prefix: str, told: Tables, wanted: Collection[tuple[str, str]]) -> _Part:
    """A dialect's document of those aliases that it knows, in names that are no other's.

    The errors are the aliases' own: they have one table and the common body.
    """
    own = replace(
        told,
        errors=ERRORS,
        error_words={status: ERROR_WORDS[status] for status, _ in ERRORS.values()},
        error_body=common_body,
        error_shape=lambda status: "Error",
    )
    whole = document(own, [each for each in wanted if each in own.operations], ())
    schemas = whole["components"]["schemas"]
    names = {name: f"{prefix}{name}" for name in schemas if name != "Error"}
    of_errors = {status: f"Alias{status}" for status in whole["components"]["responses"]}
    return _Part(
        _with_responses(renamed(whole["paths"], names), of_errors),
        {names.get(name, name): each for name, each in renamed(schemas, names).items()},
        {of_errors[status]: each for status, each in whole["components"]["responses"].items()},
    )


def _with_responses(paths: Any, names: Mapping[str, str]) -> Any:
    """The same with responses of other names."""
    text = orjson.dumps(paths).decode()
    for status, name in names.items():
        text = text.replace(
            f'"#/components/responses/{status}"', f'"#/components/responses/{name}"'
        )
    return orjson.loads(text)


def _row(part: _Part, method: str, path: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = part.paths.get(path, {}).get(method.lower())
    return found


def _both(
    union: SchemaUnion, row: dict[str, Any], other: dict[str, Any] | None = None
) -> dict[str, Any]:
    """An operation that one dialect has, or both: then its bodies have the fields of both."""
    if other is None:
        return row
    responses = {
        status: _body(union.of, each, other["responses"].get(status, each))
        for status, each in row["responses"].items()
    }
    told = {**row, "responses": responses}
    if "requestBody" in row:
        # The handlers read the Agent Protocol's bodies, which say less of what a field may hold.
        told["requestBody"] = _body(union.of, other["requestBody"], row["requestBody"])
    return told


def _body(
    both: Callable[[Schema, Schema], Schema], one: dict[str, Any], other: Mapping[str, Any]
) -> dict[str, Any]:
    if "content" not in one:
        return one
    schemas = (each["content"]["application/json"]["schema"] for each in (one, other))
    return {**one, "content": {"application/json": {"schema": both(*schemas)}}}
