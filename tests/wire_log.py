"""A log of what in-process tests send and what is answered, for `scripts/wire_coverage.py`.

Written where `DEMOTIC_WIRE_LOG` names a folder; a line for each request: which test, method,
route, names of what was sent, status. Query parameters are named as in `?limit`, headers as in
`prefer:`, fields of the body plainly, and those of an object in it as in `config.tags`.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
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
                    line = _line(scope, b"".join(body), message["status"])
                    log.write(json.dumps(line) + "\n")
                await send(message)

            await whole(self, scope, received, sent)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(NotedRoute, "handle", handle)
            yield


def _line(scope: Scope, body: bytes, status: int) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    items = value if isinstance(value, list) else [value]
    return {
        "test": os.environ.get("PYTEST_CURRENT_TEST", "").split("::")[0],
        "method": scope["method"],
        "route": scope[ROUTE],
        "sent": sorted(
            {
                *(f"?{name}" for name, _ in parse_qsl(scope["query_string"].decode(), True)),
                *(f"{name.decode()}:" for name, _ in scope["headers"]),
                *(name for each in items if isinstance(each, dict) for name in _names(each)),
            }
        ),
        "status": status,
    }


def _names(body: dict[str, Any]) -> Iterator[str]:
    for key, value in body.items():
        yield key
        if isinstance(value, dict):
            yield from (f"{key}.{inner}" for inner in value)
