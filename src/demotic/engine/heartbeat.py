"""Renews this process's leases, of runs and of changes of state, on a thread of its own.

A blocked main loop therefore keeps its leases, but not for ever: after `blocked_s` seconds
without a sign of life they are left to expire, and whoever can is told.
"""

import asyncio
import threading
import time
from collections.abc import Callable

import structlog

from demotic.engine.holdings import Holdings
from demotic.engine.worker import Worker
from demotic.ports.clock import Clock
from demotic.ports.storage import Storage

log = structlog.get_logger("demotic.heartbeat")


class Heartbeat:
    """Renews leases every third of their length until stopped. Create it on the main loop.

    `on_blocked` is called, from its thread, while the main loop is blocked for `blocked_s` or more.
    """

    def __init__(
        self,
        storage: Storage,
        worker: Worker,
        holdings: Holdings,
        clock: Clock,
        *,
        blocked_s: float,
        on_blocked: Callable[[], None],
    ) -> None:
        self._storage, self._worker, self._clock = storage, worker, clock
        self._holdings = holdings
        self._blocked_s, self._on_blocked = blocked_s, on_blocked
        self._main = asyncio.get_running_loop()
        self._alive_at = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="demotic-heartbeat", daemon=True)

    def start(self) -> None:
        """Begin to renew."""
        self._thread.start()

    async def stop(self) -> None:
        """Stop renewing and wait for the thread."""
        self._stop.set()
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        while not self._stop.wait(min(self._worker.lease_s, self._blocked_s) / 3):
            try:
                self._beat()
            except Exception:  # the next beat may do better; without any, every run is lost
                log.exception("leases could not be renewed")

    def _beat(self) -> None:
        self._main.call_soon_threadsafe(self._show_life)
        blocked_s = time.monotonic() - self._alive_at
        if blocked_s > self._blocked_s:
            log.error("the event loop is blocked, leases are not renewed", seconds=round(blocked_s))
            self._on_blocked()
            return
        if blocked_s > self._worker.lease_s:
            log.warning("the event loop is blocked", seconds=round(blocked_s))
        asyncio.run(self._renew())

    def _show_life(self) -> None:
        self._alive_at = time.monotonic()

    async def _renew(self) -> None:
        held = [*self._worker.held(), *self._holdings.held()]
        if not held:
            return
        until_us = self._clock.now_us() + int(self._worker.lease_s * 1e6)
        for key in await self._storage.renew_leases(held, until_us=until_us):
            self._main.call_soon_threadsafe(self._worker.lose, key.run_id, key.epoch)
            self._main.call_soon_threadsafe(self._holdings.lose, key.run_id, key.epoch)
