"""Measure a demotic server against bare LangGraph, and print what was met.

`python bench/run.py` starts the server itself. See README.md in this folder.
"""

import argparse
import json
import os
import platform
import statistics
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from processes import Helper, Server, import_time
from rows import METRICS, START, Figures, Row, Target, chosen

BUSY = 0.9
"""Above this share of a core the driver may be what limits the figures."""

COMPARABLE = frozenset(METRICS) - {"rss_mib", "rss_growth_mib"}
DETAILS = ("runs", "errors", "p50_ms", "p95_ms", "p99_ms", "runs_per_s", "cpu_ms", "rss_mib")


@dataclass(slots=True)
class Measured:
    """The repetitions of a row: the server's and, by saver, the floor's, in the same order."""

    row: Row
    server: list[Figures] = field(default_factory=list)
    floor: dict[str, list[Figures]] = field(default_factory=dict)

    def figure(self, metric: str) -> float | None:
        """The median of what the server did."""
        return _median(_values(self.server, metric))

    def spread(self, metric: str) -> float | None:
        """How far the repetitions lie apart, as a share of their median."""
        values = _values(self.server, metric)
        middle = _median(values)
        return (max(values) - min(values)) / middle if middle and len(values) > 1 else None

    def base(self, metric: str, saver: str | None) -> float | None:
        """The median of what the floor did."""
        return _median(_values(self.floor.get(saver or "", []), metric))

    def ratio(self, metric: str, saver: str | None) -> float | None:
        """The median of the ratios of server and floor, each of one repetition."""
        pairs = zip(
            _values(self.server, metric),
            _values(self.floor.get(saver or "", []), metric),
            strict=False,
        )
        return _median([ours / theirs for ours, theirs in pairs if theirs])

    def errors(self) -> int:
        """How many runs failed, in all repetitions."""
        return int(sum(_values(self.server, "errors")))

    def met(self, target: Target) -> bool | None:
        """Whether the target is met. None: it was not measured."""
        value = self.figure(target.metric)
        if target.of_floor:
            value = self.ratio(target.metric, self.row.floor)
        if self.errors():
            return False
        return None if value is None else target.met(value)


def _values(runs: list[Figures], metric: str) -> list[float]:
    return [float(value) for each in runs if isinstance(value := each.get(metric), int | float)]


def _median(values: list[float]) -> float | None:
    return statistics.median(values) if values else None


def measure_start(reps: int) -> tuple[Measured, Server]:
    """Start the server several times. The last one stays up."""
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


def measure_row(row: Row, floor: Helper, driver: Helper, reps: int, quick: bool) -> Measured:
    """Take turns: the floor, the server, the floor, the server ..."""
    found = Measured(row)
    for _ in range(1 if row.once else reps):
        for saver in filter(None, (row.floor, row.also)):
            figures = floor.ask(row=row.name, saver=saver, quick=quick)
            found.floor.setdefault(saver, []).append(figures)
        found.server.append(driver.ask(row=row.name, quick=quick))
    return found


def measure(args: argparse.Namespace) -> list[Measured]:
    """Measure everything that was asked for, and tell the progress on stderr."""
    rows, found = chosen(args.rows), []
    with ExitStack() as stack:
        base, pid = args.base, args.pid
        if base is None:
            started, server = measure_start(1 if args.quick else args.reps)
            stack.callback(server.stop)
            found.append(started)
            base, pid = server.base, server.pid
        given = ["--base", base.rstrip("/"), *(["--pid", str(pid)] if pid else [])]
        floor = stack.enter_context(Helper("floor.py", "--answer"))
        driver = stack.enter_context(Helper("driver.py", *given))
        for row in rows:
            print(f"measuring {row.name}: {row.title}", file=sys.stderr, flush=True)
            found.append(measure_row(row, floor, driver, args.reps, args.quick))
    return found


def verdicts(found: list[Measured]) -> Iterator[tuple[str, ...]]:
    """The lines of the table of targets."""
    yield ("row", "metric", "target", "figure", "spread", "floor", "ratio", "")
    for each in found:
        row = each.row
        for target in row.targets:
            said = {True: "met", False: "NOT MET", None: "not measured"}[each.met(target)]
            yield _line(each, target.metric, str(target), row.floor, said)
            if row.also and target.of_floor:
                yield _line(each, target.metric, f"({row.also})", row.also, "")
        for metric in row.shown:
            yield _line(each, metric, "", row.floor, "")


def _line(
    each: Measured, metric: str, target: str, saver: str | None, said: str
) -> tuple[str, ...]:
    compared = saver if metric in COMPARABLE else None
    spread = each.spread(metric)
    return (
        each.row.name,
        METRICS[metric],
        target,
        _number(each.figure(metric)),
        "-" if spread is None else f"{100 * spread:.0f} %",
        _number(each.base(metric, compared)),
        _number(each.ratio(metric, compared)),
        said,
    )


def details(found: list[Measured]) -> Iterator[tuple[str, ...]]:
    """The lines of the table of all figures of the server."""
    yield ("row", "what", *DETAILS)
    for each in found:
        yield (each.row.name, each.row.title, *[_number(each.figure(m)) for m in DETAILS])


def remarks(found: list[Measured]) -> Iterator[str]:
    """What the reader should know before trusting the figures."""
    for each in found:
        if each.errors():
            texts = [run["error"] for run in each.server if "error" in run]
            yield f"{each.row.name}: {each.errors()} runs failed, the first with: {texts[0]}"
        for saver, runs in each.floor.items():
            if any(_values(runs, "errors")):
                texts = [run["error"] for run in runs if "error" in run]
                yield f"{each.row.name}: runs of the floor ({saver}) failed: {texts[0]}"
        if (each.figure("driver_share") or 0) > BUSY:
            yield f"{each.row.name}: the driver used a whole core; the server may be faster"
    if os.getloadavg()[0] > (os.cpu_count() or 1):
        yield "the machine is busy: believe the ratios, not the figures"


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    if value >= 1000 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def print_table(lines: list[tuple[str, ...]], left: int) -> None:
    """Print lines in columns, the first `left` of them and the last flush left."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for number, line in enumerate(lines):
        cells = [
            cell.ljust(width) if at < left else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))


def report(found: list[Measured], reps: int) -> dict[str, Any]:
    """Everything that was measured, for `--json`."""
    packages = ("demotic", "langgraph", "langgraph-checkpoint-sqlite")
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "packages": {name: version(name) for name in packages},
        "reps": reps,
        "rows": {each.row.name: _row_report(each) for each in found},
    }


def _row_report(each: Measured) -> dict[str, Any]:
    targets = [
        {**asdict(target), "text": str(target), "met": each.met(target)}
        for target in each.row.targets
    ]
    return {
        "title": each.row.title,
        "median": {metric: each.figure(metric) for metric in (*METRICS, *DETAILS)},
        "targets": targets,
        "server": each.server,
        "floor": each.floor,
    }


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reps", type=int, default=5, help="repetitions [5]")
    parser.add_argument("--rows", help="names, separated by commas, or `all`")
    parser.add_argument("--base", help="measure the server at this address instead")
    parser.add_argument("--pid", type=int, help="its process, for CPU and memory with --base")
    parser.add_argument("--quick", action="store_true", help="a fifth of the runs, one start")
    parser.add_argument("--json", type=Path, help="write all figures to this file, too")
    args = parser.parse_args()
    if args.reps < 1:
        parser.error("--reps must be 1 or more")
    return args


def main() -> None:
    """Measure, print, write."""
    args = parse()
    found = measure(args)
    print()
    print_table(list(verdicts(found)), left=3)
    print()
    print_table(list(details(found)), left=2)
    for remark in remarks(found):
        print(f"\nNote: {remark}")
    if args.json:
        args.json.write_text(json.dumps(report(found, args.reps), indent=2) + "\n")


if __name__ == "__main__":
    main()
