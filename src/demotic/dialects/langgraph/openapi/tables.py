"""The tables of this dialect's document, joined."""

from demotic.dialects.langgraph.compat import TODAY, Compat
from demotic.dialects.langgraph.errors import ERRORS
from demotic.dialects.langgraph.openapi import (
    answers,
    answers_crons,
    fields,
    fields_batches,
    fields_crons,
    operations,
    operations_batches,
    operations_crons,
    versions,
)
from demotic.web.openapi.document import Tables

TABLES = Tables(
    title="Demotic: LangGraph API",
    introduction=(
        "One agent server, every agent protocol. This is what it serves to LangGraph's clients. "
        "Bodies are JSON in UTF-8; times are RFC 3339 in UTC. Every error has the same body."
    ),
    operations={
        **operations.OPERATIONS,
        **operations_batches.OPERATIONS,
        **operations_crons.OPERATIONS,
    },
    fields={**fields.FIELDS, **fields_batches.FIELDS, **fields_crons.FIELDS},
    components={**answers.COMPONENTS, **answers_crons.COMPONENTS},
    parameters=operations.PATH_PARAMETERS,
    headers=operations.HEADERS,
    tags=operations.TAGS,
    errors=ERRORS,
)
"""What is said of today's version."""


def tables(compat: Compat) -> Tables:
    """What is said of a version: the same but for its defaults and its short answers."""
    return TABLES if compat is TODAY else versions.in_words_of(compat, TABLES)
