"""API keys."""

from hashlib import sha256

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from demotic.web.callers import scope_of
from demotic.web.keys import KeyGuard, key_digests

HASHED = "sha256:" + sha256(b"third-secret").hexdigest()
DIGESTS = key_digests(["first-secret", "bob=second-secret", HASHED, f"eve={HASHED[:-1]}0"])


async def who(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the caller."""
    await PlainTextResponse(scope_of(Request(scope)).principal.id)(scope, receive, send)


MOUNTS = ("", "/ap", "/acp/0.2.1")


async def ask(path: str = "/threads", key: str | None = None) -> httpx.Response:
    """An answer behind the guard."""
    headers = {} if key is None else {"x-api-key": key}
    transport = httpx.ASGITransport(KeyGuard(who, digests=DIGESTS, mounts=MOUNTS))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get(path, headers=headers)


@pytest.mark.parametrize(
    ("key", "caller"),
    [("first-secret", "key-1"), ("second-secret", "bob"), ("third-secret", "key-3")],
)
async def test_a_known_key_says_who_calls(key: str, caller: str) -> None:
    assert (await ask(key=key)).text == caller


@pytest.mark.requirement("langgraph.keys")
@pytest.mark.parametrize("key", [None, "", "first", "bob", "bob=second-secret", HASHED])
async def test_without_a_known_key_the_answer_is_401(key: str | None) -> None:
    answer = await ask(key=key)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert "x-api-key" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/ok", "/ap/ok", "/acp/0.2.1/ok"])
async def test_a_health_check_needs_no_key(path: str) -> None:
    assert (await ask(path)).status_code == 200


@pytest.mark.parametrize("path", ["/ap/agents/ok", "/assistants/ok", "/other/ok", "/ok/", "//ok"])
async def test_what_is_only_named_like_it_needs_one(path: str) -> None:
    assert (await ask(path)).status_code == 401


async def test_a_socket_without_a_key_is_closed() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/threads", "headers": []}
    await KeyGuard(who, digests=DIGESTS)(scope, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1008, "reason": "unauthenticated"}]
