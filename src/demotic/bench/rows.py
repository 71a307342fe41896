"""What a row of the benchmark is: a workload, what it is compared with, what is expected of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Figures = dict[str, float | str | None]
"""One measurement of a row, by the name of the metric."""

Floor = Literal["none", "memory", "sqlite", "sqlite-normal", "import"]
"""What is compared with: LangGraph with one of its savers, or the mere import of it."""

METRICS: Mapping[str, str] = {
    "runs_per_s": "runs/s",
    "events_per_s": "events/s",
    "p50_ms": "p50 ms",
    "first_ms": "first event p50 ms",
    "submit_ms": "accepted p50 ms",
    "cpu_ms": "server CPU ms/run",
    "late_cpu_ms": "server CPU ms/run, last fifth",
    "wall_s": "wall s",
    "start_s": "start s",
    "rss_mib": "memory MiB",
    "rss_growth_mib": "memory growth MiB",
    "disk_kib": "disk KiB/run",
    "disk_drift": "disk, last to first fifth",
}
"""What is measured, and how it is shown."""

COMPARABLE = frozenset(
    (
        "runs_per_s",
        "events_per_s",
        "p50_ms",
        "first_ms",
        "cpu_ms",
        "late_cpu_ms",
        "wall_s",
        "start_s",
    )
)
"""The metrics that a floor has, too."""


@dataclass(frozen=True, slots=True)
class Target:
    """A bound on a metric: a number, or a multiple of the floor's figure."""

    metric: str
    bound: float
    at_least: bool = False
    of_floor: bool = False

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        return f"{sign} {self.bound:g}" + (" x floor" if self.of_floor else "")

    def met(self, figure: float) -> bool:
        """Whether a figure (a ratio, when the bound is one) keeps within the bound."""
        return figure >= self.bound if self.at_least else figure <= self.bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One workload: `runs` pieces of `work`, at most `concurrency` at a time.

    The targets compare with `floor`; `also` is a second one. `shown` are metrics without a target.
    `asked_only` rows run when they are named, `once` rows without repetition.
    """

    name: str
    title: str
    work: str
    runs: int
    concurrency: int = 1
    warm_up: int = 4
    floor: Floor | None = None
    also: Floor | None = None
    targets: tuple[Target, ...] = ()
    shown: tuple[str, ...] = ()
    asked_only: bool = False
    once: bool = False

    def scaled(self, quick: bool) -> int:
        """How many runs to make."""
        return max(self.concurrency, self.runs // 5) if quick else self.runs
