"""The dialect as a whole: event streams and commands, over HTTP and WebSockets.

Other dialects serve it among their own paths.
"""

from collections.abc import Callable, Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import WebSocketRoute

from demotic.dialects.streaming import commands, translate, wire
from demotic.dialects.streaming.describing import tables
from demotic.dialects.streaming.errors import ERRORS
from demotic.dialects.streaming.sessions import Sessions
from demotic.dialects.streaming.starting import Call
from demotic.dialects.streaming.stream import EventStream, opened
from demotic.domain.errors import BadInput, ThreadNotFound
from demotic.engine.core import Engine
from demotic.web.bodies import parse, read_bytes
from demotic.web.callers import scope_of
from demotic.web.choosing import uuid
from demotic.web.problems import ErrorTable, guarded
from demotic.web.routing import Operation
from demotic.web.sse import sse_answer

EVENTS = "/threads/{thread_id}/stream/events"
STREAM = "/threads/{thread_id}/stream"
COMMANDS = "/threads/{thread_id}/commands"


class StreamingDialect:
    """The streaming protocol over an engine.

    `engine` gives the engine at work; `stamps` are the facts that a mount's own dialect writes
    into the metadata of threads and runs. The operations answer their errors themselves: as
    LangGraph API 0.16 does, or, for a mount that answers so, as `errors` says.
    """

    def __init__(
        self,
        engine: Callable[[], Engine],
        stamps: Mapping[str, str],
        errors: ErrorTable | None = None,
    ) -> None:
        self._engine, self._stamps = engine, stamps
        self._errors, self._follows_mount = errors or ERRORS, errors is not None
        self._sessions = Sessions(engine, stamps, self._errors)
        self.tables = tables(errors)
        """What the operations are in an OpenAPI document."""

    @property
    def operations(self) -> list[Operation]:
        """What is served over HTTP."""
        return [
            Operation("POST", EVENTS, guarded(self.stream, self._errors)),
            Operation("POST", STREAM, guarded(self.stream, self._errors)),
            Operation("POST", COMMANDS, guarded(self.command, self._errors)),
        ]

    @property
    def upgrades(self) -> list[Operation]:
        """What tells clients that forgot to upgrade, where a mount has nothing else there."""
        return [
            Operation("GET", path, guarded(self.upgrade, self._errors)) for path in (EVENTS, STREAM)
        ]

    @property
    def sockets(self) -> list[WebSocketRoute]:
        """What is served over WebSockets."""
        return [WebSocketRoute(path, self._sessions.serve) for path in (EVENTS, STREAM)]

    async def stream(self, request: Request) -> Response:
        """POST …/stream/events (LangGraph API 0.16) and POST …/stream (Agent Protocol)."""
        thread_id = uuid("thread", request.path_params["thread_id"])
        body = wire.read(_object(parse(await read_bytes(request))), wire.Subscribe)
        shown, since = translate.subscription(body), translate.since(body)
        found = await opened(self._engine(), thread_id, scope_of(request), shown, since)
        rendering = EventStream(found.view, shown, found.first)
        return sse_answer(found.following, rendering, {}, first=rendering.opening())

    async def command(self, request: Request) -> Response:
        """POST …/commands: 200 whatever a command comes to.

        What is no command is 400 (LangGraph API 0.16, observed), or what the mount has for it;
        there a thread that is not there is 404, too (Agent Protocol of August 2026).
        """
        thread_id = uuid("thread", request.path_params["thread_id"])
        sent = await read_bytes(request)
        try:
            asked = commands.command(parse(sent))
        except BadInput as error:
            if self._follows_mount:
                raise
            told = commands.failure(None, "invalid_argument", error.message)
            return Response(told, 400, media_type="application/json")
        call = Call(self._engine(), thread_id, scope_of(request), self._stamps)
        raised = (*commands.RAISED, ThreadNotFound) if self._follows_mount else commands.RAISED
        told = await commands.answered(call, asked, commands.HTTP_HANDLERS, raised)
        return Response(told, media_type="application/json")

    async def upgrade(self, request: Request) -> Response:
        """GET …/stream without an upgrade: this is the address of WebSockets."""
        uuid("thread", request.path_params["thread_id"])
        message = "Upgrade to a WebSocket here, or follow the thread with POST."
        raise HTTPException(426, message, {"Upgrade": "websocket"})


def _object(given: object) -> dict[str, object]:
    if not isinstance(given, dict):
        raise BadInput("The request body must be an object.")
    return given
