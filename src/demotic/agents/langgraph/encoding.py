"""JSON of what agents produce: messages, models, dataclasses and the usual Python types."""

import dataclasses
from collections import deque
from collections.abc import Mapping, Set
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import PurePath
from typing import Any
from uuid import UUID

import orjson
from langchain_core.messages import BaseMessage
from langgraph.types import Interrupt
from pydantic import BaseModel

OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS

MAX_REPR = 200
"""How much is shown of something that JSON cannot hold, in characters."""

MAX_DEPTH = 40


def encode(value: Any) -> bytes:
    """`value` as JSON. Raises `TypeError`, naming the type, for what JSON cannot hold."""
    try:
        return orjson.dumps(value, default=_default, option=OPTIONS)
    except TypeError as error:
        if "surrogates" not in str(error) and "UTF-8" not in str(error):
            raise
        return orjson.dumps(_without_surrogates(value), default=_default, option=OPTIONS)


def encode_anyway(value: Any) -> bytes:
    """`value` as JSON whatever it holds: of what JSON cannot hold, the beginning of its `repr`.

    For events that let someone look on, which must never fail the run that they show.
    """
    try:
        return encode(value)
    except (TypeError, ValueError, RecursionError):
        return orjson.dumps(_told(value, ()))


def said(error: BaseException) -> str:
    """What an error says; its `__str__` may be the user's, and broken."""
    try:
        return str(_without_surrogates(str(error)))
    except Exception:  # whatever its own code raises
        return "The error cannot be told: its __str__ failed."


def plain(value: Any) -> Any:
    """`value` as plain data: what `encode` writes, read back."""
    return orjson.loads(encode(value))


def interrupt_json(interrupt: Interrupt, *, full: bool) -> dict[str, Any]:
    """An interrupt as state shows it; `full` as streams show it, with its response schema."""
    if full:
        schema = interrupt.response_schema
        return {"value": interrupt.value, "id": interrupt.id, "response_schema": schema}
    shown = {"id": interrupt.id, "value": interrupt.value}
    if interrupt.response_schema is not None:
        shown["response_schema"] = interrupt.response_schema
    return shown


def _default(value: Any) -> Any:
    if isinstance(value, BaseMessage):
        extra = value.__pydantic_extra__
        return {**value.__dict__, **extra} if extra else value.__dict__
    if isinstance(value, Interrupt):
        return interrupt_json(value, full=True)
    for types, convert in _CONVERSIONS:
        if isinstance(value, types):
            return convert(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if hasattr(value, "__slots__") and type(value).__module__.startswith("langgraph."):
        return {name: getattr(value, name) for name in value.__slots__ if hasattr(value, name)}
    raise TypeError(
        f"Values of type {type(value).__module__}.{type(value).__qualname__} cannot be shown as "
        "JSON. Keep plain data, messages, dataclasses or pydantic models in the state."
    )


def _named(value: Any) -> Any:
    return value._asdict() if hasattr(value, "_asdict") else list(value)


_CONVERSIONS: list[tuple[tuple[type, ...], Any]] = [
    ((BaseModel,), lambda v: v.model_dump()),
    ((tuple,), _named),
    ((Set, deque), list),
    ((Mapping,), dict),
    ((bytes, bytearray, memoryview), lambda v: bytes(v).decode("utf-8", "backslashreplace")),
    ((datetime, date, time), lambda v: v.isoformat()),
    ((timedelta,), lambda v: v.total_seconds()),
    ((Enum,), lambda v: v.value),
    ((Decimal, UUID, PurePath), str),
    ((IPv4Address, IPv4Network, IPv6Address, IPv6Network), str),
    ((BaseException,), repr),
    ((type,), lambda v: v.__qualname__),
]


def _without_surrogates(value: Any) -> Any:
    """A copy in which half characters (lone surrogates) are replaced, as JSON demands."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_without_surrogates(k): _without_surrogates(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_surrogates(v) for v in value]
    if isinstance(value, (int, float, bool)) or value is None:
        return value
    return _without_surrogates(_default(value))


def _told(value: Any, around: tuple[int, ...]) -> Any:
    """Plain data for anything; `around` are the ids of what it is in (a circle ends there)."""
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else str(value)
    if isinstance(value, str):
        return _without_surrogates(value)
    if id(value) in around or len(around) > MAX_DEPTH:
        return _beginning(value)
    inside = (*around, id(value))
    if isinstance(value, Mapping):
        return {_key(key): _told(item, inside) for key, item in value.items()}
    if isinstance(value, (list, tuple, Set)):
        return [_told(item, inside) for item in value]
    try:
        return _told(_default(value), inside)
    except Exception:  # whatever its own code raises
        return _beginning(value)


def _key(key: Any) -> str:
    return str(_without_surrogates(key)) if isinstance(key, str) else _beginning(key)


def _beginning(value: Any) -> str:
    try:
        text = repr(value)
    except Exception:  # whatever its own code raises
        text = f"<{type(value).__module__}.{type(value).__qualname__}>"
    text = text if len(text) <= MAX_REPR else text[: MAX_REPR - 1] + "…"
    return str(_without_surrogates(text))
