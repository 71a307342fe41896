"""What was measured, as tables and as JSON."""

import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from demotic.bench.comparison import Measured, values
from demotic.bench.rows import COMPARABLE, METRICS

BUSY = 0.9
"""Above this share of a core the driver may be what limits the figures."""

DETAILS = ("runs", "errors", "p50_ms", "p95_ms", "p99_ms", "runs_per_s", "cpu_ms", "rss_mib")

Line = tuple[str, ...]


def text(found: Sequence[Measured]) -> str:
    """The table of targets, the table of all figures, and what to know before trusting them."""
    notes = [f"\nNote: {remark}" for remark in remarks(found)]
    tables = [table(list(verdicts(found)), left=3), "", table(list(details(found)), left=2)]
    return "\n".join([*tables, *notes])


def verdicts(found: Sequence[Measured]) -> Iterator[Line]:
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


def _line(each: Measured, metric: str, target: str, saver: str | None, said: str) -> Line:
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


def details(found: Sequence[Measured]) -> Iterator[Line]:
    """The lines of the table of all figures of the server."""
    yield ("row", "what", *DETAILS)
    for each in found:
        yield (each.row.name, each.row.title, *[_number(each.figure(m)) for m in DETAILS])


def remarks(found: Sequence[Measured]) -> Iterator[str]:
    """What the reader should know before trusting the figures."""
    for each in found:
        if each.errors():
            texts = [run["error"] for run in each.server if "error" in run]
            yield f"{each.row.name}: {each.errors()} runs failed, the first with: {texts[0]}"
        for saver, runs in each.floor.items():
            if any(values(runs, "errors")):
                texts = [run["error"] for run in runs if "error" in run]
                yield f"{each.row.name}: runs of the floor ({saver}) failed: {texts[0]}"
        if (each.figure("driver_share") or 0) > BUSY:
            yield f"{each.row.name}: the driver used a whole core; the server may be faster"
    if os.name == "posix" and os.getloadavg()[0] > (os.cpu_count() or 1):
        yield "the machine is busy: believe the ratios, not the figures"


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    if value >= 1000 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def table(lines: Sequence[Line], left: int) -> str:
    """Lines in columns, the first `left` of them and the last flush left."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    shown = [_row(line, widths, left) for line in lines]
    return "\n".join([shown[0], "  ".join("-" * width for width in widths), *shown[1:]])


def _row(line: Line, widths: Sequence[int], left: int) -> str:
    cells = [
        cell.ljust(width) if at < left else cell.rjust(width)
        for at, (cell, width) in enumerate(zip(line, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()


def document(found: Sequence[Measured], reps: int) -> dict[str, Any]:
    """Every repetition of everything, as JSON."""
    packages = ("demotic", "langgraph", "langgraph-checkpoint-sqlite")
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "packages": {name: version(name) for name in packages},
        "reps": reps,
        "rows": {each.row.name: _row_document(each) for each in found},
    }


def _row_document(each: Measured) -> dict[str, Any]:
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
