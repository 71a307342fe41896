"""Stream mode `messages`: chunks of messages accumulated into the message so far; pure.

Rules as langchain-core 1 merges AIMessageChunk, on plain JSON: text is joined, content blocks
and tool call chunks with the same `index` are merged, token usage is added up.
"""

from collections.abc import Mapping
from typing import Any

import pydantic_core

METADATA, PARTIAL, COMPLETE = "messages/metadata", "messages/partial", "messages/complete"

CHUNK = "MessageChunk"
"""End of the `type` of a chunk, as in AIMessageChunk."""

TYPES = {
    "AIMessageChunk": "ai",
    "HumanMessageChunk": "human",
    "SystemMessageChunk": "system",
    "ToolMessageChunk": "tool",
    "FunctionMessageChunk": "function",
    "ChatMessageChunk": "chat",
}
"""Type of a chunk to the type of the message it is a part of."""

_ONLY_CHUNKS_HAVE = frozenset({"tool_call_chunks", "chunk_position"})

# Fields that name rather than add up: a later equal value changes nothing, a number replaces.
_NAMING = frozenset({"id", "output_version", "model_provider", "type", "role"})
_REPLACED = frozenset({"index", "created", "timestamp"})

Event = tuple[str, Any]


class Accumulator:
    """What one follower has seen of each message."""

    def __init__(self) -> None:
        self._chunks: dict[str, dict[str, Any]] = {}

    def forget(self) -> None:
        """A new attempt begins: its messages are its own."""
        self._chunks.clear()

    def take(self, message: Mapping[str, Any], metadata: Any) -> list[Event]:
        """A message or a chunk of one; the events that show it."""
        id = message.get("id") or ""
        known = self._chunks.get(id)
        events: list[Event] = (
            [] if known is not None else [(METADATA, {id: {"metadata": metadata}})]
        )
        is_chunk = str(message.get("type", "")).endswith(CHUNK)
        whole = add(known, message) if known is not None and is_chunk else dict(message)
        self._chunks[id] = whole
        events.append((PARTIAL, [shown(whole)]) if is_chunk else (COMPLETE, [whole]))
        return events


def shown(chunk: Mapping[str, Any]) -> dict[str, Any]:
    """The accumulated chunk as the message it is so far."""
    message = {key: value for key, value in chunk.items() if key not in _ONLY_CHUNKS_HAVE}
    message["type"] = TYPES.get(chunk["type"], chunk["type"])
    return message


def add(left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, Any]:
    """Two chunks of one message as one."""
    merged = {**right, **left}
    merged["content"] = merge_content(left.get("content"), right.get("content"))
    for key in ("additional_kwargs", "response_metadata"):
        if key in merged:
            merged[key] = merge_dicts(left.get(key) or {}, right.get(key) or {})
    if "usage_metadata" in merged:
        merged["usage_metadata"] = add_usage(
            left.get("usage_metadata"), right.get("usage_metadata")
        )
    for key in ("name", "status", "artifact", "tool_call_id"):
        if merged.get(key) is None and right.get(key) is not None:
            merged[key] = right[key]
    if "tool_call_chunks" in merged:
        calls = merge_lists(left.get("tool_call_chunks"), right.get("tool_call_chunks"))
        merged["tool_call_chunks"] = calls
        if calls:
            merged["tool_calls"], merged["invalid_tool_calls"] = parse_calls(calls)
    return merged


def merge_content(left: Any, right: Any) -> Any:
    """Text or blocks of two chunks."""
    left, right = ("" if each is None else each for each in (left, right))
    if isinstance(left, str):
        return left + right if isinstance(right, str) else [left, *right]
    if isinstance(right, list):
        return merge_lists(left, right)
    if left and isinstance(left[-1], str):
        return [*left[:-1], left[-1] + right]
    return [*left, right] if left and right else left


def merge_dicts(left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of two chunks: text joined, numbers added, nested values merged."""
    merged = dict(left)
    for key, value in right.items():
        if merged.get(key) is None:
            merged[key] = value
        elif value is not None:
            merged[key] = _merge_field(key, merged[key], value)
    return merged


def _merge_field(key: str, old: Any, new: Any) -> Any:
    if key in _REPLACED or type(old) is not type(new):
        return new
    if isinstance(old, str):
        return old if key in _NAMING and old == new else old + new
    if isinstance(old, dict):
        return merge_dicts(old, new)
    if isinstance(old, list):
        return merge_lists(old, new)
    if isinstance(old, bool) or old == new:
        return new
    return old + new


def merge_lists(left: list[Any] | None, right: list[Any] | None) -> list[Any]:
    """Elements of two chunks: those with the same `index` (and no other `id`) merged."""
    merged = list(left or ())
    for element in right or ():
        place = _place(merged, element)
        if place is None:
            merged.append(element)
        else:
            rest = {key: value for key, value in element.items() if key != "type"}
            old = merged[place]
            kind = {"type": element["type"]} if "type" in element and "type" not in old else {}
            merged[place] = {**merge_dicts(old, rest), **kind}
    return merged


def _place(elements: list[Any], new: Any) -> int | None:
    index = new.get("index") if isinstance(new, dict) else None
    if type(index) is not int and not (isinstance(index, str) and index.startswith("lc_")):
        return None
    for place, old in enumerate(elements):
        if isinstance(old, dict) and old.get("index") == index and _may_be_same(old, new):
            return place
    return None


def _may_be_same(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    ids = {each for each in (old.get("id"), new.get("id")) if each}
    return len(ids) < 2


def add_usage(left: Any, right: Any) -> Any:
    """Token counts added up, details included."""
    if not left or not right:
        return left or right
    added = dict(left)
    for key, value in right.items():
        old = added.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            added[key] = add_usage(old, value)
        elif isinstance(old, int) and isinstance(value, int):
            added[key] = old + value
        else:
            added[key] = value if value is not None else old
    return added


def parse_calls(chunks: list[Any]) -> tuple[list[Any], list[Any]]:
    """Tool calls so far: those whose arguments can be read, though incomplete, and the others."""
    calls: list[Any] = []
    invalid: list[Any] = []
    for chunk in chunks:
        name, args, id = chunk.get("name"), chunk.get("args"), chunk.get("id")
        parsed = parse_arguments(args)
        if isinstance(parsed, dict):
            calls.append({"name": name or "", "args": parsed, "id": id, "type": "tool_call"})
        else:
            told = {"name": name, "args": args, "id": id, "error": None}
            invalid.append({**told, "type": "invalid_tool_call"})
    return calls, invalid


def parse_arguments(text: str | None) -> Any:
    """The arguments that a model has written so far; None where they are no JSON."""
    if not text:
        return {}
    try:
        return pydantic_core.from_json(text, allow_partial="trailing-strings")
    except ValueError:
        return None
