"""Run operations on a connection: claiming, leases, finishing, finding."""

from collections.abc import Sequence

import apsw

from demotic.domain.errors import AssistantNotFound, DemoticError, RunNotFound
from demotic.domain.events import END, Event
from demotic.domain.ids import seq_of
from demotic.domain.lifecycle import (
    ACTIVE,
    FINAL,
    Reason,
    RunEvent,
    RunState,
    ThreadState,
    advance,
)
from demotic.domain.model import EVERYTHING, Scope
from demotic.domain.runs import (
    CancelAction,
    Claim,
    Claimer,
    Finished,
    LeaseKey,
    Outcome,
    Run,
    RunQuery,
)
from demotic.storage.sqlite import (
    assistants,
    checkpoint_removal,
    documents,
    feed,
    leaving,
    outbox,
    rows,
    threads,
)
from demotic.storage.sqlite.search import Search
from demotic.storage.sqlite.statements import Q, every, first

ENDINGS = {
    RunState.SUCCEEDED: RunEvent.SUCCEED,
    RunState.WAITING: RunEvent.PAUSE,
    RunState.FAILED: RunEvent.FAIL,
    RunState.CANCELLED: RunEvent.CANCEL,
    RunState.TIMED_OUT: RunEvent.TIME_OUT,
}
"""What happens to a running run that ends in a state."""

COLUMNS = (
    "r.id, r.thread_id, r.assistant_id, r.agent, r.state, r.reason, r.request, r.metadata, "
    "r.busy_policy, r.temporary, r.reply_format, r.attempt, r.epoch, r.error, r.created_us, "
    "r.updated_us, r.started_us, r.callback"
)
"""Of a run, as `rows.run` takes them."""

ROLLED_BACK = Outcome(state=RunState.CANCELLED, reason=Reason.ROLLBACK)


def find(c: apsw.Connection, thread_id: str | None, run_id: str, scope: Scope) -> Run:
    """One run, visible to the scope through its thread."""
    row = first(c, Q.get_run, (run_id,))
    if thread_id is not None:
        threads.get(c, thread_id, scope)
    if row is None or thread_id not in (None, row[1]):
        raise RunNotFound(f"Run {run_id} not found")
    if thread_id is None and scope.filters:  # its own thread may have ended before it
        if first(c, Q.is_within, (row[1], rows.scope_filter(scope))) is None:
            raise RunNotFound(f"Run {run_id} not found")
    return rows.run(row)


def claim(c: apsw.Connection, claimer: Claimer, now_us: int) -> Claim | None:
    """Claim the oldest claimable run; those whose assistant is gone fail on the way."""
    hosted = rows.dump(sorted(claimer.agents))
    while (row := first(c, Q.next_claimable, (now_us, hosted))) is not None:
        if taken := take(c, row[0], claimer, now_us):
            return taken
    return None


def take(c: apsw.Connection, run_id: str, claimer: Claimer, now_us: int) -> Claim | None:
    """Claim a queued run; None, and it has failed, where its assistant is gone."""
    run = find(c, None, run_id, EVERYTHING)
    (epoch,) = first(c, Q.raise_epoch, (run.thread_id,))
    try:
        assistant = assistants.get(c, run.assistant_id, EVERYTHING)
    except AssistantNotFound as error:
        fail_queued(c, run, epoch, error, now_us)
        return None
    head, seen = first(c, Q.checkpoint_position, (run.thread_id,))
    state = advance(run.state, RunEvent.CLAIM)
    lease_us = now_us + claimer.lease_us
    c.execute(Q.claim_run, (run.id, state, epoch, claimer.worker, lease_us, head, seen, now_us))
    base, leg = first(c, Q.get_base, (run.id,))
    taken = find(c, None, run.id, EVERYTHING)
    outbox.tell(c, run.state, taken, now_us)
    return Claim(
        run=taken,
        key=LeaseKey(run.thread_id, run.id, epoch),
        base=base,
        head=head,
        assistant=assistant,
        thread_metadata=threads.get(c, run.thread_id, EVERYTHING).metadata,
        leg=leg,
    )


def fail_queued(c: apsw.Connection, run: Run, epoch: int, error: DemoticError, now_us: int) -> None:
    """End a queued run that no attempt can begin, in an epoch of its own."""
    told = {"error": type(error).__name__, "message": error.message}
    outcome = Outcome(state=RunState.FAILED, reason=Reason.ERROR, error=told)
    if run.request.modes:
        data = {"state": outcome.state, "reason": outcome.reason, "error": told}
        event = Event(seq_of(epoch, 0), run.id, END, "", rows.dump(data).encode(), now_us)
        feed.append(c, LeaseKey(run.thread_id, run.id, epoch), [event], now_us)
    end(c, run.thread_id, run.id, run.state, outcome, now_us)
    if not leaving.leave(c, run.thread_id, kind_of(run), now_us):
        elect(c, run.thread_id, now_us)


def kind_of(run: Run) -> int:
    """What the run's end means for its thread; see `leaving`."""
    return rows.ENDS_THREAD if run.ends_thread else int(run.temporary)


def renew(c: apsw.Connection, held: Sequence[LeaseKey], until_us: int) -> list[LeaseKey]:
    """Extend leases; those that are lost."""
    return [
        key
        for key in held
        if not first(c, Q.renew_lease, (key.run_id, key.thread_id, key.epoch, until_us))
    ]


def release(c: apsw.Connection, key: LeaseKey, now_us: int) -> None:
    """Back to the queue, without a failed attempt."""
    feed.fence(c, key)
    put_back(c, key.run_id, 0, now_us)


def put_back(c: apsw.Connection, run_id: str, losses: int, now_us: int) -> None:
    """Queue a running run again."""
    queued = advance(RunState.RUNNING, RunEvent.RELEASE)
    (told,) = first(c, Q.release_run, (run_id, queued, now_us, losses))
    if told:
        outbox.tell(c, RunState.RUNNING, find(c, None, run_id, EVERYTHING), now_us)


def supersede(c: apsw.Connection, run_id: str, now_us: int) -> None:
    """End a waiting run: its thread goes on without an answer."""
    state = advance(RunState.WAITING, RunEvent.SUPERSEDE)
    (told,) = first(c, Q.set_run_state, (run_id, state, Reason.SUPERSEDED, now_us))
    if told:
        run, outcome = find(c, None, run_id, EVERYTHING), get_outcome(c, run_id)
        outbox.tell(c, RunState.WAITING, run, now_us, outcome)


def finish(
    c: apsw.Connection, key: LeaseKey, outcome: Outcome, events: Sequence[Event], now_us: int
) -> Finished:
    """End a leg; a stored rollback wins over however it ended."""
    temporary, cancel, told = feed.fence(c, key)
    if cancel is CancelAction.ROLLBACK:
        undo(c, key.thread_id, key.run_id, now_us)
        return Finished(ROLLED_BACK, elect(c, key.thread_id, now_us))
    if temporary == rows.VANISHES and outcome.state in FINAL and not events and not told:
        threads.erase_thread(c, key.thread_id, now_us)
        return Finished(outcome, False)
    feed.append(c, key, events, now_us)
    end(c, key.thread_id, key.run_id, RunState.RUNNING, outcome, now_us)
    if outcome.state in FINAL and leaving.leave(c, key.thread_id, temporary, now_us):
        return Finished(outcome, False, gone=temporary == rows.ENDS_THREAD)
    return Finished(outcome, elect(c, key.thread_id, now_us))


def undo(c: apsw.Connection, thread_id: str, run_id: str, now_us: int) -> None:
    """Take a run back: its checkpoints, its events, its row; the thread is as it was before."""
    before, told = first(c, Q.get_before, (run_id,))
    if told:
        run = find(c, None, run_id, EVERYTHING)
        outbox.tell_cancelled(c, run, Reason.ROLLBACK, now_us)
    checkpoint_removal.delete_runs(c, thread_id, {run_id})
    if before is not None:
        c.execute(Q.restore_thread, (thread_id, before, now_us))
    c.execute(Q.delete_run_feed, (thread_id, run_id))
    c.execute(Q.delete_run, (run_id,))
    c.execute(Q.settle_thread, (thread_id, now_us))


def end(
    c: apsw.Connection,
    thread_id: str,
    run_id: str,
    state: RunState,
    outcome: Outcome,
    now_us: int,
) -> None:
    """Write how a run ended, and what it leaves the thread with."""
    ended = advance(state, ENDINGS[outcome.state])
    document = documents.save(c, thread_id, outcome.values) if outcome.values else None
    interrupts = rows.dump_or_null(outcome.interrupts)
    shown, error = rows.dump_or_null(outcome.shown_interrupts), rows.dump_or_null(outcome.error)
    pending = int(outcome.pending)
    row = (run_id, ended, outcome.reason, document, interrupts, shown, pending, error, now_us)
    (told,) = first(c, Q.end_run, row)
    if told:
        outbox.tell(c, state, find(c, None, run_id, EVERYTHING), now_us, outcome)
    if outcome.reason is Reason.REFUSED:  # as if the run had never been
        c.execute(Q.settle_thread, (thread_id, now_us))
        return
    rest = outcome.thread_state
    queued = [r for r in c.execute(Q.unfinished_runs, (thread_id,)) if r[1] in ACTIVE]
    shown_state = ThreadState.BUSY if queued else rest
    left = rows.dump(outcome.interrupts)
    c.execute(
        Q.rest_thread,
        (thread_id, shown_state, rest, document, left, error, now_us, outcome.reason),
    )


def elect(c: apsw.Connection, thread_id: str, now_us: int) -> bool:
    """Make the thread's next run claimable; whether there is a new one."""
    return any(head for (head,) in every(c, Q.elect_head, (thread_id, now_us)))


def get_outcome(c: apsw.Connection, run_id: str) -> Outcome | None:
    """How the run's last leg ended."""
    row = first(c, Q.get_outcome, (run_id,))
    if row is None:
        raise RunNotFound(f"Run {run_id} not found")
    if row[0] in ACTIVE:
        return None
    return rows.outcome(row, documents.load(c, row[7], row[2]))


def list_of_thread(
    c: apsw.Connection,
    thread_id: str,
    states: Sequence[str] | None,
    limit: int,
    offset: int,
    scope: Scope,
) -> list[Run]:
    """A thread's runs, newest first."""
    threads.get(c, thread_id, scope)
    wanted = rows.dump(list(states)) if states is not None else None
    found = c.execute(Q.list_runs, (thread_id, wanted, limit, offset))
    return [rows.run(row) for row in found]


def search(c: apsw.Connection, query: RunQuery, scope: Scope) -> list[Run]:
    """Runs of any thread, newest first."""
    within = bool(scope.filters)
    found = Search("run r JOIN thread t ON t.id = r.thread_id" if within else "run r", "r.ordinal")
    found.where("r.assistant_id <> ''")
    found.within("t.metadata", scope.filters)
    found.equals("r.thread_id", query.thread_id)
    found.equals("r.assistant_id", query.assistant_id)
    if query.states is not None:
        found.where("r.state IN (SELECT value FROM json_each(?))", rows.dump(list(query.states)))
    if query.temporary is not None:
        found.where(f"r.temporary {'' if query.temporary else 'NOT '}IN (1, 2)")
    found.within("r.metadata", query.metadata)
    page = found.slice(c, COLUMNS, "r.ordinal", True, query.limit, query.offset)
    return [rows.run(row) for row in page]
