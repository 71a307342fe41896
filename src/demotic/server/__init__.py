"""The composition root: the only room that knows every other."""

from demotic.server.app import make_app, make_apps
from demotic.server.engine import DATABASE, Hosting, callbacks_of, engine_of
from demotic.server.loading import (
    Graphs,
    load_custom_app,
    load_embeddings,
    load_graphs,
    load_manifests,
    load_own_store,
)
from demotic.server.serving import leave_stuck_threads, serve

__all__ = [
    "DATABASE",
    "Graphs",
    "Hosting",
    "callbacks_of",
    "engine_of",
    "leave_stuck_threads",
    "load_custom_app",
    "load_embeddings",
    "load_graphs",
    "load_manifests",
    "load_own_store",
    "make_app",
    "make_apps",
    "serve",
]
