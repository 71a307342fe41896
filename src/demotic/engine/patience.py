"""Retries for storage that is out of order for a moment; a refused write is never retried."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from demotic.domain.errors import StorageUnavailable

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
