"""Schemas that a graph's own types give, as promises that the graph can keep; pure.

Python's types describe what a graph means to hold, not what it accepts: a graph takes any part of
its state, leaves keys unset, and reads messages in several forms. What a manifest states is left
as it is.
"""

from collections.abc import Callable, Mapping
from typing import Any

from demotic.dialects.acp.schemas import ANY_OBJECT, Schema

MESSAGE: Schema = {
    "title": "Message",
    "type": "object",
    "description": "A message: `role` (user, assistant, system, tool) or `type` (human, ai, "
    "system, tool), and `content`.",
    "properties": {
        "role": {"type": "string"},
        "type": {"type": "string"},
        "content": {"type": ["string", "array"]},
    },
    "required": ["content"],
}
"""What stands for every class of messages, which a graph takes in all their forms."""

_MESSAGES = frozenset(
    ["BaseMessage", "BaseMessageChunk"]
    + [
        f"{kind}Message{part}"
        for kind in ("AI", "Human", "Chat", "System", "Function", "Tool", "Remove")
        for part in ("", "Chunk")
    ]
)
"""Definitions that are LangChain's messages; no dialect may import it to ask."""

_DEFINITION = "#/$defs/"


def taken(schema: Schema | None) -> Schema:
    """What a graph takes: any of the keys; everything where its types tell nothing."""
    if schema is None:
        return {}
    return _without(_with_messages(schema), "required")


def given(schema: Schema | None) -> Schema:
    """What a graph gives: any of the keys, and null for one that is not set."""
    if schema is None:
        return {}
    loose = _loosened(_with_messages(schema))
    properties = loose.get("properties")
    if not isinstance(properties, Mapping):
        return loose
    return {**loose, "properties": {name: _nullable(each) for name, each in properties.items()}}


def configured(config: Schema | None, context: Schema | None) -> Schema:
    """What `config.configurable` may hold: the graph's context, or the older form of it."""
    if context is not None:
        return taken(context)
    inner = (config or {}).get("properties", {}).get("configurable")
    if not isinstance(inner, Mapping):
        return ANY_OBJECT
    definitions = (config or {}).get("$defs", {})
    reference = str(inner.get("$ref", ""))
    if reference.startswith(_DEFINITION):
        inner = definitions[reference.removeprefix(_DEFINITION)]
    return taken({**inner, "$defs": definitions} if definitions else inner)


def keys_of(schema: Schema | None) -> frozenset[str]:
    """The top-level keys that a schema names."""
    return frozenset((schema or {}).get("properties", ()))


def _with_messages(schema: Schema) -> dict[str, Any]:
    """The schema with one shape for all messages."""
    definitions: Mapping[str, Any] = schema.get("$defs", {})
    messages = _MESSAGES & definitions.keys()
    if not messages:
        return dict(schema)
    places = {_DEFINITION + name for name in messages}
    named = {"$ref": f"{_DEFINITION}Message"}

    def change(part: dict[str, Any]) -> dict[str, Any]:
        if part.get("$ref") in places:
            return {**part, **named}
        for word in ("oneOf", "anyOf"):
            options = part.get(word)
            if isinstance(options, list) and options and all(each == named for each in options):
                return {**_without(part, word), **named}
        return part

    kept = {name: each for name, each in definitions.items() if name not in messages}
    rest = _everywhere({**schema, "$defs": kept}, change)
    return {**rest, "$defs": {**_used(rest), "Message": dict(MESSAGE)}}


def _used(schema: dict[str, Any]) -> dict[str, Any]:
    """The definitions that are referred to, directly or by others that are."""
    definitions: dict[str, Any] = schema["$defs"]
    wanted, found = _references(_without(schema, "$defs")), dict[str, Any]()
    while names := wanted & definitions.keys() - found.keys():
        found |= {name: definitions[name] for name in names}
        wanted = {each for name in names for each in _references(definitions[name])}
    return {name: each for name, each in definitions.items() if name in found}


def _references(part: Any) -> set[str]:
    if isinstance(part, Mapping):
        found = {name for each in part.values() for name in _references(each)}
        reference = part.get("$ref")
        return (
            found | {reference.removeprefix(_DEFINITION)} if isinstance(reference, str) else found
        )
    if isinstance(part, list):
        return {name for each in part for name in _references(each)}
    return set()


def _loosened(schema: dict[str, Any]) -> dict[str, Any]:
    """Without demands that the JSON of a value may not meet though its type does: names of
    fields by alias, durations as numbers."""

    def change(part: dict[str, Any]) -> dict[str, Any]:
        loose = _without(part, "required")
        if loose.get("additionalProperties") is False:
            loose = _without(loose, "additionalProperties")
        return _without(loose, "type", "format") if loose.get("format") == "duration" else loose

    return _everywhere(schema, change)


def _nullable(schema: Any) -> Any:
    if not isinstance(schema, Mapping) or not _without(schema, "title", "default", "description"):
        return schema
    kind = schema.get("type")
    if "enum" in schema or "const" in schema or not isinstance(kind, str | list):
        return {"anyOf": [schema, {"type": "null"}]}
    kinds = [kind] if isinstance(kind, str) else kind
    return schema if "null" in kinds else {**schema, "type": [*kinds, "null"]}


_NAMES = frozenset({"properties", "$defs", "patternProperties", "dependentSchemas"})
"""Words whose value maps free names to schemas."""

_DATA = frozenset({"default", "examples", "const", "enum"})
"""Words whose value is data, not a schema."""


def _everywhere(
    schema: Mapping[str, Any], change: Callable[[dict[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    """A schema with each part changed, the inner ones first."""
    changed: dict[str, Any] = {}
    for word, value in schema.items():
        if word in _NAMES and isinstance(value, Mapping):
            changed[word] = {name: _inside(each, change) for name, each in value.items()}
        else:
            changed[word] = value if word in _DATA else _inside(value, change)
    return change(changed)


def _inside(value: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    if isinstance(value, Mapping):
        return _everywhere(value, change)
    return [_inside(each, change) for each in value] if isinstance(value, list) else value


def _without(schema: Mapping[str, Any], *words: str) -> dict[str, Any]:
    return {word: value for word, value in schema.items() if word not in words}
