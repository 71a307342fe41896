"""Aliases: paths of the Agent Protocol and ACP that LangGraph's API lacks, served at the root.

What both protocols have is answered in one body that clients of either read; the rest are the
dialects' own handlers.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from demotic.dialects.acp import routes_agents as acp_agents
from demotic.dialects.acp import routes_runs as acp_runs
from demotic.dialects.acp.contracts import Contracts
from demotic.dialects.acp.errors import ERRORS as ACP_ERRORS
from demotic.dialects.acp.replies import RunResult, contract_of
from demotic.dialects.acp.versions import NEWEST
from demotic.dialects.agent_protocol import routes_agents, routes_runs, translate, wire
from demotic.dialects.agent_protocol.capabilities import Capabilities
from demotic.dialects.agent_protocol.errors import ERRORS as AGENT_PROTOCOL_ERRORS
from demotic.dialects.agent_protocol.replies import RunOutput
from demotic.dialects.agent_protocol.requests import FindEngine, run_id
from demotic.domain.assistants import AssistantQuery
from demotic.domain.runs import Run
from demotic.server.alias_bodies import AgentSearch, BothResults, Union, matches, run_json
from demotic.web.answers import json_answer
from demotic.web.bodies import read_json
from demotic.web.callers import scope_of
from demotic.web.keepalive import waiting_answer
from demotic.web.problems import ErrorTable
from demotic.web.routing import Operation, routes

ERRORS: ErrorTable = {**AGENT_PROTOCOL_ERRORS, **ACP_ERRORS}
"""Statuses and codes of both; they differ in a few codes only. The body is the common one."""

IDS = ("run_id", "thread_id")
"""Parameters that match nothing but UUIDs: other words in their place are LangGraph's."""

PAGE = 1000
"""Agents that are looked at at a time: what is searched for may stand in their manifests."""


class Aliases:
    """The aliases over an engine.

    `engine` gives the engine at work; it is asked at each request. `contracts` know what agents
    promise. The routes belong behind those of LangGraph's API, which so are never shadowed.
    """

    def __init__(self, engine: FindEngine, contracts: Contracts) -> None:
        self._engine, self._contracts = engine, contracts
        self._union = Union(contracts, Capabilities())
        ap, acp = routes_runs.RunRoutes(engine), acp_runs.RunRoutes(engine, contracts, NEWEST)
        run, thread_run = "/runs/{run_id}", "/threads/{thread_id}/runs/{run_id}"
        agent = "/agents/{agent_id}"
        self.operations: list[Operation] = [
            Operation("POST", "/agents/search", self.search_agents),
            Operation("GET", agent, self.get_agent),
            Operation("GET", f"{agent}/schemas", routes_agents.AgentRoutes(engine).schemas),
            Operation(
                "GET",
                f"{agent}/descriptor",
                acp_agents.AgentRoutes(engine, contracts).descriptor,
            ),
            Operation("POST", "/runs/search", self.search_runs),
            Operation("GET", run, self.get_run),
            Operation("POST", run, acp.resume),
            Operation("DELETE", run, ap.delete),
            Operation("GET", f"{run}/wait", self.join_run),
            Operation("POST", f"{run}/cancel", ap.cancel),
            Operation("POST", thread_run, acp.resume),
            Operation("GET", f"{thread_run}/wait", acp.join),
        ]

    @property
    def routes(self) -> list[Route]:
        """The routes."""
        return routes(self.operations, ERRORS, uuids=IDS)

    async def search_agents(self, request: Request) -> Response:
        """POST /agents/search, oldest first: by the Agent Protocol's fields and by ACP's."""
        body = await read_json(request, AgentSearch, may_be_empty=True)
        first, count = translate.offset(body.offset), translate.limit(body.limit)
        query = AssistantQuery(metadata=body.metadata or {}, limit=PAGE, descending=False)
        scope, found = scope_of(request), []
        async for each in self._engine().assistants.all(query, scope):
            if matches(each, self._contracts.manifest(each.agent), body):
                found.append(each)
            if len(found) == first + count:
                break
        told = [await self._union.agent_json(self._engine(), e, scope) for e in found[first:]]
        return json_answer(told)

    async def get_agent(self, request: Request) -> Response:
        """GET /agents/{agent_id}; a hosted agent's name will do, too."""
        engine, scope = self._engine(), scope_of(request)
        id = translate.agent_id(request.path_params["agent_id"], engine.assistants.agent_names())
        found = await engine.assistants.get(id, scope)
        return json_answer(await self._union.agent_json(engine, found, scope))

    async def search_runs(self, request: Request) -> Response:
        """POST /runs/search: newest first."""
        body = await read_json(request, wire.RunSearch, may_be_empty=True)
        query = translate.run_query(body, self._engine().assistants.agent_names())
        runs = await self._engine().runs.search(query, scope_of(request))
        return json_answer([run_json(each) for each in runs])

    async def get_run(self, request: Request) -> Response:
        """GET /runs/{run_id}."""
        return json_answer(run_json(await self._run(request)))

    async def join_run(self, request: Request) -> Response:
        """GET /runs/{run_id}/wait: the run's own output, also later."""
        engine, run, scope = self._engine(), await self._run(request), scope_of(request)
        contract = await contract_of(engine, self._contracts, run)
        result = BothResults(
            RunResult(engine, run, contract, NEWEST, scope, stateful=False),
            RunOutput(engine, run, scope),
        )
        return waiting_answer(engine.runs.follow(run, after=None), result, {})

    async def _run(self, request: Request) -> Run:
        return await self._engine().runs.get(None, run_id(request), scope_of(request))
