"""The same with functions: writes an essay, asks for a review, remembers the last one."""

import time
from typing import Any

from langgraph.func import entrypoint, task
from langgraph.types import interrupt


@task
def write_essay(topic: str) -> str:
    """Takes a while."""
    time.sleep(0.05)
    return f"An essay about {topic}"


@task
def grade(essay: str) -> int:
    """How good it is."""
    return len(essay.split())


@entrypoint()
def workflow(topic: str, *, previous: Any = None) -> Any:
    """Write an essay and have it reviewed."""
    essay = write_essay(topic)
    text = essay.result()
    review = interrupt({"essay": text, "words": grade(text).result()})
    result = {"essay": text, "review": review, "before": previous}
    return entrypoint.final(value=result, save=topic)
