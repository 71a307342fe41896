"""The tables of this dialect's documents, joined."""

from demotic.dialects.acp.errors import ERRORS, PLAIN, error_body
from demotic.dialects.acp.openapi.answers import components
from demotic.dialects.acp.openapi.fields import fields
from demotic.dialects.acp.openapi.operations import PATH_PARAMETERS, TAGS, operations
from demotic.dialects.acp.versions import Version
from demotic.web.openapi.document import ERROR_WORDS, Tables


def tables(version: Version) -> Tables:
    """The tables of a version."""
    return Tables(
        title=f"Demotic: ACP {version.name}",
        introduction=(
            "One agent server, every agent protocol. This is what it serves to clients of AGNTCY's "
            f"Agent Connect Protocol {version.name}, below `{version.mount}`. Bodies are JSON in "
            "UTF-8; times are RFC 3339 in UTC."
        ),
        operations=operations(version),
        fields=fields(version),
        components=components(version),
        parameters=PATH_PARAMETERS,
        headers={},
        tags=TAGS,
        errors=ERRORS,
        unstored=("/openapi.json", "/docs"),
        error_words={status: text for status, text in ERROR_WORDS.items() if status != 400},
        error_body=error_body,
        error_shape=lambda status: "ErrorResponse" if status in PLAIN else "Error",
    )
