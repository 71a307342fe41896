"""An application of the user's around ours: its middleware, routes, lifespan and document.

Its routes come first, even below paths of ours; its middleware wraps both. Any Starlette
application will do, FastAPI's among them.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from demotic.web.openapi import joining
from demotic.web.openapi.joining import renamed

_CONVERTOR = re.compile(r"{(\w+):\w+}")


Guard = Callable[[ASGIApp], ASGIApp]
"""Puts a check in front of an application."""


class CustomApp:
    """The user's application. `compose` puts ours behind it, once."""

    def __init__(self, app: Starlette) -> None:
        self._app = app
        self._routes = _without_documents(app)

    def compose(self, ours: ASGIApp, guard: Guard | None = None) -> ASGIApp:
        """Both as one application; `guard` comes after the user's middleware."""
        self._app.router.routes[:] = [*self._routes, Mount("", app=ours)]
        if guard is not None:
            self._app.user_middleware.append(Middleware(guard))
        return self._serve

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    def owns(self, scope: Scope) -> bool:
        """Whether a request is for a route of the user's."""
        return any(route.matches(scope)[0] is Match.FULL for route in self._routes)

    def lifespan(self) -> AbstractAsyncContextManager[Mapping[str, Any] | None]:
        """The application at work: its start-up, then its shutdown; gives its state, if any."""
        return self._app.router.lifespan_context(self._app)

    def document(self) -> dict[str, Any]:
        """What it serves, as part of an OpenAPI document: `paths` and `components`."""
        make: Callable[[], dict[str, Any]] | None = getattr(self._app, "openapi", None)
        if make is not None:
            return make()
        paths: dict[str, Any] = {}
        for route in self._routes:
            if isinstance(route, Route) and route.include_in_schema:
                path = _CONVERTOR.sub(r"{\1}", route.path)
                paths.setdefault(path, {}).update(_operations(route, path))
        return {"paths": paths}


class WithState:
    """ASGI middleware: gives every request the state that a lifespan made."""

    def __init__(self, app: ASGIApp, state: Mapping[str, Any] | None) -> None:
        self._app, self._state = app, dict(state or {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if self._state:
            scope["state"] = {**scope.get("state", {}), **self._state}
        await self._app(scope, receive, send)


def joined(ours: dict[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Our document with theirs in it: their paths win, as they do when they are served."""
    mine: dict[str, Any] = ours["components"]["schemas"]
    schemas = theirs.get("components", {}).get("schemas", {})
    names = {name: f"Custom{name}" if name in mine else name for name in schemas}
    paths = renamed(theirs.get("paths", {}), names)
    return joining.joined(
        ours,
        paths={path: _tagged(operations) for path, operations in paths.items()},
        schemas={names[name]: each for name, each in renamed(schemas, names).items()},
        tag={"name": TAG, "description": "Routes of the application itself."},
    )


TAG = "Custom"
"""Tag of the user's operations that have none."""


def _tagged(operations: Mapping[str, Any]) -> dict[str, Any]:
    return {
        method: {"tags": [TAG], **each} if isinstance(each, dict) else each
        for method, each in operations.items()
    }


def _without_documents(app: Starlette) -> list[BaseRoute]:
    """The routes without FastAPI's own document and pages: theirs joins ours."""
    names = ("openapi_url", "docs_url", "redoc_url", "swagger_ui_oauth2_redirect_url")
    own = {path for name in names if (path := getattr(app, name, None))}
    return [each for each in app.router.routes if getattr(each, "path", None) not in own]


def _operations(route: Route, path: str) -> dict[str, Any]:
    told = (inspect.getdoc(route.endpoint) or route.name).partition("\n")[0]
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", path)
    ]
    operation = {
        "summary": told,
        "responses": {"default": {"description": "What the route answers."}},
        **({"parameters": parameters} if parameters else {}),
    }
    methods = (route.methods or {"GET"}) - {"HEAD"}
    return {method.lower(): operation for method in sorted(methods)}
