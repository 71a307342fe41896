"""Names that a protocol chooses among, and ids: checked, with errors that name field and fix."""

from collections.abc import Mapping
from typing import TypeVar

from demotic.domain.errors import BadInput
from demotic.domain.ids import is_uuid

T = TypeVar("T")


def choose(field: str, value: str, choices: Mapping[str, T]) -> T:
    """What a name means. Raises `BadInput` with the names that are known."""
    if value in choices:
        return choices[value]
    raise BadInput(f"`{field}` must be one of {', '.join(choices)}; not {value!r}.")


def uuid(what: str, text: str) -> str:
    """An id in its canonical form; any other text is refused."""
    if not is_uuid(text):
        raise BadInput(f"Invalid {what} ID: must be a UUID")
    return text.lower()
