"""API keys: who sends one that is known may call; everybody else is told 401."""

import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope

from demotic.domain.model import Principal, Scope
from demotic.web.callers import SCOPE_KEY
from demotic.web.problems import problem

HEADER = "x-api-key"
"""Where the clients of every protocol send their key."""

HASHED = re.compile(r"sha256:([0-9a-f]{64})", re.IGNORECASE)
"""A key that is given by its digest, so that the key itself stands nowhere."""

OPEN_PATH = "/ok"
"""What tells that the server is up is told to anybody; so is it at the root of each mount."""


def key_digests(keys: Iterable[str]) -> dict[bytes, str]:
    """Digests of keys, with the caller that each one stands for.

    A key is `key` or `caller=key`, the key as it is or as `sha256:` and its hexadecimal digest.
    """
    digests = {}
    for number, each in enumerate(keys, 1):
        caller, equals, key = each.partition("=")
        if not equals or HASHED.match(each):
            caller, key = f"key-{number}", each
        hashed = HASHED.fullmatch(key)
        digest = bytes.fromhex(hashed[1]) if hashed else sha256(key.encode()).digest()
        digests[digest] = caller
    return digests


class KeyGuard:
    """ASGI middleware: lets requests with a known key pass, and says who sent them.

    `digests` are from `key_digests`. `mounts` are the paths below which our routes are served;
    `is_open` tells which requests need no key.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        digests: Mapping[bytes, str],
        mounts: Iterable[str] = ("",),
        is_open: Callable[[AsgiScope], bool] = lambda scope: False,
    ) -> None:
        self._app, self._digests, self._is_open = app, digests, is_open
        self._open = {f"{mount}{OPEN_PATH}" for mount in mounts}

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Pass the request on with its caller, or refuse it."""
        if scope["type"] not in ("http", "websocket") or self._needs_no_key(scope):
            await self._app(scope, receive, send)
            return
        caller = self.caller_of(Headers(scope=scope).get(HEADER))
        if caller is not None:
            scope[SCOPE_KEY] = Scope(Principal(caller))
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": "unauthenticated"})
        else:
            message = f"Invalid API key: send one that this server knows in the header `{HEADER}`."
            await problem(401, "unauthenticated", message)(scope, receive, send)

    def caller_of(self, key: str | None) -> str | None:
        """Who a key stands for. Every known key is compared, each in constant time."""
        if key is None:
            return None
        given, found = sha256(key.encode()).digest(), None
        for digest, caller in self._digests.items():
            if hmac.compare_digest(digest, given):
                found = caller
        return found

    def _needs_no_key(self, scope: AsgiScope) -> bool:
        return scope["path"] in self._open or self._is_open(scope)
