"""Handlers for what keeps threads small, and for the metadata of their states."""

from starlette.requests import Request
from starlette.responses import Response

from demotic.dialects.langgraph import render_threads, translate_threads, wire_threads
from demotic.dialects.langgraph.requests import FindEngine, thread_id
from demotic.web.answers import json_answer
from demotic.web.bodies import read_json
from demotic.web.callers import scope_of
from demotic.web.routing import Operation


class UpkeepRoutes:
    """`/threads/prune`, `/threads/{thread_id}/storage`, and PATCH of a thread's state."""

    def __init__(self, engine: FindEngine) -> None:
        self._engine = engine

    def operations(self) -> list[Operation]:
        """What is served."""
        return [
            Operation("POST", "/threads/prune", self.prune),
            Operation("GET", "/threads/{thread_id}/storage", self.storage),
            Operation("PATCH", "/threads/{thread_id}/state", self.patch_state),
        ]

    async def prune(self, request: Request) -> Response:
        """LangGraph API 0.16, POST /threads/prune: what is not there, or busy, does not count."""
        body = await read_json(request, wire_threads.ThreadPrune)
        ids, pruning = translate_threads.pruned(body)
        count = await self._engine().upkeep.prune(ids, pruning, scope_of(request))
        return json_answer({"pruned_count": count})

    async def storage(self, request: Request) -> Response:
        """LangGraph API 0.16, GET /threads/{thread_id}/storage."""
        id = thread_id(request)
        measured = await self._engine().upkeep.measure(id, scope_of(request))
        return json_answer(render_threads.storage_json(id, measured))

    async def patch_state(self, request: Request) -> Response:
        """LangGraph API 0.1.0, PATCH /threads/{thread_id}/state: the latest checkpoint stays."""
        body = await read_json(request, wire_threads.StatePatch)
        checkpoint = await self._engine().states.annotate(
            thread_id(request), body.metadata, scope_of(request)
        )
        return json_answer({"configurable": checkpoint})
