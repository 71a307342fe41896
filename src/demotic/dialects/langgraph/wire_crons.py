"""What LangGraph clients send about crons: the fields that are read, checked for their types."""

from typing import Any

from msgspec import Struct

from demotic.dialects.langgraph.wire import Object


class CronCreate(Struct):
    """LangGraph API 0.16, CronCreate and ThreadCronCreate.

    `checkpoint_id` is in 0.1.0's document; `checkpoint_during` and `if_not_exists` are sent by
    SDKs.
    """

    schedule: str
    assistant_id: str
    timezone: str | None = None
    end_time: str | None = None
    enabled: bool | None = None
    on_run_completed: str | None = None
    input: Any = None
    metadata: Object | None = None
    config: Object | None = None
    context: Object | None = None
    webhook: str | None = None
    interrupt_before: str | list[str] | None = None
    interrupt_after: str | list[str] | None = None
    multitask_strategy: str | None = None
    if_not_exists: str | None = None
    stream_mode: str | list[str] | None = None
    stream_subgraphs: bool | None = None
    stream_resumable: bool | None = None
    checkpoint_id: str | None = None
    checkpoint_during: bool | None = None
    durability: str | None = None


class CronPatch(Struct):
    """LangGraph API 0.16, CronPatch; null for `end_time` means that there is none any more."""

    schedule: str | None = None
    timezone: str | None = None
    end_time: str | None = None
    enabled: bool | None = None
    on_run_completed: str | None = None
    input: Any = None
    metadata: Object | None = None
    config: Object | None = None
    context: Object | None = None
    webhook: str | None = None
    interrupt_before: str | list[str] | None = None
    interrupt_after: str | list[str] | None = None
    stream_mode: str | list[str] | None = None
    stream_subgraphs: bool | None = None
    stream_resumable: bool | None = None
    durability: str | None = None


class CronSearch(Struct):
    """LangGraph API 0.16, CronSearch."""

    assistant_id: str | None = None
    thread_id: str | None = None
    enabled: bool | None = None
    metadata: Object | None = None
    limit: int | None = None
    offset: int | None = None
    sort_by: str | None = None
    sort_order: str | None = None
    select: list[str] | None = None


class CronCount(Struct):
    """LangGraph API 0.16, CronCountRequest."""

    assistant_id: str | None = None
    thread_id: str | None = None
    metadata: Object | None = None
