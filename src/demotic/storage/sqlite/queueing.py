"""The queue as a whole, on a connection."""

from statistics import median

import apsw

from demotic.domain.figures import QueueFigures
from demotic.storage.sql.queries import Queries
from demotic.storage.sqlite.database import Database
from demotic.storage.sqlite.statements import every, first

Q = Queries(__package__, "queueing.sql")


class SqliteQueue:
    """`demotic.ports.queueing.QueueStorage` on SQLite; a part of its storage."""

    _db: Database

    async def measure_queue(self, *, now_us: int) -> QueueFigures:
        """See the port."""
        return await self._db.read("measure_queue", lambda c: measure(c, now_us))


def measure(c: apsw.Connection, now_us: int) -> QueueFigures:
    """The figures of the queue."""
    pending, ready = first(c, Q.count_queued, (now_us,))
    (running,) = first(c, Q.count_running, ())
    if not ready:
        return QueueFigures(pending=pending, running=running)
    middle = every(c, Q.ready_since, (now_us, 2 - ready % 2, (ready - 1) // 2))
    (longest,) = first(c, Q.ready_since, (now_us, 1, 0))
    (unblocked,) = first(c, Q.oldest_claimable, (now_us,))
    return QueueFigures(
        pending=pending,
        running=running,
        longest_wait_s=(now_us - longest) / 1e6,
        median_wait_s=(now_us - median(us for (us,) in middle)) / 1e6,
        longest_unblocked_wait_s=None if unblocked is None else (now_us - unblocked) / 1e6,
    )
