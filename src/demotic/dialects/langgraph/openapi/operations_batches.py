"""What the operations on several runs are for, take and answer: data."""

from collections.abc import Mapping

from demotic.dialects.langgraph.choices import MAX_BATCH
from demotic.dialects.langgraph.openapi.operations import (
    ALONE,
    CANCEL,
    KEY,
    NO_THREAD,
    START_ALONE,
    WARNING,
)
from demotic.dialects.langgraph.wire import RunCreate
from demotic.dialects.langgraph.wire_batches import RunsCancel
from demotic.web.openapi.describing import Answer, Described, listed

OPERATIONS: Mapping[tuple[str, str], Described] = {
    ("POST", "/runs/batch"): Described(
        ALONE,
        "Start several runs",
        listed("Run", "The runs in their order, which go on by themselves.", WARNING),
        START_ALONE,
        RunCreate,
        (KEY,),
        "All are started or none: where one is refused, the answer names its index.",
        MAX_BATCH,
        refused=NO_THREAD,
    ),
    ("POST", "/runs/cancel"): Described(
        ALONE,
        "Cancel several runs",
        {204: Answer("They are being cancelled.")},
        (404,),
        RunsCancel,
        CANCEL[:1],
        "Give `status`, or `thread_id` with `run_ids`. 404 where no such run is in progress.",
    ),
}
