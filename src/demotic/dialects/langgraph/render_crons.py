"""From engine to wire words: schedules, which are crons here; pure."""

from datetime import UTC, datetime, timedelta
from typing import Any

from demotic.dialects.langgraph.render import instant
from demotic.domain.schedules import Schedule

CRON_FIELDS = (
    "cron_id",
    "assistant_id",
    "thread_id",
    "user_id",
    "end_time",
    "schedule",
    "timezone",
    "payload",
    "next_run_date",
    "metadata",
    "on_run_completed",
    "enabled",
    "created_at",
    "updated_at",
)

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def cron_json(schedule: Schedule) -> dict[str, Any]:
    """LangGraph API 0.16, Cron. `thread_id` and `end_time` are null where there is none (observed,
    though 0.1.0 prints them plain)."""
    run, timing = schedule.run, schedule.timing
    completed = "keep" if run.keep_thread else "delete"
    return {
        "cron_id": schedule.id,
        "assistant_id": run.assistant_id,
        "thread_id": run.thread_id,
        "user_id": schedule.scope.principal.id,
        "end_time": moment(timing.end_us),
        "schedule": timing.expression,
        "timezone": timing.zone,
        "payload": schedule.reply_format["payload"],
        "next_run_date": moment(schedule.next_us),
        "metadata": schedule.metadata,
        "on_run_completed": completed if run.thread_id is None else None,
        "enabled": schedule.enabled,
        "created_at": instant(schedule.created_us),
        "updated_at": instant(schedule.updated_us),
    }


def moment(us: int | None) -> str | None:
    """A time that is mostly a whole second, as RFC 3339."""
    return None if us is None else (_BEGINNING + timedelta(microseconds=us)).isoformat()
