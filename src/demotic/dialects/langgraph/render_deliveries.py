"""The log of webhooks as it is shown; pure."""

from typing import Any

from demotic.dialects.langgraph.render import RUN_STATUS, instant
from demotic.domain.deliveries import Delivery, DeliveryAttempt

DELIVERY_FIELDS = (
    "delivery_id",
    "run_id",
    "thread_id",
    "url",
    "run_status",
    "status",
    "attempts",
    "log",
    "next_attempt_at",
    "created_at",
    "updated_at",
)


def delivery_json(delivery: Delivery) -> dict[str, Any]:
    """A delivery with its latest attempts."""
    due_us = delivery.due_us
    return {
        "delivery_id": delivery.id,
        "run_id": delivery.run_id,
        "thread_id": delivery.thread_id,
        "url": delivery.url,
        "run_status": RUN_STATUS[delivery.run_state],
        "status": delivery.state,
        "attempts": delivery.attempts,
        "log": [attempt_json(each) for each in delivery.log],
        "next_attempt_at": None if due_us is None else instant(due_us),
        "created_at": instant(delivery.created_us),
        "updated_at": instant(delivery.updated_us),
    }


def attempt_json(attempt: DeliveryAttempt) -> dict[str, Any]:
    """One attempt; `status_code` null where nobody answered, `error` null where it went well."""
    return {
        "at": instant(attempt.at_us),
        "seconds": attempt.took_us / 1e6,
        "status_code": attempt.code,
        "error": attempt.note or None,
    }
