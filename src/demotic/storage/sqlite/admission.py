"""Admission of a run: one job that resolves, checks, inserts and, if it may, claims."""

from dataclasses import dataclass, field, replace

import apsw

from demotic.domain.assistants import Assistant
from demotic.domain.errors import (
    AgentNotFound,
    KeyReused,
    ThreadBusy,
    ThreadExists,
    ThreadNotFound,
)
from demotic.domain.ids import uuid7
from demotic.domain.lifecycle import RunEvent, RunState, ThreadState, advance
from demotic.domain.model import EVERYTHING, Json, Scope
from demotic.domain.runs import (
    Admission,
    BusyPolicy,
    CancelAction,
    Claim,
    Claimer,
    Idempotency,
    LeaseKey,
    NewRun,
    Run,
)
from demotic.storage.sqlite import (
    assistants,
    endings,
    feed,
    outbox,
    questions,
    rows,
    runs,
    threads,
)
from demotic.storage.sqlite.statements import Q, every, first

DISPLACING = {
    BusyPolicy.INTERRUPT: CancelAction.INTERRUPT,
    BusyPolicy.ROLLBACK: CancelAction.ROLLBACK,
}
"""How the policies that take a thread cancel what is in their way."""


@dataclass(slots=True)
class _Place:
    """The thread that a run is admitted to. `occupied`: an older run goes before it."""

    id: str
    metadata: dict[str, Json]
    epoch: int
    occupied: bool = False
    temporary: bool = False
    displaced: list[Run] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Asked:
    """What `admit_run` was given."""

    new: NewRun
    scope: Scope
    assistant_scope: Scope
    now_us: int
    claimer: Claimer
    claim: bool

    @property
    def ready_us(self) -> int:
        """When the run may be claimed."""
        return self.now_us + max(0, int(self.new.delay_s * 1e6))


def admit(c: apsw.Connection, asked: Asked) -> Admission:
    """Admit a run, unless the same request was admitted before."""
    if asked.new.idempotency is not None:
        if known := _admitted(c, asked.new.idempotency, asked.now_us):
            return Admission(runs.find(c, None, known, EVERYTHING), None, is_new=False)
        _remember(c, asked.new.idempotency, asked.new.id, asked.now_us)
    new, now_us = asked.new, asked.now_us
    assistant = hosted(c, new.assistant_id, asked.assistant_scope, asked.claimer)
    stamps = _stamps(new, assistant)
    if new.thread_id is None:
        place = _own_thread(c, assistant, stamps, asked)
    else:
        place = existing(c, new, new.thread_id, asked.scope, now_us)
        if new.answers:
            questions.check(c, place.id, new.answers)
        _apply_busy_policy(c, place, asked)
    if not place.temporary:
        _mark_busy(c, place, stamps, assistant, asked)
    metadata = {**assistant.metadata, **place.metadata, **stamps, **new.metadata}
    return _insert(c, asked, assistant, place, metadata)


def _admitted(c: apsw.Connection, asked: Idempotency, now_us: int) -> str | None:
    """The run that the same request made, if it was sent before."""
    row = first(c, Q.get_idempotent, (asked.key, now_us - feed.IDEMPOTENT_US))
    if row is None:
        return None
    if row[0] != asked.digest:
        raise KeyReused
    return str(row[1])


def _remember(c: apsw.Connection, asked: Idempotency, run_id: str, now_us: int) -> None:
    c.execute(Q.put_idempotent, (asked.key, asked.digest, run_id, now_us))


def hosted(c: apsw.Connection, assistant_id: str, scope: Scope, claimer: Claimer) -> Assistant:
    """An assistant whose agent the claimer hosts."""
    assistant = assistants.get(c, assistant_id, scope)
    if assistant.agent not in claimer.agents:
        raise AgentNotFound(
            f"Assistant {assistant.id} runs agent {assistant.agent!r}, which this server does not "
            f"host. It hosts: {', '.join(sorted(claimer.agents)) or 'none'}."
        )
    return assistant


def _stamps(new: NewRun, assistant: Assistant) -> dict[str, Json]:
    facts = {"agent": assistant.agent, "assistant": assistant.id}
    return {key: facts[fact] for key, fact in new.stamps.items()}


def _own_thread(
    c: apsw.Connection, assistant: Assistant, stamps: dict[str, Json], asked: Asked
) -> _Place:
    """A thread for a run that names none."""
    thread_id, now_us, temporary = uuid7(asked.now_us), asked.now_us, not asked.new.keep_thread
    metadata = {**asked.new.thread_metadata, **(asked.scope.filters or {}), **stamps}
    state, agent = ThreadState.BUSY, assistant.agent
    epoch = threads.insert(
        c,
        thread_id,
        metadata,
        state,
        now_us,
        agent=agent,
        temporary=temporary,
        lifetime=None if temporary else asked.new.lifetime,
    )
    return _Place(thread_id, metadata, epoch, temporary=temporary)


def existing(c: apsw.Connection, new: NewRun, thread_id: str, scope: Scope, now_us: int) -> _Place:
    """The thread that a run names; made for it where it may be."""
    row = first(c, Q.get_thread_to_run, (thread_id, rows.scope_filter(scope)))
    if row is not None:
        return _Place(thread_id, rows.load_or_none(row[0]), row[1])
    missing = ThreadNotFound(f"Thread with ID {thread_id} not found")
    if not new.create_thread:
        raise missing
    metadata = dict(scope.filters or {})
    try:
        epoch = threads.insert(
            c,
            thread_id,
            metadata,
            ThreadState.IDLE,
            now_us,
            agent=None,
            temporary=False,
            lifetime=new.lifetime,
        )
    except ThreadExists:  # it is there, but not for this caller
        raise missing from None
    return _Place(thread_id, metadata, epoch)


def _apply_busy_policy(c: apsw.Connection, place: _Place, asked: Asked) -> None:
    unfinished = every(c, Q.unfinished_runs, (place.id,))
    active = [row for row in unfinished if row[1] != RunState.WAITING]
    policy = asked.new.busy_policy
    in_progress = unfinished if asked.new.spares_waiting else active
    if in_progress and policy is BusyPolicy.REJECT:
        raise ThreadBusy
    for run_id, state, *_ in unfinished:
        if state == RunState.WAITING:
            runs.supersede(c, run_id, asked.now_us)
    if policy in DISPLACING:
        in_the_way = [row[0] for row in active if not row[3]]
        place.displaced = [_displace(c, id, DISPLACING[policy], asked) for id in in_the_way]
        running = any(run.state is RunState.RUNNING for run in place.displaced)
        place.occupied = running or any(row[3] for row in active)
    else:
        place.occupied = any(
            row[1] == RunState.RUNNING or row[2] <= asked.ready_us for row in active
        )
    if active and not place.occupied:  # what is queued is delayed: the new run goes first
        c.execute(Q.demote_delayed, (place.id,))


def _displace(c: apsw.Connection, run_id: str, action: CancelAction, asked: Asked) -> Run:
    """Cancel a run that stands in the way; it is still running where its worker must end it."""
    run = runs.find(c, None, run_id, EVERYTHING)
    if run.state is RunState.QUEUED:
        return endings.end_queued(c, run, action, asked.now_us)
    c.execute(Q.store_cancel, (run_id, action, asked.now_us))
    return run


def _mark_busy(
    c: apsw.Connection,
    place: _Place,
    stamps: dict[str, Json],
    assistant: Assistant,
    asked: Asked,
) -> None:
    """The thread is busy from now on; it keeps the configuration of its latest run."""
    merged = {**place.metadata, **stamps}
    if merged != place.metadata:
        c.execute(Q.delete_thread_tags, (place.id,))
        threads.write_tags(c, place.id, merged)
        place.metadata = merged
    ours, given = assistant.config, asked.new.request.config
    configurable = {**(ours.get("configurable") or {}), **(given.get("configurable") or {})}
    config = rows.dump({**ours, **given, "configurable": configurable})
    row = (place.id, rows.dump(merged), assistant.agent, asked.now_us, config)
    c.execute(Q.mark_thread_busy, row)


def _insert(
    c: apsw.Connection,
    asked: Asked,
    assistant: Assistant,
    place: _Place,
    metadata: dict[str, Json],
) -> Admission:
    new, now_us = asked.new, asked.now_us
    claimed = asked.claim and not place.occupied and asked.ready_us <= now_us
    state, epoch, head, seen = RunState.QUEUED, 0, None, None
    if claimed:
        state = advance(state, RunEvent.CLAIM)
        (epoch,) = first(c, Q.raise_epoch, (place.id,))
        if not place.temporary:
            head, seen = first(c, Q.checkpoint_position, (place.id,))
    run = Run(
        id=new.id,
        thread_id=place.id,
        assistant_id=assistant.id,
        agent=assistant.agent,
        state=state,
        reason=None,
        request=new.request,
        metadata=metadata,
        busy_policy=new.busy_policy,
        temporary=place.temporary,
        ends_thread=new.ends_thread,
        reply_format=new.reply_format,
        attempt=int(claimed),
        epoch=epoch,
        error=None,
        created_us=now_us,
        updated_us=now_us,
        started_us=now_us if claimed else None,
        callback=new.callback,
    )
    _write(c, run, asked, head, seen, leads=not place.occupied)
    if run.callback is not None:
        _tell(c, run)
    if not claimed:
        return Admission(run, None, place.displaced)
    key = LeaseKey(place.id, run.id, epoch)
    claim = Claim(
        run=run,
        key=key,
        base=head,
        head=head,
        assistant=assistant,
        thread_metadata=place.metadata,
    )
    return Admission(run, claim, place.displaced)


def _kind(new: NewRun, run: Run) -> int:
    """What the run's end means for its thread; see `rows.ENDS_THREAD`."""
    if run.ends_thread:
        return rows.ENDS_THREAD
    return (rows.KEPT if new.keep_run else rows.VANISHES) if run.temporary else 0


def _tell(c: apsw.Connection, run: Run) -> None:
    """Write down that a run was admitted, and claimed if it was."""
    now_us, claimed = run.created_us, run.state is RunState.RUNNING
    queued = replace(run, state=RunState.QUEUED, attempt=0, epoch=0, started_us=None)
    outbox.tell(c, None, queued, now_us)
    if claimed:
        outbox.tell(c, queued.state, run, now_us)


def _write(
    c: apsw.Connection,
    run: Run,
    asked: Asked,
    head: str | None,
    seen: int | None,
    *,
    leads: bool,
) -> None:
    claimed = run.state is RunState.RUNNING
    c.execute(
        Q.insert_run,
        (
            run.id,
            run.thread_id,
            run.assistant_id,
            run.agent,
            run.state,
            int(leads),
            asked.ready_us,
            rows.dump_request(run.request),
            rows.dump(run.metadata),
            run.busy_policy,
            _kind(asked.new, run),
            rows.dump(run.reply_format),
            run.attempt,
            run.epoch,
            asked.claimer.worker if claimed else None,
            run.created_us + asked.claimer.lease_us if claimed else None,
            int(claimed),
            head,
            seen,
            run.created_us,
            run.created_us,
            run.started_us,
            rows.dump_callback(run.callback),
        ),
    )
