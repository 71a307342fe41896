"""Words for what a dialect serves: operations, answers, parameters, fields and schemas."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from msgspec import Struct

Schema = Mapping[str, Any]

OBJECT: Schema = {"type": "object"}
UUID: Schema = {"type": "string", "format": "uuid"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
TEXT: Schema = {"type": "string"}
OPTIONAL_TEXT: Schema = {"type": ["string", "null"]}
OPTIONAL_OBJECT: Schema = {"type": ["object", "null"]}
FLAG: Schema = {"type": "boolean"}
NAMES: Schema = {"type": "array", "items": TEXT}
ANYTHING: Schema = {}

EXAMPLE_ID = "0198c5a2-7b1e-7cc0-a2b4-5d6e7f809112"


def ref(name: str) -> dict[str, str]:
    """Where a component is."""
    return {"$ref": f"#/components/schemas/{name}"}


def described(schema: Schema, text: str) -> dict[str, Any]:
    """A schema with words."""
    return {**schema, "description": text}


def shape(text: str, required: tuple[str, ...], **fields: Schema) -> dict[str, Any]:
    """An object."""
    return {
        "type": "object",
        "description": text,
        "properties": fields,
        "required": list(required),
    }


def optional(schema: Schema) -> dict[str, Any]:
    """The same, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


class Words(NamedTuple):
    """What a field means, and what its schema holds beside the type."""

    text: str
    more: Mapping[str, Any] = {}


def words(text: str, **more: Any) -> Words:
    """A field's words; `more` are keywords of JSON Schema."""
    return Words(text, more)


def one_of(text: str, names: Iterable[str], default: str | None = None) -> Words:
    """A field that chooses among names."""
    more: dict[str, Any] = {"enum": list(names)}
    return Words(text, more if default is None else {**more, "default": default})


def names_of(text: str, names: Iterable[str]) -> Words:
    """A field that lists names."""
    return Words(text, {"items": {"type": "string", "enum": list(names)}})


class Answer(NamedTuple):
    """What comes back. `schema` None: no body. `also`: in other media types, if asked for."""

    text: str
    schema: Schema | None = None
    media: str = "application/json"
    headers: tuple[str, ...] = ()
    also: Mapping[str, Schema] = {}


class Parameter(NamedTuple):
    """A query parameter or header."""

    name: str
    text: str
    schema: Schema
    place: str = "query"
    required: bool = False


class Described(NamedTuple):
    """An operation. `errors` are statuses of the common error body; paths, bodies and storage
    add theirs (`bad_input`, 413, 503). `many`: the body is an array of at least one and at most
    so many.
    `value` describes a body that has no fields of its own. `refused`: fields of the body that
    have no meaning here; one of an object is named as in `config.tags`.
    """

    tag: str
    summary: str
    answers: Mapping[int, Answer]
    errors: tuple[int, ...] = ()
    body: type[Struct] | None = None
    parameters: tuple[Parameter, ...] = ()
    detail: str = ""
    many: int = 0
    value: Schema | None = None
    bad_input: int = 422
    refused: tuple[str, ...] = ()

    @property
    def needs_body(self) -> bool:
        """Whether the body may not be left out."""
        body = self.body
        return body is not None and len(body.__struct_defaults__) < len(body.__struct_fields__)


def listed(name: str, text: str, *headers: str) -> dict[int, Answer]:
    """200 with an array."""
    return {200: Answer(text, {"type": "array", "items": ref(name)}, headers=headers)}


def one(name: str, text: str, *headers: str) -> dict[int, Answer]:
    """200 with an object."""
    return {200: Answer(text, ref(name), headers=headers)}


def flag(name: str, text: str) -> Parameter:
    """A yes or no; absent means no."""
    return Parameter(name, text, {"type": "boolean", "default": False})


def number(name: str, text: str, low: int, high: int, default: int) -> Parameter:
    """An integer."""
    bounds = {"minimum": low, "maximum": high, "default": default}
    return Parameter(name, text, {"type": "integer", **bounds})


def chosen(name: str, text: str, names: Any) -> Parameter:
    """One of several names."""
    return Parameter(name, text, {"type": "string", "enum": list(names)})


def several(name: str, text: str, names: Any) -> Parameter:
    """Names, repeated or with commas between them."""
    return Parameter(
        name, text, {"type": "array", "items": {"type": "string", "enum": list(names)}}
    )
