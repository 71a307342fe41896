"""What a promise is: words that the manifest is written in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

API = "ACP 0.2.3"


@dataclass(frozen=True)
class Requirement:
    """A promise: where it is from, and what is promised.

    That of an operation has its method and path, the statuses that ACP documents, except those
    that it cannot come to, and what it takes, with defaults (None: none): query parameters, and
    fields of the body.
    """

    source: str
    behavior: str
    operation: tuple[str, str] | None = None
    statuses: tuple[int, ...] = ()
    query: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)


def operation(
    method: str,
    path: str,
    behavior: str,
    *statuses: int,
    query: Mapping[str, Any] | None = None,
    fields: Mapping[str, Any] | None = None,
) -> Requirement:
    """The promise of an operation."""
    source, place = f"{API}, {method} {path}", (method, path)
    return Requirement(source, behavior, place, statuses, query or {}, fields or {})
