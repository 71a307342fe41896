"""Changes of a thread's state that no run makes: they hold the thread like a run does.

The lease is a row of the runs table without an assistant, which no caller ever sees.
"""

from collections.abc import Sequence

import apsw

from demotic.domain.errors import ThreadBusy
from demotic.domain.events import Event
from demotic.domain.ids import uuid7
from demotic.domain.lifecycle import ACTIVE, Reason, RunEvent, RunState, ThreadState, advance
from demotic.domain.model import Claimer, LeaseKey, Outcome, Scope
from demotic.storage.sqlite import documents, feed, rows, runs, threads
from demotic.storage.sqlite.statements import Q, every, first


def begin(
    c: apsw.Connection, thread_id: str, agent: str, scope: Scope, claimer: Claimer, now_us: int
) -> LeaseKey:
    """Take a thread that no run is in progress on."""
    threads.get(c, thread_id, scope)
    active = [row for row in every(c, Q.unfinished_runs, (thread_id,)) if row[1] in ACTIVE]
    if active:
        told = ", ".join(f"{row[0]} is {row[1]}" for row in active if not row[3])
        raise ThreadBusy(f"Thread {thread_id} is in use: {told or 'its state is being changed'}.")
    (epoch,) = first(c, Q.raise_epoch, (thread_id,))
    key = LeaseKey(thread_id, uuid7(now_us), epoch)
    lease_us = now_us + claimer.lease_us
    row = (key.run_id, thread_id, agent, epoch, claimer.worker, lease_us, now_us)
    c.execute(Q.insert_write, row)
    return key


def end(
    c: apsw.Connection,
    key: LeaseKey,
    left: Outcome | None,
    events: Sequence[Event],
    now_us: int,
) -> bool:
    """Give the thread back, with what the change left; whether a run became claimable."""
    feed.fence(c, key)
    feed.append(c, key, events, now_us)
    if left is not None:
        _leave(c, key, left, now_us)
    c.execute(Q.delete_run, (key.run_id,))
    return runs.elect(c, key.thread_id, now_us)


def _leave(c: apsw.Connection, key: LeaseKey, left: Outcome, now_us: int) -> None:
    unfinished = every(c, Q.unfinished_runs, (key.thread_id,))
    for run_id, state, *_ in unfinished:
        if state == RunState.WAITING:
            superseded = advance(RunState.WAITING, RunEvent.SUPERSEDE)
            c.execute(Q.set_run_state, (run_id, superseded, Reason.SUPERSEDED, now_us))
    queued = any(row[1] == RunState.QUEUED for row in unfinished)
    rest = left.thread_state
    shown = ThreadState.BUSY if queued else rest
    document = documents.save(c, key.thread_id, left.values) if left.values else None
    interrupts = rows.dump(left.interrupts)
    row = (key.thread_id, shown, rest, document, interrupts, None, now_us, left.reason)
    c.execute(Q.rest_thread, row)
    c.execute(Q.give_thread_agent, (key.thread_id, key.run_id))
