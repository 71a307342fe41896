"""What is measured, and what is expected of it."""

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
    "cpu_ms": "server CPU ms/run",
    "wall_s": "wall s",
    "start_s": "start s",
    "rss_mib": "memory MiB",
    "rss_growth_mib": "memory growth MiB",
}


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


START = Row(
    name="start",
    title="start to first healthy answer, idle",
    work="start",
    runs=1,
    floor="import",
    targets=(Target("start_s", 2.0), Target("rss_mib", 150.0)),
)

ROWS: tuple[Row, ...] = (
    Row(
        name="echo_c1",
        title="stateless echo, wait, concurrency 1",
        work="echo",
        runs=200,
        warm_up=30,
        floor="memory",
        targets=(Target("p50_ms", 5.0),),
    ),
    Row(
        name="echo_c32",
        title="stateless echo, wait, concurrency 32",
        work="echo",
        runs=1000,
        concurrency=32,
        warm_up=30,
        floor="memory",
        targets=(
            Target("runs_per_s", 0.4, at_least=True, of_floor=True),
            Target("cpu_ms", 2.5),
        ),
    ),
    Row(
        name="durable_c32",
        title="create thread + wait, concurrency 32",
        work="durable",
        runs=600,
        concurrency=32,
        warm_up=30,
        floor="sqlite",
        also="sqlite-normal",
        targets=(Target("runs_per_s", 1.0, at_least=True, of_floor=True),),
        shown=("cpu_ms",),
    ),
    Row(
        name="stream_c1",
        title="200 tokens, `messages`, concurrency 1",
        work="stream",
        runs=20,
        floor="memory",
        targets=(Target("first_ms", 15.0),),
    ),
    Row(
        name="stream_c16",
        title="200 tokens, `messages`, concurrency 16",
        work="stream",
        runs=64,
        concurrency=16,
        floor="memory",
        targets=(Target("events_per_s", 0.4, at_least=True, of_floor=True),),
        shown=("cpu_ms",),
    ),
    Row(
        name="tuples_c16",
        title="200 tokens, `messages-tuple`, concurrency 16",
        work="tuples",
        runs=64,
        concurrency=16,
        floor="memory",
        targets=(Target("events_per_s", 0.4, at_least=True, of_floor=True),),
        shown=("cpu_ms",),
    ),
    Row(
        name="steps_c8",
        title="ten durable steps, wait, concurrency 8",
        work="steps",
        runs=96,
        concurrency=8,
        warm_up=8,
        floor="sqlite",
        also="sqlite-normal",
        targets=(Target("runs_per_s", 2.0, at_least=True, of_floor=True),),
        shown=("cpu_ms",),
    ),
    Row(
        name="sleepy_200",
        title="200 runs of 1 s at once, wait",
        work="sleepy",
        runs=200,
        concurrency=200,
        warm_up=1,
        floor="memory",
        targets=(Target("wall_s", 2.0, of_floor=True),),
        once=True,
    ),
    Row(
        name="sleepy_1000",
        title="1,000 runs of 1 s at once, wait",
        work="sleepy",
        runs=1000,
        concurrency=1000,
        warm_up=1,
        floor="memory",
        targets=(Target("wall_s", 2.0, of_floor=True),),
        asked_only=True,
        once=True,
    ),
    Row(
        name="resume_c1",
        title="interrupt and resume (two runs), concurrency 1",
        work="resume",
        runs=40,
        floor="memory",
        shown=("p50_ms", "cpu_ms"),
        asked_only=True,
    ),
    Row(
        name="state_c1",
        title="state of a thread",
        work="state",
        runs=100,
        targets=(Target("p50_ms", 10.0),),
        asked_only=True,
    ),
    Row(
        name="history_c1",
        title="history of 100 checkpoints",
        work="history",
        runs=20,
        targets=(Target("p50_ms", 10.0),),
        asked_only=True,
    ),
    Row(
        name="search_c1",
        title="search among 10,000 threads by metadata",
        work="search",
        runs=20,
        targets=(Target("p50_ms", 10.0),),
        asked_only=True,
    ),
    Row(
        name="item_put_c1",
        title="store an item again among 100,000",
        work="item_put",
        runs=200,
        targets=(Target("p50_ms", 10.0),),
        asked_only=True,
    ),
    Row(
        name="item_get_c1",
        title="read an item among 100,000",
        work="item_get",
        runs=200,
        targets=(Target("p50_ms", 10.0),),
        asked_only=True,
    ),
    Row(
        name="item_search_c1",
        title="search a user's hundred items among 100,000",
        work="item_search",
        runs=200,
        targets=(Target("p50_ms", 10.0),),
        asked_only=True,
    ),
    Row(
        name="item_search_all_c1",
        title="search by value among all 100,000 items",
        work="item_search_all",
        runs=200,
        targets=(Target("p50_ms", 10.0),),
        asked_only=True,
    ),
    Row(
        name="memory",
        title="10,000 stateless echoes, concurrency 16",
        work="echo",
        runs=10_000,
        concurrency=16,
        warm_up=500,
        targets=(Target("rss_growth_mib", 20.0),),
        asked_only=True,
        once=True,
    ),
)

BY_NAME: Mapping[str, Row] = {row.name: row for row in ROWS}


def chosen(names: str | None) -> list[Row]:
    """The rows that a comma-separated list names: `all`, or without one the usual ones."""
    if names == "all":
        return list(ROWS)
    if names is None:
        return [row for row in ROWS if not row.asked_only]
    unknown = [name for name in names.split(",") if name not in BY_NAME]
    if unknown:
        raise SystemExit(f"No such row: {', '.join(unknown)}. There are {', '.join(BY_NAME)}.")
    return [BY_NAME[name] for name in names.split(",")]
