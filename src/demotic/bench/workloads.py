"""The rows of the benchmark: which workloads there are, and the targets of each."""

from collections.abc import Mapping, Sequence

from demotic.bench.rows import Row, Target
from demotic.bench.workloads_full import FULL, ITEMS

START = Row(
    name="start",
    title="start to first healthy answer, idle",
    work="start",
    runs=1,
    floor="import",
    targets=(Target("start_s", 2.0), Target("rss_mib", 150.0)),
)

_MEMORY = (
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
    Row(
        name="memory_threads",
        title="2,000 threads with a run each, concurrency 16",
        work="durable",
        runs=2000,
        concurrency=16,
        warm_up=500,
        targets=(Target("rss_growth_mib", 20.0),),
        shown=("disk_kib",),
        asked_only=True,
        once=True,
    ),
)
"""First of all: a server that has done much already grows no more."""

_WITHOUT_THREAD = (
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
)

_ON_THREADS = (
    Row(
        name="durable_c1",
        title="create thread + wait, concurrency 1",
        work="durable",
        runs=200,
        warm_up=30,
        floor="sqlite",
        shown=("p50_ms", "cpu_ms"),
        asked_only=True,
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
        name="resume_c1",
        title="interrupt and resume (two runs), concurrency 1",
        work="resume",
        runs=40,
        floor="memory",
        shown=("p50_ms", "cpu_ms"),
        asked_only=True,
    ),
    Row(
        name="big_c1",
        title="a run that writes 195 kB of state, wait",
        work="big",
        runs=20,
        floor="memory",
        shown=("p50_ms", "cpu_ms"),
        asked_only=True,
    ),
)

_STREAMS = (
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
        name="tuples_c1",
        title="200 tokens, `messages-tuple`, concurrency 1",
        work="tuples",
        runs=20,
        floor="memory",
        targets=(Target("first_ms", 15.0),),
        asked_only=True,
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
)

_WAITING = tuple(
    Row(
        name=f"{work}_{runs}",
        title=f"{runs:,} runs of 1 s at once, {how}",
        work=work,
        runs=runs,
        concurrency=runs,
        warm_up=1,
        floor="memory",
        targets=(Target("wall_s", 2.0, of_floor=True),),
        asked_only=(work, runs) != ("sleepy", 200),
        once=True,
    )
    for work, how in (("sleepy", "wait"), ("streamed_sleepy", "stream"))
    for runs in (200, 1000)
)

_BACKGROUND = (
    Row(
        name="join_c1",
        title="background run, then join, concurrency 1",
        work="join",
        runs=60,
        floor="memory",
        shown=("p50_ms", "submit_ms", "cpu_ms"),
        asked_only=True,
    ),
    Row(
        name="join_c16",
        title="background run, then join, concurrency 16",
        work="join",
        runs=120,
        concurrency=16,
        floor="memory",
        shown=("runs_per_s", "submit_ms", "cpu_ms"),
        asked_only=True,
    ),
    Row(
        name="joined_stream_c1",
        title="background run of 200 tokens, its stream joined",
        work="joined_stream",
        runs=15,
        floor="memory",
        shown=("p50_ms", "cpu_ms"),
        asked_only=True,
    ),
    Row(
        name="late_stream_c1",
        title="background run of 200 tokens, its stream read late",
        work="late_stream",
        runs=15,
        floor="memory",
        shown=("p50_ms", "cpu_ms"),
        asked_only=True,
    ),
)

_READS = (
    Row(
        name="state_c1",
        title="state of a thread",
        work="state",
        runs=100,
        floor="memory",
        targets=(Target("p50_ms", 10.0),),
        asked_only=True,
    ),
    Row(
        name="history_c1",
        title="history of 100 checkpoints, read again",
        work="history",
        runs=20,
        floor="memory",
        targets=(Target("p50_ms", 10.0),),
        asked_only=True,
    ),
    Row(
        name="first_history_c1",
        title="history of 100 checkpoints, read for the first time",
        work="first_history",
        runs=20,
        floor="memory",
        targets=(Target("p50_ms", 10.0),),
        asked_only=True,
    ),
    Row(
        name="big_state_c1",
        title="state of 195 kB",
        work="big_state",
        runs=20,
        floor="memory",
        shown=("p50_ms", "cpu_ms"),
        asked_only=True,
    ),
    Row(
        name="threads_c32",
        title="creating threads with metadata, concurrency 32",
        work="threads",
        runs=2000,
        concurrency=32,
        shown=("runs_per_s", "cpu_ms"),
        asked_only=True,
    ),
    *(
        Row(
            name=f"{work}_c1",
            title=f"{title} among 10,000 threads",
            work=work,
            runs=20,
            targets=(Target("p50_ms", 10.0),),
            asked_only=True,
        )
        for work, title in (
            ("search", "search by metadata"),
            ("newest", "the ten newest"),
            ("deep_page", "a page behind 9,000 others"),
        )
    ),
    Row(
        name="crowded_c1",
        title="create thread + wait, beside 10,000 threads",
        work="crowded",
        runs=50,
        shown=("p50_ms", "cpu_ms"),
        asked_only=True,
    ),
)

_GROWTH = (
    Row(
        name="turns_500",
        title="500 turns of 200 tokens on one thread",
        work="turns",
        runs=500,
        warm_up=2,
        floor="memory",
        targets=(Target("late_cpu_ms", 1.3, of_floor=True), Target("disk_drift", 1.3)),
        shown=("p50_ms", "cpu_ms", "disk_kib"),
        asked_only=True,
        once=True,
    ),
    Row(
        name="long_c1",
        title="a turn on a thread of 10,000 messages",
        work="long",
        runs=20,
        warm_up=2,
        floor="memory",
        targets=(Target("cpu_ms", 1.3, of_floor=True),),
        shown=("p50_ms", "disk_kib"),
        asked_only=True,
    ),
)

ROWS: tuple[Row, ...] = (
    *_MEMORY,
    *_WITHOUT_THREAD,
    *_ON_THREADS,
    *_STREAMS,
    *_WAITING,
    *_BACKGROUND,
    *_READS,
    *_GROWTH,
    *FULL,
    *ITEMS,
)

BY_NAME: Mapping[str, Row] = {row.name: row for row in ROWS}


class NoSuchRow(Exception):
    """A row is named that does not exist."""


def chosen(names: Sequence[str]) -> list[Row]:
    """The rows that are named: `all`, or without a name the usual ones. Raises `NoSuchRow`."""
    if not names:
        return [row for row in ROWS if not row.asked_only]
    if "all" in names:
        return list(ROWS)
    if unknown := [name for name in names if name not in BY_NAME and name != START.name]:
        raise NoSuchRow(f"There is no row {', '.join(unknown)}. There are {', '.join(BY_NAME)}.")
    return [BY_NAME[name] for name in dict.fromkeys(names) if name != START.name]
