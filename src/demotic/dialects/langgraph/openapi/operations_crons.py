"""What the operations on crons are for, take and answer: data."""

from collections.abc import Mapping

from demotic.dialects.langgraph.openapi.operations import COUNT, CRONS, GONE, PAGE
from demotic.dialects.langgraph.wire_crons import CronCount, CronCreate, CronPatch, CronSearch
from demotic.web.openapi.describing import Described, listed, one

_CRON = "/runs/crons/{cron_id}"
_MADE = (400, 404, 409)

OPERATIONS: Mapping[tuple[str, str], Described] = {
    ("POST", "/threads/{thread_id}/runs/crons"): Described(
        CRONS,
        "Schedule runs on a thread",
        one("Cron", "The new cron."),
        _MADE,
        CronCreate,
        detail="It ends with its thread and with its assistant. 409 where crons are switched off.",
        refused=("on_run_completed",),
    ),
    ("POST", "/runs/crons"): Described(
        CRONS,
        "Schedule runs",
        one("Cron", "The new cron."),
        _MADE,
        CronCreate,
        detail="Each run gets a thread of its own. The cron ends with its assistant. 409 where "
        "crons are switched off.",
        refused=("checkpoint_id",),
    ),
    ("POST", "/runs/crons/search"): Described(
        CRONS,
        "Search crons",
        listed("Cron", "A page of them, newest first by default.", *PAGE),
        body=CronSearch,
    ),
    ("POST", "/runs/crons/count"): Described(CRONS, "Count crons", COUNT, body=CronCount),
    ("GET", _CRON): Described(CRONS, "Show a cron", one("Cron", "As it is."), (404,)),
    ("PATCH", _CRON): Described(
        CRONS,
        "Change a cron",
        one("Cron", "As it is now."),
        _MADE,
        CronPatch,
        detail="Metadata is merged, everything else replaced. A cron with other times, or one that "
        "is enabled again, is due next from now on. 400 where nothing is to change.",
    ),
    ("DELETE", _CRON): Described(
        CRONS, "Delete a cron", GONE, (404,), detail="A run that it has started goes on."
    ),
}
