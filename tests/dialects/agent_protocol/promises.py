"""What a promise is: words that the manifest is written in."""

from dataclasses import dataclass

API = "Agent Protocol 0.1.6"
EARLY, TODAY = f"{API} of April 2025", f"{API} of August 2026"


@dataclass(frozen=True)
class Requirement:
    """A promise: where it is from, and what is promised. An operation has a method and path."""

    source: str
    behavior: str
    operation: tuple[str, str] | None = None


def operation(method: str, path: str, behavior: str, source: str = API) -> Requirement:
    """The promise of an operation."""
    return Requirement(f"{source}, {method} {path}", behavior, (method, path))
