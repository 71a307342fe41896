"""What runs cost a process: its CPU, memory and disk, as far as they are known."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from demotic.bench.rows import Figures

SETTLE_S = 1.0  # before memory is read
FIFTH = 5

Once = Callable[[int], Awaitable[None]]
Gauge = Callable[[], float]


@dataclass(slots=True)
class Meter:
    """Reads gauges at the beginning of some runs, after their first fifth, before their last one,
    and at the end. `cpu_s`: seconds; `rss_mib`: MiB of memory; `kib`: KiB on disk."""

    indices: Sequence[int]
    cpu_s: Gauge | None = None
    rss_mib: Gauge | None = None
    kib: Gauge | None = None
    _cpu_s: list[float] = field(default_factory=list)
    _kib: list[float] = field(default_factory=list)
    _rss_mib: float = 0.0

    def begin(self) -> None:
        """The runs begin."""
        if self.rss_mib:
            self._rss_mib = self.rss_mib()
        self._look()

    def watched(self, once: Once) -> Once:
        """Runs that are looked at."""
        count = len(self.indices)
        if count < 2 * FIFTH:
            return once
        marks = (self.indices[count // FIFTH], self.indices[count - count // FIFTH])

        async def watch(index: int) -> None:
            if index in marks:
                self._look()
            await once(index)

        return watch

    async def end(self, runs: int) -> Figures:
        """What the runs cost, of which `runs` were successful."""
        self._look()
        found: Figures = {}
        runs, fifth = max(1, runs), len(self.indices) // FIFTH
        if cpu := self._cpu_s:
            found["cpu_ms"] = 1000 * (cpu[-1] - cpu[0]) / runs
            if len(cpu) == 4:
                found["late_cpu_ms"] = 1000 * (cpu[3] - cpu[2]) / fifth
        if kib := self._kib:
            found["disk_kib"] = (kib[-1] - kib[0]) / runs
            if len(kib) == 4 and kib[1] > kib[0]:
                found["disk_drift"] = (kib[3] - kib[2]) / (kib[1] - kib[0])
        if self.rss_mib:
            await asyncio.sleep(SETTLE_S)
            found["rss_mib"] = self.rss_mib()
            found["rss_growth_mib"] = self.rss_mib() - self._rss_mib
        return found

    def _look(self) -> None:
        if self.cpu_s:
            self._cpu_s.append(self.cpu_s())
        if self.kib:
            self._kib.append(self.kib())
