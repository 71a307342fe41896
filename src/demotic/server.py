"""The composition root: the only module that knows every room."""

import asyncio
import gc
import os
import socket as sockets
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from demotic.agents.blocking import blocking_calls_reported
from demotic.agents.langgraph.adapter import LangGraphAgent
from demotic.agents.langgraph.embeddings import load_embedder
from demotic.agents.langgraph.factories import Factory, Graph
from demotic.agents.langgraph.loader import load_graph, load_object
from demotic.agents.langgraph.serde import StrictSerializer
from demotic.agents.langgraph.store import ItemStore
from demotic.config import Config, CorsSpec, HeaderSpec, HttpSpec, Settings
from demotic.dialects.acp.contracts import Contracts
from demotic.dialects.acp.manifest import Manifest, read_manifest
from demotic.dialects.acp.routes import AcpDialect
from demotic.dialects.acp.versions import VERSIONS as ACP_VERSIONS
from demotic.dialects.agent_protocol.routes import AgentProtocolDialect
from demotic.dialects.langgraph.render_callbacks import callback_json
from demotic.dialects.langgraph.routes import LangGraphDialect
from demotic.domain.errors import AgentError
from demotic.engine.core import Engine, Limits, running
from demotic.engine.deliveries import Callbacks
from demotic.engine.items import Items
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

RENDERERS = {"langgraph": callback_json}
"""How each dialect words what callbacks tell."""

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


def callbacks_of(config: Config, settings: Settings) -> Callbacks:
    """How runs' changes are told to whom they name."""
    rules = config.webhooks
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


@asynccontextmanager
async def engine_of(
    config: Config,
    settings: Settings,
    graphs: Graphs,
    embedder: Embedder | None = None,
    *,
    probe: Probe = no_probe,
) -> AsyncIterator[Engine]:
    """The engine that configuration and settings describe, at work; `embedder` for the index of
    items, if the configuration has one.

    `probe` is called with the name of every point at which a write is submitted, executed,
    committed and answered; tests use it to stop the process there.
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
        limits = Limits(
            slots=settings.slots,
            run_s=settings.run_s,
            drain_s=settings.drain_s,
            retention_s=settings.retention_s,
            schedules=settings.schedules,
            look_s=settings.look_s,
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
        ) as engine:
            yield engine
    finally:
        await callbacks.sender.close()
        await storage.close()


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

    dialect = LangGraphDialect(lambda: engine, extend=with_custom)
    prefix = settings.mount_prefix or config.http.mount_prefix
    beside = dialect_mounts(engine, config)
    routes = [*beside, *dialect.routes]
    ours: ASGIApp = Starlette(
        routes=[Mount(prefix, routes=routes)] if prefix else routes,
        exception_handlers=dialect.exception_handlers,
    )
    mounts = [f"{prefix}{each.path}" for each in beside] + ([prefix] if prefix else [])
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
    app = _behind(app, _key_guard(settings, http, custom), http, custom)
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


def _key_guard(settings: Settings, http: HttpSpec, custom: CustomApp | None) -> Guard | None:
    if not settings.api_keys:
        return None
    digests = key_digests(settings.api_keys)
    if custom is None or http.custom_route_auth:
        return partial(KeyGuard, digests=digests)
    return partial(KeyGuard, digests=digests, is_open=custom.owns)


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
) -> None:
    """Serve until a signal asks to stop; a second one stops at once.

    `on_ready` is called when requests are answered. In `dev`, code of agents that blocks the event
    loop is reported. Raises `DemoticError` for what is wrong with
    configuration, graphs or data directory.
    """
    loaded = load(config)
    ready = on_ready or (lambda: None)
    main = partial(_serve, config, settings, loaded, socket, ready, probe)
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
    loaded: Loaded,
    socket: sockets.socket | None,
    ready: Callable[[], None],
    probe: Probe,
) -> None:
    # Synchronous nodes run in the loop's own executor, which is small by default.
    workers = settings.slots + 4
    executor = ThreadPoolExecutor(workers, thread_name_prefix="demotic-node")
    asyncio.get_running_loop().set_default_executor(executor)
    custom = loaded.custom
    alive = custom.lifespan() if custom else nullcontext()
    at_work = engine_of(config, settings, loaded.graphs, loaded.embedder, probe=probe)
    async with at_work as engine, alive as state:
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
