"""Handlers for threads and their states."""

from starlette.requests import Request
from starlette.responses import Response

from demotic.dialects.agent_protocol import render, translate, wire
from demotic.dialects.agent_protocol.choices import MAX_LIMIT, MAX_OFFSET
from demotic.dialects.agent_protocol.requests import FindEngine, thread_id
from demotic.domain.model import Scope
from demotic.domain.states import StateUpdate
from demotic.domain.threads import Thread
from demotic.web.answers import json_answer
from demotic.web.bodies import read_json
from demotic.web.callers import scope_of
from demotic.web.queries import integer
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
            Operation("PATCH", one, self.change),
            Operation("DELETE", one, self.delete),
            Operation("POST", f"{one}/copy", self.copy),
            Operation("GET", f"{one}/history", self.history),
            Operation("GET", f"{one}/runs", self.runs),
        ]

    async def create(self, request: Request) -> Response:
        """Agent Protocol 0.1.6, POST /threads."""
        body = await read_json(request, wire.ThreadCreate, may_be_empty=True)
        engine = self._engine()
        new, or_existing = translate.new_thread(body, engine.runs.new_id())
        thread = await engine.threads.create(new, scope_of(request), or_existing=or_existing)
        return json_answer(render.thread_json(thread))

    async def search(self, request: Request) -> Response:
        """Agent Protocol 0.1.6, POST /threads/search."""
        body = await read_json(request, wire.ThreadSearch, may_be_empty=True)
        page = await self._engine().threads.search(translate.thread_query(body), scope_of(request))
        return json_answer([render.thread_json(each) for each in page.items])

    async def get(self, request: Request) -> Response:
        """Agent Protocol 0.1.6, GET /threads/{thread_id}."""
        thread = await self._engine().threads.get(thread_id(request), scope_of(request))
        return json_answer(render.thread_json(thread))

    async def change(self, request: Request) -> Response:
        """Agent Protocol 0.1.6, PATCH /threads/{thread_id}: merges metadata, writes the state.

        409 where a state is to be written and a run is in progress; then nothing is changed.
        """
        body = await read_json(request, wire.ThreadPatch, may_be_empty=True)
        id, scope, threads = thread_id(request), scope_of(request), self._engine().threads
        thread = await threads.get(id, scope)
        if update := translate.state_update(body):
            await self._write(thread, update, scope)
        if body.metadata is not None:
            await threads.change(id, body.metadata, scope)
        return json_answer(render.thread_json(await threads.get(id, scope)))

    async def delete(self, request: Request) -> Response:
        """Agent Protocol 0.1.6, DELETE /threads/{thread_id}: a run in progress ends with it."""
        await self._engine().threads.delete(thread_id(request), scope_of(request))
        return Response(status_code=204)

    async def copy(self, request: Request) -> Response:
        """Agent Protocol 0.1.6, POST /threads/{thread_id}/copy."""
        engine, id = self._engine(), thread_id(request)
        copied = await engine.threads.copy(id, engine.runs.new_id(), scope_of(request))
        return json_answer(render.thread_json(copied))

    async def history(self, request: Request) -> Response:
        """Agent Protocol 0.1.6, GET /threads/{thread_id}/history; 10 states by default."""
        before = request.query_params.get("before")
        states = await self._engine().states.history(
            thread_id(request),
            scope_of(request),
            limit=integer(request, "limit", 10, 1, MAX_LIMIT),
            before=None if before is None else {"checkpoint_id": before},
        )
        return json_answer([render.state_json(each) for each in states])

    async def runs(self, request: Request) -> Response:
        """Agent Protocol of April 2025, GET /threads/{thread_id}/runs; newest first."""
        runs = await self._engine().runs.list(
            thread_id(request),
            scope_of(request),
            limit=integer(request, "limit", 10, 1, MAX_LIMIT),
            offset=integer(request, "offset", 0, 0, MAX_OFFSET),
        )
        return json_answer([render.run_json(each) for each in runs])

    async def _write(self, thread: Thread, update: StateUpdate, scope: Scope) -> None:
        """Write into the state. On a thread without runs it is the state of the agent that the
        metadata name, else of the default agent."""
        engine, owner = self._engine(), thread.agent
        if owner is None:
            named, hosted = translate.owner(thread.metadata), engine.assistants.agent_names()
            default = engine.assistants.default_agent()
            id = translate.chosen_agent(named, hosted, default)
            owner = (await engine.assistants.get(id, scope)).agent
        await engine.states.update(thread.id, update, scope, agent=owner)
