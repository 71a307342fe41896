"""The dialect as a whole: every operation of LangGraph API 0.16, built or planned."""

from collections.abc import Sequence

from starlette.routing import Route

from demotic.dialects.langgraph import deferred
from demotic.dialects.langgraph.errors import ERRORS
from demotic.dialects.langgraph.openapi.tables import TABLES
from demotic.dialects.langgraph.requests import FindEngine
from demotic.dialects.langgraph.routes_assistants import AssistantRoutes
from demotic.dialects.langgraph.routes_graphs import GraphRoutes
from demotic.dialects.langgraph.routes_runs import RunRoutes
from demotic.dialects.langgraph.routes_system import SystemRoutes
from demotic.dialects.langgraph.routes_thread_stream import ThreadStreamRoutes
from demotic.dialects.langgraph.routes_threads import ThreadRoutes
from demotic.web.openapi.document import Tables
from demotic.web.openapi.routes import DocumentRoutes
from demotic.web.problems import ExceptionHandlers, exception_handlers
from demotic.web.routing import Operation, routes


class LangGraphDialect:
    """LangGraph's HTTP API over an engine.

    `engine` gives the engine at work; it is asked at each request. `routes` belong at the root
    of a Starlette app, with `exception_handlers` as that app's. `also` are operations of another
    dialect that clients of this one look for among its paths, `told` what they say of themselves.
    """

    def __init__(
        self, engine: FindEngine, also: Sequence[Operation] = (), told: Tables | None = None
    ) -> None:
        tables = TABLES.joined(told) if told else TABLES
        self.built: list[Operation] = [
            *RunRoutes(engine).operations(),
            *ThreadRoutes(engine).operations(),
            *ThreadStreamRoutes(engine).operations(),
            *AssistantRoutes(engine).operations(),
            *GraphRoutes(engine).operations(),
            *SystemRoutes(engine).operations(),
            *also,
            *DocumentRoutes(tables, lambda: self.built, deferred.OPERATIONS).operations(),
        ]
        self.planned: list[Operation] = [each.operation for each in deferred.OPERATIONS]

    @property
    def routes(self) -> list[Route]:
        """The routes."""
        return routes([*self.built, *self.planned], ERRORS)

    @property
    def exception_handlers(self) -> ExceptionHandlers:
        """What the app answers where no handler of the dialect was reached."""
        return exception_handlers(ERRORS)
