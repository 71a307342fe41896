"""Sends callbacks over HTTP, to addresses that were checked, and to no other.

Redirects are not followed, proxies of the environment not used, cookies not kept; certificates
are verified, time and answer bounded.
"""

import asyncio
import importlib
import re
import ssl
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import structlog

import demotic
from demotic.domain.deliveries import Receipt, Verdict
from demotic.domain.errors import BadInput
from demotic.web.outgoing import signing
from demotic.web.outgoing.exchange import Answer, LookUp, NotReached, look_up
from demotic.web.outgoing.policy import Refused, Target, UrlPolicy

if TYPE_CHECKING:
    from demotic.web.outgoing.client import Client

log = structlog.get_logger("demotic.deliveries")

ATTEMPT_S = 20.0  # all in all
EXCERPT = 300  # characters of an answer that are kept

AGAIN = frozenset([408, 409, 425, 429])
"""Answers of a receiver that is there and may take it later; so may all from 500 up. Others than
these and 2xx are final: the request will not be liked better later, and a redirect is no receiver.
"""

_UNPRINTABLE = re.compile(r"[^\x20-\x7e\u00a0-\ud7ff\ue000-\ufffc]+")


class HttpSender:
    """`demotic.ports.deliveries.Sender` over HTTP.

    `headers` go with every request, and a signature for each of `secrets`. `tls` says whose
    certificates are trusted (None: those that the system trusts).
    """

    def __init__(
        self,
        policy: UrlPolicy,
        *,
        headers: Mapping[str, str] | None = None,
        secrets: Sequence[bytes] = (),
        look_up: LookUp = look_up,
        tls: ssl.SSLContext | None = None,
        attempt_s: float = ATTEMPT_S,
    ) -> None:
        self._policy, self._secrets = policy, secrets
        self._look_up, self._tls = look_up, tls
        self._headers = {
            "User-Agent": f"demotic/{demotic.__version__}",
            **(headers or {}),
            "Content-Type": "application/json",
        }
        self._attempt_s = attempt_s
        self._client: Client | None = None
        self._opening, self._closed = asyncio.Lock(), False

    def check(self, url: str) -> None:
        """See the port."""
        self._policy.target(url)

    async def send(self, url: str, id: str, body: bytes, *, now_us: int) -> Receipt:
        """See the port."""
        try:
            target = self._policy.target(url)
        except BadInput as error:
            return Receipt(Verdict.REFUSED, note=f"The URL {error.message}")
        signed = signing.headers(id, now_us // 1_000_000, body, self._secrets)
        try:
            async with asyncio.timeout(self._attempt_s):
                return await self._post(target, body, {**self._headers, **signed}, now_us)
        except TimeoutError:
            return Receipt(Verdict.AGAIN, note=f"No answer within {self._attempt_s:g} seconds.")

    async def close(self) -> None:
        """See the port."""
        async with self._opening:  # an attempt that comes too late opens nothing
            self._closed = True
            client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _post(
        self, target: Target, body: bytes, headers: Mapping[str, str], now_us: int
    ) -> Receipt:
        try:
            client = await self._open()
            return _receipt(await client.post(target, body, headers), now_us)
        except Refused as refused:
            log.warning("callback kept back", host=target.host, address=str(refused.address))
            note = f"Its address is {refused}, which may not be called."
            return Receipt(Verdict.REFUSED, note=note)
        except NotReached as error:
            return Receipt(Verdict.AGAIN, note=str(error))

    async def _open(self) -> "Client":
        """The client; loaded when it is first needed, off the loop."""
        async with self._opening:
            if self._closed:
                raise NotReached("The server stops.")
            if self._client is None:
                name = "demotic.web.outgoing.client"
                module = await asyncio.to_thread(importlib.import_module, name)
                self._client = module.Client(self._policy, self._look_up, self._tls)
            return self._client


def _receipt(answer: Answer, now_us: int) -> Receipt:
    """What an answer means."""
    status = answer.status
    if 200 <= status < 300:
        return Receipt(Verdict.DELIVERED, status)
    note = f"It answered {status}."
    if said := _UNPRINTABLE.sub(" ", answer.body.decode(errors="replace")).strip():
        note = f"{note} {said[:EXCERPT]}"
    if status in AGAIN or status >= 500:
        return Receipt(Verdict.AGAIN, status, note, _pause_s(answer.retry_after, now_us))
    return Receipt(Verdict.REJECTED, status, note)


def _pause_s(text: str, now_us: int) -> float | None:
    """`Retry-After`: a number of seconds, or a moment."""
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now_us / 1e6)
    except ValueError:
        return None
