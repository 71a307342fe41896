"""What LangGraph clients send: the fields that are read, checked for their types.

Unknown fields are ignored, and null counts as absent (LangGraph API 0.16, observed; its SDKs
drop null fields). Names of choices are checked in `translate`, which can list them.
"""

from typing import Any

from msgspec import Struct

from demotic.dialects.langgraph.wire_threads import Superstep, Ttl

Object = dict[str, Any]


class AssistantSearch(Struct):
    """LangGraph API 0.16, AssistantSearchRequest."""

    metadata: Object | None = None
    graph_id: str | None = None
    name: str | None = None
    limit: int | None = None
    offset: int | None = None
    sort_by: str | None = None
    sort_order: str | None = None
    select: list[str] | None = None


class AssistantCreate(Struct):
    """LangGraph API 0.16, AssistantCreate."""

    graph_id: str
    assistant_id: str | None = None
    config: Object | None = None
    context: Object | None = None
    metadata: Object | None = None
    if_exists: str | None = None
    name: str | None = None
    description: str | None = None


class AssistantPatch(Struct):
    """LangGraph API 0.16, AssistantPatch."""

    graph_id: str | None = None
    config: Object | None = None
    context: Object | None = None
    metadata: Object | None = None
    name: str | None = None
    description: str | None = None


class AssistantCount(Struct):
    """LangGraph API 0.16, AssistantCountRequest."""

    metadata: Object | None = None
    graph_id: str | None = None
    name: str | None = None


class AssistantVersions(Struct):
    """LangGraph API 0.16, AssistantVersionsSearchRequest."""

    metadata: Object | None = None
    limit: int | None = None
    offset: int | None = None


class AssistantVersion(Struct):
    """LangGraph API 0.16, AssistantVersionChange."""

    version: int | None = None


class ThreadCreate(Struct):
    """LangGraph API 0.16, ThreadCreate."""

    thread_id: str | None = None
    metadata: Object | None = None
    if_exists: str | None = None
    ttl: float | Ttl | None = None
    supersteps: list[Superstep] | None = None


class ThreadPatch(Struct):
    """LangGraph API 0.16, ThreadPatch."""

    metadata: Object | None = None
    ttl: float | Ttl | None = None


class ThreadCount(Struct):
    """LangGraph API 0.16, ThreadCountRequest."""

    metadata: Object | None = None
    values: Object | None = None
    status: str | None = None


class ThreadSearch(Struct):
    """LangGraph API 0.16, ThreadSearchRequest; `include` is of our own, as GET has it."""

    ids: list[str] | None = None
    metadata: Object | None = None
    values: Object | None = None
    status: str | None = None
    limit: int | None = None
    offset: int | None = None
    sort_by: str | None = None
    sort_order: str | None = None
    select: list[str] | None = None
    extract: dict[str, str] | None = None
    include: list[str] | None = None


class Checkpoint(Struct):
    """LangGraph API 0.16, CheckpointConfig: where a saved state is.

    The JS SDK's `threads.getHistory({before})` sends a config, with these under `configurable`.
    """

    thread_id: str | None = None
    checkpoint_ns: str | None = None
    checkpoint_id: str | None = None
    checkpoint_map: Object | None = None
    configurable: Object | None = None


class StateAtCheckpoint(Struct):
    """LangGraph API 0.16, ThreadStateCheckpointRequest; `select` is sent by the SDKs since
    Python 0.4."""

    checkpoint: Checkpoint
    subgraphs: bool | None = None
    select: list[str] | None = None


class StateUpdate(Struct):
    """LangGraph API 0.16, ThreadStateUpdate; `checkpoint_id` is 0.1.0's form of `checkpoint`,
    `supersteps` several updates at once, of our own."""

    values: Any = None
    as_node: str | None = None
    checkpoint: Checkpoint | None = None
    checkpoint_id: str | None = None
    supersteps: list[Superstep] | None = None


class HistorySearch(Struct):
    """LangGraph API 0.16, ThreadStateSearch; 0.1.0 gives `before` as a checkpoint's id, `select`
    is sent by the SDKs since Python 0.4."""

    limit: int | None = None
    before: Checkpoint | str | None = None
    metadata: Object | None = None
    checkpoint: Checkpoint | None = None
    select: list[str] | None = None


class RunCreate(Struct):
    """LangGraph API 0.16, RunCreateStateful and RunCreateStateless with their streaming forms.

    `checkpoint_id` is 0.1.0's form of `checkpoint`; `strict_resume` and `langsmith_tracer` are
    sent by the SDKs of LangGraph 1.2.
    """

    assistant_id: str
    input: Any = None
    command: Object | None = None
    checkpoint: Checkpoint | None = None
    checkpoint_id: str | None = None
    metadata: Object | None = None
    config: Object | None = None
    context: Object | None = None
    webhook: str | None = None
    interrupt_before: str | list[str] | None = None
    interrupt_after: str | list[str] | None = None
    stream_mode: str | list[str] | None = None
    stream_subgraphs: bool | None = None
    stream_resumable: bool | None = None
    feedback_keys: list[str] | None = None
    multitask_strategy: str | None = None
    if_not_exists: str | None = None
    on_disconnect: str | None = None
    on_completion: str | None = None
    after_seconds: float | None = None
    checkpoint_during: bool | None = None
    durability: str | None = None
    strict_resume: bool | None = None
    langsmith_tracer: Object | None = None
