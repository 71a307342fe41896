"""Assistants: versioned settings of agents, and how they change: every storage applies the same
rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from demotic.domain.model import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAssistant:
    """Settings of an agent to store."""

    id: str
    agent: str
    name: str
    description: str | None = None
    config: Mapping[str, Json] = field(default_factory=dict)
    context: Mapping[str, Json] = field(default_factory=dict)
    metadata: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assistant(NewAssistant):
    """Versioned settings of an agent; what callers address."""

    version: int
    created_us: int
    updated_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantChange:
    """What to change of an assistant: `metadata` is merged, the rest replaced unless None."""

    agent: str | None = None
    name: str | None = None
    description: str | None = None
    config: Mapping[str, Json] | None = None
    context: Mapping[str, Json] | None = None
    metadata: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantQuery:
    """Which assistants to list. `name` matches any part, ignoring case."""

    agent: str | None = None
    name: str | None = None
    metadata: Mapping[str, Json] = field(default_factory=dict)
    limit: int = 10
    offset: int = 0
    sort_by: str = "created"
    descending: bool = True
    count_up_to: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSchemas:
    """JSON schemas of what an agent takes and keeps; None for one that cannot be told."""

    input: Json = None
    output: Json = None
    state: Json = None
    config: Json = None
    context: Json = None


class Settings(NamedTuple):
    """What an assistant gives to its agent."""

    config: Mapping[str, Json]
    context: Mapping[str, Json]


def mirrored(config: Mapping[str, Json], context: Mapping[str, Json]) -> Settings:
    """Config and context in step: `config.configurable` and the context say the same.

    LangGraph API 0.16, observed: whichever is given fills the other; agents older than
    LangGraph 0.6 read the first, newer ones the second.
    """
    if config.get("configurable"):
        return Settings(config, config["configurable"])
    told = {key: value for key, value in context.items() if not is_reserved(key)}
    return Settings({**config, "configurable": told} if told else config, context)


def is_reserved(key: str) -> bool:
    """Whether only the server may set a key of `config.configurable`."""
    return key in ("thread_id", "run_id") or key.startswith(
        ("checkpoint_", "langgraph_auth_", "__")
    )


def changed(
    old: Assistant,
    change: AssistantChange,
    *,
    owned: Mapping[str, Json],
    version: int,
    now_us: int,
) -> Assistant:
    """The assistant after a change. `owned` is metadata that a change cannot take away.

    Metadata is merged, everything else replaced; a new config or context carries the other
    along.
    """
    config, context = old.config, old.context
    if change.config is not None:
        config, context = mirrored(change.config, change.context or {})
    elif change.context is not None:
        kept = {key: value for key, value in config.items() if key != "configurable"}
        config, context = mirrored(kept, change.context)
    return replace(
        old,
        agent=old.agent if change.agent is None else change.agent,
        name=old.name if change.name is None else change.name,
        description=old.description if change.description is None else change.description,
        config=config,
        context=context,
        metadata={**old.metadata, **change.metadata, **owned},
        version=version,
        updated_us=now_us,
    )
