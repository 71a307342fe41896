"""What is said and how much: the same for the floor and for a server."""

from typing import Any

LONG = 10_000
HISTORY = 100


def conversation(count: int) -> list[dict[str, str]]:
    """A conversation so far."""
    roles = ("user", "assistant")
    return [{"role": roles[n % 2], "content": f"message {n} " * 10} for n in range(count)]


def question(number: int) -> dict[str, Any]:
    """What a turn adds."""
    return {"messages": [{"role": "user", "content": f"question {number}"}]}
