"""How log lines look, whoever writes them, and the line for each request."""

import logging
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TextIO
from urllib.parse import quote

import orjson
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import EventDict, Processor, WrappedLogger

QUIET = ("uvicorn.error", "uvicorn.asgi", "watchfiles", "asyncio")
"""Loggers whose news at INFO repeats what Demotic itself says."""


def configure(
    level: str = "INFO",
    *,
    json: bool | None = None,
    color: bool | None = None,
    stream: TextIO | None = None,
) -> None:
    """Send every log line, also of the standard library's loggers, to `stream` (stderr).

    `json` None: JSON lines, unless the stream is a terminal. `color` None: colours on a terminal
    unless NO_COLOR is set.
    """
    target = sys.stderr if stream is None else stream
    as_json = not target.isatty() if json is None else json
    common = _common(as_json)
    if color is None:
        color = target.isatty() and not os.environ.get("NO_COLOR")
    render = _renderers(as_json, colours=color)
    structlog.configure(
        processors=[*common, *render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(target),
        cache_logger_on_first_use=False,
    )
    _configure_standard(level, target, common, render)


def _common(as_json: bool) -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.TimeStamper("iso" if as_json else "%H:%M:%S", utc=as_json),
    ]


def _renderers(as_json: bool, *, colours: bool) -> list[Processor]:
    if as_json:
        return [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_dumps),
        ]
    plain = structlog.dev.plain_traceback  # the default shows the values of local variables
    return [
        _request_line,
        structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=plain),
    ]


def _request_line(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Write a request as people read it."""
    if event.get("event") == REQUEST:
        parts = [event.pop(each) for each in ("method", "path", "status", "ms")]
        event["event"] = "{} {} {} {} ms".format(*parts)
    return event


def _dumps(event: EventDict, **_: object) -> str:
    return orjson.dumps(event, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()


def _configure_standard(
    level: str, target: TextIO, common: Sequence[Processor], render: Sequence[Processor]
) -> None:
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*common, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    logging.getLogger("uvicorn.error").addFilter(_Expected())
    for name in QUIET:
        logging.getLogger(name).setLevel(level if level == "DEBUG" else max(_number(level), 30))
    logging.captureWarnings(True)


def _number(level: str) -> int:
    return logging.getLevelNamesMapping()[level]


REQUEST = "request"
"""The event of the line for a request."""

NOT_BUILT = 501
"""What is planned answers with this status; it is no failure of the server."""


class _Expected(logging.Filter):
    """Leaves out what uvicorn says of streams that a stopping server breaks off on purpose."""

    def filter(self, record: logging.LogRecord) -> bool:
        return "without completing response" not in record.getMessage()


ShownHeaders = Callable[[Iterable[tuple[bytes, bytes]]], Mapping[str, str]]
"""Chooses the headers of a request (ASGI's form) that its line shows."""


Told = Callable[[Scope, int], None]
"""Is told of each request and the status of its answer."""


class AccessLog:
    """Logs each HTTP request when it has been answered: method, path, status, milliseconds, and
    the headers that `shown` chooses. `told` hears of it, too: the answer is watched once for both.
    """

    def __init__(
        self, app: ASGIApp, shown: ShownHeaders | None = None, told: Told | None = None
    ) -> None:
        self._app, self._shown, self._told = app, shown, told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, and log."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, started = 500, time.perf_counter()

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            if self._told is not None:
                self._told(scope, status)
            shown = self._shown(scope["headers"]) if self._shown else {}
            _log_request(scope, status, (time.perf_counter() - started) * 1000, shown)


def _log_request(scope: Scope, status: int, elapsed_ms: float, headers: Mapping[str, str]) -> None:
    # A client must not be able to write lines or colours of its own into the log.
    path = quote(scope.get("raw_path") or scope["path"], safe="/%:@!$&'()*+,;=")
    logger = structlog.get_logger("demotic.access")
    log = logger.error if status >= 500 and status != NOT_BUILT else logger.info
    facts: dict[str, object] = {"headers": dict(headers)} if headers else {}
    log(REQUEST, method=scope["method"], path=path, status=status, ms=round(elapsed_ms, 1), **facts)
