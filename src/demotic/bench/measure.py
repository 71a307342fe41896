"""How a workload is driven and timed: the same for the floor and for a server."""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from demotic.bench.rows import Figures

LoopFactory = Callable[[], asyncio.AbstractEventLoop]

new_event_loop: LoopFactory = asyncio.new_event_loop
with suppress(ImportError):
    import uvloop

    new_event_loop = uvloop.new_event_loop

GIVE_UP_S = 60.0
"""A measurement starts no further run after this long."""

Result = TypeVar("Result")


class Work(Protocol):
    """One kind of run. `prepare` is not timed; `once` is, and notes the events it saw."""

    marks: "Marks"

    async def prepare(self, runs: int) -> None:
        """Make ready what the runs need."""

    async def once(self, index: int) -> None:
        """Make one run and check its answer."""


@dataclass(slots=True)
class Marks:
    """What runs note: how many events came, when the first did, when the run was accepted."""

    events: int = 0
    firsts: list[float] = field(default_factory=list)
    accepted: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Sample:
    """The latencies of runs, in seconds, and how long all of them took."""

    latencies: list[float]
    errors: list[str]
    wall: float


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """Run to completion on the fastest event loop there is."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main)


async def drive(
    once: Callable[[int], Awaitable[None]], indices: Sequence[int], concurrency: int
) -> Sample:
    """Closed loop: every one of `concurrency` clients starts its next run when one ends."""
    latencies: list[float] = []
    errors: list[str] = []
    queue = iter(indices)
    began = time.perf_counter()

    async def client() -> None:
        for index in queue:
            start = time.perf_counter()
            if start - began > GIVE_UP_S:
                errors.append(f"gave up after {GIVE_UP_S:g} s")
                return
            try:
                await once(index)
            except Exception as error:  # a failed run is a result, too
                errors.append(f"{type(error).__name__}: {error}"[:300])
            else:
                latencies.append(time.perf_counter() - start)

    await asyncio.gather(*[client() for _ in range(concurrency)])
    return Sample(latencies, errors, time.perf_counter() - began)


async def warmed(work: Work, runs: int, concurrency: int, warm_up: int) -> range:
    """Prepare the work, make the runs that do not count, and answer which ones do."""
    await work.prepare(warm_up + runs)
    await drive(work.once, range(warm_up), min(concurrency, 4))
    work.marks = Marks()
    return range(warm_up, warm_up + runs)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which a share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def figures(sample: Sample, marks: Marks) -> Figures:
    """The metrics that latencies and marks give."""
    found: Figures = {
        "runs": float(len(sample.latencies)),
        "errors": float(len(sample.errors)),
        "wall_s": sample.wall,
        "runs_per_s": len(sample.latencies) / sample.wall,
    }
    if sample.errors:
        found["error"] = sample.errors[0]
    if sample.latencies:
        for name, share in (("p50_ms", 0.5), ("p95_ms", 0.95), ("p99_ms", 0.99)):
            found[name] = 1000 * percentile(sample.latencies, share)
    if marks.accepted:
        found["submit_ms"] = 1000 * percentile(marks.accepted, 0.5)
    if marks.firsts:
        found["events_per_s"] = marks.events / sample.wall
        found["first_ms"] = 1000 * percentile(marks.firsts, 0.5)
    return found


def answer(measured: Callable[[dict[str, Any]], Figures]) -> None:
    """Serve measurements to the process that started this one: a line asks, a line answers."""
    for line in sys.stdin:
        try:
            found = measured(json.loads(line))
        except Exception as error:  # what the runs need could not be made
            found = {"runs": 0.0, "errors": 1.0, "error": f"{type(error).__name__}: {error}"[:300]}
        print(json.dumps(found), flush=True)
