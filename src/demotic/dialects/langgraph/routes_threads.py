"""Handlers for threads and their states."""

from starlette.requests import Request
from starlette.responses import Response

from demotic.dialects.langgraph import render, replies, translate, wire
from demotic.dialects.langgraph.choices import MAX_LIMIT
from demotic.dialects.langgraph.compat import TODAY, Compat
from demotic.dialects.langgraph.requests import FindEngine, page_headers, thread_id
from demotic.domain.errors import Conflict, NoAgent, ThreadNotFound
from demotic.web.answers import json_answer
from demotic.web.bodies import read_json
from demotic.web.callers import scope_of
from demotic.web.queries import flag, integer
from demotic.web.routing import Operation

NO_GRAPH = (
    "Thread {} has no assigned graph ID: no run was made on it. Make one, or set `graph_id` in the "
    "thread's metadata."
)


class ThreadRoutes:
    """`/threads`."""

    def __init__(self, engine: FindEngine, compat: Compat = TODAY) -> None:
        self._engine, self._compat = engine, compat

    def operations(self) -> list[Operation]:
        """What is served; literal paths before parameters."""
        one = "/threads/{thread_id}"
        return [
            Operation("POST", "/threads", self.create),
            Operation("POST", "/threads/search", self.search),
            Operation("POST", "/threads/count", self.count),
            Operation("GET", one, self.get),
            Operation("PATCH", one, self.change),
            Operation("POST", f"{one}/copy", self.copy),
            Operation("DELETE", one, self.delete),
            Operation("GET", f"{one}/state", self.state),
            Operation("POST", f"{one}/state", self.update),
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

    async def count(self, request: Request) -> Response:
        """LangGraph API 0.16, POST /threads/count."""
        query = translate.counted_threads(
            await read_json(request, wire.ThreadCount, may_be_empty=True)
        )
        page = await self._engine().threads.search(query, scope_of(request))
        return json_answer(page.total)

    async def change(self, request: Request) -> Response:
        """LangGraph API 0.16, PATCH /threads/{thread_id}: allowed while busy (observed)."""
        id, body = thread_id(request), await read_json(request, wire.ThreadPatch, may_be_empty=True)
        metadata = translate.thread_metadata(body)
        thread = await self._engine().threads.change(id, metadata, scope_of(request))
        return json_answer(render.thread_json(thread))

    async def copy(self, request: Request) -> Response:
        """LangGraph API 0.16, POST /threads/{thread_id}/copy: 409 for no thread (observed)."""
        engine = self._engine()
        try:
            thread = await engine.threads.copy(
                thread_id(request), engine.runs.new_id(), scope_of(request)
            )
        except ThreadNotFound as error:
            raise Conflict(error.message) from None
        return json_answer(render.thread_json(thread))

    async def delete(self, request: Request) -> Response:
        """LangGraph API 0.16, DELETE /threads/{thread_id}: 204 (observed), also while busy."""
        await self._engine().threads.delete(thread_id(request), scope_of(request))
        return replies.done(self._compat.gone)

    async def state(self, request: Request) -> Response:
        """LangGraph API 0.16, GET /threads/{thread_id}/state."""
        id, scope, subgraphs = thread_id(request), scope_of(request), flag(request, "subgraphs")
        state = await self._engine().states.get(id, scope, subgraphs=subgraphs)
        return json_answer(render.state_json(state))

    async def update(self, request: Request) -> Response:
        """LangGraph API 0.16, POST /threads/{thread_id}/state; 409 while a run is in progress.

        A thread without runs says in its metadata (`graph_id`) whose state it is.
        """
        body = await read_json(request, wire.StateUpdate, may_be_empty=True)
        id, scope, engine = thread_id(request), scope_of(request), self._engine()
        graph = (await engine.threads.get(id, scope)).metadata.get("graph_id")
        named = graph if isinstance(graph, str) else None
        update = translate.state_update(body, id)
        try:
            checkpoint = await engine.states.update(id, update, scope, agent=named)
        except NoAgent:
            raise NoAgent(NO_GRAPH.format(id)) from None
        return json_answer(render.update_json(checkpoint))

    async def state_of(self, request: Request) -> Response:
        """LangGraph API 0.16, GET /threads/{thread_id}/state/{checkpoint_id}."""
        id, subgraphs = thread_id(request), flag(request, "subgraphs")
        checkpoint = translate.checkpoint(request.path_params["checkpoint_id"], id)
        state = await self._engine().states.get(
            id, scope_of(request), checkpoint=checkpoint, subgraphs=subgraphs
        )
        return json_answer(render.state_json(state))

    async def state_at(self, request: Request) -> Response:
        """LangGraph API 0.16, POST /threads/{thread_id}/state/checkpoint.

        `subgraphs` is in the body; LangGraph's document of November 2025 has it in the query.
        """
        body = await read_json(request, wire.StateAtCheckpoint)
        id = thread_id(request)
        checkpoint = translate.checkpoint(body.checkpoint, id)
        state = await self._engine().states.get(
            id,
            scope_of(request),
            checkpoint=checkpoint,
            subgraphs=body.subgraphs or flag(request, "subgraphs"),
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
