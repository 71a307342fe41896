"""A server at work: event loop, threads, signals, and the way out when agents do not stop."""

import asyncio
import gc
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from functools import partial
from socket import socket as Socket
from typing import Any, NoReturn

import uvicorn

from demotic.config import Config, Settings
from demotic.engine.core import Engine
from demotic.engine.leftovers import AgentExecutor
from demotic.server.app import make_apps
from demotic.server.engine import engine_of, nothing
from demotic.server.loading import Loaded, load
from demotic.storage.sqlite.database import Probe, no_probe
from demotic.web.custom_app import WithState

THREADS = "demotic-node"
"""What the names of the threads of agents begin with."""

CLOSE_S = 5
"""How long connections may take to end once the engine has stopped."""


class _Server(uvicorn.Server):
    """A server that stops its engine first: runs stop at a safe point, followers are sent away."""

    def __init__(self, config: uvicorn.Config, engine: Engine, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._engine, self._ready = engine, ready

    async def startup(self, sockets: list[Socket] | None = None) -> None:
        """Listen, then tell."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[Socket] | None = None) -> None:
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
    sockets: Sequence[Socket] = (),
    on_ready: Callable[[], None] | None = None,
    probe: Probe = no_probe,
    dev: bool = False,
    restart: Callable[[], NoReturn] | None = None,
) -> None:
    """Serve until a signal asks to stop; a second one stops at once.

    `sockets` listen already: the server's own, and those of the settings' further listeners.
    `on_ready` is called when requests are answered. In `dev`, code of agents that blocks the event
    loop is reported. `restart` leaves the process for a new one; it is called when agents leave
    too much behind that does not stop, if the settings limit it. Threads of agents may still be
    at work afterwards: see `leave_stuck_threads`. Raises `DemoticError` for what is wrong with
    configuration, graphs or data directory.
    """
    loaded = load(config)
    restart = restart if settings.stuck_limit else None
    main = partial(
        _serve, config, settings, loaded, sockets, on_ready or nothing, probe, restart or nothing
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
    loaded: Loaded,
    sockets: Sequence[Socket],
    ready: Callable[[], None],
    probe: Probe,
    on_blocked: Callable[[], None],
) -> bool:
    """Serve; whether it ended because too much code of agents is stuck."""
    stuck, custom = asyncio.Event(), loaded.custom
    async with (
        _threads(settings.slots + settings.stuck_limit + 4),
        engine_of(
            config,
            settings,
            loaded.graphs,
            loaded.embedder,
            loaded.store,
            probe=probe,
            on_stuck=stuck.set,
            on_blocked=on_blocked,
        ) as hosting,
        custom.lifespan() if custom else nullcontext() as state,
    ):
        # What is loaded now stays: the garbage collector need not look at it again and again.
        gc.collect()
        gc.freeze()
        app = make_apps(hosting, config, settings, custom)
        server = _Server(
            uvicorn.Config(
                WithState(app, state) if state else app,
                host=settings.host,
                port=settings.port,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=CLOSE_S,
                ws="websockets-sansio",
                ws_max_size=settings.body_limit,
                ws_per_message_deflate=False,  # events are small, and there are many
            ),
            hosting.engine,
            ready,
        )
        giving_up = asyncio.create_task(_end_when_stuck(stuck, hosting.engine, server))
        await server.serve(sockets=[*sockets] or None)
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
