"""What ACP clients send: the fields that are read, checked for their types.

Unknown fields are ignored, and null counts as absent (clients send null for fields that are not
set). Names of choices are checked in `translate`, which can list them.
"""

from typing import Any

from msgspec import Struct

Object = dict[str, Any]


class AgentSearch(Struct):
    """ACP 0.2.3, AgentSearchRequest."""

    name: str | None = None
    version: str | None = None
    limit: int | None = None
    offset: int | None = None


class ThreadCreate(Struct):
    """ACP 0.2.3, ThreadCreate."""

    thread_id: str | None = None
    metadata: Object | None = None
    if_exists: str | None = None


class ThreadSearch(Struct):
    """ACP 0.2.3, ThreadSearchRequest."""

    metadata: Object | None = None
    values: Object | None = None
    status: str | None = None
    limit: int | None = None
    offset: int | None = None


class Checkpoint(Struct):
    """ACP 0.2.3, ThreadCheckpoint."""

    checkpoint_id: str


class ThreadPatch(Struct):
    """ACP 0.2.3, ThreadPatch."""

    checkpoint: Checkpoint | None = None
    metadata: Object | None = None
    values: Any = None
    messages: list[Object] | None = None


class RunConfig(Struct):
    """ACP 0.2.3, RunCreate.config."""

    tags: list[str] | None = None
    recursion_limit: int | None = None
    configurable: Any = None


class RunCreateStateless(Struct):
    """ACP 0.2.3, RunCreateStateless."""

    agent_id: str | None = None
    input: Any = None
    metadata: Object | None = None
    config: RunConfig | None = None
    webhook: str | None = None
    stream_mode: str | list[str] | None = None
    on_disconnect: str | None = None
    multitask_strategy: str | None = None
    after_seconds: int | None = None
    on_completion: str | None = None


class RunCreateStateful(Struct):
    """ACP 0.2.3, RunCreateStateful."""

    agent_id: str | None = None
    input: Any = None
    metadata: Object | None = None
    config: RunConfig | None = None
    webhook: str | None = None
    stream_mode: str | list[str] | None = None
    on_disconnect: str | None = None
    multitask_strategy: str | None = None
    after_seconds: int | None = None
    stream_subgraphs: bool | None = None
    if_not_exists: str | None = None


RunCreate = RunCreateStateless | RunCreateStateful


class RunSearch(Struct):
    """ACP 0.2.3, RunSearchRequest."""

    agent_id: str | None = None
    status: str | None = None
    metadata: Object | None = None
    limit: int | None = None
    offset: int | None = None
