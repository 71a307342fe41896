"""Parts of the API that are switched off."""

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from demotic.web.parts import PARTS, DisabledParts, part_of

MOUNTS = ["/acp/0.2.1", "/acp", "/ap"]


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("/assistants/search", "assistants"),
        ("/agents/search", "assistants"),
        ("/ap/agents/1", "assistants"),
        ("/threads", "threads"),
        ("/threads/1/state", "threads"),
        ("/threads/1/runs", "runs"),
        ("/threads/1/runs/2/join", "runs"),
        ("/threads/1/stream/events", "runs"),
        ("/threads/1/commands", "runs"),
        ("/acp/0.2.1/runs", "runs"),
        ("/runs/crons", "runs"),
        ("/store/items", "store"),
        ("/ap/store/items", "store"),
        ("/", "meta"),
        ("/ap/docs", "meta"),
        ("/metrics", "meta"),
        ("/ok", None),
        ("/mcp/", "mcp"),
        ("/a2a/1", "a2a"),
        ("/apx/threads", None),
        ("/webhooks/deliveries", "webhooks"),
    ],
)
def test_every_path_has_its_part(path: str, part: str | None) -> None:
    assert part_of(path, MOUNTS) == part


async def test_a_disabled_part_is_not_found_and_the_rest_is_served() -> None:
    async def hello(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("hello")(scope, receive, send)

    app = DisabledParts(hello, disabled={"store"}, mounts=MOUNTS)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        refused = await client.get("/ap/store/items")
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
        assert "disable_store" in refused.json()["detail"]
        assert (await client.get("/threads")).text == "hello"


def test_every_part_can_be_named_once() -> None:
    names = [name for name, _ in PARTS]
    assert len(names) == len(set(names))
