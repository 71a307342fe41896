"""Handlers for the figures of the server."""

from starlette.requests import Request
from starlette.responses import Response

from demotic.dialects.langgraph import render_metrics
from demotic.dialects.langgraph.choices import METRIC_FORMATS
from demotic.dialects.langgraph.requests import FindEngine
from demotic.domain.errors import BadInput
from demotic.web.answers import json_answer
from demotic.web.counting import RequestCounts
from demotic.web.routing import Operation


class MetricRoutes:
    """`/metrics`; `counts` are those of the server, whatever dialects its requests were in."""

    def __init__(self, engine: FindEngine, counts: RequestCounts) -> None:
        self._engine, self._counts = engine, counts

    def operations(self) -> list[Operation]:
        """What is served."""
        return [Operation("GET", "/metrics", self.show)]

    async def show(self, request: Request) -> Response:
        """LangGraph API 0.16, GET /metrics."""
        form = wanted_format(request)
        figures = self._engine().figures
        queue = await figures.queue()
        shown = render_metrics.Shown(queue, self._counts.rows(), figures.pool())
        if form == "json":
            return json_answer(render_metrics.metrics_json(shown))
        text, media = render_metrics.metrics_text(shown)
        return Response(text, headers={"content-type": media})


def wanted_format(request: Request) -> str:
    """The query parameter `format`. Raises `BadInput`."""
    form = request.query_params.get("format", METRIC_FORMATS[0])
    if form not in METRIC_FORMATS:
        told = " or ".join(f"`{each}`" for each in METRIC_FORMATS)
        raise BadInput(f"Query parameter `format` must be {told}, not {form!r}.")
    return form
