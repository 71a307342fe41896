"""What Agent Protocol clients send: the fields that are read, checked for their types.

One superset of the protocol's versions of April 2025 and August 2026, which both call themselves
0.1.6. Unknown fields are ignored, and null counts as absent. Names of choices are checked in
`translate`, which can list them, messages in `messages`, because they may hold anything.
"""

from typing import Any

from msgspec import Struct

Object = dict[str, Any]


class AgentSearch(Struct):
    """Agent Protocol 0.1.6, body of POST /agents/search."""

    name: str | None = None
    metadata: Object | None = None
    limit: int | None = None
    offset: int | None = None


class ThreadCreate(Struct):
    """Agent Protocol 0.1.6, ThreadCreate."""

    thread_id: str | None = None
    metadata: Object | None = None
    if_exists: str | None = None


class ThreadSearch(Struct):
    """Agent Protocol 0.1.6, ThreadSearchRequest."""

    metadata: Object | None = None
    values: Object | None = None
    status: str | None = None
    limit: int | None = None
    offset: int | None = None


class Checkpoint(Struct):
    """Agent Protocol 0.1.6, ThreadCheckpoint."""

    checkpoint_id: str


class ThreadPatch(Struct):
    """Agent Protocol 0.1.6, ThreadPatch."""

    checkpoint: Checkpoint | None = None
    metadata: Object | None = None
    values: Object | None = None
    messages: list[Object] | None = None


class RunCreate(Struct):
    """Agent Protocol 0.1.6, RunCreate and RunStream.

    `stream_mode` stands in RunCreate in 2025 and in RunStream in 2026. What RunStream of 2026
    lists as required beside it (run_id, status, …) belongs to the answer.
    """

    thread_id: str | None = None
    agent_id: str | None = None
    input: Any = None
    messages: list[Object] | None = None
    metadata: Object | None = None
    config: Object | None = None
    webhook: str | None = None
    stream_mode: str | list[str] | None = None
    on_completion: str | None = None
    on_disconnect: str | None = None
    if_not_exists: str | None = None


class RunSearch(Struct):
    """Agent Protocol of August 2026, RunSearchRequest."""

    metadata: Object | None = None
    status: str | None = None
    thread_id: str | None = None
    agent_id: str | None = None
    limit: int | None = None
    offset: int | None = None
