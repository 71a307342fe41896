"""Handlers for what an assistant's graph tells of itself."""

from starlette.requests import Request
from starlette.responses import Response

from demotic.dialects.langgraph import render, translate
from demotic.dialects.langgraph.requests import FindEngine, assistant_id
from demotic.web.answers import json_answer
from demotic.web.callers import scope_of
from demotic.web.queries import flag
from demotic.web.routing import Operation


class GraphRoutes:
    """`/assistants/{assistant_id}/…`: schemas, graph, subgraphs."""

    def __init__(self, engine: FindEngine) -> None:
        self._engine = engine

    def operations(self) -> list[Operation]:
        """What is served."""
        one = "/assistants/{assistant_id}"
        return [
            Operation("GET", f"{one}/schemas", self.schemas),
            Operation("GET", f"{one}/graph", self.graph),
            Operation("GET", f"{one}/subgraphs", self.subgraphs),
            Operation("GET", f"{one}/subgraphs/{{namespace}}", self.subgraphs),
        ]

    async def schemas(self, request: Request) -> Response:
        """LangGraph API 0.16, GET /assistants/{assistant_id}/schemas."""
        id = assistant_id(request)
        found = await self._engine().descriptions.schemas(id, scope_of(request))
        return json_answer({"graph_id": found.agent, **render.schemas_json(found.schemas)})

    async def graph(self, request: Request) -> Response:
        """LangGraph API 0.16, GET /assistants/{assistant_id}/graph; a graph's id will do, too."""
        engine = self._engine()
        named = request.path_params["assistant_id"]
        id = translate.assistant_id(named, engine.assistants.agent_names())
        depth = translate.xray(request.query_params.get("xray"))
        return json_answer(await engine.descriptions.drawing(id, scope_of(request), depth=depth))

    async def subgraphs(self, request: Request) -> Response:
        """LangGraph API 0.16, GET /assistants/{assistant_id}/subgraphs and …/{namespace}."""
        found = await self._engine().descriptions.parts(
            assistant_id(request),
            scope_of(request),
            namespace=request.path_params.get("namespace"),
            deep=flag(request, "recurse"),
        )
        return json_answer({name: render.schemas_json(each) for name, each in found.items()})
