"""Feed operations on a connection."""

from collections.abc import Sequence
from typing import NamedTuple

import apsw

from demotic.domain.errors import LeaseLost
from demotic.domain.events import Event
from demotic.domain.ids import first_epoch
from demotic.domain.runs import CancelAction, LeaseKey
from demotic.storage.sqlite import documents, rows
from demotic.storage.sqlite.statements import Q, every, first
from demotic.storage.sqlite.threads import erase_thread

STATE = "values"
"""Kind of the events that hold a whole state."""

STATEFUL = frozenset({"tasks", "checkpoints", "debug"})
"""Kinds of the events that may hold a state among other things."""

DOCUMENT = b"\x00"
"""First byte of an event's data that is the address of a document; JSON never begins so."""

LINGER_US = 120_000_000  # how long an ended temporary thread waits for returning followers
IDEMPOTENT_US = 24 * 3_600_000_000  # how long an idempotency key is remembered


class Fenced(NamedTuple):
    """A run whose attempt still holds it; `told`: it has a callback."""

    temporary: int
    cancel: CancelAction | None
    told: bool


def fence(c: apsw.Connection, key: LeaseKey) -> Fenced:
    """Check that the attempt still holds its run; what matters of it."""
    row = first(c, Q.fenced_run, (key.run_id, key.thread_id, key.epoch))
    if row is None:
        raise LeaseLost
    return Fenced(int(row[0]), CancelAction(row[1]) if row[1] else None, bool(row[2]))


def append(c: apsw.Connection, key: LeaseKey, events: Sequence[Event], now_us: int) -> None:
    """Append a batch; the caller has checked the fence."""
    if events:
        first, last = events[0].seq, events[-1].seq
        packed = rows.pack([_stored(c, key.thread_id, e) for e in events])
        c.execute(Q.append_batch, (key.thread_id, first, last, key.run_id, now_us, packed))


def _stored(c: apsw.Connection, thread_id: str, event: Event) -> Event:
    """The event as the log keeps it: a long state is a document, which shares what repeats."""
    if len(event.data) < documents.LONG:
        return event
    if event.kind == STATE:
        return event._replace(data=DOCUMENT + documents.save(c, thread_id, event.data))
    if event.kind in STATEFUL and (shared := documents.share(c, thread_id, event.data)):
        return event._replace(data=DOCUMENT + shared)
    return event


def _shown(c: apsw.Connection, thread_id: str, event: Event) -> Event:
    if event.data[:1] != DOCUMENT:
        return event
    return event._replace(data=documents.load(c, thread_id, event.data[1:]) or b"null")


def append_fenced(c: apsw.Connection, key: LeaseKey, events: Sequence[Event], now_us: int) -> None:
    """Append a batch of an attempt that still holds its run."""
    fence(c, key)
    append(c, key, events, now_us)


def read(
    c: apsw.Connection, thread_id: str, after: int, run_id: str | None, limit: int
) -> list[Event]:
    """Events above a position, in order."""
    events: list[Event] = []
    for batch_run, packed in c.execute(Q.read_batches, (thread_id, after, run_id)):
        unpacked = rows.unpack(batch_run, packed)
        events += [_shown(c, thread_id, e) for e in unpacked if e.seq > after]
        if len(events) >= limit:
            break
    return events


def trim(c: apsw.Connection, before_us: int, now_us: int) -> int:
    """Drop what is no longer needed; how many rows."""
    changes = c.total_changes()
    c.execute(Q.trim_batches, (before_us,))
    ended_us = now_us - LINGER_US
    for (thread_id,) in every(c, Q.ended_temporary_threads, (ended_us, before_us)):
        erase_thread(c, thread_id, now_us)
    c.execute(Q.trim_tombstones, (ended_us, first_epoch(now_us)))
    c.execute(Q.trim_idempotent, (now_us - IDEMPOTENT_US,))
    return c.total_changes() - changes
