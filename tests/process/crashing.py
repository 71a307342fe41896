"""Real servers that die at a chosen point, and a client that goes on after each death."""

import asyncio
import json
import multiprocessing
import os
import random
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import apsw
import httpx
import msgspec

from demotic.domain.ids import seq_of  # noqa: F401 - imported before the fork
from demotic.domain.lifecycle import LEG_ENDS, RunState

GRAPHS = Path(__file__).parent / "crash_graphs" / "langgraph.json"
DEADLINE_S = 40.0
TRIAL_S = 110.0

POINTS = [
    f"{operation}:{stage}"
    for operation in ("admit", "append", "put_checkpoint", "put_writes", "finish", "claim")
    for stage in ("submitted", "executed", "committed", "answered")
]
"""Every await and commit on the way of a run: where a write is handed to the writer thread,
where its statements have run, where its commit is done, where its caller goes on."""


@dataclass(frozen=True)
class Death:
    """When a server dies: at the n-th time it comes to a point, or after some seconds."""

    point: str = ""
    n: int = 1
    after_s: float | None = None

    def probe(self) -> Callable[[str], None]:
        """What the server calls at each point."""
        left = self.n

        def reached(point: str) -> None:
            nonlocal left
            if point == self.point or (self.point == "*" and ":" in point):
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        return reached


def run_server(
    listener: socket.socket, data_dir: str, death: Death | None, ttl: dict[str, Any] | None
) -> None:
    """Serve the crash graphs (in a process of its own)."""
    from demotic import logs
    from demotic.config import Settings, ThreadTtl, read_config
    from demotic.server import serve

    logs.configure("ERROR", json=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    config = read_config(GRAPHS)
    config.enter()
    settings = Settings(
        host="127.0.0.1",
        port=0,
        data_dir=Path(data_dir),
        slots=10,
        synchronous="normal",
        drain_s=5.0,
        retention_s=3600.0,
        run_s=600.0,
        body_limit=1_000_000,
        log_level="ERROR",
        log_json=True,
        thread_ttl=ThreadTtl(**ttl) if ttl else None,
    )
    if death and death.after_s is not None:
        kill = threading.Timer(death.after_s, os.kill, (os.getpid(), signal.SIGKILL))
        kill.daemon = True
        kill.start()
    probe = death.probe() if death else lambda _: None
    try:
        serve(config, settings, sockets=[listener], probe=probe)
    except KeyboardInterrupt:
        return


def nursery() -> Any:
    """Where servers are forked from, with everything imported already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["process.crashing", "demotic.server", "langgraph.graph"])
    return context


class Trial:
    """One data directory, a row of servers on it, one client.

    `ttl` is how long the servers keep threads.
    """

    def __init__(
        self, directory: Path, deaths: list[Death], ttl: dict[str, Any] | None = None
    ) -> None:
        self.directory, self._ttl = directory, ttl
        self.data = directory / "data"
        self.marks = directory / "marks"
        self._context = nursery()
        self._deaths: list[Death | None] = [*deaths, None]
        self._server: BaseProcess | None = None
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        port = self._listener.getsockname()[1]
        self.http = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", timeout=DEADLINE_S, trust_env=False
        )
        self.pids: list[int] = []
        self.committed: list[dict[str, int]] = []

    def start(self) -> None:
        """Start the next server, when the last one is dead. The last of all does not die."""
        if self._server is not None:
            self._server.join(DEADLINE_S)
            self.note_committed()
        death = self._deaths.pop(0) if len(self._deaths) > 1 else self._deaths[0]
        self._server = self._context.Process(
            target=run_server,
            args=(self._listener, str(self.data), death, self._ttl),
            daemon=True,
        )
        self._server.start()
        assert self._server.pid
        self.pids.append(self._server.pid)

    def wait_for_death(self) -> None:
        """Wait until the present server is dead."""
        assert self._server is not None
        self._server.join(DEADLINE_S)
        assert not self._server.is_alive(), "the server lives on"

    @property
    def starts(self) -> int:
        """How many servers it took."""
        return len(self.pids)

    async def close(self) -> None:
        """Stop the last server."""
        await self.http.aclose()
        if self._server is not None:
            assert self._server.pid
            if self._server.is_alive():
                os.kill(self._server.pid, signal.SIGTERM)
            await asyncio.to_thread(self._server.join, DEADLINE_S)
            if self._server.is_alive():
                self._server.kill()
        self._listener.close()

    async def persist(self, request: Callable[[], Any]) -> Any:
        """Do a request until a server answers it; start the next server when one has died."""
        while True:
            try:
                return await self.unless_dead(request)
            except (httpx.TransportError, httpx.StreamError):
                await asyncio.to_thread(self.start)

    async def revive(self) -> None:
        """Wait until the server dies, where no request would tell; then start the next one."""
        assert self._server is not None
        loop, died = asyncio.get_running_loop(), asyncio.Event()
        sentinel = self._server.sentinel
        loop.add_reader(sentinel, died.set)
        try:
            await asyncio.wait_for(died.wait(), DEADLINE_S)
        finally:
            loop.remove_reader(sentinel)
        await asyncio.to_thread(self.start)

    async def unless_dead(self, request: Callable[[], Any]) -> Any:
        """Do a request; when the server dies first, it counts as broken.

        A connection that the dead server had not accepted yet would wait for the next one.
        """
        assert self._server is not None
        loop, sentinel = asyncio.get_running_loop(), self._server.sentinel
        asked = asyncio.ensure_future(request())
        loop.add_reader(sentinel, asked.cancel)
        try:
            return await asked
        except asyncio.CancelledError:
            raise httpx.ReadError("The server has died.") from None
        finally:
            loop.remove_reader(sentinel)

    def database(self) -> apsw.Connection:
        """The database, while no server is at work on it."""
        return apsw.Connection(str(self.data / "demotic.db"), flags=apsw.SQLITE_OPEN_READONLY)

    def note_committed(self) -> None:
        """Remember how far each tag's run had committed when its server died."""
        if not (self.data / "demotic.db").exists():
            self.committed.append({})
            return
        connection = apsw.Connection(str(self.data / "demotic.db"))
        query = """SELECT h.thread_id, c.metadata FROM checkpoint_head h JOIN checkpoint c
                   ON c.thread_id = h.thread_id AND c.ns = h.ns AND c.id = h.checkpoint_id"""
        try:
            found = connection.execute(query).fetchall()
        except apsw.SQLError:  # it died before the schema was made
            found = []
        connection.close()
        self.committed.append({str(t): int(json.loads(str(m))["step"]) for t, m in found})

    def marked(self) -> list[tuple[str, str, int]]:
        """(tag, word, process) of everything that nodes did."""
        if not self.marks.exists():
            return []
        rows = [line.split() for line in self.marks.read_text().splitlines()]
        return [(tag, word, int(pid)) for tag, word, pid in rows]


@asynccontextmanager
async def opened(directory: Path, deaths: list[Death]) -> AsyncIterator[Trial]:
    """A trial with its first server started, and a time limit of its own.

    The test runner's own limit raises in whatever runs just then; asyncio swallows it where
    that is a callback of the loop's.
    """
    trial = Trial(directory, deaths)
    trial.start()
    try:
        async with asyncio.timeout(TRIAL_S):
            yield trial
    finally:
        await trial.close()


@dataclass
class Watched:
    """A run and the events that its client has seen: position → (event, data)."""

    thread_id: str
    run_id: str | None = None
    seen: dict[int, tuple[str, str]] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)

    @property
    def last(self) -> str:
        """The `Last-Event-ID` to come back with."""
        return str(self.order[-1]) if self.order else "-1"

    async def read(self, response: httpx.Response) -> None:
        """Take the events of a stream up to its end, or to the server's death."""
        event, data = "", ""
        async for line in response.aiter_lines():
            name, _, value = line.partition(": ")
            if name == "event":
                event = value
            elif name == "data":
                data = value
            elif name == "id":
                seq = int(value)
                assert seq not in self.seen, "an event came twice"
                assert not self.order or seq > self.order[-1], "events came out of order"
                self.seen[seq] = (event, data)
                self.order.append(seq)


async def stream_run(trial: Trial, thread_id: str, body: dict[str, Any]) -> Watched:
    """Create a run and follow it to its end, through every death."""
    watched = Watched(thread_id)
    before = await run_ids(trial, thread_id)
    body = {**body, "stream_resumable": True}

    async def create() -> None:
        known = [i for i in await run_ids(trial, thread_id) if i not in before]
        if known:
            watched.run_id = known[-1]
            return
        path = f"/threads/{thread_id}/runs/stream"
        async with trial.http.stream("POST", path, json=body) as response:
            assert response.status_code == 200, await response.aread()
            watched.run_id = response.headers["content-location"].rsplit("/", 1)[1]
            await watched.read(response)

    await trial.persist(create)

    async def follow() -> None:
        path = f"/threads/{thread_id}/runs/{watched.run_id}/stream"
        headers = {"Last-Event-ID": watched.last}
        async with trial.http.stream("GET", path, headers=headers) as response:
            assert response.status_code == 200, await response.aread()
            await watched.read(response)

    await trial.persist(follow)
    return watched


async def call(trial: Trial, method: str, path: str, body: Any = None) -> Any:
    """A request that must be answered with success, now or by a later server."""

    async def request() -> Any:
        response = await trial.http.request(method, path, json=body)
        assert response.status_code < 300, (response.status_code, response.text)
        return response.json() if response.content.strip() else None

    return await trial.persist(request)


async def attempt(trial: Trial, method: str, path: str, body: Any = None) -> bool:
    """A request that may end with its server's death, after which the next one is started;
    whether it was answered, with success."""
    try:
        response = await trial.unless_dead(lambda: trial.http.request(method, path, json=body))
    except (httpx.TransportError, httpx.StreamError):
        await asyncio.to_thread(trial.start)
        return False
    assert response.status_code < 300, (response.status_code, response.text)
    return True


async def run_ids(trial: Trial, thread_id: str) -> list[str]:
    """The thread's runs, oldest first."""
    runs = await call(trial, "GET", f"/threads/{thread_id}/runs?limit=100")
    return [run["run_id"] for run in reversed(runs)]


def check_database(trial: Trial) -> None:
    """What must hold for everything stored, once all servers have ended."""
    connection = trial.database()
    assert connection.pragma("integrity_check") == "ok"
    assert not connection.execute("PRAGMA foreign_key_check").fetchall()
    for run_id, state in connection.execute("SELECT id, state FROM run"):
        assert RunState(str(state)) in LEG_ENDS, f"run {run_id} is {state}"
    for thread_id, state, temporary in connection.execute(
        "SELECT id, state, temporary FROM thread"
    ):
        assert state != "busy", f"thread {thread_id} is busy"
        assert temporary != 4, f"thread {thread_id} is half a copy"
    for table in ("checkpoint", "checkpoint_head", "checkpoint_write", "checkpoint_value"):
        query = f"SELECT 1 FROM {table} WHERE thread_id NOT IN (SELECT id FROM thread)"
        assert not connection.execute(query).fetchall(), f"{table} has rows of no thread"
    positions: dict[str, list[int]] = {}
    ends: dict[str, int] = {}
    decode = msgspec.msgpack.Decoder(list[tuple[int, str, str, bytes, int]]).decode
    query = "SELECT thread_id, run_id, packed FROM feed ORDER BY thread_id, seq"
    for thread_id, run_id, packed in connection.execute(query):
        for seq, kind, *_ in decode(packed):
            positions.setdefault(str(thread_id), []).append(seq)
            ends[str(run_id)] = ends.get(str(run_id), 0) + (kind in ("end", "changed"))
    for found in positions.values():
        assert found == sorted(set(found)), "each position exists once, in order"
    assert set(ends.values()) <= {1}, "each run has one last event"
    connection.close()


def check_steps(trial: Trial, thread_id: str, tag: str) -> None:
    """No superstep whose checkpoint was committed ran again in a later process."""
    for generation, committed in enumerate(trial.committed):
        done = committed.get(thread_id, -1)
        earlier = set(trial.pids[: generation + 1])
        for marked_tag, word, pid in trial.marked():
            if marked_tag == tag and pid not in earlier:
                assert int(word) + 1 > done, f"step {word} ran again"


def stored_events(trial: Trial, run_id: str) -> dict[int, str]:
    """Position → kind of a run's events in the log."""
    connection = trial.database()
    decode = msgspec.msgpack.Decoder(list[tuple[int, str, str, bytes, int]]).decode
    query = "SELECT packed FROM feed WHERE run_id = ? ORDER BY seq"
    found = {
        seq: kind
        for (packed,) in connection.execute(query, (run_id,))
        for seq, kind, *_ in decode(packed)
    }
    connection.close()
    return found


def moments(count: int, upper_s: float, seed: int) -> list[Death]:
    """Deaths at random moments."""
    chance = random.Random(seed)
    return [Death(after_s=chance.uniform(0, upper_s)) for _ in range(count)]
