"""Handlers for the log of webhooks: of our own, LangGraph's API has nothing like it."""

from starlette.requests import Request
from starlette.responses import Response

from demotic.dialects.langgraph import translate_deliveries
from demotic.dialects.langgraph.render_deliveries import delivery_json
from demotic.dialects.langgraph.requests import FindEngine, page_headers
from demotic.web.answers import json_answer
from demotic.web.callers import scope_of
from demotic.web.choosing import uuid
from demotic.web.routing import Operation


class DeliveryRoutes:
    """`/webhooks/deliveries`."""

    def __init__(self, engine: FindEngine) -> None:
        self._engine = engine

    def operations(self) -> list[Operation]:
        """What is served."""
        all = "/webhooks/deliveries"
        return [
            Operation("GET", all, self.list),
            Operation("POST", f"{all}/{{delivery_id}}/redeliver", self.redeliver),
        ]

    async def list(self, request: Request) -> Response:
        """The log, newest first; by run, thread and status."""
        query = translate_deliveries.query(request)
        page = await self._engine().deliveries.search(query, scope_of(request))
        rows = [delivery_json(each) for each in page.items]
        return json_answer(rows, headers=page_headers(page.total, query.offset, len(rows)))

    async def redeliver(self, request: Request) -> Response:
        """Deliver again, however it went before: 202, for it is done in the background."""
        id = uuid("delivery", request.path_params["delivery_id"])
        delivery = await self._engine().deliveries.redeliver(id, scope_of(request))
        return json_answer(delivery_json(delivery), status=202)
