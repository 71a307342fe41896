"""The tables of this dialect's document, joined."""

from demotic.dialects.agent_protocol.errors import ERRORS
from demotic.dialects.agent_protocol.openapi import answers, fields, operations, operations_items
from demotic.web.openapi.document import ERROR_WORDS, Tables

TABLES = Tables(
    title="Demotic: Agent Protocol",
    introduction=(
        "One agent server, every agent protocol. This is what it serves to clients of the Agent "
        "Protocol, in its versions of April 2025 and August 2026 alike. Bodies are JSON in UTF-8; "
        "times are RFC 3339 in UTC. Every error has the same body."
    ),
    operations={**operations.OPERATIONS, **operations_items.OPERATIONS},
    fields={**fields.FIELDS, **operations_items.FIELDS},
    components={**answers.COMPONENTS, **operations_items.COMPONENTS},
    parameters=operations.PATH_PARAMETERS,
    headers={},
    tags=operations.TAGS,
    errors=ERRORS,
    unstored=("/openapi.json", "/docs"),
    error_words={status: ERROR_WORDS[status] for status in sorted({s for s, _ in ERRORS.values()})},
)
