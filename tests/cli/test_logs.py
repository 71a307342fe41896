"""Log lines: one shape for everybody, readable on a terminal, JSON elsewhere."""

import io
import json
import logging
import re
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Message

from demotic import logs


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Logging as it was before."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in logs.QUIET:
        logging.getLogger(name).setLevel(logging.NOTSET)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """The JSON lines in a stream."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_everybody_s_lines_are_json_away_from_a_terminal() -> None:
    stream = io.StringIO()
    logs.configure(stream=stream)
    structlog.get_logger().info("claimed", run="r1", odd=b"x")
    logging.getLogger("httpx").warning("slow %s", "answer")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old name", DeprecationWarning, stacklevel=1)
    ours, theirs, warned = lines(stream)
    assert (ours["event"], ours["level"], ours["run"], ours["odd"]) == (
        "claimed",
        "info",
        "r1",
        "b'x'",
    )
    assert (theirs["event"], theirs["logger"], theirs["level"]) == (
        "slow answer",
        "httpx",
        "warning",
    )
    assert "old name" in warned["event"]
    assert ours["timestamp"].endswith("Z")


def test_an_exception_stays_on_its_line_in_json() -> None:
    stream = io.StringIO()
    logs.configure(stream=stream)
    try:
        raise KeyError("x")
    except KeyError:
        structlog.get_logger().exception("failed")
    [line] = lines(stream)
    assert line["exception"].endswith("KeyError: 'x'")


def test_a_terminal_gets_coloured_text_unless_it_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = Terminal()
    logs.configure(stream=coloured)
    structlog.get_logger().info("claimed", run="r1")
    assert "\x1b[" in coloured.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    plain = Terminal()
    logs.configure(stream=plain)
    structlog.get_logger().info("claimed", run="r1")
    assert re.fullmatch(r"[\d:]{8} \[info +\] claimed +run=r1\n", plain.getvalue())


def test_a_traceback_does_not_show_the_values_of_variables() -> None:
    stream = Terminal()
    logs.configure(stream=stream)
    secret = "sesame" * 2
    try:
        raise ValueError(len(secret))
    except ValueError:
        structlog.get_logger().exception("failed")
    assert "ValueError: 12" in stream.getvalue()
    assert secret not in stream.getvalue()


def test_the_level_holds_for_everybody_and_the_web_server_is_quieter() -> None:
    stream = io.StringIO()
    logs.configure("INFO", stream=stream)
    structlog.get_logger().debug("hidden")
    logging.getLogger("x").debug("hidden")
    logging.getLogger("uvicorn.error").info("hidden")
    logging.getLogger("uvicorn.error").warning("shown")
    assert [line["event"] for line in lines(stream)] == ["shown"]
    logs.configure("DEBUG", stream=stream)
    logging.getLogger("uvicorn.error").info("shown too")
    assert lines(stream)[-1]["event"] == "shown too"


async def ask(stream: io.StringIO, path: bytes, *, json_lines: bool) -> None:
    """Serve one request, logging it."""

    async def fail(_: Any) -> PlainTextResponse:
        raise RuntimeError("no")

    routes = [Route("/ok", lambda _: PlainTextResponse("fine")), Route("/fail", fail)]
    app = logs.AccessLog(Starlette(routes=routes))
    logs.configure(stream=stream, json=json_lines)
    scope = {
        "type": "http",
        "method": "GET",
        "path": path.decode(),
        "raw_path": path,
        "query_string": b"token=secret",
        "headers": [],
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_: Message) -> None: ...

    await app(scope, receive, send)


async def test_a_request_is_one_readable_line_without_its_query() -> None:
    stream = io.StringIO()
    await ask(stream, b"/ok", json_lines=False)
    assert re.search(r"\[info +\] GET /ok 200 [\d.]+ ms\s*\n", stream.getvalue())
    assert "secret" not in stream.getvalue()


async def test_a_request_is_fields_in_json_and_a_failed_one_an_error() -> None:
    stream = io.StringIO()
    with pytest.raises(RuntimeError):
        await ask(stream, b"/fail", json_lines=True)
    [line] = lines(stream)
    assert (line["event"], line["level"]) == ("request", "error")
    assert (line["method"], line["path"], line["status"]) == ("GET", "/fail", 500)
    assert line["ms"] >= 0


async def test_a_path_cannot_write_lines_or_colours_into_the_log() -> None:
    stream = io.StringIO()
    await ask(stream, b"/x\n\x1b[31mforged", json_lines=False)
    assert "GET /x%0A%1B%5B31mforged 404" in stream.getvalue()
    assert stream.getvalue().count("\n") == 1
