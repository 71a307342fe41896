"""Patience with storage that is out of order for a moment; a refused write is never retried."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from demotic.domain.errors import StorageUnavailable
from demotic.ports.clock import Clock

T = TypeVar("T")

FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 2.0


async def patiently(operation: Callable[[], Awaitable[T]], *, patience_s: float = 30.0) -> T:
    """Run a storage operation; while the storage is unavailable, again, for `patience_s` seconds.

    Every other error is raised at once.
    """
    loop = asyncio.get_running_loop()
    give_up = loop.time() + patience_s
    pause = FIRST_PAUSE_S
    while True:
        try:
            return await operation()
        except StorageUnavailable:
            if loop.time() + pause > give_up:
                raise
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_S)


class Pauses:
    """Pauses of a loop that goes on whatever fails: each is twice as long as the one before it,
    up to `LONGEST_PAUSE_S`, until something has succeeded."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next_s = FIRST_PAUSE_S

    async def take(self) -> None:
        """Something has failed: wait."""
        until_us = self._clock.now_us() + int(self._next_s * 1e6)
        self._next_s = min(self._next_s * 2, LONGEST_PAUSE_S)
        await self._clock.sleep_until(until_us)

    def end(self) -> None:
        """Something has succeeded."""
        self._next_s = FIRST_PAUSE_S
