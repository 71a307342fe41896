"""Handlers for threads."""

from starlette.requests import Request
from starlette.responses import Response

from demotic.dialects.acp import render, translate, wire
from demotic.dialects.acp.choices import MAX_LIMIT
from demotic.dialects.acp.errors import ThreadPending
from demotic.dialects.acp.requests import FindEngine, thread_id
from demotic.dialects.acp.versions import Version
from demotic.domain.errors import ThreadBusy
from demotic.domain.model import Scope
from demotic.domain.states import StateUpdate
from demotic.web.answers import json_answer
from demotic.web.bodies import read_json
from demotic.web.callers import scope_of
from demotic.web.queries import integer
from demotic.web.routing import Operation


class ThreadRoutes:
    """`/threads`."""

    def __init__(self, engine: FindEngine, version: Version) -> None:
        self._engine, self._version = engine, version

    def operations(self) -> list[Operation]:
        """What is served; literal paths before parameters."""
        one = "/threads/{thread_id}"
        return [
            Operation("POST", "/threads", self.create),
            Operation("POST", "/threads/search", self.search),
            Operation("GET", one, self.get),
            Operation("PATCH", one, self.change),
            Operation("DELETE", one, self.delete),
            Operation("POST", f"{one}/copy", self.copy),
            Operation("GET", f"{one}/history", self.history),
        ]

    async def create(self, request: Request) -> Response:
        """ACP 0.2.3, POST /threads."""
        body = await read_json(request, wire.ThreadCreate, may_be_empty=True)
        engine = self._engine()
        new, or_existing = translate.new_thread(body, engine.runs.new_id())
        thread = await engine.threads.create(new, scope_of(request), or_existing=or_existing)
        return json_answer(render.thread_json(thread, self._version))

    async def search(self, request: Request) -> Response:
        """ACP 0.2.3, POST /threads/search."""
        body = await read_json(request, wire.ThreadSearch, may_be_empty=True)
        page = await self._engine().threads.search(translate.thread_query(body), scope_of(request))
        return json_answer([render.thread_json(each, self._version) for each in page.items])

    async def get(self, request: Request) -> Response:
        """ACP 0.2.3, GET /threads/{thread_id}."""
        thread = await self._engine().threads.get(thread_id(request), scope_of(request))
        return json_answer(render.thread_json(thread, self._version))

    async def change(self, request: Request) -> Response:
        """ACP 0.2.3, PATCH /threads/{thread_id}: values and messages change the state."""
        id, scope = thread_id(request), scope_of(request)
        body = await read_json(request, wire.ThreadPatch, may_be_empty=True)
        update = translate.state_update(body)
        if update is not None:
            await self._update(id, update, scope)
        thread = await self._engine().threads.change(id, body.metadata or {}, scope)
        return json_answer(render.thread_json(thread, self._version))

    async def _update(self, id: str, update: StateUpdate, scope: Scope) -> None:
        """Change the state. A thread without runs is the default agent's, unless its metadata
        names another graph (`graph_id`, as LangGraph's clients do)."""
        engine = self._engine()
        named = (await engine.threads.get(id, scope)).metadata.get("graph_id")
        agent = named if isinstance(named, str) else engine.assistants.default_agent()
        await engine.states.update(id, update, scope, agent=agent)

    async def delete(self, request: Request) -> Response:
        """ACP 0.2.3, DELETE /threads/{thread_id}: fails while a run is pending."""
        id = thread_id(request)
        try:
            await self._engine().threads.delete(id, scope_of(request), only_idle=True)
        except ThreadBusy:
            raise ThreadPending(f"Thread {id} has a pending run: cancel it first.") from None
        return Response(status_code=204)

    async def copy(self, request: Request) -> Response:
        """ACP 0.2.3, POST /threads/{thread_id}/copy."""
        engine = self._engine()
        new_id = engine.runs.new_id()
        thread = await engine.threads.copy(thread_id(request), new_id, scope_of(request))
        return json_answer(render.thread_json(thread, self._version))

    async def history(self, request: Request) -> Response:
        """ACP 0.2.3, GET /threads/{thread_id}/history: newest first, 10 by default."""
        limit = integer(request, "limit", 10, 1, MAX_LIMIT)
        before = translate.before(request.query_params.get("before"))
        id, scope = thread_id(request), scope_of(request)
        states = await self._engine().states.history(id, scope, limit=limit, before=before)
        return json_answer([render.state_json(state, self._version) for state in states])
