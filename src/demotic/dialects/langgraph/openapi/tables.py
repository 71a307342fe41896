"""The tables of this dialect's document, joined."""

from demotic.dialects.langgraph.errors import ERRORS
from demotic.dialects.langgraph.openapi import (
    answers,
    answers_deliveries,
    fields,
    operations,
    operations_deliveries,
)
from demotic.web.openapi.document import Tables

TABLES = Tables(
    title="Demotic: LangGraph API",
    introduction=(
        "One agent server, every agent protocol. This is what it serves to LangGraph's clients. "
        "Bodies are JSON in UTF-8; times are RFC 3339 in UTC. Every error has the same body."
    ),
    operations={**operations.OPERATIONS, **operations_deliveries.OPERATIONS},
    fields=fields.FIELDS,
    components={**answers.COMPONENTS, **answers_deliveries.COMPONENTS},
    parameters={**operations.PATH_PARAMETERS, **operations_deliveries.PATH_PARAMETERS},
    headers=operations.HEADERS,
    tags={**operations_deliveries.TAGS, **operations.TAGS},
    errors=ERRORS,
    webhooks=operations_deliveries.WEBHOOKS,
)
