"""Messages of conversations, from the wire to agents and back; pure.

Agents keep messages as LangChain writes them (`type` human, ai, system, tool) or as they were
given; the wire has `role` user, assistant, system, tool. Whatever else a message carries lies
beside these, as LangChain reads it: what it does not know, it keeps in `additional_kwargs`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from demotic.domain.errors import BadInput

ROLES = {
    "user": "user",
    "assistant": "assistant",
    "system": "system",
    "tool": "tool",
    "human": "user",
    "ai": "assistant",
}
"""Roles that are understood, and what they are called here."""

TYPES = {
    "human": "user",
    "HumanMessageChunk": "user",
    "ai": "assistant",
    "AIMessageChunk": "assistant",
    "system": "system",
    "SystemMessageChunk": "system",
    "tool": "tool",
    "ToolMessageChunk": "tool",
    "function": "tool",
    "FunctionMessageChunk": "tool",
    "chat": None,
    "ChatMessageChunk": None,
}
"""Type of a message that LangChain wrote to its role; None where it has a role of its own."""

KEY = "messages"
"""Where a state keeps its conversation."""

ROOT = "__root__"
"""Under which a state that is no object is shown, because the wire has objects only."""

_EMPTY: tuple[Any, ...] = ("", [], {})

Object = Mapping[str, Any]


class Parted(NamedTuple):
    """A state without its messages, and these; None for a state that has none."""

    values: dict[str, Any]
    messages: list[dict[str, Any]] | None


def incoming(messages: Sequence[Object]) -> list[dict[str, Any]]:
    """Messages as agents take them. Raises `BadInput`, naming the place."""
    return [_incoming(each, f"messages[{place}]") for place, each in enumerate(messages)]


def _incoming(message: Object, place: str) -> dict[str, Any]:
    role = message.get("role")
    if not isinstance(role, str) or role not in ROLES:
        raise BadInput(f"`{place}.role` must be one of {', '.join(ROLES)}; not {role!r}.")
    if not isinstance(message.get("id"), (str, type(None))):
        raise BadInput(f"`{place}.id` must be a string.")
    if not isinstance(message.get("metadata"), (dict, type(None))):
        raise BadInput(f"`{place}.metadata` must be an object.")
    given = {key: value for key, value in message.items() if value is not None}
    return {**given, "role": ROLES[role], "content": _given_content(message, place)}


def _given_content(message: Object, place: str) -> str | list[Any]:
    content = message.get("content")
    if content is None and message.get("tool_calls"):
        return ""  # as OpenAI's clients send a message that only calls tools
    blocks = content if isinstance(content, list) else []
    well_formed = all(isinstance(b, dict) and isinstance(b.get("type"), str) for b in blocks)
    if not isinstance(content, (str, list)) or not well_formed:
        raise BadInput(f"`{place}.content` must be a string or an array of objects with a `type`.")
    return content


def parted(state: Any) -> Parted:
    """A state as the wire shows it: its messages beside its other values."""
    if isinstance(state, list) and state and _all_messages(state):
        return Parted({}, [outgoing(each) for each in state])
    if not isinstance(state, dict):
        return Parted({} if state is None else {ROOT: state}, None)
    messages = state.get(KEY)
    if not isinstance(messages, list) or not _all_messages(messages):
        return Parted(state, None)
    rest = {key: value for key, value in state.items() if key != KEY}
    return Parted(rest, [outgoing(each) for each in messages])


def with_messages(value: Any) -> Any:
    """A state, or what a step adds to one, with its messages as the wire writes them."""
    if isinstance(value, list):
        return [outgoing(each) if is_message(each) else with_messages(each) for each in value]
    if not isinstance(value, dict) or KEY not in value:
        return value
    found = value[KEY]
    return {**value, KEY: outgoing(found) if is_message(found) else with_messages(found)}


def is_message(value: Any) -> bool:
    """Whether this is a message, as LangChain writes it or as it was given."""
    if not isinstance(value, dict) or not isinstance(value.get("content"), (str, list)):
        return False
    kind = value.get("type")
    if isinstance(kind, str) and TYPES.get(kind):
        return True
    return isinstance(value.get("role"), str)


def _all_messages(values: list[Any]) -> bool:
    return all(is_message(each) for each in values)


def outgoing(message: Object) -> dict[str, Any]:
    """A message of a state, as Agent Protocol 0.1.6 writes it; what is empty is left out."""
    rest = dict(message)
    kind, role = rest.pop("type", None), rest.pop("role", None)
    shown = {
        "role": TYPES.get(kind or "") or ROLES.get(role, role),
        "content": _shown_content(rest.pop("content")),
    }
    known = rest.pop("additional_kwargs", None)
    more = {**known, **rest} if isinstance(known, dict) else rest
    for key, value in more.items():
        if value is not None and value not in _EMPTY and key not in shown and key != "type":
            shown[key] = value
    return shown


def _shown_content(content: Any) -> Any:
    if not isinstance(content, list):
        return content
    return [_block(each) for each in content]


def _block(block: Any) -> dict[str, Any]:
    """A part of a message's content; every part has a type."""
    if isinstance(block, str):
        return {"type": "text", "text": block}
    if isinstance(block, dict):
        return block if isinstance(block.get("type"), str) else {**block, "type": "other"}
    return {"type": "other", "value": block}
