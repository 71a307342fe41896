"""Handlers for items of the store."""

from starlette.requests import Request
from starlette.responses import Response

from demotic.dialects.langgraph import render_store, translate_store, wire_store
from demotic.dialects.langgraph.requests import FindEngine
from demotic.domain.errors import BadInput
from demotic.web.answers import json_answer
from demotic.web.bodies import read_json
from demotic.web.callers import scope_of
from demotic.web.queries import flag
from demotic.web.routing import Operation


class StoreRoutes:
    """`/store`."""

    def __init__(self, engine: FindEngine) -> None:
        self._engine = engine

    def operations(self) -> list[Operation]:
        """What is served."""
        return [
            Operation("PUT", "/store/items", self.put),
            Operation("GET", "/store/items", self.get),
            Operation("DELETE", "/store/items", self.delete),
            Operation("POST", "/store/items/search", self.search),
            Operation("POST", "/store/namespaces", self.namespaces),
        ]

    async def put(self, request: Request) -> Response:
        """LangGraph API 0.16, PUT /store/items: 204; 400 where nothing can be stored (observed)."""
        new = translate_store.new_item(await read_json(request, wire_store.StorePut))
        await self._engine().items.put(new, scope_of(request))
        return Response(status_code=204)

    async def get(self, request: Request) -> Response:
        """LangGraph API 0.16, GET /store/items: null for no item (observed)."""
        query = request.query_params
        if (key := query.get("key")) is None:
            raise BadInput("Query parameter `key` is required: add it.")
        namespace = translate_store.namespace(query.getlist("namespace"))
        refresh = flag(request, "refresh_ttl") if "refresh_ttl" in query else None
        found = await self._engine().items.get(namespace, key, scope_of(request), refresh=refresh)
        return json_answer(None if found is None else render_store.item_json(found))

    async def delete(self, request: Request) -> Response:
        """LangGraph API 0.16, DELETE /store/items: 204, item or not (observed)."""
        body = await read_json(request, wire_store.StoreDelete)
        namespace = tuple(body.namespace or ())
        await self._engine().items.delete(namespace, body.key, scope_of(request))
        return Response(status_code=204)

    async def search(self, request: Request) -> Response:
        """LangGraph API 0.16, POST /store/items/search."""
        body = await read_json(request, wire_store.StoreSearch, may_be_empty=True)
        query = translate_store.item_query(body)
        found = await self._engine().items.search(query, scope_of(request))
        return json_answer(render_store.items_json(found))

    async def namespaces(self, request: Request) -> Response:
        """LangGraph API 0.16, POST /store/namespaces."""
        body = await read_json(request, wire_store.StoreNamespaces, may_be_empty=True)
        query = translate_store.namespace_query(body)
        found = await self._engine().items.namespaces(query, scope_of(request))
        return json_answer(render_store.namespaces_json(found))
