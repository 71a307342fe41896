"""Who calls: what a request may see and touch."""

from starlette.requests import HTTPConnection

from demotic.domain.model import EVERYTHING, Scope

SCOPE_KEY = "demotic.scope"
"""Where authentication leaves the caller's `Scope` in the ASGI scope."""


def scope_of(connection: HTTPConnection) -> Scope:
    """The caller's scope; without authentication, everything."""
    scope = connection.scope.get(SCOPE_KEY, EVERYTHING)
    assert isinstance(scope, Scope)
    return scope
