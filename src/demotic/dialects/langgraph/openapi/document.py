"""Assembles the document from the tables, for the operations that a dialect has."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import demotic
from demotic.dialects.langgraph.deferred import Deferred
from demotic.dialects.langgraph.errors import ERRORS
from demotic.dialects.langgraph.openapi.answers import COMPONENTS, EXAMPLE_ID, ref
from demotic.dialects.langgraph.openapi.fields import FIELDS
from demotic.dialects.langgraph.openapi.operations import (
    HEADERS,
    OPERATIONS,
    PATH_PARAMETERS,
    TAGS,
    Answer,
    Described,
    Parameter,
)
from demotic.dialects.langgraph.openapi.shapes import body_schema, reference

INTRODUCTION = (
    "One agent server, every agent protocol. This is what it serves to LangGraph's clients. Bodies "
    "are JSON in UTF-8; times are RFC 3339 in UTC. Every error has the same body."
)
ERROR_WORDS = {
    400: "The request contradicts itself.",
    404: "There is no such thing.",
    409: "The request contradicts the present state.",
    413: "The body is too large.",
    422: "The request cannot be understood; the answer names the field.",
    500: "The server failed; its log tells why.",
    501: "Planned, but not built yet.",
    503: "The storage cannot be used, or the server is stopping; try again later.",
}
"""What each error status means."""

_PARAMETER = re.compile(r"{(\w+)}")


def document(built: Iterable[tuple[str, str]], planned: Iterable[Deferred]) -> dict[str, Any]:
    """The OpenAPI document. `built` are methods and paths, in the order they are shown."""
    paths: dict[str, dict[str, Any]] = {}
    for method, path in built:
        paths.setdefault(path, {})[method.lower()] = _built(method, path)
    for each in planned:
        paths.setdefault(each.path, {})[each.method.lower()] = _planned(each)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Demotic: LangGraph API",
            "version": demotic.__version__,
            "description": INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": {
                **COMPONENTS,
                **{struct.__name__: body_schema(struct) for struct in FIELDS},
            },
            "responses": {str(status): _error(status) for status in ERROR_WORDS},
        },
    }


def _built(method: str, path: str) -> dict[str, Any]:
    told = OPERATIONS[method, path]
    row: dict[str, Any] = {
        "tags": [told.tag],
        "summary": told.summary,
        "operationId": _name(method, path),
        "responses": {
            **{str(status): _answer(each) for status, each in told.answers.items()},
            **{str(status): _error_reference(status) for status in _statuses(path, told)},
        },
    }
    if told.detail:
        row["description"] = told.detail
    if parameters := [*_path_parameters(path), *map(_parameter, told.parameters)]:
        row["parameters"] = parameters
    if told.body is not None:
        content = {"application/json": {"schema": reference(told.body)}}
        row["requestBody"] = {"required": told.needs_body, "content": content}
    return row


def _planned(operation: Deferred) -> dict[str, Any]:
    row: dict[str, Any] = {
        "tags": ["Planned"],
        "summary": operation.name[0].upper() + operation.name[1:],
        "operationId": _name(operation.method, operation.path),
        "responses": {"501": _error_reference(501)},
    }
    if parameters := _path_parameters(operation.path):
        row["parameters"] = parameters
    return row


def _statuses(path: str, told: Described) -> list[int]:
    """The error statuses of an operation: its own and those that come with what it takes."""
    found = set(told.errors) | {500}
    if told.body is not None:
        found |= {413, 422}
    if told.parameters or "{" in path:
        found.add(422)
    if path not in ("/info", "/openapi.json", "/docs"):
        found.add(503)
    return sorted(found)


def _name(method: str, path: str) -> str:
    """A name for programs that are generated from the document."""
    words = [word for word in re.split(r"\W+", path) if word] or ["root"]
    return "_".join([method.lower(), *words])


def _path_parameters(path: str) -> list[dict[str, Any]]:
    found = []
    for name in _PARAMETER.findall(path):
        text, schema = PATH_PARAMETERS[name]
        row: dict[str, Any] = {"name": name, "in": "path", "required": True}
        row.update(description=text, schema=schema)
        if schema.get("format") == "uuid":
            row["example"] = EXAMPLE_ID
        found.append(row)
    return found


def _parameter(told: Parameter) -> dict[str, Any]:
    row: dict[str, Any] = {"name": told.name, "in": told.place, "description": told.text}
    row["schema"] = told.schema
    if told.schema.get("type") == "array":
        row |= {"style": "form", "explode": True}
    return row


def _answer(told: Answer) -> dict[str, Any]:
    row: dict[str, Any] = {"description": told.text}
    if told.schema is not None:
        row["content"] = {told.media: {"schema": told.schema}}
    if told.headers:
        row["headers"] = {
            name: {"description": HEADERS[name][0], "schema": HEADERS[name][1]}
            for name in told.headers
        }
    return row


def _error(status: int) -> dict[str, Any]:
    codes = sorted(code for known, code in ERRORS.values() if known == status)
    text = ERROR_WORDS[status]
    example: Mapping[str, Any] = {
        "detail": text,
        "code": codes[0],
        "message": text,
        "metadata": {},
    }
    content = {"application/json": {"schema": ref("Error"), "example": example}}
    return {
        "description": f"{text} Codes: {', '.join(f'`{code}`' for code in dict.fromkeys(codes))}.",
        "content": content,
    }


def _error_reference(status: int) -> dict[str, str]:
    return {"$ref": f"#/components/responses/{status}"}
