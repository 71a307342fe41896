"""The dialect as a whole: every operation of Agent Protocol 0.1.6, built or planned."""

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

from demotic.dialects.agent_protocol import deferred
from demotic.dialects.agent_protocol.errors import ERRORS
from demotic.dialects.agent_protocol.openapi.tables import TABLES
from demotic.dialects.agent_protocol.requests import FindEngine
from demotic.dialects.agent_protocol.routes_agents import AgentRoutes
from demotic.dialects.agent_protocol.routes_items import ItemRoutes
from demotic.dialects.agent_protocol.routes_runs import RunRoutes
from demotic.dialects.agent_protocol.routes_threads import ThreadRoutes
from demotic.web.openapi.document import Tables
from demotic.web.openapi.routes import DocumentRoutes
from demotic.web.problems import ExceptionHandlers, exception_handlers
from demotic.web.routing import Operation, routes


class AgentProtocolDialect:
    """The Agent Protocol over an engine.

    `engine` gives the engine at work; it is asked at each request. `app` is to be mounted: it
    answers for every path below, also for those that do not exist. `also` and `sockets` are
    those of the streaming protocol, `told` what they say of themselves.
    """

    def __init__(
        self,
        engine: FindEngine,
        *,
        also: Sequence[Operation] = (),
        sockets: Sequence[WebSocketRoute] = (),
        told: Tables | None = None,
    ) -> None:
        self._sockets = sockets
        self.tables = TABLES.joined(told) if told else TABLES
        self.built: list[Operation] = [
            *RunRoutes(engine).operations(),
            *ThreadRoutes(engine).operations(),
            *AgentRoutes(engine).operations(),
            *ItemRoutes(engine).operations(),
            *also,
            *DocumentRoutes(self.tables, lambda: self.built, deferred.OPERATIONS).operations(),
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
        return Starlette(
            routes=[*self.routes, *self._sockets], exception_handlers=self.exception_handlers
        )
