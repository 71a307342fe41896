"""Handlers for assistants."""

from starlette.requests import Request
from starlette.responses import Response

from demotic.dialects.langgraph import render, translate, wire
from demotic.dialects.langgraph.requests import FindEngine, assistant_id, page_headers
from demotic.web.answers import json_answer
from demotic.web.bodies import read_json
from demotic.web.callers import scope_of
from demotic.web.routing import Operation


class AssistantRoutes:
    """`/assistants`."""

    def __init__(self, engine: FindEngine) -> None:
        self._engine = engine

    def operations(self) -> list[Operation]:
        """What is served."""
        return [
            Operation("POST", "/assistants/search", self.search),
            Operation("GET", "/assistants/{assistant_id}", self.get),
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
