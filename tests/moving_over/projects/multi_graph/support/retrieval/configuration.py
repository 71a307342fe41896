"""What answering can be told."""

from __future__ import annotations

from dataclasses import dataclass, field

from support.shared.configuration import BaseConfiguration

from . import prompts


@dataclass(kw_only=True)
class AgentConfiguration(BaseConfiguration):
    """The configuration of the answering graph."""

    greeting: str = field(default="Hello.", metadata={"description": "How answers begin."})
    router_system_prompt: str = field(default=prompts.ROUTER_SYSTEM_PROMPT)
