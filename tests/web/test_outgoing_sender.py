"""Callbacks on the wire: signed, bounded, and only where they may go."""

import asyncio
import base64
import json
import ssl
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import Any

import pytest
import trustme
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from demotic.domain.deliveries import Receipt, Verdict
from demotic.web.outgoing.addresses import LOOPBACK
from demotic.web.outgoing.policy import UrlPolicy
from demotic.web.outgoing.sender import EXCERPT, HttpSender
from receiving import Receiver, receiving, unused_port

LOCAL = UrlPolicy(networks=LOOPBACK)
ONLY_ONE = UrlPolicy(networks=(ip_network("127.0.0.1/32"),))
SECRETS = [base64.b64encode(bytes([n]) * 24).decode() for n in (1, 2)]
ID = "0198c5a2-7b1e-7cc0-a2b4-5d6e7f809112"
BODY = b'{"status":"success"}'


class Names:
    """A name server of the test's own."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.asked: list[str] = []
        self._answers = list(answers)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """The next answer; the last one for ever."""
        self.asked.append(host)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


@asynccontextmanager
async def sending(policy: UrlPolicy = LOCAL, **options: Any) -> AsyncIterator[HttpSender]:
    """A sender."""
    sender = HttpSender(policy, **options)
    try:
        yield sender
    finally:
        await sender.close()


async def send(sender: HttpSender, url: str) -> Receipt:
    """One attempt."""
    return await sender.send(url, ID, BODY, now_us=time.time_ns() // 1000)


def headers_of(receiver: Receiver) -> Mapping[str, str]:
    """Those of the last request."""
    return receiver.requests[-1].headers


async def test_a_body_arrives_with_its_id_and_the_configured_headers() -> None:
    async with receiving() as receiver, sending(headers={"X-Key": "v", "User-Agent": "x"}) as s:
        assert await send(s, receiver.url + "?token=1") == Receipt(Verdict.DELIVERED, 200)
        [got] = receiver.requests
        assert (got.path, got.body) == ("/hook", BODY)
        told = {name.lower(): value for name, value in got.headers.items()}
        assert (told["webhook-id"], told["x-key"], told["user-agent"]) == (ID, "v", "x")
        assert told["content-type"] == "application/json"
        assert abs(int(told["webhook-timestamp"]) - time.time()) < 60
        assert "webhook-signature" not in told


async def test_every_secret_signs_so_that_secrets_can_be_changed() -> None:
    secrets = [base64.b64decode(each) for each in SECRETS]
    async with receiving() as receiver, sending(secrets=secrets) as sender:
        await send(sender, receiver.url)
        headers = dict(headers_of(receiver))
        for secret in SECRETS:
            assert Webhook(f"whsec_{secret}").verify(BODY, headers) == json.loads(BODY)
        with pytest.raises(WebhookVerificationError):
            Webhook(f"whsec_{SECRETS[0]}").verify(BODY + b" ", headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(base64.b64encode(bytes(24)).decode()).verify(BODY, headers)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        *((status, Verdict.DELIVERED) for status in (200, 201, 202, 204)),
        *((status, Verdict.AGAIN) for status in (408, 409, 425, 429, 500, 502, 503, 504)),
        *((status, Verdict.REJECTED) for status in (300, 304, 400, 401, 403, 404, 405, 410, 422)),
    ],
)
async def test_what_an_answer_means(status: int, verdict: Verdict) -> None:
    async with receiving() as receiver, sending() as sender:
        receiver.answers = [status]
        receipt = await send(sender, receiver.url)
        assert (receipt.verdict, receipt.code) == (verdict, status)
        assert receipt.note == ("" if verdict is Verdict.DELIVERED else f"It answered {status}.")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    async with receiving() as elsewhere, receiving() as receiver, sending() as sender:

        async def redirect(request: web.Request) -> web.Response:
            return web.Response(status=status, headers={"Location": elsewhere.url})

        receiver.answers = [redirect]
        receipt = await send(sender, receiver.url)
        assert (receipt.verdict, receipt.code) == (Verdict.REJECTED, status)
        assert elsewhere.requests == []


@pytest.mark.parametrize(
    ("text", "pause"), [("7", 7.0), ("soon", None), ("-1", None), ("9" * 400, 999_999_999.0)]
)
async def test_a_receiver_may_ask_to_be_left_alone(text: str, pause: float | None) -> None:
    async def busy(request: web.Request) -> web.Response:
        return web.Response(status=503, headers={"Retry-After": text})

    async with receiving() as receiver, sending() as sender:
        receiver.answers = [busy]
        assert (await send(sender, receiver.url)).pause_s == pause


async def test_a_receiver_may_name_the_moment() -> None:
    async def busy(request: web.Request) -> web.Response:
        moment = "Wed, 01 Jan 2070 00:00:00 GMT"
        return web.Response(status=429, headers={"Retry-After": moment})

    async with receiving() as receiver, sending() as sender:
        receiver.answers = [busy]
        pause = (await send(sender, receiver.url)).pause_s
        assert pause is not None and pause > 86_400


async def test_a_receiver_that_is_down_gets_it_later() -> None:
    async with sending() as sender:
        receipt = await send(sender, f"http://127.0.0.1:{unused_port()}/hook")
        assert receipt == Receipt(Verdict.AGAIN, note="No connection: Connection refused.")


async def test_a_slow_receiver_is_not_waited_for_for_long() -> None:
    gate = asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        await gate.wait()
        return web.Response()

    async with receiving() as receiver, sending(attempt_s=0.2) as sender:
        receiver.answers = [slow]
        receipt = await send(sender, receiver.url)
        assert receipt == Receipt(Verdict.AGAIN, note="No answer within 0.2 seconds.")
        gate.set()


async def test_only_a_short_readable_beginning_of_an_answer_is_kept() -> None:
    async def chatty(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=500)
        await response.prepare(request)
        try:
            while True:
                await response.write(b"no\r\n\x00\x1b[31m \xff" + b"x" * 4096)
        except ConnectionError:
            return response

    async with receiving() as receiver, sending() as sender:
        receiver.answers = [chatty]
        receipt = await send(sender, receiver.url)
        assert receipt.note.startswith("It answered 500. no [31m  xxx")
        assert len(receipt.note) <= EXCERPT + 20


async def test_a_compressed_answer_is_not_unpacked() -> None:
    async def bomb(request: web.Request) -> web.Response:
        return web.Response(status=500, body=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})

    async with receiving() as receiver, sending() as sender:
        receiver.answers = [bomb]
        assert (await send(sender, receiver.url)).note == "It answered 500."


LONG = b"HTTP/1.1 200 OK\r\nA: " + b"a" * 99_999


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-x\r\n", LONG])
async def test_an_answer_that_is_none_is_tried_again(answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, sending() as sender:
        port = server.sockets[0].getsockname()[1]
        receipt = await send(sender, f"http://127.0.0.1:{port}/")
        assert (receipt.verdict, receipt.code) == (Verdict.AGAIN, None)
        assert "127.0.0.1" not in receipt.note


async def test_cookies_are_not_kept_and_proxies_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async def baker(request: web.Request) -> web.Response:
        return web.Response(headers={"Set-Cookie": "a=b"})

    async with receiving() as proxy, receiving() as receiver, sending() as sender:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        receiver.answers = [baker]
        await send(sender, receiver.url)
        await send(sender, receiver.url)
        assert len(receiver.requests) == 2 and proxy.requests == []
        assert "Cookie" not in headers_of(receiver)


async def test_a_name_with_one_address_that_may_not_be_called_is_refused() -> None:
    names = Names(["127.0.0.1", "10.0.0.7"])
    async with receiving() as receiver, sending(look_up=names) as sender:
        receipt = await send(sender, f"http://app.example.com:{receiver.port}/hook")
        assert receipt.verdict is Verdict.REFUSED
        assert receipt.note == "Its address is private, which may not be called."
        assert receiver.requests == []


async def test_a_url_is_checked_again_when_it_is_sent_to() -> None:
    names = Names(["127.0.0.1"])
    async with sending(UrlPolicy(), look_up=names) as sender:
        receipt = await send(sender, "http://127.1:8000/")
        assert receipt.verdict is Verdict.REFUSED and "loopback" in receipt.note
        assert names.asked == []


async def test_a_name_that_changes_its_address_leads_nowhere_else() -> None:
    """DNS rebinding: the address that was checked is the one that is connected to."""
    async with receiving() as receiver, receiving("127.0.0.2", receiver.port) as inner:
        names = Names(["127.0.0.1"], ["127.0.0.2"])
        async with sending(ONLY_ONE, look_up=names) as sender:
            url = f"http://app.example.com:{receiver.port}/hook"
            assert (await send(sender, url)).verdict is Verdict.DELIVERED
            assert names.asked == ["app.example.com"], "it was looked up once"
            assert headers_of(receiver)["Host"] == f"app.example.com:{receiver.port}"
            again = await send(sender, url)
            assert (again.verdict, len(names.asked)) == (Verdict.REFUSED, 2)
        assert (len(receiver.requests), inner.requests) == (1, [])


async def test_a_name_without_an_address_is_tried_again() -> None:
    async def unknown(host: str, port: int) -> Sequence[str]:
        raise OSError("no such name")

    for look_up in (unknown, Names([])):
        async with sending(look_up=look_up) as sender:
            receipt = await send(sender, "http://app.example.com/")
            expected = "Its host name could not be looked up."
            assert receipt == Receipt(Verdict.AGAIN, note=expected)


async def test_the_system_s_own_names_are_looked_up() -> None:
    async with receiving() as receiver, sending() as sender:
        url = f"http://localhost:{receiver.port}/hook"
        assert (await send(sender, url)).verdict is Verdict.DELIVERED


def tls_of(authority: trustme.CA, name: str) -> ssl.SSLContext:
    """The context of a server with a certificate for a name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


async def test_certificates_are_verified_for_the_name_not_the_address() -> None:
    authority, names = trustme.CA(), Names(["127.0.0.1"])
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    tls = tls_of(authority, "app.example.com")
    async with receiving(tls=tls) as receiver, sending(look_up=names, tls=trusting) as sender:
        good = await send(sender, f"https://app.example.com:{receiver.port}/hook")
        assert good.verdict is Verdict.DELIVERED
        other = await send(sender, f"https://other.example.com:{receiver.port}/hook")
        assert (other.verdict, other.code) == (Verdict.AGAIN, None)
        assert "certificate could not be verified" in other.note
        assert len(receiver.requests) == 1


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted() -> None:
    names = Names(["127.0.0.1"])
    tls = tls_of(trustme.CA(), "app.example.com")
    async with receiving(tls=tls) as receiver, sending(look_up=names) as sender:
        receipt = await send(sender, f"https://app.example.com:{receiver.port}/hook")
        assert receipt.verdict is Verdict.AGAIN
        assert "certificate could not be verified" in receipt.note
        assert receiver.requests == []


async def test_the_last_word_is_spoken_where_the_socket_is_made() -> None:
    """Even if a URL was read in two ways on its way, no forbidden address is connected to."""
    from demotic.web.outgoing.client import Client
    from demotic.web.outgoing.exchange import look_up
    from demotic.web.outgoing.policy import Refused, Target

    async with receiving() as receiver:
        client = Client(UrlPolicy(), look_up, None)
        target = Target(receiver.url, "app.example.com", receiver.port)
        with pytest.raises(Refused):
            await client.post(target, BODY, {})
        await client.close()
        assert receiver.requests == []
