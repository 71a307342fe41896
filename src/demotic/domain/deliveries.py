"""Deliveries: what is told to the receivers of callbacks, and how far that has come."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from demotic.domain.lifecycle import RunState
from demotic.domain.runs import Outcome, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A run has come to another state: the run as it was then, whatever became of it since.

    `before` is the state it came from (None: it was admitted), `outcome` how the leg ended, if it
    did. Changes are stored as they are: a field that is added later needs a default.
    """

    run: Run
    before: RunState | None
    changed_us: int
    outcome: Outcome | None = None


Renderer = Callable[[Change, int], bytes | None]
"""What a dialect tells of a change, as the body to send at the given time (microseconds since
1970); None: the dialect has no word for this change, and nothing is sent."""


class DeliveryState(StrEnum):
    """Where a delivery stands: `failed` was given up or turned down, `refused` never sent."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    REFUSED = "refused"


class Verdict(StrEnum):
    """What an attempt to deliver came to: `again` may do better later, `rejected` never will,
    `refused` was kept back by this server's own rules."""

    DELIVERED = "delivered"
    AGAIN = "again"
    REJECTED = "rejected"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Receipt:
    """How an attempt went: the receiver's code if it gave one, words for people, and how long
    the receiver asks to be left alone."""

    verdict: Verdict
    code: int | None = None
    note: str = ""
    pause_s: float | None = None


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    """One attempt as the log keeps it: when, for how long, and how it went."""

    at_us: int
    took_us: int
    code: int | None
    note: str


@dataclass(frozen=True, slots=True)
class DeliveryKey:
    """The fence of an attempt: a delivery, and the number of the claim."""

    id: str
    claim: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryClaim:
    """A delivery that a process may attempt now.

    `attempts` were made before; `since_us` is when the first one became due.
    """

    key: DeliveryKey
    url: str
    receiver: str
    change: Change
    attempts: int
    since_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A delivery as the log shows it.

    `run_state` is what it tells, `attempts` how many there were, `log` the latest of them.
    `due_us`: when the next attempt may be made (None: there will be none).
    """

    id: str
    run_id: str
    thread_id: str
    url: str
    run_state: RunState
    state: DeliveryState
    attempts: int
    log: Sequence[DeliveryAttempt]
    due_us: int | None
    created_us: int
    updated_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryQuery:
    """Which deliveries to list, newest first."""

    run_id: str | None = None
    thread_id: str | None = None
    state: DeliveryState | None = None
    limit: int = 10
    offset: int = 0
