"""Parts of the API that are switched off: their paths are answered as if they did not exist."""

import re
from collections.abc import Collection, Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from demotic.web.problems import problem

PARTS = (
    ("a2a", r"/a2a(/.*)?|/\.well-known/agent-card\.json"),
    ("assistants", r"/(assistants|agents)(/.*)?"),
    ("mcp", r"/mcp(/.*)?"),
    ("meta", r"/|/info|/docs|/openapi\.json|/metrics"),
    ("runs", r"/runs(/.*)?|/threads/[^/]+/(runs|stream|commands)(/.*)?"),
    ("store", r"/store(/.*)?"),
    ("threads", r"/threads(/.*)?"),
    ("ui", r"/ui(/.*)?"),
    ("webhooks", r"/webhooks(/.*)?"),
)
"""Each part and the paths that belong to it, below any dialect's mount; the first match counts."""

_PATHS = [(part, re.compile(pattern)) for part, pattern in PARTS]


def part_of(path: str, mounts: Sequence[str]) -> str | None:
    """The part that a path belongs to; `mounts` are where dialects are, the longest first."""
    for mount in mounts:
        if path.startswith(f"{mount}/") or path == mount:
            path = path.removeprefix(mount) or "/"
            break
    return next((part for part, pattern in _PATHS if pattern.fullmatch(path)), None)


class DisabledParts:
    """ASGI middleware: what belongs to a disabled part is not found."""

    def __init__(self, app: ASGIApp, *, disabled: Collection[str], mounts: Sequence[str]) -> None:
        self._app, self._disabled = app, frozenset(disabled)
        self._mounts = sorted(mounts, key=len, reverse=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on."""
        if scope["type"] in ("http", "websocket"):
            part = part_of(scope["path"], self._mounts)
            if part in self._disabled:
                await self._refuse(part, scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _refuse(self, part: str, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": "not found"})
            return
        message = f"This server does not serve {part}: its configuration says `disable_{part}`."
        await problem(404, "not_found", message)(scope, receive, send)
