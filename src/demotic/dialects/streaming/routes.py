"""The dialect as a whole: event streams and commands, over HTTP and WebSockets.

Other dialects serve it among their own paths.
"""

from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import WebSocketRoute

from demotic.dialects.streaming import commands, translate, wire
from demotic.dialects.streaming.describing import TABLES
from demotic.dialects.streaming.errors import ERRORS
from demotic.dialects.streaming.sessions import Sessions
from demotic.dialects.streaming.starting import Call
from demotic.dialects.streaming.stream import EventStream, opened
from demotic.domain.errors import BadInput
from demotic.engine.core import Engine
from demotic.web.bodies import parse, read_bytes
from demotic.web.callers import scope_of
from demotic.web.choosing import uuid
from demotic.web.problems import guarded
from demotic.web.routing import Operation
from demotic.web.sse import sse_answer

EVENTS = "/threads/{thread_id}/stream/events"
STREAM = "/threads/{thread_id}/stream"
COMMANDS = "/threads/{thread_id}/commands"


class StreamingDialect:
    """The streaming protocol over an engine.

    `engine` gives the engine at work; `stamps` are the facts that a mount's own dialect writes
    into the metadata of threads and runs. The operations answer their errors themselves.
    """

    def __init__(self, engine: Callable[[], Engine], stamps: Mapping[str, str]) -> None:
        self._engine, self._stamps = engine, stamps
        self._sessions = Sessions(engine, stamps)

    tables = TABLES
    """What the operations are in an OpenAPI document."""

    @property
    def operations(self) -> list[Operation]:
        """What is served over HTTP."""
        return [
            Operation("POST", EVENTS, guarded(self.stream, ERRORS)),
            Operation("POST", STREAM, guarded(self.stream, ERRORS)),
            Operation("POST", COMMANDS, guarded(self.command, ERRORS)),
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
        """POST …/commands: 200 whatever a command comes to; 400 for what is none."""
        thread_id = uuid("thread", request.path_params["thread_id"])
        sent = await read_bytes(request)
        try:
            asked = commands.command(parse(sent))
        except BadInput as error:
            told = commands.failure(None, "invalid_argument", error.message)
            return Response(told, 400, media_type="application/json")
        call = Call(self._engine(), thread_id, scope_of(request), self._stamps)
        told = await commands.answered(call, asked, commands.HTTP_HANDLERS)
        return Response(told, media_type="application/json")


def _object(given: object) -> dict[str, object]:
    if not isinstance(given, dict):
        raise BadInput("The request body must be an object.")
    return given
