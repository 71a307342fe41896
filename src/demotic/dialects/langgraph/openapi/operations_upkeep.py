"""What the operations are for that keep threads small, and the one on the metadata of states."""

from collections.abc import Mapping

from demotic.dialects.langgraph import wire_threads
from demotic.web.openapi.describing import Answer, Described, described, one, ref, shape

PRUNED = shape(
    "What was pruned.",
    ("pruned_count",),
    pruned_count=described({"type": "integer", "minimum": 0}, "How many threads."),
)
CONFIG = shape(
    "Where the state is, as a config.",
    ("configurable",),
    configurable=described(ref("CheckpointAddress"), "The checkpoint."),
)

OPERATIONS: Mapping[tuple[str, str], Described] = {
    ("POST", "/threads/prune"): Described(
        "Threads",
        "Prune threads",
        {200: Answer("How many there were.", PRUNED)},
        body=wire_threads.ThreadPrune,
        detail="Deletes threads, or all of them but their latest states. A thread that is not "
        "there does not count, nor does one that is busy: it stays as it is.",
    ),
    ("GET", "/threads/{thread_id}/storage"): Described(
        "Threads", "Show what a thread takes up", one("ThreadStorage", "The bytes."), (404,)
    ),
    ("PATCH", "/threads/{thread_id}/state"): Described(
        "States",
        "Change the metadata of a thread's latest state",
        {200: Answer("Where the state is.", CONFIG)},
        (400, 404, 409),
        wire_threads.StatePatch,
        detail="Of LangGraph API 0.1.0. Merged into the checkpoint's metadata; the state stays as "
        "it is. Refused (409) while a run is in progress.",
    ),
}
"""What every operation is."""

_SIZE = {"type": "integer", "minimum": 0}
_SIZES = shape("How many, and their bytes.", ("count", "bytes"), count=_SIZE, bytes=_SIZE)

COMPONENTS = {
    "ThreadStorage": shape(
        "What a thread takes up in the storage, without indexes.",
        (
            "thread_id",
            "total_bytes",
            "checkpoints",
            "channel_values",
            "pending_writes",
            "runs",
            "events",
            "documents",
        ),
        thread_id={"type": "string", "format": "uuid"},
        total_bytes=described(_SIZE, "The sum of all."),
        checkpoints=described(_SIZES, "Its checkpoints, with values of up to 128 bytes."),
        channel_values=shape(
            "The values of its state, each stored once.",
            ("count", "bytes", "by_channel"),
            count=_SIZE,
            bytes=_SIZE,
            by_channel={
                "type": "object",
                "description": "The versions of each channel and their bytes; what channels share "
                "counts for each. Empty where the server does not host the thread's graph.",
                "additionalProperties": shape(
                    "A channel.", ("versions", "bytes"), versions=_SIZE, bytes=_SIZE
                ),
            },
        ),
        pending_writes=described(_SIZES, "What the tasks of its steps have written."),
        runs=described(_SIZES, "Its runs."),
        events=described(_SIZES, "The batches of its runs' events."),
        documents=described(_SIZES, "Its values and its runs' outputs, as they are shown."),
    ),
    "ThreadTtl": shape(
        "How long a thread is kept.",
        ("strategy", "ttl_minutes", "expires_at"),
        strategy={"type": "string", "enum": ["delete", "keep_latest"]},
        ttl_minutes=described(
            {"type": "number", "exclusiveMinimum": 0},
            "After its last run or change of state.",
        ),
        expires_at={
            "type": ["string", "null"],
            "format": "date-time",
            "description": "When that is; null from its pruning to the next run or change.",
        },
    ),
}
"""The schemas of answers by name."""
