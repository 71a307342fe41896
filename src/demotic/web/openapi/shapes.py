"""From structs to JSON Schema: types from the structs, words from `fields`."""

from collections.abc import Mapping
from typing import Any

import msgspec.inspect as types
from msgspec import NODEFAULT, Struct

from demotic.web.openapi.describing import Words

_SIMPLE: Mapping[type[types.Type], str] = {
    types.StrType: "string",
    types.IntType: "integer",
    types.FloatType: "number",
    types.BoolType: "boolean",
    types.NoneType: "null",
    types.DictType: "object",
}


def reference(struct: type[Struct]) -> dict[str, str]:
    """Where a struct's schema is."""
    return {"$ref": f"#/components/schemas/{struct.__name__}"}


def body_schema(struct: type[Struct], described: Mapping[str, Words]) -> dict[str, Any]:
    """The schema of a request body; `described` has words for each field."""
    info = types.type_info(struct)
    assert isinstance(info, types.StructType)
    required = [field.name for field in info.fields if field.default is NODEFAULT]
    schema: dict[str, Any] = {
        "type": "object",
        "description": "Unknown fields are ignored; null counts as absent.",
        "properties": {
            field.name: _field(field.type, described[field.name]) for field in info.fields
        },
    }
    return {**schema, "required": required} if required else schema


def _field(type: types.Type, words: Words) -> dict[str, Any]:
    schema = {**_schema(type), **words.more, "description": words.text}
    if "anyOf" in schema:  # says more than a list of types
        schema.pop("type", None)
    if "enum" in schema and "null" in schema["type"]:
        schema["enum"] = [*schema["enum"], None]
    return schema


def _schema(type: types.Type) -> dict[str, Any]:
    if isinstance(type, types.AnyType):
        return {}
    if isinstance(type, types.StructType):
        return dict(reference(type.cls))
    if isinstance(type, types.ListType):
        return {"type": "array", "items": _schema(type.item_type)}
    if isinstance(type, types.UnionType):
        return _union([_schema(each) for each in type.types])
    return {"type": _SIMPLE[type.__class__]}


def _union(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Plain types are named in one list; a reference needs alternatives."""
    if any("$ref" in part for part in parts):
        return {"anyOf": parts}
    merged = {key: value for part in parts for key, value in part.items()}
    return {**merged, "type": [part["type"] for part in parts]}
