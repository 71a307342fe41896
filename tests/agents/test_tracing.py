"""LangSmith's traces: a run may say where its own goes, and only where something is traced."""

import gzip
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import pytest
from langsmith import Client
from langsmith.run_trees import configure, get_cached_client
from langsmith.utils import get_env_var

from demotic.agents.langgraph.tracing import is_traced
from served import a, b, chain, served

EXAMPLE = "00000000-0000-4000-8000-00000000abcd"


class Receiver(ThreadingHTTPServer):
    """Takes what LangSmith's client sends."""

    daemon_threads = True

    def __init__(self) -> None:
        self.taken: list[str] = []
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """What the client asks first: what the service can do."""
        self._answer(json.dumps({"version": "1", "batch_ingest_config": {}}).encode())

    def do_POST(self) -> None:
        """A trace, or a part of one."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        assert isinstance(self.server, Receiver)
        self.server.taken.append(body.decode(errors="replace"))
        self._answer(b"{}")

    do_PATCH = do_POST

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A service that traces are sent to."""
    server = Receiver()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    client = Client(api_url=f"http://127.0.0.1:{server.server_port}", api_key="key")
    configure(client=client)
    monkeypatch.setenv("LANGSMITH_PROJECT", "usual")
    forget()
    yield server
    monkeypatch.undo()
    configure(client=None)
    forget()
    server.shutdown()
    server.server_close()


def forget() -> None:
    """Let LangSmith look at the variables again."""
    cast(Any, get_env_var).cache_clear()


def flush() -> None:
    """Wait until all that was traced is sent."""
    client = get_cached_client()
    assert isinstance(client, Client)
    client.flush()


async def test_a_trace_goes_where_the_run_says(receiver: Receiver) -> None:
    assert is_traced()
    async with served(chain(a, b)) as house:
        assert house.engine.assistants.are_traced()
        await house.wait(None, input={}, tracing={"project": "nightly", "example": EXAMPLE})
    flush()
    sent = "".join(receiver.taken)
    assert '"nightly"' in sent and EXAMPLE in sent


async def test_a_run_that_says_nothing_is_traced_as_usual(receiver: Receiver) -> None:
    async with served(chain(a, b)) as house:
        await house.wait(None, input={})
    flush()
    sent = "".join(receiver.taken)
    assert '"usual"' in sent and "nightly" not in sent


async def test_where_nothing_is_traced_nothing_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGSMITH_TRACING", "false")
    forget()
    async with served(chain(a, b)) as house:
        assert not house.engine.assistants.are_traced()
        await house.wait(None, input={}, tracing={"project": "nightly", "example": None})
    forget()
