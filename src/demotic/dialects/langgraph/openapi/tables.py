"""The tables of this dialect's document, joined."""

from collections.abc import Mapping
from typing import Any

from demotic.dialects.langgraph.compat import TODAY, Compat
from demotic.dialects.langgraph.errors import ERRORS
from demotic.dialects.langgraph.openapi import (
    answers,
    answers_crons,
    answers_deliveries,
    fields,
    fields_batches,
    fields_crons,
    fields_threads,
    operations,
    operations_batches,
    operations_crons,
    operations_deliveries,
    operations_metrics,
    operations_store,
    operations_thread_stream,
    operations_upkeep,
    versions,
)
from demotic.web.openapi.document import Tables

PARTS = (
    operations,
    operations_thread_stream,
    operations_upkeep,
    operations_batches,
    operations_crons,
    operations_store,
    operations_deliveries,
    operations_metrics,
    fields,
    fields_threads,
    fields_batches,
    fields_crons,
    answers,
    answers_crons,
    answers_deliveries,
)
"""Modules that hold some of the tables each."""


def _joined(name: str) -> Mapping[Any, Any]:
    """A table, from all parts that have some of it."""
    return {key: value for part in PARTS for key, value in getattr(part, name, {}).items()}


TABLES = Tables(
    title="Demotic: LangGraph API",
    introduction=(
        "One agent server, every agent protocol. This is what it serves to LangGraph's clients. "
        "Bodies are JSON in UTF-8; times are RFC 3339 in UTC. Every error has the same body."
    ),
    operations=_joined("OPERATIONS"),
    fields=_joined("FIELDS"),
    components=_joined("COMPONENTS"),
    parameters=_joined("PATH_PARAMETERS"),
    headers=_joined("HEADERS"),
    tags={name: text for name, text in _joined("TAGS").items() if name != "Planned"}
    | {"Planned": operations.TAGS["Planned"]},
    errors=ERRORS,
    webhooks=operations_deliveries.WEBHOOKS,
)
"""What is said of today's version."""


def tables(compat: Compat) -> Tables:
    """What is said of a version: the same but for its defaults and its short answers."""
    return TABLES if compat is TODAY else versions.in_words_of(compat, TABLES)
