"""The dialect as a whole: every operation of Agent Protocol 0.1.6, built or planned."""

from starlette.applications import Starlette
from starlette.routing import Route

from demotic.dialects.agent_protocol import deferred
from demotic.dialects.agent_protocol.errors import ERRORS
from demotic.dialects.agent_protocol.openapi.tables import TABLES
from demotic.dialects.agent_protocol.requests import FindEngine
from demotic.dialects.agent_protocol.routes_agents import AgentRoutes
from demotic.dialects.agent_protocol.routes_items import ItemRoutes
from demotic.dialects.agent_protocol.routes_runs import RunRoutes
from demotic.dialects.agent_protocol.routes_threads import ThreadRoutes
from demotic.web.openapi.routes import DocumentRoutes
from demotic.web.problems import ExceptionHandlers, exception_handlers
from demotic.web.routing import Operation, routes


class AgentProtocolDialect:
    """The Agent Protocol over an engine.

    `engine` gives the engine at work; it is asked at each request. `app` is to be mounted: it
    answers for every path below, also for those that do not exist.
    """

    def __init__(self, engine: FindEngine) -> None:
        self.built: list[Operation] = [
            *RunRoutes(engine).operations(),
            *ThreadRoutes(engine).operations(),
            *AgentRoutes(engine).operations(),
            *ItemRoutes(engine).operations(),
            *DocumentRoutes(TABLES, lambda: self.built, deferred.OPERATIONS).operations(),
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

    @property
    def app(self) -> Starlette:
        """The dialect as an application of its own."""
        return Starlette(routes=self.routes, exception_handlers=self.exception_handlers)
