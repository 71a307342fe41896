"""The dialect as a whole: every operation of ACP, built or planned, in one version."""

from starlette.applications import Starlette
from starlette.routing import Route

from demotic.dialects.acp import deferred
from demotic.dialects.acp.contracts import Contracts
from demotic.dialects.acp.errors import ERRORS, error_body
from demotic.dialects.acp.openapi.tables import tables
from demotic.dialects.acp.requests import FindEngine
from demotic.dialects.acp.routes_agents import AgentRoutes
from demotic.dialects.acp.routes_runs import RunRoutes
from demotic.dialects.acp.routes_threads import ThreadRoutes
from demotic.dialects.acp.versions import NEWEST, Version
from demotic.web.openapi.routes import DocumentRoutes
from demotic.web.problems import ExceptionHandlers, exception_handlers
from demotic.web.routing import Operation, routes


class AcpDialect:
    """ACP over an engine.

    `engine` gives the engine at work; it is asked at each request. `contracts` know what agents
    promise. `app` is to be mounted: it answers for every path below, also for those that do not
    exist.
    """

    def __init__(self, engine: FindEngine, contracts: Contracts, version: Version = NEWEST) -> None:
        self.version = version
        self.built: list[Operation] = [
            *RunRoutes(engine, contracts, version).operations(),
            *ThreadRoutes(engine, version).operations(),
            *AgentRoutes(engine, contracts).operations(),
            *DocumentRoutes(tables(version), lambda: self.built, deferred.OPERATIONS).operations(),
        ]
        self.planned: list[Operation] = [each.operation for each in deferred.OPERATIONS]

    @property
    def routes(self) -> list[Route]:
        """The routes."""
        return routes([*self.built, *self.planned], ERRORS, error_body)

    @property
    def exception_handlers(self) -> ExceptionHandlers:
        """What the app answers where no handler of the dialect was reached."""
        return exception_handlers(ERRORS, error_body)

    @property
    def app(self) -> Starlette:
        """The dialect as an application of its own."""
        return Starlette(routes=self.routes, exception_handlers=self.exception_handlers)
