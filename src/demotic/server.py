"""The composition root: the only module that knows every room."""

import asyncio
import gc
import os
import socket as sockets
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from functools import partial
from typing import Any, NoReturn
from uuid import uuid4

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.types import ASGIApp

from demotic.agents.langgraph.adapter import LangGraphAgent
from demotic.agents.langgraph.factories import Factory, Graph
from demotic.agents.langgraph.loader import load_graph
from demotic.agents.langgraph.serde import StrictSerializer
from demotic.config import Config, Settings
from demotic.dialects.langgraph.routes import LangGraphDialect
from demotic.engine.core import Engine, Limits, running
from demotic.engine.leftovers import AgentExecutor
from demotic.logs import AccessLog
from demotic.ports.agent import Agent
from demotic.ports.checkpoints import Checkpoints
from demotic.ports.clock import SystemClock
from demotic.storage.sqlite.checkpoints import SqliteCheckpoints
from demotic.storage.sqlite.database import Database, Probe, no_probe
from demotic.storage.sqlite.storage import SqliteStorage
from demotic.web.bodies import BodyLimit
from demotic.web.hosts import HostGuard

DATABASE = "demotic.db"
"""Name of the database file in the data directory."""

SYSTEM = {"created_by": "system"}
"""Metadata of the assistants that the server makes itself."""

THREADS = "demotic-node"
"""What the names of the threads of agents begin with."""

CLOSE_S = 5
"""How long connections may take to end once the engine has stopped."""


Graphs = Mapping[str, Graph | Factory]


def load_graphs(config: Config) -> Graphs:
    """The graphs that a configuration names. Raises `AgentError`.

    Call it while no event loop runs: importing a graph may use one.
    """
    return {
        name: load_graph(name, spec.target, config.directory, config.import_paths)
        for name, spec in config.graphs.items()
    }


def make_agents(config: Config, graphs: Graphs, checkpoints: Checkpoints) -> dict[str, Agent]:
    """The graphs as agents whose state is kept in a checkpoint store."""
    agents: dict[str, Agent] = {}
    for name, graph in graphs.items():
        serde = StrictSerializer(allowed_msgpack_modules=[*config.allowed_types])
        agents[name] = LangGraphAgent(
            name, graph, checkpoints, serde, description=config.graphs[name].description
        )
    return agents


def _nothing() -> None:
    """Nothing is done."""


@asynccontextmanager
async def engine_of(
    config: Config,
    settings: Settings,
    graphs: Graphs,
    *,
    probe: Probe = no_probe,
    on_stuck: Callable[[], None] = _nothing,
    on_blocked: Callable[[], None] = _nothing,
) -> AsyncIterator[Engine]:
    """The engine that configuration and settings describe, at work.

    `on_stuck` and `on_blocked` are those of `demotic.engine.core.running`. `probe` is called with
    the name of every point at which a write is submitted, executed, committed and answered; tests
    use it to stop the process there.
    """
    path = settings.data_dir / DATABASE
    database = Database(path, synchronous=settings.synchronous, probe=probe)
    storage = SqliteStorage(database)
    try:
        agents = make_agents(config, graphs, SqliteCheckpoints(database))
        limits = Limits(
            slots=settings.slots,
            run_s=settings.run_s,
            drain_s=settings.drain_s,
            retention_s=settings.retention_s,
            stuck=settings.stuck_limit,
            blocked_s=settings.blocked_s,
        )
        async with running(
            storage,
            agents,
            SystemClock(),
            limits,
            worker_name=f"{sockets.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}",
            system_metadata=SYSTEM,
            on_stuck=on_stuck,
            on_blocked=on_blocked,
        ) as engine:
            yield engine
    finally:
        await storage.close()


def make_app(engine: Engine, config: Config, settings: Settings) -> ASGIApp:
    """The HTTP application: LangGraph's API at the root, or below the prefix that is set."""
    dialect = LangGraphDialect(lambda: engine)
    prefix = settings.mount_prefix or config.mount_prefix
    return Starlette(
        routes=[Mount(prefix, routes=dialect.routes)] if prefix else dialect.routes,
        exception_handlers=dialect.exception_handlers,
        middleware=[
            Middleware(AccessLog),
            Middleware(BodyLimit, max_bytes=settings.body_limit),
            Middleware(
                HostGuard,
                bound=settings.host,
                names=settings.allowed_hosts,
                origins=config.cors_origins or settings.cors_origins,
                dev=settings.local_origins,
            ),
        ],
    )


class _Server(uvicorn.Server):
    """A server that stops its engine first: runs stop at a safe point, followers are sent away."""

    def __init__(self, config: uvicorn.Config, engine: Engine, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._engine, self._ready = engine, ready

    async def startup(self, sockets: list[sockets.socket] | None = None) -> None:
        """Listen, then tell."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[sockets.socket] | None = None) -> None:
        """Accept no more, stop the engine, then close what is open."""
        for server in self.servers:
            server.close()
        stopping = asyncio.create_task(self._engine.stop())
        while not stopping.done() and not self.force_exit:
            await asyncio.wait([stopping], timeout=0.1)
        stopping.cancel()
        await super().shutdown(sockets)


def serve(
    config: Config,
    settings: Settings,
    *,
    socket: sockets.socket | None = None,
    on_ready: Callable[[], None] | None = None,
    probe: Probe = no_probe,
    dev: bool = False,
    restart: Callable[[], NoReturn] | None = None,
) -> None:
    """Serve until a signal asks to stop; a second one stops at once.

    `on_ready` is called when requests are answered. In `dev`, code of agents that blocks the event
    loop is reported. `restart` leaves the process for a new one; it is called when agents leave
    too much behind that does not stop, if the settings limit it. Threads of agents may still be
    at work afterwards: see `leave_stuck_threads`. Raises `DemoticError` for what is wrong with
    configuration, graphs or data directory.
    """
    graphs = load_graphs(config)
    restart = restart if settings.stuck_limit else None
    main = partial(
        _serve, config, settings, graphs, socket, on_ready or _nothing, probe, restart or _nothing
    )
    with _watched() if dev else nullcontext():
        is_stuck = _run(main)
    if is_stuck and restart is not None:
        restart()


def _watched() -> AbstractContextManager[None]:
    """Blocking calls are reported."""
    from demotic.agents.blocking import blocking_calls_reported  # development only

    return blocking_calls_reported()


def _run(main: Callable[[], Coroutine[Any, Any, bool]]) -> bool:
    if sys.platform == "win32":
        return asyncio.run(main())
    import uvloop

    return uvloop.run(main())


async def _serve(
    config: Config,
    settings: Settings,
    graphs: Graphs,
    socket: sockets.socket | None,
    ready: Callable[[], None],
    probe: Probe,
    on_blocked: Callable[[], None],
) -> bool:
    """Serve; whether it ended because too much code of agents is stuck."""
    stuck = asyncio.Event()
    async with (
        _threads(settings.slots + settings.stuck_limit + 4),
        engine_of(
            config, settings, graphs, probe=probe, on_stuck=stuck.set, on_blocked=on_blocked
        ) as engine,
    ):
        # What is loaded now stays: the garbage collector need not look at it again and again.
        gc.collect()
        gc.freeze()
        server = _Server(
            uvicorn.Config(
                make_app(engine, config, settings),
                host=settings.host,
                port=settings.port,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=CLOSE_S,
            ),
            engine,
            ready,
        )
        giving_up = asyncio.create_task(_end_when_stuck(stuck, engine, server))
        await server.serve(sockets=[socket] if socket else None)
        giving_up.cancel()
    return stuck.is_set()


@asynccontextmanager
async def _threads(count: int) -> AsyncIterator[None]:
    """Threads for synchronous nodes: the loop's own executor, which is small by default."""
    loop = asyncio.get_running_loop()
    executor = AgentExecutor(count, thread_name_prefix=THREADS)
    loop.set_default_executor(executor)
    try:
        yield
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        # The loop waits for every thread of its executor in the end, also for those that are stuck.
        loop.set_default_executor(ThreadPoolExecutor(1))


async def _end_when_stuck(stuck: asyncio.Event, engine: Engine, server: uvicorn.Server) -> None:
    """Answer requests while the runs stop at a safe point; then end serving."""
    await stuck.wait()
    await engine.worker.stop(drain_s=engine.drain_s)
    server.should_exit = True


def leave_stuck_threads() -> None:
    """End the process now if code of an agent does not return, for which it would wait. Its runs
    were released."""
    stuck = [t for t in threading.enumerate() if t.name.startswith(THREADS)]
    for thread in stuck:
        thread.join(0.1)
    if any(thread.is_alive() for thread in stuck):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
