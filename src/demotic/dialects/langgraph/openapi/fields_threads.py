"""Words for the fields of bodies about threads, beside `fields`."""

from collections.abc import Mapping

from msgspec import Struct

from demotic.dialects.langgraph import wire_threads
from demotic.dialects.langgraph.choices import MAX_TTL_MINUTES, PRUNINGS
from demotic.web.openapi.describing import Words, one_of, words

STRATEGY = "`delete`: the whole thread; `keep_latest`: all but its latest state."

FIELDS: Mapping[type[Struct], Mapping[str, Words]] = {
    wire_threads.Ttl: {
        "ttl": words(
            "Minutes after the last run or change of state; the server's default, if it has one.",
            exclusiveMinimum=0,
            maximum=MAX_TTL_MINUTES,
            examples=[43_200],
        ),
        "strategy": one_of(STRATEGY, PRUNINGS, "delete"),
    },
    wire_threads.SuperstepUpdate: {
        "as_node": words(
            "The node that is taken to have returned it; `__input__` for an input.",
            examples=["agent"],
        ),
        "values": words(
            "What it would have returned: an object, an array of them, or null.",
            type=["object", "array", "null"],
            items={},
            examples=[{"topic": "rain"}],
        ),
        "command": words("The command it would have returned instead: `update` and `goto`."),
    },
    wire_threads.Superstep: {
        "updates": words("Updates that are made at once.", minItems=1),
    },
    wire_threads.ThreadPrune: {
        "thread_ids": words(
            "Which threads; nothing is said of one that is not there.",
            items={"type": "string", "format": "uuid"},
        ),
        "strategy": one_of(STRATEGY, PRUNINGS, "delete"),
    },
    wire_threads.StatePatch: {
        "metadata": words(
            "Merged into the checkpoint's metadata, key by key; what LangGraph keeps there for "
            "itself, such as `source` and `step`, is refused.",
            examples=[{"reviewed": True}],
        ),
    },
}
"""What every field of a body means."""
