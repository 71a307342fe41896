"""The outbox's operations as jobs of the database."""

from collections.abc import Callable, Sequence

from demotic.domain.deliveries import (
    Delivery,
    DeliveryAttempt,
    DeliveryClaim,
    DeliveryKey,
    DeliveryQuery,
    DeliveryState,
)
from demotic.domain.model import Page, Scope
from demotic.storage.sqlite import outbox
from demotic.storage.sqlite.database import Database


class SqliteDeliveries:
    """`demotic.ports.deliveries.DeliveryStorage` on one SQLite database."""

    _db: Database

    def on_delivery(self, wake: Callable[[], object] | None) -> None:
        """See the port."""
        self._db.on_news(outbox.NEWS, wake)

    async def claim_delivery(
        self, worker: str, *, full: Sequence[str], until_us: int, now_us: int
    ) -> DeliveryClaim | None:
        """See the port."""
        return await self._db.write(
            "claim_delivery", lambda c: outbox.claim(c, worker, full, until_us, now_us)
        )

    async def record_attempt(
        self,
        key: DeliveryKey,
        attempt: DeliveryAttempt,
        state: DeliveryState,
        *,
        due_us: int,
        now_us: int,
    ) -> None:
        """See the port."""
        await self._db.write(
            "record_attempt", lambda c: outbox.record(c, key, attempt, state, due_us, now_us)
        )

    async def drop_delivery(self, key: DeliveryKey) -> None:
        """See the port."""
        await self._db.write("drop_delivery", lambda c: outbox.drop(c, key))

    async def rescue_deliveries(self, worker: str, *, now_us: int) -> int:
        """See the port."""
        return await self._db.write("rescue_deliveries", lambda c: outbox.rescue(c, worker, now_us))

    async def search_deliveries(self, query: DeliveryQuery, *, scope: Scope) -> Page:
        """See the port."""
        return await self._db.read("search", lambda c: outbox.search(c, query, scope))

    async def redeliver(self, delivery_id: str, *, scope: Scope, now_us: int) -> Delivery:
        """See the port."""
        return await self._db.write(
            "redeliver", lambda c: outbox.redeliver(c, delivery_id, scope, now_us)
        )

    async def trim_deliveries(self, *, before_us: int) -> int:
        """See the port."""
        return await self._db.write("trim", lambda c: outbox.trim(c, before_us))
