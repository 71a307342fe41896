"""Measures a server and bare LangGraph in turns, and tells which targets are met."""

import statistics
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

from demotic.bench.processes import Broken as Broken
from demotic.bench.processes import Helper, Server, import_time
from demotic.bench.rows import Figures, Row, Target
from demotic.bench.workloads import START

Tell = Callable[[str], None]
"""Is told what is being measured."""


@dataclass(slots=True)
class Measured:
    """The repetitions of a row: the server's and, by saver, the floor's, in the same order."""

    row: Row
    server: list[Figures] = field(default_factory=list)
    floor: dict[str, list[Figures]] = field(default_factory=dict)

    def figure(self, metric: str) -> float | None:
        """The median of what the server did."""
        return _median(values(self.server, metric))

    def spread(self, metric: str) -> float | None:
        """How far the repetitions lie apart, as a share of their median."""
        found = values(self.server, metric)
        middle = _median(found)
        return (max(found) - min(found)) / middle if middle and len(found) > 1 else None

    def base(self, metric: str, saver: str | None) -> float | None:
        """The median of what the floor did."""
        return _median(values(self.floor.get(saver or "", []), metric))

    def ratio(self, metric: str, saver: str | None) -> float | None:
        """The median of the ratios of server and floor, each of one repetition."""
        pairs = zip(
            values(self.server, metric),
            values(self.floor.get(saver or "", []), metric),
            strict=False,
        )
        return _median([ours / theirs for ours, theirs in pairs if theirs])

    def errors(self) -> int:
        """How many runs failed, in all repetitions."""
        return int(sum(values(self.server, "errors")))

    def met(self, target: Target) -> bool | None:
        """Whether the target is met. None: it was not measured."""
        value = self.figure(target.metric)
        if target.of_floor:
            value = self.ratio(target.metric, self.row.floor)
        if self.errors():
            return False
        return None if value is None else target.met(value)


def values(runs: list[Figures], metric: str) -> list[float]:
    """A metric of every repetition that has it."""
    return [float(value) for each in runs if isinstance(value := each.get(metric), int | float)]


def _median(found: list[float]) -> float | None:
    return statistics.median(found) if found else None


@dataclass(frozen=True, slots=True)
class Measuring:
    """What is asked for: rows, repetitions, and a server of one's own, if any."""

    rows: list[Row]
    reps: int
    quick: bool
    base: str | None
    pid: int | None

    def __call__(self, tell: Tell) -> Iterator[Measured]:
        """Measure everything. Raises `Broken`."""
        with ExitStack() as stack:
            if self.base is None:
                tell(f"{START.name}: {START.title}")
                started, server = _measure_start(1 if self.quick else self.reps)
                stack.callback(server.stop)
                yield started
                known = [server.base, "--pid", str(server.pid), "--data-dir", str(server.data_dir)]
            else:
                known = [self.base.rstrip("/"), *(["--pid", str(self.pid)] if self.pid else [])]
            if not self.rows:
                return
            floor = stack.enter_context(Helper("demotic.bench.floor", "--answer"))
            driver = stack.enter_context(Helper("demotic.bench.driver", "--base", *known))
            for number, row in enumerate(self.rows, 1):
                tell(f"{row.name} ({number} of {len(self.rows)}): {row.title}")
                yield self._measure(row, floor, driver)

    def _measure(self, row: Row, floor: Helper, driver: Helper) -> Measured:
        """Take turns: the floor, the server, the floor, the server ..."""
        found = Measured(row)
        for _ in range(1 if row.once else self.reps):
            for saver in filter(None, (row.floor, row.also)):
                figures = floor.ask(row=row.name, saver=saver, quick=self.quick)
                found.floor.setdefault(saver, []).append(figures)
            found.server.append(driver.ask(row=row.name, quick=self.quick))
        return found


def _measure_start(reps: int) -> tuple[Measured, Server]:
    """Start the server several times. The last one stays up.

    The first one does not count: it may have to compile what it imports, as nothing does that
    was installed in the usual way.
    """
    Server().stop()
    found = Measured(START)
    while True:
        found.floor.setdefault("import", []).append(import_time())
        server = Server()
        try:
            found.server.append(server.idle())
        except BaseException:
            server.stop()
            raise
        if len(found.server) >= reps:
            return found, server
        server.stop()
