"""JSON schemas: checked for being one, and compiled into checks of values.

The validator is imported when the first schema is compiled: not every server has ACP clients.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from demotic.domain.errors import BadInput

if TYPE_CHECKING:
    import jsonschema_rs

Schema = Mapping[str, Any]


class Misfit(NamedTuple):
    """Where and why a value does not fit: as in `.items[0]`; empty for the value as a whole."""

    place: str
    problem: str


Check = Callable[[Any], Misfit | None]
"""The first misfit of a value; None: it fits."""

ANY_OBJECT: Schema = {"type": "object"}


def compiled(schema: Schema) -> Check | None:
    """The check of a schema; None for one that everything fits. Raises `BadInput`."""
    if not schema.keys() - {"title", "description", "$schema", "$defs", "default", "examples"}:
        return None
    validator = _validator(schema)

    def check(value: Any) -> Misfit | None:
        for error in validator.iter_errors(value):
            return Misfit(_place(error.instance_path), error.message)
        return None

    return check


def check_schema(place: str, schema: Schema | None) -> None:
    """Raises `BadInput`, naming the place, for what is no JSON schema."""
    if schema is None:
        return
    try:
        compiled(schema)
    except BadInput as error:
        raise BadInput(f"`{place}` is no JSON schema: {error.message}") from None


def _validator(schema: Schema) -> "jsonschema_rs.Validator":
    import jsonschema_rs

    try:
        return jsonschema_rs.validator_for(dict(schema), retriever=_refuse)
    except jsonschema_rs.ValidationError as error:
        raise BadInput(f"{_place(error.instance_path)} {error.message}".strip()) from None


def _refuse(uri: str) -> Any:
    """No schema is fetched from anywhere."""
    raise LookupError(f"{uri} is not fetched: put the schema into `$defs`.")


def _place(path: Sequence[str | int]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
