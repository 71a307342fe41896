"""LangSmith's traces: LangChain makes them where its own variables say so; a run may say where
they go."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from langchain_core.tracers.context import tracing_v2_enabled
from langsmith.utils import tracing_is_enabled

from demotic.domain.model import Json


def is_traced() -> bool:
    """Whether LangChain sends traces."""
    return tracing_is_enabled() is True


@contextmanager
def traced(wanted: Mapping[str, Json] | None) -> Iterator[None]:
    """Trace what is run in here where it is wanted to be, if anything is traced at all."""
    if wanted is None or not is_traced():
        yield
        return
    with tracing_v2_enabled(wanted.get("project"), example_id=wanted.get("example")):
        yield
