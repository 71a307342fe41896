"""What clients send: the fields that are read, checked for their types.

The published document spells names in camelCase, the bindings and the SDKs in snake_case: both are
read. Unknown fields are ignored.
"""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from msgspec import UNSET, Struct, UnsetType

from demotic.web.bodies import as_shape

T = TypeVar("T")

Object = dict[str, Any]

_CAPITAL = re.compile(r"(?<!^)([A-Z])")


class Command(Struct):
    """CDDL 0.0.13, Command."""

    id: int
    method: str
    params: Object | None = None


class Subscribe(Struct):
    """CDDL 0.0.13, EventStreamRequest and SubscribeParams."""

    channels: list[str]
    namespaces: list[list[str]] | None = None
    depth: int | None = None
    since: int | None = None


class Unsubscribe(Struct):
    """CDDL 0.0.13, UnsubscribeParams."""

    subscription_id: str


class Reconnect(Struct):
    """CDDL 0.0.13, ReconnectParams."""

    run_id: str
    last_event_id: str | None = None
    subscriptions: list[str] | None = None


class RunStart(Struct):
    """CDDL 0.0.13, RunStartParams. `multitask_strategy` is sent by the JS SDK 1.15, and
    `langsmith_tracer` by both SDKs."""

    assistant_id: str
    input: Any = None
    config: Object | None = None
    metadata: Object | None = None
    multitask_strategy: str | None = None
    langsmith_tracer: Object | None = None


class Response(Struct):
    """CDDL 0.0.13, InputRespondEntry."""

    interrupt_id: str
    response: Any = None
    namespace: list[str] | None = None


class Respond(Struct):
    """CDDL 0.0.13, InputRespondOne and InputRespondMany.

    `strict_resume` is sent by the JS SDK 1.15: answers are always strict here. `namespace` says
    where a question was asked, which its id says already.
    """

    interrupt_id: str | None = None
    response: Any | UnsetType = UNSET
    namespace: list[str] | None = None
    responses: list[Object] | None = None
    update: Any = None
    goto: Any = None
    config: Object | None = None
    metadata: Object | None = None
    strict_resume: bool | None = None


class Message(Struct):
    """CDDL 0.0.13, InputMessage."""

    role: str
    content: str
    name: str | None = None


class Inject(Struct):
    """CDDL 0.0.13, InputInjectParams."""

    message: Object
    namespace: list[str] | None = None


class GetTree(Struct):
    """CDDL 0.0.13, AgentGetTreeParams."""

    run_id: str | None = None


class GetState(Struct):
    """CDDL 0.0.13, StateGetParams."""

    namespace: list[str] | None = None
    keys: list[str] | None = None


class ListCheckpoints(Struct):
    """CDDL 0.0.13, ListCheckpointsParams."""

    namespace: list[str] | None = None
    limit: int | None = None
    before: str | None = None


class Fork(Struct):
    """CDDL 0.0.13, StateForkParams."""

    checkpoint_id: str
    input: Any = None
    config: Object | None = None


def read(fields: Mapping[str, Any] | None, shape: type[T]) -> T:
    """Fields as `shape`, in either spelling. Raises `BadInput`, naming the field."""
    return as_shape(snake(fields or {}), shape)


def snake(fields: Mapping[str, Any]) -> Object:
    """Fields under snake_case names."""
    named = {_CAPITAL.sub(r"_\1", key).lower(): value for key, value in fields.items()}
    return {**named, **{key: value for key, value in fields.items() if "_" in key}}
