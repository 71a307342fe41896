"""Callbacks on their way: the outbox that keeps deliveries, and who carries them.

A delivery is written in the transaction of the change that it tells of, whichever operation made
the change. It is delivered at least once, each time under the same id. Those of one run go in
order: one is due only when all before it have been delivered or given up.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from demotic.domain.deliveries import (
    Delivery,
    DeliveryAttempt,
    DeliveryClaim,
    DeliveryKey,
    DeliveryQuery,
    DeliveryState,
    Receipt,
)
from demotic.domain.model import Page, Scope


class DeliveryStorage(Protocol):
    """The outbox. It outlives the runs and threads that it tells of."""

    def on_delivery(self, wake: Callable[[], object] | None) -> None:
        """Have `wake` called, from any thread, after a commit that wrote a delivery (None: not
        any more). A hint: one may be missing."""
        ...

    async def claim_delivery(
        self, worker: str, *, full: Sequence[str], until_us: int, now_us: int
    ) -> DeliveryClaim | None:
        """The delivery that is due for longest; the worker has it until `until_us`.

        Receivers in `full` get none for now.
        """
        ...

    async def record_attempt(
        self,
        key: DeliveryKey,
        attempt: DeliveryAttempt,
        state: DeliveryState,
        *,
        due_us: int,
        now_us: int,
    ) -> None:
        """Log an attempt; a delivery that stays pending is due again at `due_us`.

        Raises `LeaseLost` when another claim has overtaken this one.
        """
        ...

    async def drop_delivery(self, key: DeliveryKey) -> None:
        """Remove a delivery that tells nothing. Raises `LeaseLost`."""
        ...

    async def rescue_deliveries(self, worker: str, *, now_us: int) -> int:
        """Make due what every other worker has; how many. For storage of one process only."""
        ...

    async def search_deliveries(self, query: DeliveryQuery, *, scope: Scope) -> Page:
        """A page of `Delivery`, newest first; the scope is that of the run's thread."""
        ...

    async def redeliver(self, delivery_id: str, *, scope: Scope, now_us: int) -> Delivery:
        """Make a delivery pending and due now, however it stands.

        Raises `DeliveryNotFound`.
        """
        ...

    async def trim_deliveries(self, *, before_us: int) -> int:
        """Drop deliveries that ended before the given time: a bounded part of them. How many."""
        ...


class Sender(Protocol):
    """Carries bodies to receivers. It decides where it will go at all."""

    def check(self, url: str) -> None:
        """Raises `BadInput`, with words that go after the name of a field, for a URL that can
        never be sent to, as far as that can be known without looking up its name."""
        ...

    async def send(self, url: str, id: str, body: bytes, *, now_us: int) -> Receipt:
        """Make one attempt, bounded in time; `id` is the delivery's, the same each time."""
        ...

    async def close(self) -> None:
        """Let go of every connection."""
        ...
