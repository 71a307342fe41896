"""What a run can be told besides its input."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from typing import Annotated

from react_agent import prompts


@dataclass(kw_only=True)
class Context:
    """The context of the agent."""

    system_prompt: str = field(
        default=prompts.SYSTEM_PROMPT,
        metadata={"description": "What the model is told first."},
    )
    model: Annotated[str, {"__template_metadata__": {"kind": "llm"}}] = field(
        default="fake/none", metadata={"description": "The model, as provider/name."}
    )
    max_search_results: int = field(
        default=3, metadata={"description": "How many results a search returns."}
    )

    def __post_init__(self) -> None:
        """Take what was not passed from the environment."""
        for each in fields(self):
            if each.init and getattr(self, each.name) == each.default:
                setattr(self, each.name, os.environ.get(each.name.upper(), each.default))
