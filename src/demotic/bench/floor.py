"""The floor: the same graphs in bare LangGraph, in one process, without a server.

`python -m demotic.bench.floor` prints a table of its own; `demotic bench` starts it with
`--answer`.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.types import Command

from demotic.bench.measure import Marks, answer, drive, figures, run, warmed
from demotic.bench.metering import Meter
from demotic.bench.rows import Figures
from demotic.bench.served import graphs
from demotic.bench.talk import HISTORY, LONG, conversation, question
from demotic.bench.workloads import BY_NAME

CELLS = ("echo_c1", "echo_c32", "stream_c1", "stream_c16", "steps_c8")
METRICS = ("runs_per_s", "p50_ms", "p95_ms", "cpu_ms", "events_per_s", "first_ms")

WORKS: Mapping[str, tuple[str, str]] = {
    "echo": ("echo", "echo"),
    "durable": ("echo", "echo"),
    "join": ("echo", "echo"),
    "steps": ("steps", "steps"),
    "sleepy": ("sleepy", "sleepy"),
    "streamed_sleepy": ("sleepy", "sleepy"),
    "resume": ("resume", "interruptible"),
    "stream": ("stream", "chat10"),
    "tuples": ("stream", "chat10"),
    "joined_stream": ("stream", "chat10"),
    "late_stream": ("stream", "chat10"),
    "state": ("state", "steps"),
    "history": ("history", "steps"),
    "first_history": ("history", "steps"),
    "big": ("big", "bigstate"),
    "big_state": ("big_state", "bigstate"),
    "turns": ("turn", "chat10"),
    "long": ("turn", "chat10"),
}
"""A row's `work`: what is done here, and with which graph."""


class Bare:
    """Runs of a graph, each on a thread of its own; method `_x` makes one run of the kind `x`."""

    def __init__(self, work: str, saver: BaseCheckpointSaver[Any] | None) -> None:
        self.marks = Marks()
        self._is_long = work == "long"
        self._kind, name = WORKS[work]
        self._graph = graphs.BUILDERS[name].compile(checkpointer=saver)
        self._kept = _config()

    async def prepare(self, runs: int) -> None:
        """A thread begins with its run; what is read, or goes on, must be there before."""
        if self._kind in ("state", "history"):
            for _ in range(HISTORY // graphs.STEPS):
                await self._graph.ainvoke({"log": []}, self._kept)
        elif self._kind == "big_state":
            await self._graph.ainvoke({"q": "x"}, self._kept)
        elif self._is_long:
            told = {"messages": conversation(LONG)}
            await self._graph.aupdate_state(self._kept, told, "chat")

    async def once(self, index: int) -> None:
        """See `measure.Work`."""
        if self._kind == "turn":
            await self._graph.ainvoke(question(index), self._kept)
        else:
            await getattr(self, f"_{self._kind}")(_config())

    async def _echo(self, config: RunnableConfig) -> None:
        values = await self._graph.ainvoke({"q": "x"}, config)
        assert values["out"] == graphs.ECHO, values

    async def _steps(self, config: RunnableConfig) -> None:
        values = await self._graph.ainvoke({"log": []}, config)
        assert len(values["log"]) == graphs.STEPS, values

    async def _sleepy(self, config: RunnableConfig) -> None:
        values = await self._graph.ainvoke({"secs": 1.0}, config)
        assert values["out"] == graphs.SLEPT, values

    async def _resume(self, config: RunnableConfig) -> None:
        await self._graph.ainvoke({"q": "x"}, config)
        values = await self._graph.ainvoke(Command(resume="yes"), config)
        assert values["answer"] == "yes", values

    async def _big(self, config: RunnableConfig) -> None:
        values = await self._graph.ainvoke({"q": "x"}, config)
        assert len(values["records"]) == graphs.RECORDS, len(values["records"])

    async def _state(self, config: RunnableConfig) -> None:
        state = await self._graph.aget_state(self._kept)
        assert len(state.values["log"]) == HISTORY, state.values

    async def _big_state(self, config: RunnableConfig) -> None:
        state = await self._graph.aget_state(self._kept)
        assert len(state.values["records"]) == graphs.RECORDS, len(state.values["records"])

    async def _history(self, config: RunnableConfig) -> None:
        states = [each async for each in self._graph.aget_state_history(self._kept, limit=HISTORY)]
        assert len(states) == HISTORY, len(states)

    async def _stream(self, config: RunnableConfig) -> None:
        began, events = time.perf_counter(), 0
        given = {"messages": [("user", "hi")]}
        async for _ in self._graph.astream(given, config, stream_mode="messages"):
            if not events:
                self.marks.firsts.append(time.perf_counter() - began)
            events += 1
        assert events >= graphs.TOKENS, events
        self.marks.events += events


def _config() -> RunnableConfig:
    """A thread of its own."""
    return {"configurable": {"thread_id": str(uuid4())}}


@asynccontextmanager
async def _saver(name: str) -> AsyncIterator[BaseCheckpointSaver[Any] | None]:
    """A new, empty checkpointer. The file lies where `TMPDIR` says, as the server's does."""
    if name == "none":
        yield None
    elif name == "memory":
        yield InMemorySaver()
    else:
        with tempfile.TemporaryDirectory(prefix="demotic-floor-") as folder:
            path = str(Path(folder) / "floor.db")
            async with AsyncSqliteSaver.from_conn_string(path) as saver:
                await saver.setup()
                if name == "sqlite-normal":
                    await saver.conn.execute("PRAGMA synchronous=NORMAL")
                yield saver


async def measured(row_name: str, saver_name: str, quick: bool) -> Figures:
    """Measure a row once."""
    row = BY_NAME[row_name]
    async with _saver(saver_name) as saver:
        work = Bare(row.work, saver)
        indices = await warmed(work, row.scaled(quick), row.concurrency, row.warm_up)
        meter = Meter(indices, cpu_s=time.process_time)
        meter.begin()
        sample = await drive(meter.watched(work.once), indices, row.concurrency)
        cost = await meter.end(len(sample.latencies))
    return {**figures(sample, work.marks), **cost}


def _print_table(savers: list[str], reps: int, quick: bool) -> None:
    print(f"{'saver':14} {'row':11}", *[f"{metric:>12}" for metric in METRICS])
    for saver in savers:
        for cell in CELLS:
            runs = [run(measured(cell, saver, quick)) for _ in range(reps)]
            print(f"{saver:14} {cell:11}", *[f"{_median(runs, m):>12}" for m in METRICS])


def _median(runs: list[Figures], metric: str) -> str:
    values = [value for each in runs if isinstance(value := each.get(metric), float)]
    return f"{statistics.median(values):,.2f}" if values else "-"


def main() -> None:
    """Print a table, or answer the process that asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--savers", default="none,memory,sqlite", help="also: sqlite-normal")
    parser.add_argument("--reps", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a fifth of the runs")
    parser.add_argument("--answer", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.answer:
        answer(lambda asked: run(measured(asked["row"], asked["saver"], asked["quick"])))
    else:
        _print_table(args.savers.split(","), args.reps, args.quick)


if __name__ == "__main__":
    main()
