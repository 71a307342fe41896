"""Words for every field of every body about several runs."""

from collections.abc import Mapping

from msgspec import Struct

from demotic.dialects.langgraph.choices import CANCELLED_STATES, MAX_BATCH
from demotic.dialects.langgraph.openapi.fields import UUID
from demotic.dialects.langgraph.wire_batches import RunsCancel
from demotic.web.openapi.describing import Words, one_of, words

FIELDS: Mapping[type[Struct], Mapping[str, Words]] = {
    RunsCancel: {
        "status": one_of("All runs that stand so, of whatever thread.", CANCELLED_STATES),
        "thread_id": words("The thread whose runs are named.", **UUID),
        "run_ids": words(
            "These runs of the thread.", items={"type": "string", **UUID}, maxItems=MAX_BATCH
        ),
    },
}
"""What every field means."""
