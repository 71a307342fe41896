"""Deliveries: carrying what the outbox holds to its receivers, and the log of that."""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from demotic.domain.callbacks import Callback
from demotic.domain.deliveries import (
    Delivery,
    DeliveryAttempt,
    DeliveryClaim,
    DeliveryQuery,
    DeliveryState,
    Receipt,
    Renderer,
    Verdict,
)
from demotic.domain.errors import BadInput, CallbackRefused, LeaseLost
from demotic.domain.model import Page, Scope
from demotic.engine.patience import patiently
from demotic.ports.clock import Clock
from demotic.ports.deliveries import Sender
from demotic.ports.storage import Storage

log = structlog.get_logger("demotic.deliveries")

LOOK_AGAIN_S = 1.0  # a lost wake-up, or a delivery that has become due, costs this much at most
MOST_AT_A_TIME = 32
MOST_PER_RECEIVER = 8  # so that one that is slow leaves places for the others
CLAIM_S = 60.0  # longer than any sender takes for one attempt

FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 3600.0
GIVE_UP_AFTER_S = 24 * 3600.0
STOP_S = 5.0  # how long a stopping server waits for attempts that are under way

SWITCHED_OFF = "`webhook` cannot be used: webhooks are switched off on this server. Leave it out."

STATES = {
    Verdict.DELIVERED: DeliveryState.DELIVERED,
    Verdict.REJECTED: DeliveryState.FAILED,
    Verdict.REFUSED: DeliveryState.REFUSED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Callbacks:
    """What it takes to call back: who carries bodies, who words them (by the `dialect` of a run's
    reply format), for how long the log is kept. `chance` gives numbers from 0 to 1."""

    sender: Sender
    renderers: Mapping[str, Renderer]
    keep_s: float = 3 * 86_400.0
    chance: Callable[[], float] = random.random


def pause_s(attempts: int, chance: float) -> float:
    """How long to wait after so many attempts: doubling, then hourly, spread by half each way."""
    longest = min(FIRST_PAUSE_S * 2.0 ** min(attempts - 1, 20), LONGEST_PAUSE_S)
    return longest * (0.5 + chance)


class Deliveries:
    """The carrier of one process, and what callers learn of deliveries.

    Without `callbacks` nothing is sent, and what is in the outbox stays there.
    """

    def __init__(
        self, storage: Storage, clock: Clock, callbacks: Callbacks | None, *, worker: str
    ) -> None:
        self._storage, self._clock, self._callbacks = storage, clock, callbacks
        self._worker = worker
        self._sending: dict[asyncio.Task[None], str] = {}
        self._wake = asyncio.Event()
        self._stopping = False

    def check(self, callback: Callback) -> None:
        """Raises `CallbackRefused` for one that can never be made; the message names the field,
        which every dialect calls `webhook`."""
        if self._callbacks is None:
            raise CallbackRefused(SWITCHED_OFF)
        try:
            self._callbacks.sender.check(callback.url)
        except BadInput as error:
            raise CallbackRefused(f"`webhook` {error.message}") from None

    async def search(self, query: DeliveryQuery, scope: Scope) -> Page:
        """A page of the log, newest first."""
        return await self._storage.search_deliveries(query, scope=scope)

    async def redeliver(self, delivery_id: str, scope: Scope) -> Delivery:
        """Deliver again, under the same id, however it went before. Raises `DeliveryNotFound`."""
        return await self._storage.redeliver(delivery_id, scope=scope, now_us=self._clock.now_us())

    async def trim(self) -> None:
        """Drop what the log has kept for long enough."""
        if self._callbacks is None:
            return
        before_us = self._clock.now_us() - int(self._callbacks.keep_s * 1e6)
        while await self._storage.trim_deliveries(before_us=before_us):
            pass  # a bounded part at a time, so that others get their turn

    async def rescue_all(self) -> None:
        """Take over what an earlier process was sending: for storage that one process owns."""
        if self._callbacks is not None:
            now_us = self._clock.now_us()
            await self._storage.rescue_deliveries(self._worker, now_us=now_us)

    def wake(self) -> None:
        """Something may be due."""
        self._wake.set()

    async def serve(self) -> None:
        """Deliver what is due, until cancelled."""
        if self._callbacks is None:
            return
        loop = asyncio.get_running_loop()

        def news() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(self.wake)

        self._storage.on_delivery(news)
        try:
            while True:
                await self._begin_due(self._callbacks)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_AGAIN_S):
                        await self._wake.wait()
                self._wake.clear()
        finally:
            self._storage.on_delivery(None)

    async def stop(self) -> None:
        """Begin no more attempts, and wait a moment for those that are under way."""
        self._stopping = True
        if self._sending:
            await asyncio.wait(self._sending, timeout=STOP_S)
        for task in [*self._sending]:
            task.cancel()  # its claim ends by itself, or with the next start
        if self._sending:
            await asyncio.wait(self._sending, timeout=STOP_S)

    async def _begin_due(self, callbacks: Callbacks) -> None:
        """Begin an attempt for everything that is due, as far as there are places."""
        try:
            while await asyncio.shield(self._claim_one(callbacks)):
                pass
        except Exception:  # the next look may find the storage in order again
            log.exception("deliveries could not be claimed")

    async def _claim_one(self, callbacks: Callbacks) -> bool:
        """Claim a delivery and begin an attempt, if one is due and there is a place."""
        if self._stopping or len(self._sending) >= MOST_AT_A_TIME:
            return False
        places = Counter(self._sending.values())
        full = [receiver for receiver, taken in places.items() if taken >= MOST_PER_RECEIVER]
        now_us = self._clock.now_us()
        until_us = now_us + int(CLAIM_S * 1e6)
        claim = await self._storage.claim_delivery(
            self._worker, full=full, until_us=until_us, now_us=now_us
        )
        if claim is None:
            return False
        task = asyncio.get_running_loop().create_task(self._carry(claim, callbacks))
        self._sending[task] = claim.receiver
        task.add_done_callback(self._sent)
        return True

    def _sent(self, task: asyncio.Task[None]) -> None:
        del self._sending[task]
        self.wake()

    async def _carry(self, claim: DeliveryClaim, callbacks: Callbacks) -> None:
        """One attempt from its claim to its record."""
        facts = {"delivery": claim.key.id, "run": claim.change.run.id, "to": claim.receiver}
        try:
            await self._attempt(claim, callbacks, facts)
        except LeaseLost:
            log.warning("delivery was taken over", **facts)
        except Exception:
            log.exception("delivery could not be recorded", **facts)

    async def _attempt(
        self, claim: DeliveryClaim, callbacks: Callbacks, facts: Mapping[str, str]
    ) -> None:
        begun_us = self._clock.now_us()
        receipt = await self._send(claim, callbacks, begun_us)
        if receipt is None:
            await patiently(lambda: self._storage.drop_delivery(claim.key))
            return
        now_us = self._clock.now_us()
        attempt = DeliveryAttempt(begun_us, now_us - begun_us, receipt.code, receipt.note)
        due_us = now_us + int(self._pause_s(claim, receipt, callbacks) * 1e6)
        state = STATES.get(receipt.verdict, DeliveryState.PENDING)
        if state is DeliveryState.PENDING and due_us > claim.since_us + GIVE_UP_AFTER_S * 1e6:
            state = DeliveryState.FAILED
        if state is not DeliveryState.DELIVERED:
            log.warning(
                "delivery failed", **facts, state=state.value, code=receipt.code, why=receipt.note
            )
        await patiently(
            lambda: self._storage.record_attempt(
                claim.key, attempt, state, due_us=due_us, now_us=now_us
            )
        )

    async def _send(
        self, claim: DeliveryClaim, callbacks: Callbacks, now_us: int
    ) -> Receipt | None:
        """How it went; None when there is nothing to tell."""
        dialect = claim.change.run.reply_format.get("dialect")
        renderer = callbacks.renderers.get(str(dialect))
        if renderer is None:
            note = f"This server does not speak {dialect!r}, in which it was to be told."
            return Receipt(Verdict.REJECTED, note=note)
        try:
            body = renderer(claim.change, now_us)
            if body is None:
                return None
            return await callbacks.sender.send(claim.url, claim.key.id, body, now_us=now_us)
        except Exception as error:
            log.exception("delivery could not be made", delivery=claim.key.id)
            return Receipt(Verdict.AGAIN, note=f"{type(error).__name__} while sending.")

    def _pause_s(self, claim: DeliveryClaim, receipt: Receipt, callbacks: Callbacks) -> float:
        own = pause_s(claim.attempts + 1, callbacks.chance())
        return max(own, min(receipt.pause_s or 0.0, LONGEST_PAUSE_S))
