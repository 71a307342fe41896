"""Host and Origin checks, and CORS."""

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from demotic.web.hosts import Cors, HostGuard


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """An app that answers everything."""
    await PlainTextResponse("hello")(scope, receive, send)


async def ask(
    guard: HostGuard, method: str = "GET", host: str = "localhost:2024", **headers: str
) -> httpx.Response:
    """The guard's answer to a request; header names are written with underscores."""
    sent = {key.replace("_", "-"): value for key, value in headers.items()}
    transport = httpx.ASGITransport(guard)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.request(method, "/", headers={"host": host, **sent})


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:1",
        "127.0.0.1:2024",
        "[::1]:2024",
        "[::1]",
        "demo.example",
        "b.c.d:9",
    ],
)
async def test_known_host_names_are_served_on_any_port(host: str) -> None:
    guard = HostGuard(hello, names=["demo.example", "*.c.d"])
    assert (await ask(guard, host=host)).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "evil@localhost",
        "127.0.0.2",
        "c.d",
        "",
        "[::1",
        "a b",
    ],
)
async def test_other_host_names_are_refused_so_that_no_name_can_be_rebound(host: str) -> None:
    answer = await ask(HostGuard(hello, names=["*.c.d"]), host=host)
    assert answer.status_code == 421
    assert answer.json()["code"] == "unknown_host"
    assert repr(host) in answer.json()["detail"]


@pytest.mark.parametrize(("host", "status"), [("10.1.2.3:80", 200), ("evil.example", 421)])
async def test_bound_to_every_address_any_address_is_a_name(host: str, status: int) -> None:
    assert (await ask(HostGuard(hello, bound="0.0.0.0"), host=host)).status_code == status


async def test_the_bound_address_is_a_name() -> None:
    guard = HostGuard(hello, bound="192.168.1.5")
    assert (await ask(guard, host="192.168.1.5:2024")).status_code == 200
    assert (await ask(guard, host="192.168.1.6:2024")).status_code == 421


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost.evil.example"]
)
async def test_a_foreign_page_cannot_change_anything(method: str, origin: str) -> None:
    answer = await ask(HostGuard(hello, dev=True), method, origin=origin)
    assert answer.status_code == 403
    assert answer.json()["code"] == "origin_refused"
    assert "access-control-allow-origin" not in answer.headers


async def test_a_foreign_page_cannot_read_anything() -> None:
    answer = await ask(HostGuard(hello), origin="https://evil.example")
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://localhost:2024", "localhost:2024"),
        ("https://demo.example", "demo.example:443"),
        ("http://demo.example:80", "demo.example"),
    ],
)
async def test_the_servers_own_pages_may_change_things(origin: str, host: str) -> None:
    guard = HostGuard(hello, names=["demo.example"])
    assert (await ask(guard, "POST", host=host, origin=origin)).status_code == 200


async def test_another_port_of_this_machine_is_another_origin() -> None:
    answer = await ask(HostGuard(hello), "POST", origin="http://localhost:3000")
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "origin", ["http://localhost:3000", "https://127.0.0.1", "http://[::1]:5173"]
)
async def test_in_dev_pages_of_this_machine_may_call(origin: str) -> None:
    answer = await ask(HostGuard(hello, dev=True), "POST", origin=origin)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == origin


async def test_a_configured_origin_may_call_and_read_the_headers_clients_need() -> None:
    guard = HostGuard(hello, cors=Cors(origins=["https://chat.example/"]))
    answer = await ask(guard, "POST", origin="https://chat.example")
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://chat.example"
    exposed = answer.headers["access-control-expose-headers"]
    assert exposed == "x-pagination-total, x-pagination-next, content-location, location"


async def test_a_preflight_is_answered_for_allowed_origins_only() -> None:
    guard = HostGuard(hello, cors=Cors(origins=["https://chat.example"]))
    asked = {
        "access_control_request_method": "POST",
        "access_control_request_headers": "x-api-key,content-type",
        "access_control_request_private_network": "true",
    }
    allowed = await ask(guard, "OPTIONS", origin="https://chat.example", **asked)
    assert allowed.status_code == 204
    assert allowed.headers["access-control-allow-headers"] == "x-api-key,content-type"
    assert "PATCH" in allowed.headers["access-control-allow-methods"]
    assert allowed.headers["access-control-allow-private-network"] == "true"
    refused = await ask(guard, "OPTIONS", origin="https://evil.example", **asked)
    assert refused.status_code == 403
    assert "access-control-allow-origin" not in refused.headers


async def test_programs_send_no_origin_and_are_served() -> None:
    answer = await ask(HostGuard(hello), "POST")
    assert answer.status_code == 200
    assert "vary" not in answer.headers


def test_every_host_name_at_once_is_refused() -> None:
    with pytest.raises(ValueError, match="list the host names"):
        HostGuard(hello, names=["*"])


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
async def test_any_origin_may_be_allowed_but_none_by_that_with_its_cookies(method: str) -> None:
    guard = HostGuard(hello, cors=Cors(origins=["*", "https://app.example"]))
    asked = {"access_control_request_method": "POST"} if method == "OPTIONS" else {}
    other = await ask(guard, method, origin="https://other.example", **asked)
    assert other.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in other.headers
    listed = await ask(guard, method, origin="https://app.example", **asked)
    assert listed.headers["access-control-allow-origin"] == "https://app.example"
    assert listed.headers["access-control-allow-credentials"] == "true"


async def test_a_foreign_page_cannot_open_a_websocket() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"origin", b"https://evil.example")]
    await HostGuard(hello)({"type": "websocket", "headers": headers}, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]


async def test_lifespan_messages_pass() -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    async def receive() -> Message:
        return {}

    async def send(message: Message) -> None:
        return None

    await HostGuard(app)({"type": "lifespan"}, receive, send)
    assert seen == ["lifespan"]
