"""The entries of a thread's feed."""

from dataclasses import dataclass
from typing import NamedTuple

from demotic.domain.model import Outcome


class Event(NamedTuple):
    """One entry of a thread's feed.

    `kind` names what happened (`start`, `end`, or a kind of output such as `values` or
    `messages`), `ns` the nested agent it came from (parts joined by `|`, empty for the root),
    `data` is JSON, encoded once by the worker.
    """

    seq: int
    run_id: str
    kind: str
    ns: str
    data: bytes


START = "start"
"""Kind of the first event of an attempt; data `{"attempt": n}`."""

END = "end"
"""Kind of the last event of a leg; data `{"state": …, "reason": …}`."""

ERROR = "error"
"""Kind of the event that tells of a failure; data `{"error": class name, "message": text}`."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A leg of a run has ended, as its followers learn it; `outcome` None: it is in storage."""

    run_id: str
    outcome: Outcome | None
