"""What a thread asks, on a connection."""

from collections.abc import Sequence

import apsw

from demotic.domain.errors import InterruptNotFound
from demotic.storage.sql.queries import Queries
from demotic.storage.sqlite import rows
from demotic.storage.sqlite.statements import first

Q = Queries(__package__, "questions.sql")


def check(c: apsw.Connection, thread_id: str, answered: Sequence[str]) -> None:
    """Refuse answers to what the thread does not ask, or what a run answers just now."""
    row = first(c, Q.asked, (thread_id,))
    asked = rows.load_or_none(row[0]) if row else None
    open_ids = {each["id"] for questions in (asked or {}).values() for each in questions}
    for id in answered:
        if id not in open_ids:
            raise InterruptNotFound(f"Unknown or already-consumed interrupt: {id}")
