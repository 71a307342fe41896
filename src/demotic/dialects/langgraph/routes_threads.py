"""Handlers for threads and their states."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from demotic.dialects.langgraph import (
    render,
    render_threads,
    replies,
    translate,
    translate_threads,
    wire,
)
from demotic.dialects.langgraph.choices import MAX_LIMIT
from demotic.dialects.langgraph.compat import TODAY, Compat
from demotic.dialects.langgraph.requests import FindEngine, page_headers, thread_id
from demotic.dialects.langgraph.translate_threads import View
from demotic.dialects.langgraph.wire_threads import Superstep
from demotic.domain.errors import Conflict, NoAgent, ThreadNotFound
from demotic.domain.model import Scope
from demotic.domain.threads import NewThread
from demotic.web.answers import json_answer
from demotic.web.bodies import read_json
from demotic.web.callers import scope_of
from demotic.web.queries import flag, integer, words
from demotic.web.routing import Operation

NO_GRAPH = (
    "Thread {} has no assigned graph ID: no run was made on it. Make one, or set `graph_id` in the "
    "thread's metadata."
)


NO_GRAPH_YET = "`supersteps` need `graph_id` in the thread's metadata: it says whose state it is."


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
        engine, scope = self._engine(), scope_of(request)
        new, or_existing = translate_threads.new_thread(
            body, engine.runs.new_id(), engine.threads.lifetime
        )
        if body.supersteps:
            return await self._create_with_state(new, body.supersteps, scope, or_existing)
        thread = await engine.threads.create(new, scope, or_existing=or_existing)
        return json_answer(render.thread_json(thread))

    async def _create_with_state(
        self, new: NewThread, given: Sequence[Superstep], scope: Scope, or_existing: bool
    ) -> Response:
        """A thread with supersteps: it is there with all of them, or not at all."""
        steps, graph = translate_threads.supersteps(given), translate_threads.graph(new.metadata)
        try:
            thread = await self._engine().states.create(
                new, steps, scope, agent=graph, or_existing=or_existing
            )
        except NoAgent:
            raise NoAgent(NO_GRAPH_YET) from None
        return json_answer(render.thread_json(thread))

    async def search(self, request: Request) -> Response:
        """LangGraph API 0.16, POST /threads/search."""
        body = await read_json(request, wire.ThreadSearch, may_be_empty=True)
        view = translate_threads.view(body)
        query = translate_threads.query(body, view)
        page = await self._engine().threads.search(query, scope_of(request))
        rows = [render_threads.thread_json(each, view) for each in page.items]
        return json_answer(rows, headers=page_headers(page.total, query.offset, len(rows)))

    async def get(self, request: Request) -> Response:
        """LangGraph API 0.16, GET /threads/{thread_id}."""
        view = View(include=translate_threads.included(words(request, "include")))
        thread = await self._engine().threads.get(thread_id(request), scope_of(request))
        return json_answer(render_threads.thread_json(thread, view))

    async def count(self, request: Request) -> Response:
        """LangGraph API 0.16, POST /threads/count."""
        body = await read_json(request, wire.ThreadCount, may_be_empty=True)
        query = translate_threads.counted(body)
        page = await self._engine().threads.search(query, scope_of(request))
        return json_answer(page.total)

    async def change(self, request: Request) -> Response:
        """LangGraph API 0.16, PATCH /threads/{thread_id}: allowed while busy (observed).

        The SDKs since Python 0.4 ask for no answer by `Prefer: return=minimal`.
        """
        id, body = thread_id(request), await read_json(request, wire.ThreadPatch, may_be_empty=True)
        threads = self._engine().threads
        change = translate_threads.thread_change(body, threads.lifetime)
        thread = await threads.change(id, scope=scope_of(request), **change)
        if "return=minimal" in request.headers.get("prefer", ""):
            return Response(status_code=204, headers={"Preference-Applied": "return=minimal"})
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
        select = translate.state_selected(words(request, "select"))
        state = await self._engine().states.get(id, scope, subgraphs=subgraphs)
        return json_answer(render_threads.state_json(state, select, self._compat))

    async def update(self, request: Request) -> Response:
        """LangGraph API 0.16, POST /threads/{thread_id}/state; 409 while a run is in progress.

        A thread without runs says in its metadata (`graph_id`) whose state it is. `supersteps`
        are several updates, all made or none.
        """
        body = await read_json(request, wire.StateUpdate, may_be_empty=True)
        id, scope, engine = thread_id(request), scope_of(request), self._engine()
        graph = translate_threads.graph((await engine.threads.get(id, scope)).metadata)
        steps, start = translate_threads.bulk_update(body, id)
        try:
            checkpoint = await engine.states.update_all(
                id, steps, scope, checkpoint=start, agent=graph
            )
        except NoAgent:
            raise NoAgent(NO_GRAPH.format(id)) from None
        return json_answer(render.update_json(checkpoint))

    async def state_of(self, request: Request) -> Response:
        """LangGraph API 0.16, GET /threads/{thread_id}/state/{checkpoint_id}."""
        id, subgraphs = thread_id(request), flag(request, "subgraphs")
        select = translate.state_selected(words(request, "select"))
        checkpoint = translate.checkpoint(request.path_params["checkpoint_id"], id)
        state = await self._engine().states.get(
            id, scope_of(request), checkpoint=checkpoint, subgraphs=subgraphs
        )
        return json_answer(render_threads.state_json(state, select, self._compat))

    async def state_at(self, request: Request) -> Response:
        """LangGraph API 0.16, POST /threads/{thread_id}/state/checkpoint.

        `subgraphs` is in the body; LangGraph's document of November 2025 has it in the query.
        """
        body = await read_json(request, wire.StateAtCheckpoint)
        id, select = thread_id(request), translate.state_selected(body.select)
        checkpoint = translate.checkpoint(body.checkpoint, id)
        state = await self._engine().states.get(
            id,
            scope_of(request),
            checkpoint=checkpoint,
            subgraphs=body.subgraphs or flag(request, "subgraphs"),
        )
        return json_answer(render_threads.state_json(state, select, self._compat))

    async def history(self, request: Request) -> Response:
        """LangGraph API 0.16, GET /threads/{thread_id}/history; 10 states by default."""
        limit = integer(request, "limit", 10, 1, MAX_LIMIT)
        before, select = request.query_params.get("before"), words(request, "select")
        return await self._history(request, wire.HistorySearch(limit, before, select=select))

    async def search_history(self, request: Request) -> Response:
        """LangGraph API 0.16, POST /threads/{thread_id}/history; 10 states by default."""
        body = await read_json(request, wire.HistorySearch, may_be_empty=True)
        return await self._history(request, body)

    async def _history(self, request: Request, body: wire.HistorySearch) -> Response:
        id, select = thread_id(request), translate.state_selected(body.select)
        wanted = translate.history(body, id)
        states = await self._engine().states.history(id, scope_of(request), **wanted)
        return json_answer(
            [render_threads.state_json(state, select, self._compat) for state in states]
        )
