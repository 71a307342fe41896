"""From wire to engine words: assistants; pure."""

from collections.abc import Mapping
from typing import Any

from demotic.dialects.langgraph.choices import IF_EXISTS, MAX_VERSION
from demotic.dialects.langgraph.errors import Contradiction
from demotic.dialects.langgraph.wire import (
    AssistantCount,
    AssistantCreate,
    AssistantPatch,
    AssistantVersion,
)
from demotic.domain import configs
from demotic.domain.assistants import AssistantChange, AssistantQuery, NewAssistant, mirrored
from demotic.domain.errors import BadInput
from demotic.web.choosing import choose, uuid
from demotic.web.queries import bounded

UNNAMED = "Untitled"
"""LangGraph API 0.16, AssistantCreate.name: what an assistant without a name is called."""


def new_assistant(body: AssistantCreate, fresh_id: str) -> tuple[NewAssistant, bool]:
    """POST /assistants: the assistant, and whether an existing one will do."""
    given = _config(body.config, body.context) or {}
    settings = mirrored(given, body.context or {})
    new = NewAssistant(
        id=fresh_id if body.assistant_id is None else uuid("assistant", body.assistant_id),
        agent=body.graph_id,
        name=body.name or UNNAMED,
        description=body.description,
        config=settings.config,
        context=settings.context,
        metadata=body.metadata or {},
    )
    return new, choose("if_exists", body.if_exists or "raise", IF_EXISTS)


def change(body: AssistantPatch) -> AssistantChange:
    """PATCH /assistants/{assistant_id}."""
    return AssistantChange(
        agent=body.graph_id,
        name=body.name,
        description=body.description,
        config=_config(body.config, body.context),
        context=body.context,
        metadata=body.metadata or {},
    )


def counted(body: AssistantCount) -> AssistantQuery:
    """POST /assistants/count."""
    return AssistantQuery(
        agent=body.graph_id, name=body.name, metadata=body.metadata or {}, limit=0
    )


def version(body: AssistantVersion, query: Mapping[str, str]) -> int:
    """POST /assistants/{assistant_id}/latest: the version, from the body or the query.

    LangGraph API 0.16 documents the query parameter and reads the body.
    """
    wanted: int | str | None = body.version
    if wanted is None:
        wanted = query.get("version")
    if wanted is None:
        raise BadInput("The field `version` is required: add it.")
    try:
        number = int(wanted)
    except ValueError:
        raise BadInput(f"`version` must be an integer, not {wanted!r}.") from None
    return bounded("`version`", number, 1, MAX_VERSION)


def _config(
    given: Mapping[str, Any] | None, context: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """The config that may be kept; None when none is given."""
    if given is None:
        return None
    cleaned = configs.clean(given, None)
    if cleaned.get("configurable") and context:
        raise Contradiction(
            "Cannot specify both configurable and context. Prefer setting context alone."
        )
    return cleaned
