"""WebSocket connections: commands in, answers and events out, on one socket."""

import asyncio
import time
from collections.abc import Callable, Mapping

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from demotic.dialects.streaming.commands import command, failure
from demotic.dialects.streaming.parted import Parted
from demotic.dialects.streaming.session import Session
from demotic.dialects.streaming.starting import Call
from demotic.domain.errors import BadInput, DemoticError, NotFound, ShuttingDown
from demotic.engine.core import Engine
from demotic.web.bodies import parse
from demotic.web.callers import scope_of
from demotic.web.choosing import uuid
from demotic.web.problems import UNEXPECTED, ErrorTable, find

log = structlog.get_logger("demotic.streaming")

REFUSED = 4000
"""A connection is refused with this plus the HTTP status that an event stream would have had, as
the SDKs read it."""

RESTARTING, FAILED = 1012, 1011


class Sessions:
    """Serves WebSockets, each a session of its own; `errors` has the status of what is refused."""

    def __init__(
        self, engine: Callable[[], Engine], stamps: Mapping[str, str], errors: ErrorTable
    ) -> None:
        self._engine, self._stamps, self._errors = engine, stamps, errors
        self._parted = Parted(time.monotonic)

    async def serve(self, socket: WebSocket) -> None:
        """One connection, from its beginning to its end."""
        await socket.accept()
        try:
            thread_id = uuid("thread", socket.path_params["thread_id"])
            call = Call(self._engine(), thread_id, scope_of(socket), self._stamps)
            await self._hold(socket, Session(call, socket.send_text, self._parted))
        except WebSocketDisconnect:
            pass
        except ShuttingDown:
            await _close(socket, RESTARTING, "The server is restarting.")
        except (BadInput, NotFound) as error:
            status, _ = find(error, self._errors)
            await _close(socket, REFUSED + status, error.message)
        except Exception as error:
            log.error("socket broke", exc_info=error, path=socket.url.path)
            await _tell(socket, failure(None, "unknown_error", UNEXPECTED))
            await _close(socket, FAILED, UNEXPECTED)

    async def _hold(self, socket: WebSocket, session: Session) -> None:
        """Take commands and tell events in turn, until the client goes away."""
        receiving = asyncio.ensure_future(_received(socket))
        try:
            while True:
                await session.tell_until(receiving)
                sent = receiving.result()
                receiving = asyncio.ensure_future(_received(socket))
                await self._obey(socket, session, sent)
        finally:
            receiving.cancel()
            await session.close()

    async def _obey(self, socket: WebSocket, session: Session, sent: bytes) -> None:
        try:
            asked = command(parse(sent))
        except BadInput as error:
            await _tell(socket, failure(None, "invalid_argument", error.message))
            return
        try:
            await session.obey(asked)
        except ShuttingDown:
            raise
        except DemoticError as error:
            await _tell(socket, failure(asked.id, "unknown_error", type(error)().message))


async def _received(socket: WebSocket) -> bytes:
    """The next message."""
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    text = message.get("text")
    return text.encode() if text is not None else message.get("bytes") or b""


async def _tell(socket: WebSocket, told: bytes) -> None:
    try:
        await socket.send_text(told.decode())
    except (WebSocketDisconnect, RuntimeError):
        pass  # the client has gone


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    try:
        await socket.close(code, reason[:120])
    except (WebSocketDisconnect, RuntimeError):
        pass  # it is closed
