"""Request bodies: read once, bounded in size and depth, decoded with errors that name the field."""

import re
from typing import Any, TypeVar

import msgspec
import orjson
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from demotic.domain.errors import BadInput

T = TypeVar("T")

MAX_BYTES = 300 * 1024 * 1024
"""Longest body that is read, where no `BodyLimit` says otherwise."""

_LIMIT = "demotic.body_limit"

MAX_BRACKETS = 200  # a body with no more cannot be nested too deeply
_MARGIN = 16  # levels that storage and answers put around what a body holds

INVALID_JSON = "Invalid JSON in request body"

# An escaped NUL: a backslash that is not itself escaped, then u0000.
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


class BodyTooLarge(BadInput):
    """The request body is too large."""


class BodyLimit:
    """ASGI middleware: the longest body, in bytes, that `read_bytes` accepts."""

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self._app, self._max_bytes = app, max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the limit on with the request."""
        scope[_LIMIT] = self._max_bytes
        await self._app(scope, receive, send)


async def read_bytes(request: Request) -> bytes:
    """The body. Raises `BodyTooLarge` before more than the limit is held."""
    max_bytes = request.scope.get(_LIMIT, MAX_BYTES)
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > max_bytes:
        raise _too_large(max_bytes)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > max_bytes:
            raise _too_large(max_bytes)
        chunks.append(chunk)
    return b"".join(chunks)


async def read_json(request: Request, shape: type[T], *, may_be_empty: bool = False) -> T:
    """The body as `shape` (a `msgspec.Struct`, or any type msgspec knows).

    `may_be_empty` reads an empty body as `{}`. Raises `BadInput`.
    """
    body = await read_bytes(request)
    if may_be_empty and not body.strip():
        body = b"{}"
    return decode(body, shape)


def decode(body: bytes, shape: type[T]) -> T:
    """JSON as `shape`.

    NUL characters become U+FFFD, because databases refuse them; integers beyond 64 bits become
    floats, because no JSON written later could hold them.
    """
    return as_shape(parse(body), shape)


def as_shape(value: Any, shape: type[T]) -> T:
    """Plain data as `shape`. Raises `BadInput`, naming the field."""
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        raise BadInput(explain(str(error))) from None


def parse(body: bytes) -> Any:
    """JSON as plain data, bounded in depth. Raises `BadInput`."""
    if b"\\u0000" in body:
        body = _NUL.sub(rb"\1\\ufffd", body)
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if "depth" in str(error):
            raise _too_deep() from None
        raise BadInput(INVALID_JSON) from None
    if body.count(b"[") + body.count(b"{") > MAX_BRACKETS:
        _check_depth(value)
    return value


def _check_depth(value: Any) -> None:
    """Refuse what could be read but never written again: orjson writes 254 levels."""
    for _ in range(_MARGIN):
        value = [value]
    try:
        orjson.dumps(value)
    except orjson.JSONEncodeError:
        raise _too_deep() from None


def _too_deep() -> BadInput:
    return BadInput(f"{INVALID_JSON}: it is nested too deeply. Use fewer levels (below 230).")


def _too_large(max_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(f"The request body is too large: at most {max_bytes} bytes are accepted.")


_WORDS = {
    "str": "a string",
    "int": "an integer",
    "float": "a number",
    "bool": "true or false",
    "object": "an object",
    "array": "an array",
    "null": "null",
}
_EXPECTED = re.compile(r"Expected `([^`]*)`, got `([^`]*)`(?: - at `([^`]*)`)?")
_MISSING = re.compile(r"Object missing required field `([^`]*)`(?: - at `([^`]*)`)?")


def explain(message: str) -> str:
    """A decoder's complaint in words that name the field and the fix."""
    if found := _EXPECTED.fullmatch(message):
        wanted, got, path = found.groups()
        types = " or ".join(_WORDS.get(each, each) for each in wanted.split(" | "))
        return f"{_field(path)} must be {types}, not {_WORDS.get(got, got)}."
    if found := _MISSING.fullmatch(message):
        name, path = found.groups()
        where = f" in {_field(path)}" if path else ""
        return f"The field `{name}` is required{where}: add it."
    return message


def _field(path: str | None) -> str:
    name = (path or "$").removeprefix("$").removeprefix(".")
    return f"`{name}`" if name else "The request body"
