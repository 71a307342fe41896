"""The floor: the same graphs in bare LangGraph, in one process, without a server.

`python bench/floor.py` prints a table; `bench/run.py` starts this with `--answer`.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import graphs
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.types import Command
from measure import Marks, answer, drive, figures, run, warmed
from rows import BY_NAME, Figures

CELLS = ("echo_c1", "echo_c32", "stream_c1", "stream_c16", "steps_c8")
METRICS = ("runs_per_s", "p50_ms", "p95_ms", "cpu_ms", "events_per_s", "first_ms")


class Bare:
    """Runs of a graph, each on a thread of its own."""

    def __init__(self, work: str, saver: BaseCheckpointSaver[Any] | None) -> None:
        self.marks = Marks()
        self._work = {"durable": "echo", "tuples": "stream"}.get(work, work)
        names = {"stream": "chat10", "resume": "interruptible"}
        name = names.get(self._work, self._work)
        self._graph = graphs.BUILDERS[name].compile(checkpointer=saver)

    async def prepare(self, runs: int) -> None:
        """Nothing to do: a thread begins with its run."""

    async def once(self, index: int) -> None:
        """See `measure.Work`."""
        config: RunnableConfig = {"configurable": {"thread_id": str(uuid4())}}
        await getattr(self, f"_{self._work}")(config)

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

    async def _stream(self, config: RunnableConfig) -> None:
        began, events = time.perf_counter(), 0
        given = {"messages": [("user", "hi")]}
        async for _ in self._graph.astream(given, config, stream_mode="messages"):
            if not events:
                self.marks.firsts.append(time.perf_counter() - began)
            events += 1
        assert events >= graphs.TOKENS, events
        self.marks.events += events


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
        cpu = time.process_time()
        sample = await drive(work.once, indices, row.concurrency)
        cpu = time.process_time() - cpu
    return {**figures(sample, work.marks), "cpu_ms": 1000 * cpu / len(indices)}


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
