"""Time as a parameter: the engine asks a clock, so that tests own it."""

import time
from typing import Protocol


class Clock(Protocol):
    """The wall clock."""

    def now_us(self) -> int:
        """Microseconds since 1970 (UTC)."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_us(self) -> int:
        """Microseconds since 1970 (UTC)."""
        return time.time_ns() // 1000
