"""Handlers for crons."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from demotic.dialects.langgraph import render, render_crons, replies, translate, translate_crons
from demotic.dialects.langgraph.compat import TODAY, Compat
from demotic.dialects.langgraph.requests import FindEngine, cron_id, page_headers, thread_id
from demotic.dialects.langgraph.wire import Object
from demotic.dialects.langgraph.wire_crons import CronCount, CronSearch
from demotic.web.answers import json_answer
from demotic.web.bodies import read_json
from demotic.web.callers import scope_of
from demotic.web.routing import Operation


class CronRoutes:
    """`/runs/crons` and `/threads/{thread_id}/runs/crons`."""

    def __init__(self, engine: FindEngine, compat: Compat = TODAY) -> None:
        self._engine, self._compat = engine, compat

    def operations(self) -> list[Operation]:
        """What is served; literal paths before parameters."""
        one = "/runs/crons/{cron_id}"
        return [
            Operation("POST", "/runs/crons/search", self.search),
            Operation("POST", "/runs/crons/count", self.count),
            Operation("POST", "/runs/crons", self.create),
            Operation("POST", "/threads/{thread_id}/runs/crons", self.create),
            Operation("GET", one, self.get),
            Operation("PATCH", one, self.change),
            Operation("DELETE", one, self.delete),
        ]

    async def create(self, request: Request) -> Response:
        """LangGraph API 0.16, POST /runs/crons and POST /threads/{thread_id}/runs/crons."""
        thread = thread_id(request) if "thread_id" in request.path_params else None
        given, engine = await read_json(request, Object), self._engine()
        new = translate_crons.new_schedule(
            given,
            cron_id=engine.schedules.new_id(),
            thread_id=thread,
            graphs=engine.assistants.agent_names(),
            compat=self._compat,
        )
        made = await engine.schedules.create(new, scope_of(request))
        return json_answer(render_crons.cron_json(made))

    async def search(self, request: Request) -> Response:
        """LangGraph API 0.16, POST /runs/crons/search."""
        body, engine = await read_json(request, CronSearch, may_be_empty=True), self._engine()
        query = translate_crons.query(body, engine.assistants.agent_names())
        fields = translate.selected(body.select, render_crons.CRON_FIELDS)
        page = await engine.schedules.search(query, scope_of(request))
        rows = [render.only(render_crons.cron_json(each), fields) for each in page.items]
        return json_answer(rows, headers=page_headers(page.total, query.offset, len(rows)))

    async def count(self, request: Request) -> Response:
        """LangGraph API 0.16, POST /runs/crons/count."""
        body, engine = await read_json(request, CronCount, may_be_empty=True), self._engine()
        query = translate_crons.counted(body, engine.assistants.agent_names())
        return json_answer((await engine.schedules.search(query, scope_of(request))).total)

    async def get(self, request: Request) -> Response:
        """LangGraph API 0.16, GET /runs/crons/{cron_id}."""
        found = await self._engine().schedules.get(cron_id(request), scope_of(request))
        return json_answer(render_crons.cron_json(found))

    async def change(self, request: Request) -> Response:
        """LangGraph API 0.16, PATCH /runs/crons/{cron_id}: 400 where nothing is given."""
        id, engine = cron_id(request), self._engine()
        given = await read_json(request, Object, may_be_empty=True)
        graphs = engine.assistants.agent_names()
        edited = partial(translate_crons.changed, given=given, graphs=graphs, compat=self._compat)
        changed = await engine.schedules.change(id, edited, scope_of(request))
        return json_answer(render_crons.cron_json(changed))

    async def delete(self, request: Request) -> Response:
        """LangGraph API 0.16, DELETE /runs/crons/{cron_id}: 204 (observed)."""
        await self._engine().schedules.delete(cron_id(request), scope_of(request))
        return replies.done(self._compat.gone)
