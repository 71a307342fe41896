"""The composition root: the only module that knows every room."""

import asyncio
import gc
import os
import socket as sockets
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from typing import Any
from uuid import uuid4

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.types import ASGIApp

from demotic.agents.blocking import blocking_calls_reported
from demotic.agents.langgraph.adapter import LangGraphAgent
from demotic.agents.langgraph.factories import Factory, Graph
from demotic.agents.langgraph.loader import load_graph
from demotic.agents.langgraph.serde import StrictSerializer
from demotic.config import Config, Settings, ThreadTtl
from demotic.dialects.langgraph.routes import LangGraphDialect
from demotic.domain.model import Lifetime, Pruning
from demotic.engine.core import Engine, Limits, running
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


@asynccontextmanager
async def engine_of(
    config: Config, settings: Settings, graphs: Graphs, *, probe: Probe = no_probe
) -> AsyncIterator[Engine]:
    """The engine that configuration and settings describe, at work.

    `probe` is called with the name of every point at which a write is submitted, executed,
    committed and answered; tests use it to stop the process there.
    """
    path = settings.data_dir / DATABASE
    database = Database(path, synchronous=settings.synchronous, probe=probe)
    storage = SqliteStorage(database)
    try:
        agents = make_agents(config, graphs, SqliteCheckpoints(database))
        ttl = settings.thread_ttl or config.thread_ttl or ThreadTtl()
        limits = Limits(
            slots=settings.slots,
            run_s=settings.run_s,
            drain_s=settings.drain_s,
            retention_s=settings.retention_s,
            lifetime=_lifetime(ttl),
            sweep_s=ttl.sweep_interval_minutes * 60,
            sweep_limit=ttl.sweep_limit,
        )
        async with running(
            storage,
            agents,
            SystemClock(),
            limits,
            worker_name=f"{sockets.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}",
            system_metadata=SYSTEM,
        ) as engine:
            yield engine
    finally:
        await storage.close()


def _lifetime(ttl: ThreadTtl) -> Lifetime | None:
    """How long threads are kept that say nothing else."""
    if ttl.default_ttl is None:
        return None
    return Lifetime(max(1, round(ttl.default_ttl * 60e6)), Pruning(ttl.strategy))


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
) -> None:
    """Serve until a signal asks to stop; a second one stops at once.

    `on_ready` is called when requests are answered. In `dev`, code of agents that blocks the event
    loop is reported. Raises `DemoticError` for what is wrong with
    configuration, graphs or data directory.
    """
    graphs = load_graphs(config)
    main = partial(_serve, config, settings, graphs, socket, on_ready or (lambda: None), probe)
    with blocking_calls_reported() if dev else nullcontext():
        _run(main)
    _leave_stuck_threads()


def _run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    if sys.platform == "win32":
        asyncio.run(main())
    else:
        import uvloop

        uvloop.run(main())


async def _serve(
    config: Config,
    settings: Settings,
    graphs: Graphs,
    socket: sockets.socket | None,
    ready: Callable[[], None],
    probe: Probe,
) -> None:
    # Synchronous nodes run in the loop's own executor, which is small by default.
    workers = settings.slots + 4
    executor = ThreadPoolExecutor(workers, thread_name_prefix="demotic-node")
    asyncio.get_running_loop().set_default_executor(executor)
    async with engine_of(config, settings, graphs, probe=probe) as engine:
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
        await server.serve(sockets=[socket] if socket else None)
    executor.shutdown(wait=False, cancel_futures=True)


def _leave_stuck_threads() -> None:
    """End the process although code of an agent does not return: its run was released."""
    stuck = [t for t in threading.enumerate() if t.name.startswith("demotic-node")]
    for thread in stuck:
        thread.join(0.1)
    if any(thread.is_alive() for thread in stuck):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
