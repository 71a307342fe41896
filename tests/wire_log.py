"""A log of what in-process tests send and what is answered, for `scripts/wire_coverage.py`.

Written where `DEMOTIC_WIRE_LOG` names a folder; a line for each request: which test, method,
route, names of what was sent, status. Query parameters are named as in `?limit`, headers as in
`prefer:`, fields of the body plainly, and those of an object in it as in `config.tags`. A
WebSocket is a GET that is answered 101, or 403 where it is closed before it stands.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import parse_qsl

import pytest
from starlette.routing import WebSocketRoute
from starlette.types import Message, Receive, Scope, Send

from demotic.web.counting import ROUTE
from demotic.web.routing import NotedRoute

VARIABLE = "DEMOTIC_WIRE_LOG"


@contextmanager
def logged(folder: Path) -> Iterator[None]:
    """Log what routes serve meanwhile."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = NotedRoute.handle
    with (folder / f"{os.getpid()}.jsonl").open("a") as log:

        async def handle(self: NotedRoute, scope: Scope, receive: Receive, send: Send) -> None:
            body: list[bytes] = []

            async def received() -> Message:
                message = await receive()
                body.append(message.get("body", b""))
                return message

            async def sent(message: Message) -> None:
                if message["type"] == "http.response.start":
                    at = (scope["method"], scope[ROUTE])
                    log.write(_line(scope, *at, b"".join(body), message["status"]))
                await send(message)

            await whole(self, scope, received, sent)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(NotedRoute, "handle", handle)
            _log_sockets(patch, log)
            yield


SOCKET_STATUS = {"websocket.accept": 101, "websocket.close": 403}


def _log_sockets(patch: pytest.MonkeyPatch, log: TextIO) -> None:
    whole = WebSocketRoute.handle

    async def handle(self: WebSocketRoute, scope: Scope, receive: Receive, send: Send) -> None:
        route, begun = scope.get("root_path", "") + self.path, False

        async def sent(message: Message) -> None:
            nonlocal begun
            if not begun:
                begun = True
                log.write(_line(scope, "GET", route, b"", SOCKET_STATUS[message["type"]]))
            await send(message)

        await whole(self, scope, receive, sent)

    patch.setattr(WebSocketRoute, "handle", handle)


def _line(scope: Scope, method: str, route: str, body: bytes, status: int) -> str:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    items = value if isinstance(value, list) else [value]
    line: dict[str, Any] = {
        "test": os.environ.get("PYTEST_CURRENT_TEST", "").split("::")[0],
        "method": method,
        "route": route,
        "sent": sorted(
            {
                *(f"?{name}" for name, _ in parse_qsl(scope["query_string"].decode(), True)),
                *(f"{name.decode()}:" for name, _ in scope["headers"]),
                *(name for each in items if isinstance(each, dict) for name in _names(each)),
            }
        ),
        "status": status,
    }
    return json.dumps(line) + "\n"


def _names(body: dict[str, Any]) -> Iterator[str]:
    for key, value in body.items():
        yield key
        if isinstance(value, dict):
            yield from (f"{key}.{inner}" for inner in value)
