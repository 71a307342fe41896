"""Handlers for assistants."""

from starlette.requests import Request
from starlette.responses import Response

from demotic.dialects.langgraph import render, replies, translate, translate_assistants, wire
from demotic.dialects.langgraph.compat import TODAY, Compat
from demotic.dialects.langgraph.requests import FindEngine, assistant_id, page_headers
from demotic.web.answers import json_answer
from demotic.web.bodies import read_json
from demotic.web.callers import scope_of
from demotic.web.queries import flag
from demotic.web.routing import Operation


class AssistantRoutes:
    """`/assistants`."""

    def __init__(self, engine: FindEngine, compat: Compat = TODAY) -> None:
        self._engine, self._compat = engine, compat

    def operations(self) -> list[Operation]:
        """What is served; literal paths before parameters."""
        one = "/assistants/{assistant_id}"
        return [
            Operation("POST", "/assistants/search", self.search),
            Operation("POST", "/assistants/count", self.count),
            Operation("POST", "/assistants", self.create),
            Operation("GET", one, self.get),
            Operation("PATCH", one, self.change),
            Operation("DELETE", one, self.delete),
            Operation("POST", f"{one}/versions", self.versions),
            Operation("POST", f"{one}/latest", self.choose_version),
        ]

    async def search(self, request: Request) -> Response:
        """LangGraph API 0.16, POST /assistants/search."""
        body = await read_json(request, wire.AssistantSearch, may_be_empty=True)
        query = translate.assistant_query(body)
        fields = translate.selected(body.select, render.ASSISTANT_FIELDS)
        page = await self._engine().assistants.search(query, scope_of(request))
        rows = [render.only(render.assistant_json(each), fields) for each in page.items]
        return json_answer(rows, headers=page_headers(page.total, query.offset, len(rows)))

    async def get(self, request: Request) -> Response:
        """LangGraph API 0.16, GET /assistants/{assistant_id}."""
        found = await self._engine().assistants.get(assistant_id(request), scope_of(request))
        return json_answer(render.assistant_json(found))

    async def create(self, request: Request) -> Response:
        """LangGraph API 0.16, POST /assistants."""
        body = await read_json(request, wire.AssistantCreate)
        engine = self._engine()
        new, or_existing = translate_assistants.new_assistant(body, engine.runs.new_id())
        made = await engine.assistants.create(new, scope_of(request), or_existing=or_existing)
        return json_answer(render.assistant_json(made))

    async def count(self, request: Request) -> Response:
        """LangGraph API 0.16, POST /assistants/count."""
        body = await read_json(request, wire.AssistantCount, may_be_empty=True)
        query = translate_assistants.counted(body)
        page = await self._engine().assistants.search(query, scope_of(request))
        return json_answer(page.total)

    async def change(self, request: Request) -> Response:
        """LangGraph API 0.16, PATCH /assistants/{assistant_id}: always a new version."""
        id = assistant_id(request)
        body = await read_json(request, wire.AssistantPatch, may_be_empty=True)
        wanted = translate_assistants.change(body)
        changed = await self._engine().assistants.change(id, wanted, scope_of(request))
        return json_answer(render.assistant_json(changed))

    async def delete(self, request: Request) -> Response:
        """LangGraph API 0.16, DELETE /assistants/{assistant_id}: 204 (observed)."""
        id, scope = assistant_id(request), scope_of(request)
        threads = {"assistant_id": id} if flag(request, "delete_threads") else None
        await self._engine().assistants.delete(id, scope, threads=threads, thread_scope=scope)
        return replies.done(self._compat.gone)

    async def versions(self, request: Request) -> Response:
        """LangGraph API 0.16, POST /assistants/{assistant_id}/versions: newest first."""
        id = assistant_id(request)
        body = await read_json(request, wire.AssistantVersions, may_be_empty=True)
        found = await self._engine().assistants.versions(
            id,
            scope_of(request),
            metadata=body.metadata or {},
            limit=translate.limit(body.limit),
            offset=translate.offset(body.offset),
        )
        return json_answer([render.assistant_json(each) for each in found])

    async def choose_version(self, request: Request) -> Response:
        """LangGraph API 0.16, POST /assistants/{assistant_id}/latest."""
        id = assistant_id(request)
        body = await read_json(request, wire.AssistantVersion, may_be_empty=True)
        version = translate_assistants.version(body, request.query_params)
        chosen = await self._engine().assistants.choose_version(id, version, scope_of(request))
        return json_answer(render.assistant_json(chosen))
