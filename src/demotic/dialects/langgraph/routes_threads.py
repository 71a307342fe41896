"""Handlers for threads and their states."""

from starlette.requests import Request
from starlette.responses import Response

from demotic.dialects.langgraph import render, translate, wire
from demotic.dialects.langgraph.choices import MAX_LIMIT
from demotic.dialects.langgraph.requests import FindEngine, page_headers, thread_id
from demotic.web.answers import json_answer
from demotic.web.bodies import read_json
from demotic.web.callers import scope_of
from demotic.web.queries import flag, integer
from demotic.web.routing import Operation


class ThreadRoutes:
    """`/threads`."""

    def __init__(self, engine: FindEngine) -> None:
        self._engine = engine

    def operations(self) -> list[Operation]:
        """What is served; literal paths before parameters."""
        one = "/threads/{thread_id}"
        return [
            Operation("POST", "/threads", self.create),
            Operation("POST", "/threads/search", self.search),
            Operation("GET", one, self.get),
            Operation("DELETE", one, self.delete),
            Operation("GET", f"{one}/state", self.state),
            Operation("POST", f"{one}/state/checkpoint", self.state_at),
            Operation("GET", f"{one}/state/{{checkpoint_id}}", self.state_of),
            Operation("GET", f"{one}/history", self.history),
            Operation("POST", f"{one}/history", self.search_history),
        ]

    async def create(self, request: Request) -> Response:
        """LangGraph API 0.16, POST /threads."""
        body = await read_json(request, wire.ThreadCreate, may_be_empty=True)
        engine = self._engine()
        new, or_existing = translate.new_thread(body, engine.runs.new_id())
        thread = await engine.threads.create(new, scope_of(request), or_existing=or_existing)
        return json_answer(render.thread_json(thread))

    async def search(self, request: Request) -> Response:
        """LangGraph API 0.16, POST /threads/search."""
        body = await read_json(request, wire.ThreadSearch, may_be_empty=True)
        query = translate.thread_query(body)
        fields = translate.selected(body.select, render.THREAD_FIELDS)
        page = await self._engine().threads.search(query, scope_of(request))
        rows = [render.only(render.thread_json(each), fields) for each in page.items]
        return json_answer(rows, headers=page_headers(page.total, query.offset, len(rows)))

    async def get(self, request: Request) -> Response:
        """LangGraph API 0.16, GET /threads/{thread_id}."""
        thread = await self._engine().threads.get(thread_id(request), scope_of(request))
        return json_answer(render.thread_json(thread))

    async def delete(self, request: Request) -> Response:
        """LangGraph API 0.16, DELETE /threads/{thread_id}: 204 (observed), also while busy."""
        await self._engine().threads.delete(thread_id(request), scope_of(request))
        return Response(status_code=204)

    async def state(self, request: Request) -> Response:
        """LangGraph API 0.16, GET /threads/{thread_id}/state."""
        id, scope, subgraphs = thread_id(request), scope_of(request), flag(request, "subgraphs")
        state = await self._engine().states.get(id, scope, subgraphs=subgraphs)
        return json_answer(render.state_json(state))

    async def state_of(self, request: Request) -> Response:
        """LangGraph API 0.16, GET /threads/{thread_id}/state/{checkpoint_id}."""
        id, subgraphs = thread_id(request), flag(request, "subgraphs")
        checkpoint = translate.checkpoint(request.path_params["checkpoint_id"], id)
        state = await self._engine().states.get(
            id, scope_of(request), checkpoint=checkpoint, subgraphs=subgraphs
        )
        return json_answer(render.state_json(state))

    async def state_at(self, request: Request) -> Response:
        """LangGraph API 0.16, POST /threads/{thread_id}/state/checkpoint."""
        body = await read_json(request, wire.StateAtCheckpoint)
        id = thread_id(request)
        checkpoint = translate.checkpoint(body.checkpoint, id)
        state = await self._engine().states.get(
            id, scope_of(request), checkpoint=checkpoint, subgraphs=body.subgraphs or False
        )
        return json_answer(render.state_json(state))

    async def history(self, request: Request) -> Response:
        """LangGraph API 0.16, GET /threads/{thread_id}/history; 10 states by default."""
        limit = integer(request, "limit", 10, 1, MAX_LIMIT)
        body = wire.HistorySearch(limit=limit, before=request.query_params.get("before"))
        return await self._history(request, body)

    async def search_history(self, request: Request) -> Response:
        """LangGraph API 0.16, POST /threads/{thread_id}/history; 10 states by default."""
        body = await read_json(request, wire.HistorySearch, may_be_empty=True)
        return await self._history(request, body)

    async def _history(self, request: Request, body: wire.HistorySearch) -> Response:
        id = thread_id(request)
        wanted = translate.history(body, id)
        states = await self._engine().states.history(id, scope_of(request), **wanted)
        return json_answer([render.state_json(state) for state in states])
