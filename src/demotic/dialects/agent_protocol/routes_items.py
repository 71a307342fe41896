"""Handlers for long-term memory."""

from starlette.requests import Request
from starlette.responses import Response

from demotic.dialects.agent_protocol import translate_items, wire_items
from demotic.dialects.agent_protocol.render_items import item_json
from demotic.dialects.agent_protocol.requests import FindEngine
from demotic.domain.errors import BadInput
from demotic.web.answers import json_answer
from demotic.web.bodies import read_json
from demotic.web.callers import scope_of
from demotic.web.routing import Operation


class ItemRoutes:
    """`/store`."""

    def __init__(self, engine: FindEngine) -> None:
        self._engine = engine

    def operations(self) -> list[Operation]:
        """What is served."""
        return [
            Operation("PUT", "/store/items", self.put),
            Operation("DELETE", "/store/items", self.delete),
            Operation("GET", "/store/items", self.get),
            Operation("POST", "/store/items/search", self.search),
            Operation("POST", "/store/namespaces", self.namespaces),
        ]

    async def put(self, request: Request) -> Response:
        """Agent Protocol 0.1.6, PUT /store/items."""
        new = translate_items.new_item(await read_json(request, wire_items.ItemPut))
        await self._engine().items.put(new, scope_of(request))
        return Response(status_code=204)

    async def delete(self, request: Request) -> Response:
        """Agent Protocol 0.1.6, DELETE /store/items: 404 for one that is not there."""
        body = await read_json(request, wire_items.ItemDelete)
        namespace = translate_items.namespace(body.namespace)
        await self._engine().items.delete(namespace, body.key, scope_of(request), must_exist=True)
        return Response(status_code=204)

    async def get(self, request: Request) -> Response:
        """Agent Protocol 0.1.6, GET /store/items: one label per `namespace`; 404 for no item."""
        key = request.query_params.get("key")
        if key is None:
            raise BadInput("Query parameter `key` is required: add it.")
        namespace = translate_items.namespace(request.query_params.getlist("namespace"))
        found = await self._engine().items.get(namespace, key, scope_of(request), must_exist=True)
        assert found is not None, "an item that must exist does"
        return json_answer(item_json(found))

    async def search(self, request: Request) -> Response:
        """Agent Protocol 0.1.6, POST /store/items/search."""
        body = await read_json(request, wire_items.ItemSearch, may_be_empty=True)
        query = translate_items.item_query(body)
        found = await self._engine().items.search(query, scope_of(request))
        return json_answer({"items": [item_json(each) for each in found]})

    async def namespaces(self, request: Request) -> Response:
        """Agent Protocol 0.1.6, POST /store/namespaces: a list of lists."""
        body = await read_json(request, wire_items.NamespaceList, may_be_empty=True)
        query = translate_items.namespace_query(body)
        found = await self._engine().items.namespaces(query, scope_of(request))
        return json_answer([list(each) for each in found])
