"""What callers may configure."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Annotated, Any, Literal, TypeVar

from langchain_core.runnables import RunnableConfig, ensure_config


@dataclass(kw_only=True)
class BaseConfiguration:
    """What all graphs can be told."""

    retriever_provider: Annotated[
        Literal["memory", "elastic"], {"__template_metadata__": {"kind": "retriever"}}
    ] = field(default="memory", metadata={"description": "Where documents are."})
    search_kwargs: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_runnable_config(cls: type[T], config: RunnableConfig | None = None) -> T:
        """The configuration of a run."""
        configurable = ensure_config(config).get("configurable") or {}
        names = {each.name for each in fields(cls) if each.init}
        return cls(**{name: value for name, value in configurable.items() if name in names})


T = TypeVar("T", bound=BaseConfiguration)
