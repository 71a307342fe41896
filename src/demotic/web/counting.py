"""Counts of answered requests by method, route and status."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.types import Scope

ROUTE = "demotic.route"
"""Where in a request's scope the path of its route is, that of its mount in front."""

OTHER = "(other)"
"""Counts what is no route of ours, and methods that HTTP does not define: callers choose both, so
their own words would make counters without end."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class RequestCount:
    """How often a request was answered so."""

    method: str
    path: str
    status: int
    count: int


class RequestCounts:
    """The counts of one server, from its start on."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, int], int] = {}

    def add(self, scope: Scope, status: int) -> None:
        """A request was answered."""
        method = scope["method"]
        key = (method if method in METHODS else OTHER, scope.get(ROUTE, OTHER), status)
        self._counts[key] = self._counts.get(key, 0) + 1

    def rows(self) -> Sequence[RequestCount]:
        """All counts, in the order in which they were first needed."""
        return [RequestCount(*key, count) for key, count in self._counts.items()]
