"""Handlers for agents."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from demotic.dialects.agent_protocol import render, translate, wire
from demotic.dialects.agent_protocol.capabilities import Capabilities
from demotic.dialects.agent_protocol.requests import FindEngine
from demotic.domain.assistants import Assistant
from demotic.domain.model import Scope
from demotic.web.answers import json_answer
from demotic.web.bodies import read_json
from demotic.web.callers import scope_of
from demotic.web.routing import Operation


class AgentRoutes:
    """`/agents`: every assistant is an agent to the outside."""

    def __init__(self, engine: FindEngine) -> None:
        self._engine = engine
        self._capabilities = Capabilities()

    def operations(self) -> list[Operation]:
        """What is served; literal paths before parameters."""
        return [
            Operation("POST", "/agents/search", self.search),
            Operation("GET", "/agents/{agent_id}", self.get),
            Operation("GET", "/agents/{agent_id}/schemas", self.schemas),
        ]

    async def search(self, request: Request) -> Response:
        """Agent Protocol 0.1.6, POST /agents/search."""
        query = translate.agent_query(await read_json(request, wire.AgentSearch, may_be_empty=True))
        scope = scope_of(request)
        page = await self._engine().assistants.search(query, scope)
        return json_answer([await self._shown(each, scope) for each in page.items])

    async def get(self, request: Request) -> Response:
        """Agent Protocol 0.1.6, GET /agents/{agent_id}; a hosted agent's name will do, too."""
        scope = scope_of(request)
        found = await self._engine().assistants.get(self._named(request), scope)
        return json_answer(await self._shown(found, scope))

    async def schemas(self, request: Request) -> Response:
        """Agent Protocol 0.1.6, GET /agents/{agent_id}/schemas."""
        id = self._named(request)
        found = await self._engine().descriptions.schemas(id, scope_of(request))
        return json_answer(render.schemas_json(id, found.schemas))

    def _named(self, request: Request) -> str:
        hosted = self._engine().assistants.agent_names()
        return translate.agent_id(request.path_params["agent_id"], hosted)

    async def _shown(self, assistant: Assistant, scope: Scope) -> dict[str, Any]:
        known = await self._capabilities.has_messages(self._engine(), assistant, scope)
        return render.agent_json(assistant, has_messages=known)
