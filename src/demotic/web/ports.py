"""Several applications in one server: the port that a request came to says which one answers."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send


class ByPort:
    """An application for each port, and one for every other."""

    def __init__(self, app: ASGIApp, others: Mapping[int, ASGIApp]) -> None:
        self._app, self._others = app, others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application of the port answer."""
        _, port = scope.get("server") or (None, None)
        await self._others.get(port or 0, self._app)(scope, receive, send)
