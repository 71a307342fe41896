"""Where a run's trace is kept, as callers say it."""

from collections.abc import Mapping

from demotic.domain.errors import BadInput
from demotic.domain.ids import is_uuid
from demotic.domain.model import Json


def tracing(given: Mapping[str, Json] | None) -> dict[str, Json] | None:
    """Where LangSmith is to keep the run's trace (langgraph-sdk 0.4, LangSmithTracing)."""
    if not given:
        return None
    project, example = given.get("project_name"), given.get("example_id")
    if not isinstance(project, str | None):
        raise BadInput("`langsmith_tracer.project_name` must be a string.")
    if example is not None and not (isinstance(example, str) and is_uuid(example)):
        raise BadInput("`langsmith_tracer.example_id` must be a UUID.")
    return {"project": project, "example": example}
