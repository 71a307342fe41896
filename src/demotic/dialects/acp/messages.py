"""Messages, from the wire to agents and back; pure.

ACP's Message has `role`, `content`, `id` and `metadata`. What else a message carries (its tool
calls, its name) lies under `metadata`, in both directions.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from demotic.domain.errors import BadInput

KEY = "messages"
"""Where a state keeps its messages."""

ROLES = {
    "human": "user",
    "ai": "assistant",
    "system": "system",
    "tool": "tool",
    "function": "tool",
}
"""Type of a message as LangChain writes it to its role. A role that was given is kept."""

_OWN = ("role", "content", "id", "metadata")


def of_state(values: Any) -> list[dict[str, Any]] | None:
    """The messages that a state holds; None for one that has none."""
    found = values.get(KEY) if isinstance(values, Mapping) else None
    if not isinstance(found, list) or not all(map(_is_message, found)):
        return None
    return [outgoing(each) for each in found]


def outgoing(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message of a state as ACP writes it; what is empty is left out."""
    rest = {k: v for k, v in message.items() if k not in _OWN and v not in (None, "", [], {})}
    role = message.get("role") or ROLES[rest.pop("type").removesuffix("MessageChunk").lower()]
    shown = {"role": role, "content": _content(message["content"])}
    if message.get("id"):
        shown["id"] = message["id"]
    rest.pop("type", None)
    if metadata := {**(message.get("metadata") or {}), **rest}:
        shown["metadata"] = metadata
    return shown


def incoming(given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Messages as agents take them. Raises `BadInput`, naming the place."""
    return [_incoming(each, f"messages[{place}]") for place, each in enumerate(given)]


def _incoming(message: Mapping[str, Any], place: str) -> dict[str, Any]:
    role, content = message.get("role"), message.get("content")
    metadata = {} if message.get("metadata") is None else message["metadata"]
    if not isinstance(role, str) or not role:
        raise BadInput(f"`{place}.role` must be a string, such as user or assistant.")
    if not isinstance(content, str) and not _are_blocks(content):
        raise BadInput(f"`{place}.content` must be a string or an array of objects with a `type`.")
    if not isinstance(message.get("id"), str | None):
        raise BadInput(f"`{place}.id` must be a string.")
    if not isinstance(metadata, dict):
        raise BadInput(f"`{place}.metadata` must be an object.")
    id = {"id": message["id"]} if message.get("id") else {}
    return {**metadata, "role": role, "content": content, **id}


def _are_blocks(content: Any) -> bool:
    return isinstance(content, list) and all(
        isinstance(block, dict) and isinstance(block.get("type"), str) for block in content
    )


def _is_message(value: Any) -> bool:
    """Whether a value is a message, as LangChain writes it or as it was given."""
    if not isinstance(value, Mapping) or not isinstance(value.get("content"), str | list):
        return False
    if not isinstance(value.get("metadata") or {}, Mapping):
        return False
    kind = value.get("type")
    known = isinstance(kind, str) and kind.removesuffix("MessageChunk").lower() in ROLES
    return known or isinstance(value.get("role"), str)


def _content(content: str | list[Any]) -> str | list[dict[str, Any]]:
    return content if isinstance(content, str) else [_block(each) for each in content]


def _block(block: Any) -> dict[str, Any]:
    """A part of a message's content; every part has a type."""
    if isinstance(block, str):
        return {"type": "text", "text": block}
    if isinstance(block, dict):
        return block if isinstance(block.get("type"), str) else {**block, "type": "other"}
    return {"type": "other", "value": block}
