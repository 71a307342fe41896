"""Error answers: one body shape for every dialect, and what an unexpected error becomes."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from demotic.domain.errors import DemoticError, NotFound
from demotic.web.answers import json_answer

log = structlog.get_logger("demotic.web")

Handler = Callable[[Request], Awaitable[Response]]

ErrorTable = Mapping[type[DemoticError], tuple[int, str]]
"""What an engine error is in a dialect: HTTP status and code. The nearest base class counts."""

ErrorBody = Callable[[int, str, str], Any]
"""What a dialect answers for a status, a code and a message."""

MAX_MESSAGE = 800  # characters of an error message that are told

UNEXPECTED = "Internal server error"

# Told with their class's own words only: their messages may hold paths or connection strings.
CLOSED_STATUSES = frozenset({500, 503})

HTTP_CODES = {404: "not_found", 405: "method_not_allowed", 426: "upgrade_required"}


def problem_body(
    code: str, message: str, metadata: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The error body that the clients of every dialect understand."""
    told = shortened(message)
    return {"detail": told, "code": code, "message": told, "metadata": dict(metadata or {})}


def common_body(status: int, code: str, message: str) -> Any:
    """`problem_body` for every status."""
    return problem_body(code, message)


def shortened(message: str) -> str:
    """A message without the middle of what it quotes: a caller may send any length."""
    if len(message) <= MAX_MESSAGE:
        return message
    half = MAX_MESSAGE // 2
    return f"{message[:half]} … {message[-half:]}"


def problem(
    status: int,
    code: str,
    message: str,
    *,
    metadata: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An error answer."""
    return json_answer(problem_body(code, message, metadata), status, headers)


def error_answer(error: DemoticError, table: ErrorTable, body: ErrorBody = common_body) -> Response:
    """The answer to an engine error."""
    status, code = find(error, table)
    message = error.message if status not in CLOSED_STATUSES else type(error)().message
    headers = {"Retry-After": "1"} if status == 503 else None
    if status in CLOSED_STATUSES:
        log.error("request failed", error=type(error).__name__, message=error.message)
    return json_answer(body(status, code, message), status, headers)


def find(error: DemoticError, table: ErrorTable) -> tuple[int, str]:
    """Status and code of an error: those of its nearest class in the table."""
    for cls in type(error).__mro__:
        if cls in table:
            return table[cls]
    return 500, "internal_error"


def unexpected(error: Exception, **facts: object) -> Response:
    """The answer to an error nobody foresaw: it is logged, the caller learns nothing of it."""
    log.error("unexpected error", exc_info=error, **facts)
    return problem(500, "internal_error", UNEXPECTED)


def reading_error(error: Exception) -> tuple[str, str]:
    """Class and message of an error while reading; only errors of our own tell what they are."""
    if isinstance(error, NotFound):
        return type(error).__name__, error.message
    message = type(error)().message if isinstance(error, DemoticError) else UNEXPECTED
    return type(error).__name__, message


def guarded(handler: Handler, table: ErrorTable, body: ErrorBody = common_body) -> Handler:
    """A handler whose every error becomes an answer."""

    async def endpoint(request: Request) -> Response:
        try:
            return await handler(request)
        except DemoticError as error:
            return error_answer(error, table, body)
        except (ClientDisconnect, HTTPException):
            raise
        except Exception as error:
            return unexpected(error, method=request.method, path=request.url.path)

    return endpoint


ExceptionHandlers = dict[Any, Callable[[Request, Exception], Awaitable[Response]]]


def exception_handlers(table: ErrorTable, body: ErrorBody = common_body) -> ExceptionHandlers:
    """Handlers for a Starlette app: whatever is raised outside an endpoint is answered too."""

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        code = HTTP_CODES.get(error.status_code, "http_error")
        told = body(error.status_code, code, error.detail)
        return json_answer(told, error.status_code, error.headers)

    async def on_engine(request: Request, error: Exception) -> Response:
        assert isinstance(error, DemoticError)
        return error_answer(error, table, body)

    async def on_gone(request: Request, error: Exception) -> Response:
        return Response(status_code=400)  # nobody is there to read it

    async def on_any(request: Request, error: Exception) -> Response:
        return unexpected(error, method=request.method, path=request.url.path)

    return {
        HTTPException: on_http,
        DemoticError: on_engine,
        ClientDisconnect: on_gone,
        Exception: on_any,
    }
