"""The tables of this dialect's document, joined."""

from demotic.dialects.langgraph.errors import ERRORS
from demotic.dialects.langgraph.openapi import (
    answers,
    fields,
    operations,
    operations_thread_stream,
)
from demotic.web.openapi.document import Tables

TABLES = Tables(
    title="Demotic: LangGraph API",
    introduction=(
        "One agent server, every agent protocol. This is what it serves to LangGraph's clients. "
        "Bodies are JSON in UTF-8; times are RFC 3339 in UTC. Every error has the same body."
    ),
    operations={**operations.OPERATIONS, **operations_thread_stream.OPERATIONS},
    fields=fields.FIELDS,
    components=answers.COMPONENTS,
    parameters=operations.PATH_PARAMETERS,
    headers=operations.HEADERS,
    tags=operations.TAGS,
    errors=ERRORS,
)
