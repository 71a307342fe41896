"""LangChain's messages to msgpack and back, as LangGraph writes them, in a third of its time.

A conversation is encoded at each step that adds to it, and decoded by each run. LangGraph dumps
and validates each message with pydantic; for a message whose fields hold plain data, and are all
of its class's own, both change nothing, so that its fields may be taken as they are. Every other
message goes LangGraph's way.
"""

from collections.abc import Callable, Mapping
from typing import Any

import ormsgpack
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from demotic.agents.langgraph.internals import EXT_PYDANTIC_V2, msgpack_default

OPTIONS = (
    ormsgpack.OPT_NON_STR_KEYS
    | ormsgpack.OPT_PASSTHROUGH_DATACLASS
    | ormsgpack.OPT_PASSTHROUGH_DATETIME
    | ormsgpack.OPT_PASSTHROUGH_ENUM
    | ormsgpack.OPT_PASSTHROUGH_UUID
    | ormsgpack.OPT_REPLACE_SURROGATES
)
"""How LangGraph packs."""

METHOD = "model_validate_json"
"""The last of the four elements of a packed model."""

Hook = Callable[[int, bytes], Any]
"""Decodes an extension, by its code."""

_FIELDS: Mapping[type[BaseMessage], frozenset[str]] = {
    each: frozenset(each.model_fields)
    for each in (AIMessage, HumanMessage, SystemMessage, ToolMessage)
}
_NAMES: Mapping[type[Any], tuple[str, str]] = {
    each: (each.__module__, each.__name__) for each in _FIELDS
}
_CLASSES: Mapping[str, type[BaseMessage]] = {each.__name__: each for each in _FIELDS}
_BEGINNINGS = tuple(b"\x94" + b"".join(map(ormsgpack.packb, name)) for name in _NAMES.values())
_CALL = frozenset({"name", "args", "id", "type"})
_set = object.__setattr__


def pack(value: Any) -> bytes:
    """A value as msgpack, byte for byte as LangGraph packs it."""
    return ormsgpack.packb(value, default=_default, option=OPTIONS)


def hook_before(hook: Hook) -> Hook:
    """A hook that decodes messages, and leaves all else to another."""

    def first(code: int, data: bytes) -> Any:
        if code == EXT_PYDANTIC_V2 and data.startswith(_BEGINNINGS):
            _, name, fields, _ = ormsgpack.unpackb(
                data, ext_hook=first, option=ormsgpack.OPT_NON_STR_KEYS
            )
            kind = _CLASSES[name]
            if fields.keys() == _FIELDS[kind] and _is_settled(kind, fields):
                return _message(kind, fields)
        return hook(code, data)

    return first


def _default(value: Any) -> Any:
    name = _NAMES.get(type(value))
    if name is not None and not value.__pydantic_extra__:
        fields = value.__dict__
        if fields.keys() == _FIELDS[type(value)]:
            try:
                packed = ormsgpack.packb((*name, fields, METHOD), default=_refuse, option=OPTIONS)
            except ormsgpack.MsgpackEncodeError:  # pydantic dumps what is no plain data
                return msgpack_default(value)
            return ormsgpack.Ext(EXT_PYDANTIC_V2, packed)
    return msgpack_default(value)


def _refuse(value: Any) -> Any:
    raise TypeError


def _is_settled(kind: type[BaseMessage], fields: Mapping[str, Any]) -> bool:
    """Whether the constructor of a message would leave its fields as they are."""
    if type(fields["content"]) is not str or type(fields["id"]) not in (str, type(None)):
        return False
    if kind is not AIMessage:
        return True
    if fields["invalid_tool_calls"]:
        return False
    calls = fields["tool_calls"]
    if not calls:  # those of old providers are looked for elsewhere
        return not fields["additional_kwargs"]
    return all(call.keys() == _CALL and call["type"] == "tool_call" for call in calls)


def _message(kind: type[BaseMessage], fields: dict[str, Any]) -> BaseMessage:
    """As `model_construct` makes it, which would look at each field for its default."""
    message = kind.__new__(kind)
    _set(message, "__dict__", fields)
    _set(message, "__pydantic_fields_set__", set(fields))
    _set(message, "__pydantic_extra__", {})
    _set(message, "__pydantic_private__", None)
    return message
