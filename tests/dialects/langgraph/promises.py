"""What a promise is: words that the manifest is written in."""

from dataclasses import dataclass

API = "LangGraph API 0.16"


@dataclass(frozen=True)
class Requirement:
    """A promise: where it is from, and what is promised. An operation has a method and path."""

    source: str
    behavior: str
    operation: tuple[str, str] | None = None


def operation(method: str, path: str, behavior: str) -> Requirement:
    """The promise of an operation."""
    return Requirement(f"{API}, {method} {path}", behavior, (method, path))
