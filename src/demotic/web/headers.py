"""Request headers that reach an agent: which they are, and how they get into a run's config."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from demotic.domain.assistants import is_reserved
from demotic.domain.runs import NewRun

_RULE = "demotic.headers"


class HeaderRule:
    """Chooses headers by name: those included and not excluded; `*` is any run of characters."""

    def __init__(self, includes: Iterable[str], excludes: Iterable[str] = ()) -> None:
        self._includes, self._excludes = _pattern(includes), _pattern(excludes)
        self._chosen: dict[bytes, str | None] = {}  # names recur: each is looked at once

    def __call__(self, headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
        """The chosen headers of a request (ASGI's form); the last of several with one name."""
        return {
            name: value.decode("latin-1")
            for raw, value in headers
            if (name := self._name(raw)) is not None
        }

    def _name(self, raw: bytes) -> str | None:
        if raw in self._chosen:
            return self._chosen[raw]
        name = raw.decode("latin-1").lower()
        chosen = self._includes.fullmatch(name) and not self._excludes.fullmatch(name)
        found = name if chosen and not is_reserved(name) else None
        if len(self._chosen) < MAX_NAMES:
            self._chosen[raw] = found
        return found


MAX_NAMES = 1000  # names that a rule remembers; callers choose them, so there must be an end


def _pattern(names: Iterable[str]) -> re.Pattern[str]:
    parts = (".*".join(map(re.escape, name.lower().split("*"))) for name in names)
    return re.compile("|".join(parts) or r"(?!)")


class PassedHeaders:
    """ASGI middleware: the rule by which `with_headers` chooses."""

    def __init__(self, app: ASGIApp, *, rule: HeaderRule) -> None:
        self._app, self._rule = app, rule

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the rule on with the request."""
        scope[_RULE] = self._rule
        await self._app(scope, receive, send)


def passed_headers(request: Request) -> Mapping[str, str]:
    """The headers of a request that an agent may see."""
    rule: HeaderRule | None = request.scope.get(_RULE)
    return rule(request.scope["headers"]) if rule else {}


def with_headers(received: Request, new: NewRun) -> NewRun:
    """The run with those headers in `config.configurable`. They win over what the body says: a
    proxy that sets them must be able to rely on them."""
    headers = passed_headers(received)
    if not headers:
        return new
    config = new.request.config
    configurable = {**(config.get("configurable") or {}), **headers}
    request = replace(new.request, config={**config, "configurable": configurable})
    return replace(new, request=request)
