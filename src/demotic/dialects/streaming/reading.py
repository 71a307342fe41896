"""Reads what is needed of recorded events, and no more: they may hold whole states."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec
import orjson
from msgspec import UNSET, Raw, Struct, UnsetType

T = TypeVar("T")

INTERRUPT = "__interrupt__"
"""Key of a state, or of an update, under which a question is told."""

_NAMED = frozenset({"name", "payload"})


class Piece(Struct):
    """Of a message, or a piece of one, what tells whether it goes on."""

    id: str | None = None
    type: str = ""
    chunk_position: str | None = None


class Task(Struct):
    """Of a task's begin or end, what tells how nested agents stand."""

    id: str = ""
    name: str = ""
    input: Raw = Raw()
    metadata: dict[str, Any] | None = None
    result: Raw | UnsetType = UNSET
    error: Any = None
    interrupts: list[Any] | None = None

    @property
    def is_over(self) -> bool:
        """Whether this tells of its end."""
        return self.result is not UNSET


class ToolEvent(Struct):
    """Of what a tool does, what may have to be put in other words."""

    event: str = ""
    tool_call_id: str = ""
    delta: Any = None


class _Id(Struct):
    id: str | None = None


class _ToolInput(Struct):
    tool_call: _Id | None = None


class _Place(Struct):
    checkpoint_id: str | None = None


class _Config(Struct):
    configurable: _Place


class _Metadata(Struct):
    source: str = "loop"
    step: int = 0


class _Saved(Struct):
    """A checkpoint as graphs tell it (`config`) or as states show it (`checkpoint`)."""

    config: _Config | None = None
    parent_config: _Config | None = None
    checkpoint: _Place | None = None
    parent: _Place | None = None
    metadata: _Metadata | None = None


_pieces = msgspec.json.Decoder(tuple[Piece, Raw])
_tasks = msgspec.json.Decoder(Task)
_tools = msgspec.json.Decoder(ToolEvent)
_saved = msgspec.json.Decoder(_Saved)
_members = msgspec.json.Decoder(dict[str, Raw])
_questions = msgspec.json.Decoder(list[_Id])
_tool_input = msgspec.json.Decoder(_ToolInput)
_tool_calls = msgspec.json.Decoder(list[_Id])


def _read(decoder: "msgspec.json.Decoder[T]", data: bytes | Raw) -> T | None:
    """What a decoder reads; None where the data has another shape."""
    try:
        return decoder.decode(data)
    except msgspec.DecodeError:
        return None


def piece(data: bytes) -> Piece | None:
    """Of a `messages` event."""
    found = _read(_pieces, data)
    return found[0] if found else None


def task(data: bytes) -> Task | None:
    """Of a `tasks` event."""
    return _read(_tasks, data)


def tool(data: bytes) -> ToolEvent | None:
    """Of a `tools` event."""
    return _read(_tools, data)


def tool_call(task: Task) -> str | None:
    """The tool call that a task carries out: the first where it carries out several."""
    start = memoryview(task.input)[:1].tobytes()  # it may be large: not copied
    if start == b"{":
        found = _read(_tool_input, task.input)
        return found.tool_call.id if found and found.tool_call else None
    calls = _read(_tool_calls, task.input) if start == b"[" else None
    return next((call.id for call in calls or () if call.id), None)


def members(data: bytes) -> Mapping[str, Raw] | None:
    """The members of an object, unread."""
    return _read(_members, data)


def question_ids(data: Raw) -> Sequence[str]:
    """The ids of questions."""
    return [each.id for each in _read(_questions, data) or () if each.id]


def envelope(data: bytes) -> bytes | None:
    """What is told of a checkpoint (CDDL 0.0.13, Checkpoint)."""
    saved = _read(_saved, data)
    if saved is None:
        return None
    place = saved.checkpoint or (saved.config and saved.config.configurable)
    parent = saved.parent or (saved.parent_config and saved.parent_config.configurable)
    if not place or not place.checkpoint_id:
        return None
    metadata = saved.metadata or _Metadata()
    told: dict[str, Any] = {"id": place.checkpoint_id}
    if parent and parent.checkpoint_id:
        told["parent_id"] = parent.checkpoint_id
    return orjson.dumps({**told, "step": metadata.step, "source": metadata.source})


def custom_name(data: bytes) -> str | None:
    """The name that an agent gave to what it tells: it wrote `{"name", "payload"}`."""
    if data[:1] != b"{" or b'"payload"' not in data:
        return None
    found = members(data)
    if found is None or found.keys() != _NAMED:
        return None
    name = orjson.loads(bytes(found["name"]))
    return name if isinstance(name, str) and name else None


def joined(members: Mapping[str, Raw]) -> bytes:
    """An object of unread members."""
    return b"{" + b",".join(orjson.dumps(k) + b":" + bytes(v) for k, v in members.items()) + b"}"
