"""What LangGraph clients send about threads, beside `wire`; the same rules hold."""

from typing import Any

from msgspec import Struct

Object = dict[str, Any]


class Ttl(Struct):
    """LangGraph API 0.16, ThreadCreate.ttl; a number alone means `ttl`."""

    ttl: float | None = None
    strategy: str | None = None


class SuperstepUpdate(Struct):
    """LangGraph API 0.16, ThreadSuperstepUpdate."""

    as_node: str
    values: Any = None
    command: Object | None = None


class Superstep(Struct):
    """LangGraph API 0.16, ThreadCreate.supersteps: updates that are made at once."""

    updates: list[SuperstepUpdate]


class ThreadPrune(Struct):
    """LangGraph API 0.16, ThreadPruneRequest."""

    thread_ids: list[str]
    strategy: str | None = None


class StatePatch(Struct):
    """LangGraph API 0.1.0, ThreadStatePatch."""

    metadata: Object
