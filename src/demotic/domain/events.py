"""The entries of a thread's feed."""

from dataclasses import dataclass
from typing import NamedTuple

from demotic.domain.runs import Outcome


class Event(NamedTuple):
    """One entry of a thread's feed.

    `kind` names what happened (`start`, `end`, or a kind of output such as `values` or
    `messages`), `ns` the nested agent it came from (parts joined by `|`, empty for the root),
    `data` is JSON, encoded once by the worker. `at_us` is when it happened (microseconds since
    1970).
    """

    seq: int
    run_id: str
    kind: str
    ns: str
    data: bytes
    at_us: int = 0


START = "start"
"""Kind of the first event of an attempt; data `{"attempt": n}`."""

END = "end"
"""Kind of the last event of a leg; data `{"state", "reason", "error"}` and, where it asks
something, `interrupts`: the questions, each with `id` and `value`."""

ERROR = "error"
"""Kind of the event that tells of a failure; data `{"error": class name, "message": text}`."""


CHANGED = "changed"
"""Kind of the event that tells of a change of the thread's state that no run made; data
`{"checkpoint", "parent", "metadata"}`, as states show them. A `values` event goes before it."""


class FeedSpan(NamedTuple):
    """Positions in a thread's feed: of its last event, and of the last one before those that are
    recent; 0 for none."""

    before_recent: int
    last: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A leg of a run has ended, as its followers learn it; `outcome` None: it is in storage."""

    run_id: str
    outcome: Outcome | None
