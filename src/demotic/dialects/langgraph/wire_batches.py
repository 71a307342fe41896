"""What LangGraph clients send about several runs: the fields that are read."""

from msgspec import Struct


class RunsCancel(Struct):
    """LangGraph API 0.16, RunsCancel: `status`, or `thread_id` with `run_ids`."""

    status: str | None = None
    thread_id: str | None = None
    run_ids: list[str] | None = None
