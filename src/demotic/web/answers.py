"""JSON answers."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from starlette.responses import Response

EMPTY_OBJECT = b"{}"

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def instant(us: int) -> str:
    """A time as RFC 3339 with microseconds, in UTC."""
    return (_BEGINNING + timedelta(microseconds=us)).isoformat(timespec="microseconds")


def encode(value: Any) -> bytes:
    """`value` as JSON. `raw` parts in it are taken over as they are."""
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)


def raw(data: bytes) -> orjson.Fragment:
    """JSON that is encoded already, to be put into a larger value."""
    return orjson.Fragment(data)


def json_answer(
    value: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A response with `value` as its JSON body."""
    return Response(encode(value), status, headers, "application/json")
