"""The handler that lets a client follow a whole thread."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from demotic.dialects.langgraph import translate
from demotic.dialects.langgraph.requests import FindEngine, thread_id
from demotic.dialects.langgraph.thread_stream import MODES, RUN_MODES, ThreadStream
from demotic.web.callers import scope_of
from demotic.web.choosing import choose
from demotic.web.queries import words
from demotic.web.routing import Operation
from demotic.web.sse import sse_answer


class ThreadStreamRoutes:
    """`/threads/{thread_id}/stream`."""

    def __init__(self, engine: FindEngine) -> None:
        self._engine = engine

    def operations(self) -> list[Operation]:
        """What is served."""
        return [Operation("GET", "/threads/{thread_id}/stream", self.follow)]

    async def follow(self, request: Request) -> Response:
        """LangGraph API 0.16, GET /threads/{thread_id}/stream: it never ends by itself.

        The document names the parameter `stream_modes`, the Python SDK sends `stream_mode`.
        """
        id, engine = thread_id(request), self._engine()
        named = words(request, "stream_modes", "stream_mode") or [RUN_MODES]
        modes = [choose("stream_modes", name, MODES) for name in named]
        after = translate.replay_from(request.headers.get("last-event-id"), resumable=True)
        following = await engine.threads.follow(id, scope_of(request), after=after)
        again = f"/threads/{id}/stream?{urlencode({'stream_modes': ','.join(modes)}, safe=',')}"
        return sse_answer(following, ThreadStream(engine, modes), {"Location": again})
