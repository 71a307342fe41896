"""Schemas of what is answered about webhooks."""

from collections.abc import Mapping

from demotic.dialects.langgraph.choices import RUN_STATES
from demotic.dialects.langgraph.openapi import answers
from demotic.dialects.langgraph.render_callbacks import CALLBACK_TIMES
from demotic.dialects.langgraph.render_deliveries import DELIVERY_FIELDS
from demotic.dialects.langgraph.translate_deliveries import STATES
from demotic.web.openapi.describing import (
    ANYTHING,
    MOMENT,
    OPTIONAL_TEXT,
    TEXT,
    UUID,
    Schema,
    described,
    optional,
    ref,
    shape,
)

_RUN = answers.COMPONENTS["Run"]

COMPONENTS: Mapping[str, Schema] = {
    "Delivery": shape(
        "A webhook on its way, or at its end.",
        DELIVERY_FIELDS,
        delivery_id=described(UUID, "Its `webhook-id`, the same in every attempt."),
        run_id=described(UUID, "The run that it tells of, which may be gone."),
        thread_id=described(UUID, "The run's thread, which may be gone."),
        url=described(TEXT, "Where it goes."),
        run_status=described(
            {"type": "string", "enum": list(RUN_STATES)}, "How the run stood then."
        ),
        status=described(
            {"type": "string", "enum": list(STATES)},
            "`failed`: given up after a day, or turned down by the receiver; `refused`: not sent, "
            "because it may not go there.",
        ),
        attempts=described({"type": "integer", "minimum": 0}, "How many there were."),
        log={
            "type": "array",
            "items": ref("DeliveryAttempt"),
            "description": "The latest attempts, the last one at the end.",
        },
        next_attempt_at={
            **optional(MOMENT),
            "description": "When it is tried next; null: it is not.",
        },
        created_at=described(MOMENT, "When the run came to that status."),
        updated_at=described(MOMENT, "When it was last tried, or asked to be sent again."),
    ),
    "DeliveryAttempt": shape(
        "One attempt to deliver.",
        ("at", "seconds", "status_code", "error"),
        at=described(MOMENT, "When it began."),
        seconds=described({"type": "number", "minimum": 0}, "How long it took."),
        status_code=described(
            {"type": ["integer", "null"]}, "What the receiver answered; null: nothing."
        ),
        error=described(
            OPTIONAL_TEXT, "What went wrong, with the beginning of the answer; null: nothing."
        ),
    ),
    "RunEnded": {
        "type": "object",
        "description": "What a webhook tells: the run, and how it ended.",
        "properties": {
            **_RUN["properties"],
            "run_started_at": {
                **optional(MOMENT),
                "description": "When it was first begun; null: it never was.",
            },
            "run_ended_at": described(MOMENT, "When it ended, or stopped to ask a person."),
            "webhook_sent_at": described(MOMENT, "When this attempt was made."),
            "values": described(ANYTHING, "What it left; null: nothing."),
            "error": described(ref("Failure"), "Only of a run that failed."),
        },
        "required": [*_RUN["required"], *CALLBACK_TIMES, "values"],
    },
}
"""The schemas by name."""
