"""Ends of runs that their own attempt does not write: cancelled, deleted, rescued."""

from collections.abc import Sequence

import apsw

from demotic.domain.errors import Conflict
from demotic.domain.events import END, Event
from demotic.domain.ids import seq_of
from demotic.domain.lifecycle import ACTIVE, Reason, RunEvent, RunState, advance
from demotic.domain.model import EVERYTHING, CancelAction, LeaseKey, Outcome, Run, Scope
from demotic.storage.sqlite import feed, rows, runs, threads
from demotic.storage.sqlite.statements import Q, every, first

MAX_LOSSES = 3  # expired leases without a new checkpoint


def request_cancel(
    c: apsw.Connection,
    thread_id: str,
    run_id: str,
    action: CancelAction,
    scope: Scope,
    now_us: int,
) -> Run:
    """End a queued run, or store the request for a running one."""
    run = runs.find(c, thread_id, run_id, scope)
    if run.state not in ACTIVE:
        raise Conflict(f"Run {run_id} has already ended.")
    if run.state is RunState.RUNNING:
        c.execute(Q.store_cancel, (run_id, action, now_us))
    else:
        _cancel_queued(c, run, now_us)
    return runs.find(c, thread_id, run_id, scope)


def _cancel_queued(c: apsw.Connection, run: Run, now_us: int) -> None:
    cancelled = advance(run.state, RunEvent.CANCEL)
    c.execute(Q.set_run_state, (run.id, cancelled, Reason.USER_CANCEL, now_us))
    runs.elect(c, run.thread_id, now_us)
    c.execute(Q.settle_thread, (run.thread_id, now_us))


def delete_run(c: apsw.Connection, thread_id: str, run_id: str, scope: Scope, now_us: int) -> Run:
    """Delete a run and its events; an attempt at work on it loses its lease."""
    run = runs.find(c, thread_id, run_id, scope)
    c.execute(Q.delete_run, (run_id,))
    c.execute(Q.delete_run_feed, (thread_id, run_id))
    runs.elect(c, thread_id, now_us)
    c.execute(Q.settle_thread, (thread_id, now_us))
    return run


def rescue(c: apsw.Connection, now_us: int, worker: str | None) -> Sequence[Run]:
    """Take back runs whose lease is over, or is held by another than `worker`."""
    expired = every(c, Q.expired_runs, (now_us, worker))
    for run_id, thread_id, _, losses, seen, cancel, base, _ in expired:
        head, newest = first(c, Q.checkpoint_position, (thread_id,))
        losses = 1 if newest != seen else losses + 1
        if cancel is not None:
            outcome = Outcome(
                state=RunState.CANCELLED, reason=Reason.USER_CANCEL, pending=head != base
            )
            _end_lost(c, thread_id, run_id, outcome, now_us)
        elif losses >= MAX_LOSSES:
            _end_lost(c, thread_id, run_id, _given_up(), now_us)
        else:
            released = advance(RunState.RUNNING, RunEvent.RELEASE)
            c.execute(Q.release_run, (run_id, released, now_us, losses))
    return [runs.find(c, None, row[0], EVERYTHING) for row in expired]


def _given_up() -> Outcome:
    message = f"The run was lost with its worker {MAX_LOSSES} times without making progress."
    error = {"error": "WorkerLost", "message": message}
    return Outcome(state=RunState.FAILED, reason=Reason.LOST_WORKER, error=error)


def _end_lost(
    c: apsw.Connection, thread_id: str, run_id: str, outcome: Outcome, now_us: int
) -> None:
    """End a run in its dead worker's stead, in an epoch of its own."""
    run = runs.find(c, None, run_id, EVERYTHING)
    (epoch,) = first(c, Q.raise_epoch, (thread_id,))
    if run.request.modes:
        told = {"state": outcome.state, "reason": outcome.reason, "error": outcome.error}
        event = Event(seq_of(epoch, 0), run_id, END, "", rows.dump(told).encode())
        feed.append(c, LeaseKey(thread_id, run_id, epoch), [event], now_us)
    runs.end(c, thread_id, run_id, RunState.RUNNING, outcome, now_us)
    if run.temporary:
        c.execute(Q.end_temporary_thread, (thread_id, now_us))
        threads.erase_checkpoints(c, thread_id)
    runs.elect(c, thread_id, now_us)
