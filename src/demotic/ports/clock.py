"""Time as a parameter: the engine asks a clock, so that tests own it."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """The wall clock."""

    def now_us(self) -> int:
        """Microseconds since 1970 (UTC)."""
        ...

    async def sleep_until(self, instant_us: int) -> None:
        """Return when it is about that instant: look at the time again. Where the clock is set
        meanwhile, or the machine sleeps, it may be earlier or later."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_us(self) -> int:
        """Microseconds since 1970 (UTC)."""
        return time.time_ns() // 1000

    async def sleep_until(self, instant_us: int) -> None:
        """See the port."""
        await asyncio.sleep(max(0, instant_us - self.now_us()) / 1e6)
