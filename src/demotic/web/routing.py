"""Routes from a list of operations: one route per path, whatever methods it has."""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from demotic.web.counting import ROUTE
from demotic.web.problems import ErrorBody, ErrorTable, Handler, common_body, guarded


class Operation(NamedTuple):
    """What a dialect does at a method and path."""

    method: str
    path: str
    handler: Handler


def routes(
    operations: Iterable[Operation],
    errors: ErrorTable,
    body: ErrorBody = common_body,
    *,
    uuids: Collection[str] = (),
) -> list[Route]:
    """The routes, in the order in which their paths first appear, so that hot paths can lead.

    One route per path keeps matching short and lets a 405 name every method there is. Parameters
    that are `uuids` match nothing else.
    """
    paths: dict[str, dict[str, Handler]] = {}
    for operation in operations:
        handlers = paths.setdefault(operation.path, {})
        if operation.method in handlers:
            raise ValueError(f"{operation.method} {operation.path} is given twice.")
        handlers[operation.method] = guarded(operation.handler, errors, body)
    return [
        UuidRoute(path, _dispatch(paths[path]), methods=[*paths[path]], uuids=uuids)
        for path in unshadowed([*paths])
    ]


def unshadowed(paths: Sequence[str]) -> list[str]:
    """The paths in their order, except that a literal goes before a parameter that matches it."""
    ordered: dict[str, None] = {}

    def place(path: str) -> None:
        for other in paths:
            if other not in ordered and shadows(path, other):
                place(other)
        ordered.setdefault(path)

    for path in paths:
        place(path)
    return [*ordered]


def shadows(path: str, other: str) -> bool:
    """Whether `path` matches every request that `other` is meant for, and more."""
    mine, theirs = _pattern(path), _pattern(other)
    return (
        mine != theirs
        and len(mine) == len(theirs)
        and all(a in (b, None) for a, b in zip(mine, theirs, strict=True))
    )


def _pattern(path: str) -> list[str | None]:
    """The segments of a path; None for a parameter."""
    return [None if segment.startswith("{") else segment for segment in path.split("/")]


def _dispatch(handlers: dict[str, Handler]) -> Handler:
    if "GET" in handlers:
        handlers = {"HEAD": handlers["GET"], **handlers}

    async def endpoint(request: Request) -> Response:
        return await handlers[request.method](request)

    return endpoint


class NotedRoute(Route):
    """A route that leaves its path in the scope of each of its requests."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve; also what answers 405."""
        scope[ROUTE] = scope.get("root_path", "") + self.path
        await super().handle(scope, receive, send)


class UuidRoute(NotedRoute):
    """A route some of whose parameters match UUIDs only, and are handed over as they were sent.
    (Starlette's own convertor makes objects of them, and of other spellings.)"""

    def __init__(
        self, path: str, endpoint: Handler, *, methods: list[str], uuids: Collection[str]
    ) -> None:
        super().__init__(path, endpoint, methods=methods)
        pattern = self.path_regex.pattern
        for name in uuids:
            pattern = pattern.replace(f"(?P<{name}>[^/]+)", f"(?P<{name}>{_UUID})")
        self.path_regex = re.compile(pattern)


_UUID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


class WholeMount(Mount):
    """A mount that gets every path below it, also one with an encoded line break in it."""

    def __init__(self, path: str, app: ASGIApp) -> None:
        super().__init__(path, app=app)
        self.path_regex = re.compile(self.path_regex.pattern, re.DOTALL)
