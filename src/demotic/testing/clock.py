"""A clock that stands still until a test moves it."""


class FakeClock:
    """`demotic.ports.clock.Clock` for tests; starts at 2026-06-01T00:00Z."""

    def __init__(self, now_us: int = 1_780_272_000_000_000) -> None:
        self._now_us = now_us

    def now_us(self) -> int:
        """Microseconds since 1970; rises by one with every call, so that order can be seen."""
        self._now_us += 1
        return self._now_us

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now_us += int(seconds * 1e6)
