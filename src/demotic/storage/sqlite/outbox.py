"""The outbox on a connection: what is told of runs, and how far it has come."""

from collections.abc import Sequence
from dataclasses import replace

import apsw
import msgspec

from demotic.domain.deliveries import (
    Change,
    Delivery,
    DeliveryAttempt,
    DeliveryClaim,
    DeliveryKey,
    DeliveryQuery,
    DeliveryState,
)
from demotic.domain.errors import DeliveryNotFound, LeaseLost
from demotic.domain.ids import uuid7
from demotic.domain.lifecycle import Reason, RunState
from demotic.domain.model import Page, Scope
from demotic.domain.runs import Outcome, Run
from demotic.storage.sql.queries import Queries
from demotic.storage.sqlite import rows
from demotic.storage.sqlite.connection import Connection
from demotic.storage.sqlite.search import Search
from demotic.storage.sqlite.statements import every, first

D = Queries(__package__, "deliveries.sql")

NEWS = "delivery"
"""What a connection is left word of when a delivery was written."""

KEPT_ATTEMPTS = 10  # of each delivery, the latest

UNREADABLE = "What was to be told cannot be read: another version of Demotic wrote it."

COLUMNS = (
    "id, run_id, thread_id, url, run_state, state, attempts, log, due_us, created_us, updated_us"
)


def tell(
    c: apsw.Connection,
    before: RunState | None,
    run: Run,
    now_us: int,
    outcome: Outcome | None = None,
) -> None:
    """Write down that a run has changed, if anybody is to be told: call it in the job that
    changes the state of a run, while its thread is there, with the run as it is then.

    `before` is the state it had (None: it is being admitted).
    """
    callback = run.callback
    if callback is None or not callback.wants(before, run.state):
        return
    change = Change(run=run, before=before, changed_us=now_us, outcome=outcome)
    address = (callback.url, callback.receiver)
    told = (run.state, rows.dump_change(change), now_us)
    c.execute(D.insert_delivery, (uuid7(now_us), run.id, run.thread_id, *address, *told))
    if isinstance(c, Connection):
        c.news.add(NEWS)


def tell_cancelled(c: apsw.Connection, run: Run, reason: Reason, now_us: int) -> None:
    """Write down that a run, given as it was, is being cancelled without its attempt."""
    outcome = Outcome(state=RunState.CANCELLED, reason=reason)
    ended = replace(run, state=outcome.state, reason=reason, updated_us=now_us)
    tell(c, run.state, ended, now_us, outcome)


def forget_run(c: apsw.Connection, run_id: str) -> None:
    """Drop the log of a run that is being deleted; what is pending is still told."""
    c.execute(D.forget_run, (run_id,))


def forget_thread(c: apsw.Connection, thread_id: str) -> None:
    """Drop the log of a thread that is being deleted; what is pending is still told."""
    c.execute(D.forget_thread, (thread_id,))


def claim(
    c: apsw.Connection, worker: str, full: Sequence[str], until_us: int, now_us: int
) -> DeliveryClaim | None:
    """Claim what is due for longest; what cannot be read is given up on the way."""
    asked = (now_us, rows.dump(list(full)), worker, until_us)
    while (row := first(c, D.claim_delivery, asked)) is not None:
        try:
            return rows.delivery_claim(row)
        except msgspec.MsgspecError:
            attempt = DeliveryAttempt(now_us, 0, None, UNREADABLE)
            key = DeliveryKey(row[0], row[1])
            record(c, key, attempt, DeliveryState.FAILED, now_us, now_us)
    return None


def record(
    c: apsw.Connection,
    key: DeliveryKey,
    attempt: DeliveryAttempt,
    state: DeliveryState,
    due_us: int,
    now_us: int,
) -> None:
    """Log an attempt; the next delivery of the run may follow one that has ended."""
    run_id, log = _claimed(c, key)
    latest = [*rows.load_log(log), attempt][-KEPT_ATTEMPTS:]
    c.execute(D.record_attempt, (key.id, state, rows.dump_log(latest), due_us, now_us))
    if state is not DeliveryState.PENDING:
        c.execute(D.elect_delivery, (run_id,))


def drop(c: apsw.Connection, key: DeliveryKey) -> None:
    """Remove a delivery that tells nothing."""
    run_id, _ = _claimed(c, key)
    c.execute(D.drop_delivery, (key.id,))
    c.execute(D.elect_delivery, (run_id,))


def _claimed(c: apsw.Connection, key: DeliveryKey) -> tuple[str, str]:
    """The run and the log of a delivery that is still claimed so."""
    row = first(c, D.claimed_delivery, (key.id, key.claim))
    if row is None:
        raise LeaseLost
    return row[0], row[1]


def rescue(c: apsw.Connection, worker: str, now_us: int) -> int:
    """Make due what other workers have."""
    return len(every(c, D.rescue_deliveries, (worker, now_us)))


def search(c: apsw.Connection, query: DeliveryQuery, scope: Scope) -> Page:
    """A page of deliveries, newest first."""
    found = Search("delivery", "ordinal")
    found.within("metadata", scope.filters)
    found.equals("run_id", query.run_id)
    found.equals("thread_id", query.thread_id)
    found.equals("state", query.state)
    page = found.page(c, COLUMNS, "ordinal", True, query.limit, query.offset)
    return Page([rows.delivery(row) for row in page.items], page.total)


def redeliver(c: apsw.Connection, delivery_id: str, scope: Scope, now_us: int) -> Delivery:
    """Make a delivery due now, in its place among those of its run."""
    found = _get(c, delivery_id, scope)
    c.execute(D.demote_deliveries, (found.run_id,))
    c.execute(D.redeliver, (delivery_id, now_us))
    c.execute(D.elect_delivery, (found.run_id,))
    if isinstance(c, Connection):
        c.news.add(NEWS)
    return _get(c, delivery_id, scope)


def _get(c: apsw.Connection, delivery_id: str, scope: Scope) -> Delivery:
    row = first(c, D.get_delivery, (delivery_id, rows.scope_filter(scope)))
    if row is None:
        raise DeliveryNotFound(f"Delivery {delivery_id} not found")
    return rows.delivery(row)


def trim(c: apsw.Connection, before_us: int) -> int:
    """Drop some of what ended long ago."""
    return len(every(c, D.trim_deliveries, (before_us,)))
