"""The words that the others are made of: plain values, callers, pages. All things of the domain are
immutable; times are microseconds since 1970 (UTC)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = Any
"""A value made of dict, list, str, int, float, bool and None."""


Namespace = tuple[str, ...]
"""Where an item of long-term memory is: labels, the outermost first."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls."""

    id: str = ""
    permissions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """What a caller may see and touch: every storage operation on a caller's behalf takes one.

    `filters` must be contained in a row's metadata (`None`: everything is visible). A row
    outside the scope does not exist for the caller. Items have no metadata: they lie in the scope
    by their namespace, which must begin with one of `namespaces` (None: all of them, or none at
    all in a scope that has filters).
    """

    principal: Principal = Principal()
    filters: Mapping[str, Json] | None = None
    namespaces: Sequence[Namespace] | None = None

    @property
    def roots(self) -> Sequence[Namespace]:
        """The namespaces below which the caller's items lie."""
        if self.namespaces is not None:
            return self.namespaces
        return [()] if self.filters is None else []

    def holds(self, namespace: Namespace) -> bool:
        """Whether items under a namespace are in the scope."""
        return any(namespace[: len(root)] == root for root in self.roots)


EVERYTHING = Scope()
"""The scope of the server itself."""


@dataclass(frozen=True, slots=True)
class Page:
    """A slice of a listing. `total` counts every match, whatever the slice; where the query
    limits the counting, at least so many match."""

    items: Sequence[Any]
    total: int


@dataclass(frozen=True, slots=True)
class Size:
    """How many there are of something, and their bytes."""

    count: int
    size: int
