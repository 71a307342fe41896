"""Ends of runs that their own attempt does not write: cancelled, deleted, rescued."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import apsw

from demotic.domain.errors import Conflict, RunActive
from demotic.domain.events import END, Event
from demotic.domain.ids import seq_of
from demotic.domain.lifecycle import ACTIVE, FINAL, Reason, RunEvent, RunState, advance
from demotic.domain.model import EVERYTHING, Scope
from demotic.domain.runs import CancelAction, LeaseKey, Outcome, Run
from demotic.storage.sqlite import copying, feed, leaving, outbox, rows, runs, threads
from demotic.storage.sqlite.statements import Q, every, first

MAX_LOSSES = 3  # expired leases without a new checkpoint


def request_cancel(
    c: apsw.Connection,
    thread_id: str | None,
    run_id: str,
    action: CancelAction,
    paused: bool,
    scope: Scope,
    now_us: int,
) -> Run:
    """End a queued run, or a paused one, or store the request for a running one."""
    run = runs.find(c, thread_id, run_id, scope)
    if run.state is RunState.RUNNING:
        c.execute(Q.store_cancel, (run_id, action, now_us))
        return run
    if run.state is RunState.WAITING and paused:
        return _cancel_paused(c, run, action, now_us)
    if run.state is not RunState.QUEUED:
        raise Conflict(f"Run {run_id} has already ended.")
    ended = end_queued(c, run, action, now_us)
    runs.elect(c, run.thread_id, now_us)
    _settle(c, run, now_us)
    return ended


def _cancel_paused(c: apsw.Connection, run: Run, action: CancelAction, now_us: int) -> Run:
    """End a run that waits for an answer; its thread stays where it is, or as it was before."""
    state = advance(run.state, RunEvent.CANCEL)
    if action is CancelAction.ROLLBACK:
        runs.undo(c, run.thread_id, run.id, now_us)
        return replace(run, state=state, reason=Reason.ROLLBACK)
    c.execute(Q.set_run_state, (run.id, state, Reason.USER_CANCEL, now_us))
    outbox.tell_cancelled(c, run, Reason.USER_CANCEL, now_us)
    _settle(c, run, now_us)
    return replace(run, state=state, reason=Reason.USER_CANCEL)


def _settle(c: apsw.Connection, run: Run, now_us: int) -> None:
    """A run has ended without its worker: its thread is free, or gone with it."""
    if not leaving.leave(c, run.thread_id, runs.kind_of(run), now_us):
        c.execute(Q.settle_thread, (run.thread_id, now_us))


def end_queued(c: apsw.Connection, run: Run, action: CancelAction, now_us: int) -> Run:
    """End a run that no worker has taken: cancelled, or gone without a trace."""
    state, reason = advance(run.state, RunEvent.CANCEL), Reason.USER_CANCEL
    if action is CancelAction.ROLLBACK:
        runs.undo(c, run.thread_id, run.id, now_us)  # it may have had a leg before
        reason = Reason.ROLLBACK
    else:
        c.execute(Q.set_run_state, (run.id, state, reason, now_us))
        outbox.tell_cancelled(c, run, reason, now_us)
    return replace(run, state=state, reason=reason)


def delete_run(
    c: apsw.Connection,
    thread_id: str | None,
    run_id: str,
    only_ended: bool,
    scope: Scope,
    now_us: int,
) -> Run:
    """Delete a run and its events; an attempt at work on it loses its lease."""
    run = runs.find(c, thread_id, run_id, scope)
    if only_ended and run.state in ACTIVE:
        raise RunActive(f"Run {run_id} is {run.state}: cancel it first.")
    if run.state not in FINAL:
        outbox.tell_cancelled(c, run, Reason.DELETED, now_us)
    outbox.forget_run(c, run_id)
    if run.temporary:
        threads.erase_thread(c, run.thread_id, now_us)
        return run
    c.execute(Q.delete_run, (run_id,))
    c.execute(Q.delete_run_feed, (run.thread_id, run_id))
    runs.elect(c, run.thread_id, now_us)
    c.execute(Q.settle_thread, (run.thread_id, now_us))
    return run


def rescue(c: apsw.Connection, now_us: int, worker: str | None) -> Sequence[Run]:
    """Take back runs whose lease is over, or is held by another than `worker`."""
    if worker is not None:  # the process has just begun: nobody else is copying
        threads.drop_copies(c, copying.unfinished(c), now_us)
    expired = [Lost(*row) for row in every(c, Q.expired_runs, (now_us, worker))]
    for lost in expired:
        if lost.is_write:
            _free(c, lost, now_us)
    return [_rescue(c, lost, now_us) for lost in expired if not lost.is_write]


class Lost(NamedTuple):
    """A run that its worker lost, as `expired_runs` gives it."""

    run_id: str
    thread_id: str
    losses: int
    seen: int | None
    cancel: str | None
    base: str | None
    is_write: int


def _free(c: apsw.Connection, lost: Lost, now_us: int) -> None:
    """Give a thread back whose state was being changed when the process died."""
    c.execute(Q.delete_run, (lost.run_id,))
    runs.elect(c, lost.thread_id, now_us)


def _rescue(c: apsw.Connection, lost: Lost, now_us: int) -> Run:
    head, newest = first(c, Q.checkpoint_position, (lost.thread_id,))
    losses = 1 if newest != lost.seen else lost.losses + 1
    if lost.cancel == CancelAction.ROLLBACK:
        run = runs.find(c, None, lost.run_id, EVERYTHING)
        runs.undo(c, lost.thread_id, lost.run_id, now_us)
        runs.elect(c, lost.thread_id, now_us)
        return replace(run, state=RunState.CANCELLED, reason=Reason.ROLLBACK)
    if lost.cancel is not None:
        reason = Reason.USER_CANCEL
        outcome = Outcome(state=RunState.CANCELLED, reason=reason, pending=head != lost.base)
        _end_lost(c, lost.thread_id, lost.run_id, outcome, now_us)
    elif losses >= MAX_LOSSES:
        _end_lost(c, lost.thread_id, lost.run_id, _given_up(), now_us)
    else:
        runs.put_back(c, lost.run_id, losses, now_us)
    return runs.find(c, None, lost.run_id, EVERYTHING)


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
        event = Event(seq_of(epoch, 0), run_id, END, "", rows.dump(told).encode(), now_us)
        feed.append(c, LeaseKey(thread_id, run_id, epoch), [event], now_us)
    runs.end(c, thread_id, run_id, RunState.RUNNING, outcome, now_us)
    if run.temporary or run.ends_thread:
        _settle(c, run, now_us)
    runs.elect(c, thread_id, now_us)
