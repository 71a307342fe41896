"""Changes of a thread's state that no run makes: they hold the thread like a run does.

The lease is a row of the runs table without an assistant, which no caller ever sees.
"""

from collections.abc import Sequence

import apsw

from demotic.domain.errors import ThreadBusy
from demotic.domain.events import Event
from demotic.domain.ids import uuid7
from demotic.domain.lifecycle import ACTIVE, RunState, ThreadState
from demotic.domain.model import Scope
from demotic.domain.runs import Claimer, LeaseKey, Outcome
from demotic.domain.threads import NewThread, Thread
from demotic.ports.checkpoints import Change
from demotic.storage.sqlite import checkpoints, documents, feed, rows, runs, threads
from demotic.storage.sqlite.statements import Q, every, first


def begin(
    c: apsw.Connection, thread_id: str, agent: str, scope: Scope, claimer: Claimer, now_us: int
) -> LeaseKey:
    """Take a thread that no run is in progress on."""
    threads.get(c, thread_id, scope)
    refuse_busy(c, thread_id)
    (epoch,) = first(c, Q.raise_epoch, (thread_id,))
    key = LeaseKey(thread_id, uuid7(now_us), epoch)
    lease_us = now_us + claimer.lease_us
    row = (key.run_id, thread_id, agent, epoch, claimer.worker, lease_us, now_us)
    c.execute(Q.insert_write, row)
    return key


def refuse_busy(c: apsw.Connection, thread_id: str) -> None:
    """Raise `ThreadBusy` where a run or another change is in progress."""
    active = [row for row in every(c, Q.unfinished_runs, (thread_id,)) if row[1] in ACTIVE]
    if active:
        told = ", ".join(f"{row[0]} is {row[1]}" for row in active if not row[3])
        raise ThreadBusy(f"Thread {thread_id} is in use: {told or 'its state is being changed'}.")


def end(
    c: apsw.Connection,
    key: LeaseKey,
    left: Outcome | None,
    parts: Sequence[Change],
    events: Sequence[Event],
    now_us: int,
) -> bool:
    """Give the thread back, with what the change left; whether a run became claimable."""
    feed.fence(c, key)
    feed.append(c, key, events, now_us)
    checkpoints.put_parts(c, key, key.thread_id, parts)
    if left is not None:
        (agent,) = first(c, Q.get_write_agent, (key.run_id,))
        _leave(c, key.thread_id, agent, left, now_us)
    elif parts:
        c.execute(Q.touch_thread, (key.thread_id, now_us))
    c.execute(Q.delete_run, (key.run_id,))
    return runs.elect(c, key.thread_id, now_us)


def create_thread(
    c: apsw.Connection,
    new: NewThread,
    agent: str,
    left: Outcome,
    parts: Sequence[Change],
    scope: Scope,
    now_us: int,
) -> Thread:
    """Create a thread with its state."""
    threads.create(c, new, scope, now_us)
    checkpoints.put_parts(c, None, new.id, parts)
    _leave(c, new.id, agent, left, now_us)
    return threads.get(c, new.id, scope)


def _leave(c: apsw.Connection, thread_id: str, agent: str, left: Outcome, now_us: int) -> None:
    unfinished = every(c, Q.unfinished_runs, (thread_id,))
    for run_id, state, *_ in unfinished:
        if state == RunState.WAITING:
            runs.supersede(c, run_id, now_us)
    queued = any(row[1] == RunState.QUEUED for row in unfinished)
    rest = left.thread_state
    shown = ThreadState.BUSY if queued else rest
    document = documents.save(c, thread_id, left.values) if left.values else None
    interrupts = rows.dump(left.interrupts)
    row = (thread_id, shown, rest, document, interrupts, None, now_us, left.reason)
    c.execute(Q.rest_thread, row)
    c.execute(Q.give_thread_agent, (thread_id, agent))
