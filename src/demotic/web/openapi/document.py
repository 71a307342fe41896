"""Assembles the document from a dialect's tables, for the operations that it has."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from msgspec import Struct

import demotic
from demotic.web.deferral import Deferred
from demotic.web.openapi.alternatives import in_alternatives
from demotic.web.openapi.describing import TEXT, Answer, Described, Parameter, Schema, Words, ref
from demotic.web.openapi.shapes import body_schema, reference
from demotic.web.problems import ErrorBody, ErrorTable, common_body

EXAMPLE_ID = "0198c5a2-7b1e-7cc0-a2b4-5d6e7f809112"
"""A UUID for examples."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """What a dialect writes about itself.

    `operations` by method and path; `fields` has words for every field of every body;
    `components` the schemas of answers, among them what `error_shape` names for the body of an
    error status; `parameters` are those of paths, `headers` those of answers; `unstored` are
    paths that never ask the storage. `webhooks` are
    the requests that the server makes itself, by name, as path items.
    """

    title: str
    introduction: str
    operations: Mapping[tuple[str, str], Described]
    fields: Mapping[type[Struct], Mapping[str, Words]]
    components: Mapping[str, Schema]
    parameters: Mapping[str, tuple[str, Schema]]
    headers: Mapping[str, tuple[str, Schema]]
    tags: Mapping[str, str]
    errors: ErrorTable
    unstored: tuple[str, ...] = ("/info", "/openapi.json", "/docs")
    error_words: Mapping[int, str] = field(default_factory=lambda: ERROR_WORDS)
    error_body: ErrorBody = common_body
    error_shape: Callable[[int], str] = lambda status: "Error"
    webhooks: Mapping[str, Schema] = field(default_factory=dict)

    def joined(self, other: "Tables") -> "Tables":
        """These, with what another dialect says of operations that are served among them."""
        return replace(
            self,
            operations={**other.operations, **self.operations},
            fields={**other.fields, **self.fields},
            components={**other.components, **self.components},
            parameters={**other.parameters, **self.parameters},
            headers={**other.headers, **self.headers},
            tags={**self.tags, **other.tags},
        )


def document(
    tables: Tables, built: Iterable[tuple[str, str]], planned: Iterable[Deferred]
) -> dict[str, Any]:
    """The OpenAPI document. `built` are methods and paths, in the order they are shown."""
    paths: dict[str, dict[str, Any]] = {}
    for method, path in built:
        paths.setdefault(path, {})[method.lower()] = _built(tables, method, path)
    for each in planned:
        paths.setdefault(each.path, {})[each.method.lower()] = _planned(tables, each)
    whole = {
        "openapi": "3.1.0",
        "info": {
            "title": tables.title,
            "version": demotic.__version__,
            "description": tables.introduction,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": name, "description": text} for name, text in tables.tags.items()],
        "paths": paths,
        **({"webhooks": tables.webhooks} if tables.webhooks else {}),
        "components": {
            "schemas": {
                **tables.components,
                **{each.__name__: body_schema(each, told) for each, told in tables.fields.items()},
            },
            "responses": {str(status): _error(tables, status) for status in tables.error_words},
        },
    }
    told: dict[str, Any] = in_alternatives(whole)
    return told


def _built(tables: Tables, method: str, path: str) -> dict[str, Any]:
    told = tables.operations[method, path]
    row: dict[str, Any] = {
        "tags": [told.tag],
        "summary": told.summary,
        "operationId": _name(method, path),
        "responses": {
            **{str(status): _answer(tables, each) for status, each in told.answers.items()},
            **{
                str(status): _error_reference(status)
                for status in error_statuses(tables, path, told)
            },
        },
    }
    if text := _text(told):
        row["description"] = text
    if parameters := [*_path_parameters(tables, path), *map(_parameter, told.parameters)]:
        row["parameters"] = parameters
    if told.body is not None:
        content = {"application/json": {"schema": _body(told.body, told.many)}}
        row["requestBody"] = {"required": told.needs_body, "content": content}
    elif told.value is not None:
        row["requestBody"] = {"required": True, "content": _json(told.value)}
    return row


def _text(told: Described) -> str:
    if not told.refused:
        return told.detail
    fields = ", ".join(f"`{name}`" for name in told.refused)
    return f"{told.detail} Refused here: {fields}.".lstrip()


def _body(body: type[Struct], many: int) -> dict[str, Any]:
    if not many:
        return dict(reference(body))
    return {"type": "array", "items": reference(body), "minItems": 1, "maxItems": many}


def _planned(tables: Tables, operation: Deferred) -> dict[str, Any]:
    row: dict[str, Any] = {
        "tags": ["Planned"],
        "summary": operation.name[0].upper() + operation.name[1:],
        "operationId": _name(operation.method, operation.path),
        "responses": {"501": _error_reference(501)},
    }
    if parameters := _path_parameters(tables, operation.path):
        row["parameters"] = parameters
    return row


def error_statuses(tables: Tables, path: str, told: Described) -> list[int]:
    """The error statuses of an operation: its own and those that come with what it takes."""
    found = set(told.errors) | {500}
    if told.body is not None or told.value is not None:
        found |= {413, told.bad_input}
    if told.parameters or _takes_ids(tables, path):
        found.add(told.bad_input)
    if path not in tables.unstored:
        found.add(503)
    return sorted(found - set(told.answers))


def _takes_ids(tables: Tables, path: str) -> bool:
    """Whether something in the path may be malformed: any text is a name, but not an id."""
    return any(tables.parameters[name][1] != TEXT for name in _PARAMETER.findall(path))


def _json(schema: Schema) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _name(method: str, path: str) -> str:
    """A name for programs that are generated from the document."""
    words = [word for word in re.split(r"\W+", path) if word] or ["root"]
    return "_".join([method.lower(), *words])


def _path_parameters(tables: Tables, path: str) -> list[dict[str, Any]]:
    found = []
    for name in _PARAMETER.findall(path):
        text, schema = tables.parameters[name]
        row: dict[str, Any] = {"name": name, "in": "path", "required": True}
        row.update(description=text, schema=schema)
        if schema.get("format") == "uuid":
            row["example"] = EXAMPLE_ID
        found.append(row)
    return found


def _parameter(told: Parameter) -> dict[str, Any]:
    row: dict[str, Any] = {"name": told.name, "in": told.place, "description": told.text}
    row["schema"] = told.schema
    if told.required:
        row["required"] = True
    if told.schema.get("type") == "array":
        row |= {"style": "form", "explode": True}
    return row


def _answer(tables: Tables, told: Answer) -> dict[str, Any]:
    row: dict[str, Any] = {"description": told.text}
    if told.schema is not None:
        media = {told.media: told.schema, **told.also}
        row["content"] = {name: {"schema": schema} for name, schema in media.items()}
    if told.headers:
        row["headers"] = {
            name: {"description": tables.headers[name][0], "schema": tables.headers[name][1]}
            for name in told.headers
        }
    return row


def _error(tables: Tables, status: int) -> dict[str, Any]:
    codes = sorted(code for known, code in tables.errors.values() if known == status)
    text = tables.error_words[status]
    example = tables.error_body(status, codes[0], text)
    schema = ref(tables.error_shape(status))
    content = {"application/json": {"schema": schema, "example": example}}
    return {
        "description": f"{text} Codes: {', '.join(f'`{code}`' for code in dict.fromkeys(codes))}.",
        "content": content,
    }


def _error_reference(status: int) -> dict[str, str]:
    return {"$ref": f"#/components/responses/{status}"}
