"""Handlers for agents."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from demotic.dialects.acp import translate, wire
from demotic.dialects.acp.contracts import Contracts
from demotic.dialects.acp.descriptors import agent_json, descriptor_json
from demotic.dialects.acp.requests import FindEngine, agent_id
from demotic.domain.assistants import Assistant, AssistantQuery
from demotic.domain.errors import AssistantNotFound
from demotic.web.answers import json_answer
from demotic.web.bodies import read_json
from demotic.web.callers import scope_of
from demotic.web.routing import Operation

OLDEST_FIRST = AssistantQuery(limit=1000, descending=False)
"""All agents are looked at: their names and versions come from manifests, too."""


class AgentRoutes:
    """`/agents`."""

    def __init__(self, engine: FindEngine, contracts: Contracts) -> None:
        self._engine, self._contracts = engine, contracts

    def operations(self) -> list[Operation]:
        """What is served; literal paths before parameters."""
        one = "/agents/{agent_id}"
        return [
            Operation("POST", "/agents/search", self.search),
            Operation("GET", one, self.get),
            Operation("GET", f"{one}/descriptor", self.descriptor),
        ]

    async def search(self, request: Request) -> Response:
        """ACP 0.2.3, POST /agents/search: oldest first, so that pages stay as they are."""
        body = await read_json(request, wire.AgentSearch, may_be_empty=True)
        first = translate.offset(body.offset)
        last = first + translate.limit(body.limit)
        found: list[dict[str, Any]] = []
        async for each in self._engine().assistants.all(OLDEST_FIRST, scope_of(request)):
            agent = agent_json(each, self._contracts.manifest(each.agent))
            if _matches(agent, body):
                found.append(agent)
            if len(found) == last:
                break
        return json_answer(found[first:])

    async def get(self, request: Request) -> Response:
        """ACP 0.2.3, GET /agents/{agent_id}."""
        assistant = await self._find(request)
        return json_answer(agent_json(assistant, self._contracts.manifest(assistant.agent)))

    async def descriptor(self, request: Request) -> Response:
        """ACP 0.2.3, GET /agents/{agent_id}/descriptor."""
        assistant = await self._find(request)
        contract = await self._contracts.of(assistant)
        manifest = self._contracts.manifest(assistant.agent)
        return json_answer(descriptor_json(assistant, manifest, contract.specs))

    async def _find(self, request: Request) -> Assistant:
        id = agent_id(request)
        try:
            return await self._engine().assistants.get(id, scope_of(request))
        except AssistantNotFound:
            raise AssistantNotFound(f"Agent {id} not found") from None


def _matches(agent: dict[str, Any], wanted: wire.AgentSearch) -> bool:
    ref = agent["metadata"]["ref"]
    return wanted.name in (None, ref["name"]) and wanted.version in (None, ref["version"])
