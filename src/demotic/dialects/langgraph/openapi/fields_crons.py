"""Words for every field of every body about crons."""

from collections.abc import Mapping

from msgspec import Struct

from demotic.dialects.langgraph import render_crons
from demotic.dialects.langgraph.choices import BUSY, CRON_SORT, IF_NOT_EXISTS, ON_COMPLETION
from demotic.dialects.langgraph.openapi import fields
from demotic.dialects.langgraph.openapi.fields import (
    CONTAINED,
    LIMIT,
    MERGED,
    METADATA,
    OFFSET,
    ORDER,
    SELECT,
    SORT_BY,
    UUID,
)
from demotic.dialects.langgraph.wire import RunCreate
from demotic.dialects.langgraph.wire_crons import CronCount, CronCreate, CronPatch, CronSearch
from demotic.domain.instants import LONGEST
from demotic.web.openapi.describing import Words, names_of, one_of, words

RUN = fields.FIELDS[RunCreate]
"""What is said of the same fields of a run."""

EXPRESSION = words(
    "A cron expression: minute, hour, day of month, month, day of week, and seconds if you like.",
    maxLength=LONGEST,
    examples=["*/5 * * * *", "0 9 * * MON-FRI"],
)
ZONE = words(
    "Whose clock counts: a time zone of the IANA database; UTC by default.",
    examples=["Europe/Oslo"],
)
END = words(
    "No run starts after it; a time without an offset is one of UTC.",
    format="date-time",
    examples=["2030-12-31T23:59:59Z"],
)
ENABLED = words("Whether it starts runs.", default=True)
COMPLETED = one_of(
    "What becomes of a run's own thread; not for crons on a thread (422).", ON_COMPLETION, "delete"
)
ASSISTANT = words("Only those of this assistant, by its id or by a graph's name.")
THREAD = words("Only those on this thread.", **UUID)
PATCH: Mapping[str, Words] = {
    "schedule": EXPRESSION,
    "timezone": ZONE,
    "end_time": Words(f"{END.text[:-1]}; null: there is no end any more.", END.more),
    "enabled": words("Whether it starts runs."),
    "on_run_completed": Words(COMPLETED.text, {"enum": list(ON_COMPLETION)}),
    "input": RUN["input"],
    "metadata": MERGED,
    **{
        name: RUN[name]
        for name in (
            "config",
            "context",
            "webhook",
            "interrupt_before",
            "interrupt_after",
            "stream_mode",
            "stream_subgraphs",
            "stream_resumable",
            "durability",
        )
    },
}

FIELDS: Mapping[type[Struct], Mapping[str, Words]] = {
    CronCreate: {
        "schedule": EXPRESSION,
        "assistant_id": RUN["assistant_id"],
        "timezone": ZONE,
        "end_time": END,
        "enabled": ENABLED,
        "on_run_completed": COMPLETED,
        "input": RUN["input"],
        "metadata": words("Free data about it and its runs.", **METADATA.more),
        "config": RUN["config"],
        "context": RUN["context"],
        "webhook": RUN["webhook"],
        "interrupt_before": RUN["interrupt_before"],
        "interrupt_after": RUN["interrupt_after"],
        "multitask_strategy": one_of("What a run does on a busy thread.", BUSY, "enqueue"),
        "if_not_exists": one_of(
            "What to do where there is no such thread, now.", IF_NOT_EXISTS, "reject"
        ),
        "stream_mode": words(
            "What is kept of each run's events, for who joins its stream.",
            **RUN["stream_mode"].more,
        ),
        "stream_subgraphs": RUN["stream_subgraphs"],
        "stream_resumable": RUN["stream_resumable"],
        "checkpoint_id": words("Start each run at this checkpoint. On a thread only."),
        "checkpoint_during": RUN["checkpoint_during"],
        "durability": RUN["durability"],
    },
    CronPatch: PATCH,
    CronSearch: {
        "assistant_id": ASSISTANT,
        "thread_id": THREAD,
        "enabled": words("Only those that are, or are not, enabled."),
        "metadata": CONTAINED,
        "limit": LIMIT,
        "offset": OFFSET,
        "sort_by": one_of(SORT_BY, CRON_SORT, "created_at"),
        "sort_order": ORDER,
        "select": names_of(SELECT, render_crons.CRON_FIELDS),
    },
    CronCount: {"assistant_id": ASSISTANT, "thread_id": THREAD, "metadata": CONTAINED},
}
"""What every field means."""
