"""What callbacks tell in this dialect's words; pure."""

from demotic.dialects.langgraph.render import failure, instant, run_json
from demotic.domain.deliveries import Change
from demotic.domain.lifecycle import LEG_ENDS
from demotic.web.answers import encode, raw

CALLBACK_TIMES = ("run_started_at", "run_ended_at", "webhook_sent_at")
"""The times that a webhook tells beside those of the run."""


def callback_json(change: Change, sent_us: int) -> bytes:
    """LangGraph API 0.16, the body of a webhook (observed): the run with its times, its last
    values (null: it left none), and its error if it failed.

    A run that a person was asked in is a success here, and its values do not tell the question.
    """
    run, outcome = change.run, change.outcome
    values = outcome.values if outcome else None
    row = {
        **run_json(run),
        "run_started_at": None if run.started_us is None else instant(run.started_us),
        "run_ended_at": instant(change.changed_us) if run.state in LEG_ENDS else None,
        "webhook_sent_at": instant(sent_us),
        "values": None if values is None else raw(values),
    }
    if outcome and (error := failure(outcome)):
        row["error"] = error
    return encode(row)
