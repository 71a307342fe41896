"""Which names and origins may reach the server: Host and Origin checks, and CORS.

A page of a foreign site can make a browser call this server, by its name (CORS, forms) or by a
name of the site's own that resolves here (DNS rebinding). Requests without an `Origin` header
come from programs, which no browser rule binds.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demotic.web.problems import problem

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})

EXPOSED = "x-pagination-total, x-pagination-next, content-location, location"
"""Response headers that scripts of an allowed origin may read."""

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Cors:
    """What scripts of an allowed origin may do.

    `origins` are allowed by name (`*`: any, without cookies), others by `pattern`. `headers`
    empty: any that a script asks to send. `exposed` are response headers beside our own.
    """

    origins: Sequence[str] = ()
    pattern: str | None = None
    methods: Sequence[str] = METHODS
    headers: Sequence[str] = ()
    exposed: Sequence[str] = ()
    credentials: bool = True
    max_age_s: int = 600


_DEV_ORIGIN = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?", re.IGNORECASE)
_HOST = re.compile(r"(?:\[([0-9a-f:.%]+)\]|([^:\[\]/@?#\s]+))(?::\d*)?", re.IGNORECASE)


class HostGuard:
    """ASGI middleware. Outermost, so that even error answers carry the CORS headers.

    `bound` is the address the server listens on; bound to every address (`0.0.0.0`, `::`), any
    IP address is a name of this server. `names` are further host names, `*.name` for all below
    one. `cors` says which scripts may call; `dev` adds those of this machine.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        bound: str = "127.0.0.1",
        names: Iterable[str] = (),
        cors: Cors = Cors(),
        dev: bool = False,
    ) -> None:
        names = [name.lower().strip("[]") for name in (bound, *names)]
        self._app, self._dev = app, dev
        self._names = LOCAL_NAMES.union(name for name in names if not name.startswith("*"))
        self._suffixes = tuple(name[1:] for name in names if name.startswith("*."))
        self._any_address = bound in ("0.0.0.0", "::", "[::]")
        self._cors = cors
        self._origins = frozenset(origin.rstrip("/").lower() for origin in cors.origins)
        self._pattern = re.compile(cors.pattern) if cors.pattern else None
        self._exposed = ", ".join([EXPOSED, *cors.exposed])
        if "*" in names:
            raise ValueError("`*` is not accepted: list the host names to allow.")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, answer a preflight, or pass it on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if refusal := self._refusal(scope, headers, origin):
            await _refuse(refusal, scope, receive, send)
        elif origin is None:
            await self._app(scope, receive, send)
        elif not self.allows_origin(origin):
            await self._app(scope, receive, _varying(send, {}, ""))
        elif scope.get("method") == "OPTIONS" and "access-control-request-method" in headers:
            await _preflight(headers, self._grant(origin), self._cors)(scope, receive, send)
        else:
            await self._app(scope, receive, _varying(send, self._grant(origin), self._exposed))

    def allows_host(self, host: str) -> bool:
        """Whether a `Host` header names this server."""
        found = _HOST.fullmatch(host)
        if not found:
            return False
        name = (found[1] or found[2]).lower()
        return (
            name in self._names
            or name.endswith(self._suffixes)
            or (self._any_address and _is_address(name))
        )

    def allows_origin(self, origin: str) -> bool:
        """Whether scripts of another origin may call."""
        return "*" in self._origins or self._trusts(origin)

    def _trusts(self, origin: str) -> bool:
        """Whether an origin is allowed by its name."""
        return (
            origin.lower() in self._origins
            or (self._dev and _DEV_ORIGIN.fullmatch(origin) is not None)
            or (self._pattern is not None and self._pattern.fullmatch(origin) is not None)
        )

    def _grant(self, origin: str) -> dict[str, str]:
        """What tells a browser that the scripts of an allowed origin may read the answer."""
        if not self._trusts(origin):
            return {"access-control-allow-origin": "*"}
        grant = {"access-control-allow-origin": origin}
        if self._cors.credentials:
            grant["access-control-allow-credentials"] = "true"
        return grant

    def _refusal(self, scope: Scope, headers: Headers, origin: str | None) -> Response | None:
        host = headers.get("host", "")
        if not self.allows_host(host):
            return problem(
                421,
                "unknown_host",
                f"This server does not answer to the host name {host!r}. If it is meant to, "
                "add the name to the allowed hosts.",
            )
        if origin is None or scope.get("method") in SAFE_METHODS - {"OPTIONS"}:
            return None
        if self.allows_origin(origin) or _same_origin(origin, host):
            return None
        if scope.get("method") == "OPTIONS" and "access-control-request-method" not in headers:
            return None
        return problem(
            403,
            "origin_refused",
            f"Requests from the origin {origin!r} are refused. If it may call this server, add "
            "it to the allowed CORS origins.",
        )


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _same_origin(origin: str, host: str) -> bool:
    scheme, _, rest = origin.lower().partition("://")
    default = {"http": ":80", "https": ":443"}.get(scheme)
    return default is not None and rest.removesuffix(default) == host.lower().removesuffix(default)


async def _refuse(refusal: Response, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": "refused"})
        return
    await refusal(scope, receive, send)


def _varying(send: Send, grant: Mapping[str, str], exposed: str) -> Send:
    """Mark answers as depending on the origin; tell browsers what it is granted."""

    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.add_vary_header("Origin")
            if grant:
                headers.update(grant)
                headers["access-control-expose-headers"] = exposed
        await send(message)

    return marked


def _preflight(headers: Headers, grant: Mapping[str, str], cors: Cors) -> Response:
    allowed = {
        **grant,
        "access-control-allow-methods": ", ".join(cors.methods),
        "access-control-max-age": str(cors.max_age_s),
        "vary": "Origin, Access-Control-Request-Headers",
    }
    wanted = ", ".join(cors.headers) or headers.get("access-control-request-headers")
    if wanted:
        allowed["access-control-allow-headers"] = wanted
    if headers.get("access-control-request-private-network") == "true":
        allowed["access-control-allow-private-network"] = "true"
    return Response(status_code=204, headers=allowed)
