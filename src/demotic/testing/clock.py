"""A clock that stands still until a test moves it."""

import asyncio


class FakeClock:
    """`demotic.ports.clock.Clock` for tests; starts at 2026-06-01T00:00Z."""

    def __init__(self, now_us: int = 1_780_272_000_000_000) -> None:
        self._now_us = now_us
        self._sleepers: dict[asyncio.Future[None], int] = {}
        self._news = asyncio.Event()

    def now_us(self) -> int:
        """Microseconds since 1970; rises by one with every call, so that order can be seen."""
        self._now_us += 1
        return self._now_us

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.set(self._now_us + int(seconds * 1e6))

    def set(self, now_us: int) -> None:
        """Let it be another time."""
        self._now_us = now_us
        for sleeper, instant_us in [*self._sleepers.items()]:
            if instant_us <= now_us and not sleeper.done():
                sleeper.set_result(None)

    async def sleep_until(self, instant_us: int) -> None:
        """See the port; the test decides when that is."""
        sleeper = asyncio.get_running_loop().create_future()
        self._sleepers[sleeper] = instant_us
        self._news.set()
        try:
            if instant_us > self._now_us:
                await sleeper
        finally:
            del self._sleepers[sleeper]

    async def alarm(self) -> int:
        """The instant that is waited for next, as soon as one is (5 s at most)."""
        async with asyncio.timeout(5):
            while not (waiting := [us for f, us in self._sleepers.items() if not f.done()]):
                self._news.clear()
                await self._news.wait()
        return min(waiting)
