"""A thread's feed as a whole, on a connection."""

from typing import Any

import apsw

from demotic.domain.events import FeedSpan
from demotic.storage.sql.queries import Queries
from demotic.storage.sqlite.database import Database
from demotic.storage.sqlite.statements import first

Q = Queries(__package__, "spans.sql")


class FeedSpans:
    """`demotic.ports.feeds.FeedSpanStorage` on SQLite; a part of its storage."""

    _db: Database

    async def feed_span(self, thread_id: str, *, ended_us: int) -> FeedSpan:
        """See the port."""
        return await self._db.read("span", lambda c: span(c, thread_id, ended_us))


def span(c: apsw.Connection, thread_id: str, ended_us: int) -> FeedSpan:
    """How far a thread's log reaches and where its recent part begins."""
    last = _position(first(c, Q.last_position, (thread_id,)))
    return FeedSpan(_position(first(c, Q.last_old_position, (thread_id, ended_us))), last)


def _position(row: Any) -> int:
    return 0 if row is None else int(row[0])
