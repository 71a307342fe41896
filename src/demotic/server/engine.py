"""The engine that configuration and settings describe: storage, agents, callbacks, limits."""

import os
import socket as sockets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from uuid import uuid4

from langgraph.store.base import BaseStore

from demotic.agents.langgraph.adapter import LangGraphAgent
from demotic.agents.langgraph.own_store import Opener, OwnStore, rules_of
from demotic.agents.langgraph.serde import StrictSerializer
from demotic.agents.langgraph.store import ItemStore
from demotic.config import Config, Settings, ThreadTtl
from demotic.dialects.acp import render_callbacks as acp_callbacks
from demotic.dialects.acp.contracts import Contracts
from demotic.dialects.agent_protocol import render_callbacks as agent_protocol_callbacks
from demotic.dialects.langgraph.render_callbacks import callback_json
from demotic.domain.threads import Lifetime, Pruning
from demotic.engine.core import Engine, Limits, running
from demotic.engine.deliveries import Callbacks
from demotic.engine.descriptions import Descriptions
from demotic.engine.items import Items
from demotic.ports.agent import Agent
from demotic.ports.checkpoints import Checkpoints
from demotic.ports.clock import SystemClock
from demotic.ports.items import Embedder, Memory
from demotic.server.loading import Graphs, load_manifests
from demotic.storage.sqlite.checkpoints import SqliteCheckpoints
from demotic.storage.sqlite.database import Database, Probe, no_probe
from demotic.storage.sqlite.storage import SqliteStorage
from demotic.web.outgoing.addresses import LOOPBACK
from demotic.web.outgoing.policy import UrlPolicy
from demotic.web.outgoing.sender import HttpSender

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


@dataclass(frozen=True, slots=True)
class Hosting:
    """An engine at work, and what the agents that it hosts promise to ACP's clients."""

    engine: Engine
    contracts: Contracts


def make_agents(
    config: Config,
    graphs: Graphs,
    checkpoints: Checkpoints,
    memory: Memory,
    own: BaseStore | None = None,
) -> dict[str, Agent]:
    """The graphs as agents whose state is kept in a checkpoint store, and that share a memory:
    `own`, as it is, where that is given."""
    agents: dict[str, Agent] = {}
    store = ItemStore(memory) if own is None else own
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


def limits_of(config: Config, settings: Settings) -> Limits:
    """How much the engine does at once, and for how long."""
    ttl = settings.thread_ttl or config.thread_ttl or ThreadTtl()
    return Limits(
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


def nothing() -> None:
    """Nothing is done."""


@asynccontextmanager
async def engine_of(
    config: Config,
    settings: Settings,
    graphs: Graphs,
    embedder: Embedder | None = None,
    store: Opener | None = None,
    *,
    probe: Probe = no_probe,
    on_stuck: Callable[[], None] = nothing,
    on_blocked: Callable[[], None] = nothing,
) -> AsyncIterator[Hosting]:
    """The engine that configuration and settings describe, at work; `embedder` for the index of
    items, if the configuration has one; `store` opens a store of the user's for them.

    `on_stuck` and `on_blocked` are those of `demotic.engine.core.running`. `probe` is called with
    the name of every point at which a write is submitted, executed, committed and answered; tests
    use it to stop the process there.
    """
    path = settings.data_dir / DATABASE
    database = Database(
        path, synchronous=settings.synchronous, probe=probe, vectors=embedder is not None
    )
    storage, clock = SqliteStorage(database), SystemClock()
    callbacks = callbacks_of(config, settings)
    try:
        async with store() if store else nullcontext() as own:
            items = (
                Items(storage, clock, config.memory, embedder)
                if own is None
                else Items(OwnStore(own), clock, rules_of(own))
            )
            agents = make_agents(config, graphs, SqliteCheckpoints(database), items, own)
            schemas_of = Descriptions(storage, agents).schemas_of
            contracts = Contracts(schemas_of, load_manifests(config))
            async with running(
                storage,
                agents,
                clock,
                limits_of(config, settings),
                worker_name=f"{sockets.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}",
                system_metadata=SYSTEM,
                items=items,
                callbacks=callbacks,
                reviews={"acp": contracts.review},
                on_stuck=on_stuck,
                on_blocked=on_blocked,
            ) as engine:
                yield Hosting(engine, contracts)
    finally:
        if callbacks is not None:
            await callbacks.sender.close()
        await storage.close()


def _lifetime(ttl: ThreadTtl) -> Lifetime | None:
    """How long threads are kept that say nothing else."""
    if ttl.default_ttl is None:
        return None
    return Lifetime(max(1, round(ttl.default_ttl * 60e6)), Pruning(ttl.strategy))
