"""The composition root: the only module that knows every room."""

import asyncio
import gc
import os
import socket as sockets
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn
from uuid import uuid4

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from demotic.agents.langgraph.adapter import LangGraphAgent
from demotic.agents.langgraph.embeddings import load_embedder
from demotic.agents.langgraph.factories import Factory, Graph
from demotic.agents.langgraph.loader import load_graph, load_object
from demotic.agents.langgraph.serde import StrictSerializer
from demotic.agents.langgraph.store import ItemStore
from demotic.config import Config, CorsSpec, HeaderSpec, HttpSpec, Settings, ThreadTtl
from demotic.dialects.acp import render_callbacks as acp_callbacks
from demotic.dialects.acp.contracts import Contracts
from demotic.dialects.acp.manifest import Manifest, read_manifest
from demotic.dialects.acp.routes import AcpDialect
from demotic.dialects.acp.versions import VERSIONS as ACP_VERSIONS
from demotic.dialects.agent_protocol import render_callbacks as agent_protocol_callbacks
from demotic.dialects.agent_protocol.routes import AgentProtocolDialect
from demotic.dialects.langgraph.choices import STAMPS
from demotic.dialects.langgraph.compat import VERSIONS
from demotic.dialects.langgraph.render_callbacks import callback_json
from demotic.dialects.langgraph.routes import LangGraphDialect
from demotic.dialects.streaming.routes import StreamingDialect
from demotic.domain.errors import AgentError
from demotic.domain.model import Lifetime, Pruning
from demotic.engine.core import Engine, Limits, running
from demotic.engine.deliveries import Callbacks
from demotic.engine.items import Items
from demotic.engine.leftovers import AgentExecutor
from demotic.logs import AccessLog
from demotic.ports.agent import Agent
from demotic.ports.checkpoints import Checkpoints
from demotic.ports.clock import SystemClock
from demotic.ports.items import Embedder, Memory
from demotic.storage.sqlite.checkpoints import SqliteCheckpoints
from demotic.storage.sqlite.database import Database, Probe, no_probe
from demotic.storage.sqlite.storage import SqliteStorage
from demotic.web.bodies import BodyLimit
from demotic.web.custom_app import CustomApp, Guard, WithState, joined
from demotic.web.headers import HeaderRule, PassedHeaders
from demotic.web.hosts import METHODS, Cors, HostGuard
from demotic.web.keys import KeyGuard, key_digests
from demotic.web.outgoing.addresses import LOOPBACK
from demotic.web.outgoing.policy import UrlPolicy
from demotic.web.outgoing.sender import HttpSender
from demotic.web.parts import DisabledParts
from demotic.web.routing import WholeMount

DATABASE = "demotic.db"
"""Name of the database file in the data directory."""

SYSTEM = {"created_by": "system"}
"""Metadata of the assistants that the server makes itself."""

RENDERERS = {
    "langgraph": callback_json,
    "agent_protocol": agent_protocol_callbacks.callback_json,
    "acp": acp_callbacks.callback_json,
}
"""How each dialect words what callbacks tell."""
THREADS = "demotic-node"
"""What the names of the threads of agents begin with."""

CLOSE_S = 5
"""How long connections may take to end once the engine has stopped."""


Graphs = Mapping[str, Graph | Factory]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a configuration names and is the user's own."""

    graphs: Graphs
    embedder: Embedder | None
    custom: CustomApp | None


def load(config: Config) -> Loaded:
    """All of it. Raises `AgentError`."""
    return Loaded(load_graphs(config), load_embeddings(config), load_custom_app(config))


def load_graphs(config: Config) -> Graphs:
    """The graphs that a configuration names. Raises `AgentError`.

    Call it while no event loop runs: importing a graph may use one.
    """
    return {
        name: load_graph(name, spec.target, config.directory, config.import_paths)
        for name, spec in config.graphs.items()
    }


def load_embeddings(config: Config) -> Embedder | None:
    """What makes vectors of the texts of items, where a configuration has an index for them.

    Raises `AgentError`. As for graphs: call it while no event loop runs.
    """
    index = config.memory.index
    return load_embedder(index.embed, config.directory, config.import_paths) if index else None


def load_manifests(config: Config) -> Mapping[str, Manifest]:
    """What graphs say of themselves to ACP's clients, by graph. Raises `AgentError`."""
    named = {name: spec.acp for name, spec in config.graphs.items() if spec.acp is not None}
    return {name: read_manifest(file) for name, file in named.items()}


def make_agents(
    config: Config, graphs: Graphs, checkpoints: Checkpoints, memory: Memory
) -> dict[str, Agent]:
    """The graphs as agents whose state is kept in a checkpoint store, and that share a memory."""
    agents: dict[str, Agent] = {}
    store = ItemStore(memory)
    for name, graph in graphs.items():
        serde = StrictSerializer(allowed_msgpack_modules=[*config.allowed_types])
        agents[name] = LangGraphAgent(
            name,
            graph,
            checkpoints,
            serde,
            store=store,
            description=config.graphs[name].description,
        )
    return agents


def callbacks_of(config: Config, settings: Settings) -> Callbacks | None:
    """How runs' changes are told to whom they name; None: they are not."""
    rules = config.webhooks
    if rules.disabled:
        return None
    loopback = () if rules.disable_loopback else LOOPBACK
    policy = UrlPolicy(
        require_https=rules.require_https,
        domains=rules.allowed_domains,
        ports=None if rules.allowed_ports is None else frozenset(rules.allowed_ports),
        longest=rules.max_url_length,
        networks=(*loopback, *settings.webhook_networks),
    )
    sender = HttpSender(policy, headers=rules.headers, secrets=settings.webhook_secrets)
    return Callbacks(sender=sender, renderers=RENDERERS, keep_s=settings.webhook_log_s)


def _nothing() -> None:
    """Nothing is done."""


@asynccontextmanager
async def engine_of(
    config: Config,
    settings: Settings,
    graphs: Graphs,
    embedder: Embedder | None = None,
    *,
    probe: Probe = no_probe,
    on_stuck: Callable[[], None] = _nothing,
    on_blocked: Callable[[], None] = _nothing,
) -> AsyncIterator[Engine]:
    """The engine that configuration and settings describe, at work; `embedder` for the index of
    items, if the configuration has one.

    `on_stuck` and `on_blocked` are those of `demotic.engine.core.running`. `probe` is called with
    the name of every point at which a write is submitted, executed, committed and answered; tests
    use it to stop the process there.
    """
    path = settings.data_dir / DATABASE
    database = Database(
        path, synchronous=settings.synchronous, probe=probe, vectors=embedder is not None
    )
    storage, clock = SqliteStorage(database), SystemClock()
    items = Items(storage, clock, config.memory, embedder)
    callbacks = callbacks_of(config, settings)
    try:
        agents = make_agents(config, graphs, SqliteCheckpoints(database), items)
        contracts = Contracts(
            lambda each: agents[each.agent].schemas(each.config), load_manifests(config)
        )
        ttl = settings.thread_ttl or config.thread_ttl or ThreadTtl()
        limits = Limits(
            slots=settings.slots,
            run_s=settings.run_s,
            drain_s=settings.drain_s,
            retention_s=settings.retention_s,
            schedules=settings.schedules,
            look_s=settings.look_s,
            stuck=settings.stuck_limit,
            blocked_s=settings.blocked_s,
            lifetime=_lifetime(ttl),
            sweep_s=ttl.sweep_interval_minutes * 60,
            sweep_limit=ttl.sweep_limit,
        )
        async with running(
            storage,
            agents,
            clock,
            limits,
            worker_name=f"{sockets.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}",
            system_metadata=SYSTEM,
            items=items,
            callbacks=callbacks,
            reviews={"acp": contracts.review},
            on_stuck=on_stuck,
            on_blocked=on_blocked,
        ) as engine:
            yield engine
    finally:
        if callbacks is not None:
            await callbacks.sender.close()
        await storage.close()


def _lifetime(ttl: ThreadTtl) -> Lifetime | None:
    """How long threads are kept that say nothing else."""
    if ttl.default_ttl is None:
        return None
    return Lifetime(max(1, round(ttl.default_ttl * 60e6)), Pruning(ttl.strategy))


def load_custom_app(config: Config) -> CustomApp | None:
    """The application that a configuration names. Raises `AgentError`."""
    if config.http.app is None:
        return None
    where = f"http.app ({config.http.app})"
    found = load_object(where, config.http.app, config.directory, config.import_paths)
    if not isinstance(found, Starlette):
        raise AgentError(
            f"{where} is a {type(found).__name__}: it must be a Starlette or FastAPI application."
        )
    return CustomApp(found)


def make_app(
    engine: Engine, config: Config, settings: Settings, custom: CustomApp | None = None
) -> ASGIApp:
    """The HTTP application: LangGraph's API at the root, or below the prefix that is set, the
    other dialects on mounts of their own; behind the user's own application if there is one."""

    def with_custom(document: dict[str, Any]) -> dict[str, Any]:
        return joined(document, custom.document()) if custom else document

    streaming = StreamingDialect(lambda: engine, STAMPS)
    dialect = LangGraphDialect(
        lambda: engine,
        VERSIONS[settings.compat],
        also=streaming.operations,
        told=streaming.tables,
        extend=with_custom,
    )
    prefix = settings.mount_prefix or config.http.mount_prefix
    beside = dialect_mounts(engine, config)
    routes = [*beside, *dialect.routes, *streaming.sockets]
    ours: ASGIApp = Starlette(
        routes=[Mount(prefix, routes=routes)] if prefix else routes,
        exception_handlers=dialect.exception_handlers,
    )
    mounts = [prefix, *(f"{prefix}{each.path}" for each in beside)]
    return guarded_app(ours, config, settings, custom, mounts=mounts)


def dialect_mounts(engine: Engine, config: Config) -> list[Mount]:
    """The dialects that have a mount of their own."""
    contracts = Contracts(engine.descriptions.schemas_of, load_manifests(config))
    return [
        WholeMount("/ap", AgentProtocolDialect(lambda: engine).app),
        *(
            WholeMount(version.mount, AcpDialect(lambda: engine, contracts, version).app)
            for version in ACP_VERSIONS
        ),
    ]


def guarded_app(
    app: ASGIApp,
    config: Config,
    settings: Settings,
    custom: CustomApp | None,
    *,
    mounts: Sequence[str],
) -> ASGIApp:
    """An application of ours behind everything that a request must pass first."""
    http = config.http
    if http.disabled:
        app = DisabledParts(app, disabled=http.disabled, mounts=mounts)
    app = PassedHeaders(app, rule=_rule(http.configurable_headers))
    app = _behind(app, _key_guard(settings, http, custom, mounts), http, custom)
    app = HostGuard(
        app,
        bound=settings.host,
        names=settings.allowed_hosts,
        cors=_cors(http.cors, settings),
        dev=settings.local_origins,
    )
    app = BodyLimit(app, max_bytes=settings.body_limit)
    return AccessLog(app, shown=_rule(http.logging_headers))


def _behind(app: ASGIApp, guard: Guard | None, http: HttpSpec, custom: CustomApp | None) -> ASGIApp:
    """An application of ours behind the user's own and the check of API keys."""
    if guard is None:
        return custom.compose(app) if custom else app
    if custom is None:
        return guard(app)
    return guard(custom.compose(app)) if http.auth_first else custom.compose(app, guard)


def _key_guard(
    settings: Settings, http: HttpSpec, custom: CustomApp | None, mounts: Sequence[str]
) -> Guard | None:
    if not settings.api_keys:
        return None
    digests = key_digests(settings.api_keys)
    if custom is None or http.custom_route_auth:
        return partial(KeyGuard, digests=digests, mounts=mounts)
    return partial(KeyGuard, digests=digests, mounts=mounts, is_open=custom.owns)


def _rule(spec: HeaderSpec) -> HeaderRule:
    return HeaderRule(spec.includes, spec.excludes)


def _cors(spec: CorsSpec, settings: Settings) -> Cors:
    return Cors(
        origins=spec.allow_origins or settings.cors_origins,
        pattern=spec.allow_origin_regex,
        methods=spec.allow_methods or METHODS,
        headers=spec.allow_headers,
        exposed=spec.expose_headers,
        credentials=spec.allow_credentials is not False,
        max_age_s=Cors().max_age_s if spec.max_age is None else spec.max_age,
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
    loaded = load(config)
    restart = restart if settings.stuck_limit else None
    main = partial(
        _serve, config, settings, loaded, socket, on_ready or _nothing, probe, restart or _nothing
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
    socket: sockets.socket | None,
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
            probe=probe,
            on_stuck=stuck.set,
            on_blocked=on_blocked,
        ) as engine,
        custom.lifespan() if custom else nullcontext() as state,
    ):
        # What is loaded now stays: the garbage collector need not look at it again and again.
        gc.collect()
        gc.freeze()
        app = make_app(engine, config, settings, custom)
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
