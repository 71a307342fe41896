"""Resuming a run that waits for an answer: the same run goes on in a new leg."""

from dataclasses import replace

import apsw

from demotic.domain.errors import NotWaiting, ThreadBusy
from demotic.domain.lifecycle import ACTIVE, Reason, RunEvent, RunState, advance
from demotic.domain.model import EVERYTHING, Json, Scope
from demotic.domain.runs import Admission, Claimer, Run, RunRequest
from demotic.storage.sqlite import outbox, rows, runs
from demotic.storage.sqlite.statements import Q, every


def resume(
    c: apsw.Connection,
    thread_id: str | None,
    run_id: str,
    answer: Json,
    scope: Scope,
    claimer: Claimer,
    claim: bool,
    now_us: int,
) -> Admission:
    """Queue the run again, or claim it at once."""
    run = runs.find(c, thread_id, run_id, scope)
    if run.state is not RunState.WAITING:
        raise NotWaiting(f"Run {run_id} does not wait for an answer: it is {run.state}.")
    if any(row[1] in ACTIVE for row in every(c, Q.unfinished_runs, (run.thread_id,))):
        raise ThreadBusy
    state = advance(run.state, RunEvent.RESUME)
    request = rows.dump_request(_next_leg(run, answer))
    c.execute(Q.resume_run, (run.id, state, request, now_us))
    c.execute(Q.occupy_thread, (run.thread_id, now_us))
    runs.elect(c, run.thread_id, now_us)
    outbox.tell(c, run.state, runs.find(c, None, run.id, EVERYTHING), now_us)
    taken = runs.take(c, run.id, claimer, now_us) if claim else None
    found = taken.run if taken else runs.find(c, None, run.id, EVERYTHING)
    return Admission(found, taken)


def _next_leg(run: Run, answer: Json) -> RunRequest:
    """What the next leg sends: the answer; nothing, where a breakpoint had stopped the run."""
    asked = run.reason is Reason.INTERRUPT
    command = {"resume": answer} if asked else None
    return replace(run.request, input=None, command=command, checkpoint=None)
