"""From the query of a request for the log of webhooks to engine words; pure."""

from starlette.requests import Request

from demotic.dialects.langgraph.choices import MAX_LIMIT, MAX_OFFSET
from demotic.domain.deliveries import DeliveryQuery, DeliveryState
from demotic.web.choosing import choose, uuid
from demotic.web.queries import integer

STATES = {state.value: state for state in DeliveryState}
"""The log's words for how a delivery stands are the engine's."""


def query(request: Request) -> DeliveryQuery:
    """GET /webhooks/deliveries."""
    given = request.query_params
    run, thread, status = given.get("run_id"), given.get("thread_id"), given.get("status")
    return DeliveryQuery(
        run_id=None if run is None else uuid("run", run),
        thread_id=None if thread is None else uuid("thread", thread),
        state=None if status is None else choose("status", status, STATES),
        limit=integer(request, "limit", 10, 1, MAX_LIMIT),
        offset=integer(request, "offset", 0, 0, MAX_OFFSET),
    )
