"""Schemas of what is answered about crons."""

from collections.abc import Mapping

from demotic.dialects.langgraph import render_crons
from demotic.dialects.langgraph.choices import ON_COMPLETION
from demotic.dialects.langgraph.openapi.answers import CHANGED, MADE, METADATA
from demotic.web.openapi.describing import (
    FLAG,
    MOMENT,
    OBJECT,
    OPTIONAL_TEXT,
    TEXT,
    UUID,
    Schema,
    described,
    optional,
    shape,
)

COMPONENTS: Mapping[str, Schema] = {
    "Cron": shape(
        "Runs that start by the clock.",
        render_crons.CRON_FIELDS,
        cron_id=UUID,
        assistant_id=UUID,
        thread_id=described(optional(UUID), "Null where each run gets a thread of its own."),
        user_id=described(TEXT, "Who made it; empty where nobody says who calls."),
        end_time=described(optional(MOMENT), "None starts after it; null for no end."),
        schedule=described(TEXT, "The cron expression."),
        timezone=described(OPTIONAL_TEXT, "Whose clock counts; null for UTC."),
        payload=described(OBJECT, "What each run is asked for, and all else that was given."),
        next_run_date=described(optional(MOMENT), "When it is due next; null for never again."),
        metadata=METADATA,
        on_run_completed={
            "type": ["string", "null"],
            "enum": [*ON_COMPLETION, None],
            "description": "What becomes of a run's own thread; null for a cron on a thread.",
        },
        enabled=described(FLAG, "Whether it starts runs."),
        created_at=MADE,
        updated_at=CHANGED,
    ),
}
"""The schemas by name."""
