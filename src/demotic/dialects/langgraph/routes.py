"""The dialect as a whole: every operation of LangGraph API 0.16, built or planned."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from starlette.routing import Route

from demotic.dialects.langgraph import deferred
from demotic.dialects.langgraph.compat import TODAY, Compat
from demotic.dialects.langgraph.errors import ERRORS
from demotic.dialects.langgraph.openapi.tables import tables
from demotic.dialects.langgraph.render_errors import body_of
from demotic.dialects.langgraph.requests import FindEngine
from demotic.dialects.langgraph.routes_assistants import AssistantRoutes
from demotic.dialects.langgraph.routes_batches import BatchRoutes
from demotic.dialects.langgraph.routes_crons import CronRoutes
from demotic.dialects.langgraph.routes_deliveries import DeliveryRoutes
from demotic.dialects.langgraph.routes_graphs import GraphRoutes
from demotic.dialects.langgraph.routes_metrics import MetricRoutes
from demotic.dialects.langgraph.routes_runs import RunRoutes
from demotic.dialects.langgraph.routes_store import StoreRoutes
from demotic.dialects.langgraph.routes_system import SystemRoutes
from demotic.dialects.langgraph.routes_thread_stream import ThreadStreamRoutes
from demotic.dialects.langgraph.routes_threads import ThreadRoutes
from demotic.dialects.langgraph.routes_upkeep import UpkeepRoutes
from demotic.web.counting import RequestCounts
from demotic.web.openapi.document import Tables
from demotic.web.openapi.routes import DocumentRoutes
from demotic.web.problems import ExceptionHandlers, exception_handlers
from demotic.web.routing import Operation, routes


class LangGraphDialect:
    """LangGraph's HTTP API over an engine.

    `engine` gives the engine at work; it is asked at each request. `compat` says whose defaults
    and answers it has. `routes` belong at the root of a Starlette app, with `exception_handlers`
    as that app's. `also` are operations of another dialect that clients of this one look for
    among its paths, `told` what they say of themselves; `extend` adds to the document what is
    served beside it. `counts` are the requests that its metrics tell of; None: there are none.
    """

    def __init__(
        self,
        engine: FindEngine,
        compat: Compat = TODAY,
        *,
        also: Sequence[Operation] = (),
        told: Tables | None = None,
        extend: Callable[[dict[str, Any]], dict[str, Any]] = lambda document: document,
        counts: RequestCounts | None = None,
    ) -> None:
        self._compat = compat
        words = tables(compat).joined(told) if told else tables(compat)
        document = DocumentRoutes(words, lambda: self.built, deferred.OPERATIONS, extend)
        self.built: list[Operation] = [
            *RunRoutes(engine, compat).operations(),
            *ThreadRoutes(engine, compat).operations(),
            *ThreadStreamRoutes(engine).operations(),
            *UpkeepRoutes(engine).operations(),
            *AssistantRoutes(engine, compat).operations(),
            *GraphRoutes(engine).operations(),
            *StoreRoutes(engine).operations(),
            *DeliveryRoutes(engine).operations(),
            *BatchRoutes(engine).operations(),
            *CronRoutes(engine, compat).operations(),
            *SystemRoutes(engine).operations(),
            *MetricRoutes(engine, counts or RequestCounts()).operations(),
            *also,
            *document.operations(),
        ]
        self.planned: list[Operation] = [each.operation for each in deferred.OPERATIONS]

    @property
    def routes(self) -> list[Route]:
        """The routes."""
        return routes([*self.built, *self.planned], ERRORS, partial(body_of, self._compat))

    @property
    def exception_handlers(self) -> ExceptionHandlers:
        """What the app answers where no handler of the dialect was reached."""
        return exception_handlers(ERRORS)
