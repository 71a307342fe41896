"""One message as the protocol tells it: block by block, from start to finish; pure.

Blocks of a message do not overlap: one begins when the one before is finished.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

Block = dict[str, Any]

CHUNK = "Chunk"
"""End of the `type` of a piece of a message, as in AIMessageChunk."""

ROLES = {
    "AIMessageChunk": "ai",
    "ai": "ai",
    "HumanMessageChunk": "human",
    "human": "human",
    "SystemMessageChunk": "system",
    "system": "system",
}
"""Type of a message to its author's role. Results of tools are no messages here: channel `tools`
tells of them."""

APPENDED = {"text": "text", "reasoning": "reasoning"}
"""Blocks whose text grows, and its field."""

FINISHED = {"tool_call_chunk": "tool_call", "server_tool_call_chunk": "server_tool_call"}
"""Calls in pieces, and what they are once they are whole."""

DATA = ("base64", "data")
"""Fields of media that may come in pieces."""

HEAVY = frozenset({"args", "base64", "data", "output", "transcript", "value"})
"""Fields that only a block's finish shows, when it comes whole."""

NEEDED: Mapping[str, tuple[str, Block]] = {
    "tool_call": ("args", {}),
    "server_tool_call": ("args", {}),
    "non_standard": ("value", {}),
}
"""Heavy fields that a block's start must have all the same."""

DETAILS = ("input_token_details", "output_token_details")


def is_last(kind: str, position: str | None) -> bool:
    """Whether nothing of a message follows, by its `type` and `chunk_position`."""
    return not kind.endswith(CHUNK) or position == "last"


def plain_blocks(message: Mapping[str, Any]) -> list[Block] | None:
    """The blocks of a message with plain text; None for one that its agent must read."""
    content = message.get("content")
    if not isinstance(content, str) or message.get("additional_kwargs"):
        return None
    blocks: list[Block] = [{"type": "text", "text": content}] if content else []
    if message["type"].endswith(CHUNK):
        pieces = message.get("tool_call_chunks") or ()
        return blocks + [{**piece, "type": "tool_call_chunk"} for piece in pieces]
    blocks += [{**call, "type": "tool_call"} for call in message.get("tool_calls") or ()]
    wrong = message.get("invalid_tool_calls") or ()
    return blocks + [{**call, "type": "invalid_tool_call"} for call in wrong]


class Telling:
    """How far one message has been told."""

    def __init__(self, id: str, role: str) -> None:
        self._id, self._role = id, role
        self._blocks: list[Block] = []
        self._places: dict[Any, int] = {}
        self._open: int | None = None
        self._late: set[int] = set()
        self._usage: dict[str, Any] = {}
        self._metadata: dict[str, Any] = {}

    def start(self, message: Mapping[str, Any]) -> list[bytes]:
        """The first event."""
        known = message.get("response_metadata") or {}
        named = {"provider": known.get("model_provider"), "model": known.get("model_name")}
        metadata = {key: value for key, value in named.items() if value}
        told = {"event": "message-start", "role": self._role, "id": self._id}
        return [orjson.dumps({**told, "metadata": metadata} if metadata else told)]

    def take(self, message: Mapping[str, Any], blocks: Sequence[Block]) -> list[bytes]:
        """The events of a piece, or of the whole."""
        events: list[bytes] = []
        in_pieces = message["type"].endswith(CHUNK)
        new: set[str] = set()  # kinds of blocks without an index that this piece has had
        for block in blocks:
            place = self._place(block, new)
            if place is None:
                place = self._begin(block, events)
            else:
                _add(self._blocks[place], block)
                if place != self._open:
                    self._late.add(place)
            if place == self._open and (delta := _delta(block, in_pieces=in_pieces)):
                told = {"event": "content-block-delta", "index": place, "delta": delta}
                events.append(orjson.dumps(told))
        self._note(message)
        return events

    def finish(self) -> list[bytes]:
        """The last events."""
        events = [self._finished(place) for place in sorted(self._late)]
        if self._open is not None:
            events.append(self._finished(self._open))
        told: dict[str, Any] = {"event": "message-finish"}
        if self._usage:
            told["usage"] = self._usage
        if self._metadata:
            told["metadata"] = self._metadata
        return [*events, orjson.dumps(told)]

    def _place(self, block: Block, new: set[str]) -> int | None:
        """The block that this continues; None for a new one."""
        kind, index = block.get("type", "text"), block.get("index")
        if index is not None:
            return self._places.get((kind, index))
        is_second, current = kind in new, self._blocks[self._open or 0 :][:1]
        new.add(kind)
        continues = current and current[0].get("type", "text") == kind and not is_second
        return self._open if continues and current[0].get("index") is None else None

    def _begin(self, block: Block, events: list[bytes]) -> int:
        if self._open is not None:
            events.append(self._finished(self._open))
            self._late.discard(self._open)
        place = self._open = len(self._blocks)
        self._blocks.append(dict(block))
        if block.get("index") is not None:
            self._places[block.get("type", "text"), block["index"]] = place
        told = {"event": "content-block-start", "index": place, "content": _beginning(block)}
        events.append(orjson.dumps(told))
        return place

    def _finished(self, place: int) -> bytes:
        told = {"event": "content-block-finish", "index": place}
        return orjson.dumps({**told, "content": _whole(self._blocks[place])})

    def _note(self, message: Mapping[str, Any]) -> None:
        if usage := message.get("usage_metadata"):
            self._usage = _added(self._usage, usage)
        self._metadata |= message.get("response_metadata") or {}


def _beginning(block: Block) -> Block:
    """What a block's start shows: nothing yet of what grows, nor of what is large."""
    kind = block.get("type", "text")
    rest = {key: value for key, value in block.items() if key != "index" and key not in HEAVY}
    if kind in APPENDED:
        return {**rest, "type": kind, APPENDED[kind]: ""}
    if kind in FINISHED:
        return {**rest, "args": ""}
    if kind in NEEDED:
        key, value = NEEDED[kind]
        return {**rest, key: value}
    return rest


def _delta(block: Block, *, in_pieces: bool) -> Block | None:
    """What a piece adds to its block; media that come whole are told once, at their finish."""
    kind = block.get("type", "text")
    if kind in APPENDED:
        field = APPENDED[kind]
        text = block.get(field)
        return {"type": f"{kind}-delta", field: text} if text else None
    if kind in FINISHED:
        args = block.get("args")
        return {"type": "tool-call-delta", "args": args} if args else None
    for field in DATA if in_pieces else ():
        if isinstance(block.get(field), str) and block[field]:
            return {"type": "data-delta", "data": block[field], "encoding": "base64"}
    return None


def _add(block: Block, piece: Block) -> None:
    """Add a piece to its block: text is joined, other fields are taken over."""
    kind = block.get("type", "text")
    grows = {APPENDED.get(kind, ""), "args" if kind in FINISHED else "", *DATA}
    for key, value in piece.items():
        old = block.get(key)
        if value is None:
            continue
        if key in grows and isinstance(old, str) and isinstance(value, str):
            block[key] = old + value
        elif isinstance(old, dict) and isinstance(value, dict):
            block[key] = {**old, **value}
        else:
            block[key] = value


def _whole(block: Block) -> Block:
    """A finished block; a call's arguments are read."""
    rest = {key: value for key, value in block.items() if key != "index"}
    kind = rest.setdefault("type", "text")
    if kind not in FINISHED:
        return rest
    text = rest.get("args") or ""
    try:
        args = orjson.loads(text) if text else {}
    except orjson.JSONDecodeError:
        args = None
    if isinstance(args, dict):
        return {**rest, "type": FINISHED[kind], "name": rest.get("name") or "", "args": args}
    told = {"id": rest.get("id"), "name": rest.get("name"), "args": text}
    error = "The arguments are not a JSON object."
    return {"type": "invalid_tool_call", **told, "error": error}


def _added(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Token counts added up."""
    counts = {key: old.get(key, 0) + value for key, value in new.items() if type(value) is int}
    details = {
        key: _added(old.get(key) or {}, new[key])
        for key in DETAILS
        if isinstance(new.get(key), dict)
    }
    return {**old, **counts, **details}
