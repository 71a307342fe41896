"""Copies of threads, made in parts: no part keeps the writer for long, and nobody sees a copy
before it is whole.

The target's row is there from the beginning, hidden. Parts are copied one after the other, most
of them values. Before anything of the source is taken, copies of it are completed at once; a
copy that a dying process left behind is dropped at the next start.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import apsw

from demotic.storage.sql.queries import Queries
from demotic.storage.sqlite import documents
from demotic.storage.sqlite.statements import every, first

SQL = Queries(__package__, "copying.sql")
CHECKPOINTS = Queries(__package__, "checkpoints.sql")

WINDOW = 100  # checkpoints that are copied together, with their writes
ROWS = 250  # values that are copied together at most
BYTES = 1_000_000  # what they may add up to, unless one alone has more
MOST = 2**62  # above every checkpoint's ordinal
NOTHING = b""
"""Below every digest."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy in the making: of the source's checkpoints those up to an ordinal, and a document."""

    source: str
    target: str
    upto: int
    document: bytes | None


def begin(
    c: apsw.Connection, source: str, target: str, epoch: int, document: bytes | None, now_us: int
) -> Copy | None:
    """Insert the hidden target; None where the id is taken. The source's latest checkpoints
    will be the target's."""
    if first(c, SQL.insert_target, (source, target, epoch, now_us)) is None:
        return None
    (upto,) = first(c, SQL.begin, (target, source))
    c.execute(CHECKPOINTS.copy_heads, {"source": source, "target": target})
    if first(c, SQL.is_temporary, (source,))[0]:  # its end waits for nobody
        complete_from(c, source)
    return Copy(source, target, upto, document)


def copy_checkpoints(c: apsw.Connection, copy: Copy, after: int) -> int | None:
    """The next checkpoints with their writes; where they end, None after the last."""
    if after >= copy.upto or _is_complete(c, copy):
        return None
    found = first(c, SQL.window, (copy.source, after, copy.upto, WINDOW - 1))
    upto = found[0] if found else copy.upto
    _copy_checkpoints(c, copy.source, copy.target, after, upto)
    return int(upto)


def copy_values(c: apsw.Connection, copy: Copy, after: bytes) -> bytes | None:
    """The next values; the last one's digest, None after the last."""
    if _is_complete(c, copy):
        return None
    upto, size = None, 0
    for digest, length in every(c, SQL.next_values, (copy.source, after, ROWS)):
        size += length
        if upto is not None and size > BYTES:
            break
        upto = digest
    if upto is not None:
        given = {"source": copy.source, "target": copy.target, "after": after, "upto": upto}
        c.execute(SQL.copy_values, given)
    return upto


def document_rows(c: apsw.Connection, copy: Copy) -> Sequence[bytes]:
    """The addresses of the rows of the source's document."""
    if copy.document is None or _is_complete(c, copy):
        return ()
    return list(documents.rows_of(c, copy.source, copy.document))


def copy_documents(c: apsw.Connection, copy: Copy, digests: Sequence[bytes]) -> None:
    """Some rows of the source's document."""
    if not _is_complete(c, copy):
        c.executemany(SQL.copy_document, ((copy.source, copy.target, each) for each in digests))


def reveal(c: apsw.Connection, target: str, now_us: int) -> str:
    """The copy is whole: from now on it is a thread like any other. Its metadata."""
    c.execute(SQL.end, (target,))
    (metadata,) = first(c, SQL.reveal, (target, now_us))
    return str(metadata)


def complete_from(c: apsw.Connection, source: str) -> None:
    """Complete the copies of a thread that are in the making: something of it is to go."""
    for target, upto in every(c, SQL.of_source, (source,)):
        _copy_state(c, source, target, upto)
        c.execute(SQL.copy_all_documents, (source, target))
        c.execute(SQL.set_complete, (target,))


def copy_state(c: apsw.Connection, source: str, target: str) -> None:
    """Everything that is saved of a thread's state, at once."""
    c.execute(CHECKPOINTS.copy_heads, {"source": source, "target": target})
    _copy_state(c, source, target, MOST)


def unfinished(c: apsw.Connection) -> list[str]:
    """The targets that nobody is copying to any more, when the process has just begun."""
    return [target for (target,) in every(c, SQL.unfinished, ())]


def _copy_state(c: apsw.Connection, source: str, target: str, upto: int) -> None:
    _copy_checkpoints(c, source, target, 0, upto)
    c.execute(SQL.copy_all_values, {"source": source, "target": target})


def _copy_checkpoints(c: apsw.Connection, source: str, target: str, after: int, upto: int) -> None:
    given = {"source": source, "target": target, "after": after, "upto": upto}
    c.execute(SQL.copy_checkpoints, given)
    c.execute(SQL.copy_writes, given)


def _is_complete(c: apsw.Connection, copy: Copy) -> bool:
    return first(c, SQL.in_progress, (copy.target,)) is None
