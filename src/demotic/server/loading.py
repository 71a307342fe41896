"""Loads what a configuration names and is the user's own."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.applications import Starlette

from demotic.agents.langgraph.embeddings import load_embedder
from demotic.agents.langgraph.factories import Factory, Graph
from demotic.agents.langgraph.loader import load_graph, load_object
from demotic.agents.langgraph.own_store import Opener, load_store
from demotic.config import Config
from demotic.dialects.acp.manifest import Manifest, read_manifest
from demotic.domain.errors import AgentError
from demotic.ports.items import Embedder
from demotic.web.custom_app import CustomApp

Graphs = Mapping[str, Graph | Factory]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a configuration names and is the user's own."""

    graphs: Graphs
    embedder: Embedder | None
    store: Opener | None
    custom: CustomApp | None


def load(config: Config) -> Loaded:
    """All of it. Raises `AgentError`."""
    return Loaded(
        graphs=load_graphs(config),
        embedder=load_embeddings(config),
        store=load_own_store(config),
        custom=load_custom_app(config),
    )


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


def load_own_store(config: Config) -> Opener | None:
    """What opens the store of the user's own that a configuration names. Raises `AgentError`."""
    if config.store is None:
        return None
    return load_store(config.store, config.directory, config.import_paths)


def load_manifests(config: Config) -> Mapping[str, Manifest]:
    """What graphs say of themselves to ACP's clients, by graph. Raises `AgentError`."""
    named = {name: spec.acp for name, spec in config.graphs.items() if spec.acp is not None}
    return {name: read_manifest(file) for name, file in named.items()}


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
