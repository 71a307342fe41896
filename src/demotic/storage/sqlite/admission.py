"""Admission of a run: one job that resolves, checks, inserts and, if it may, claims."""

from dataclasses import dataclass

import apsw

from demotic.domain.errors import AgentNotFound, ThreadBusy, ThreadExists, ThreadNotFound
from demotic.domain.ids import uuid7
from demotic.domain.lifecycle import Reason, RunEvent, RunState, ThreadState, advance
from demotic.domain.model import (
    Admission,
    Assistant,
    BusyPolicy,
    Claim,
    Claimer,
    Json,
    LeaseKey,
    NewRun,
    Run,
    Scope,
)
from demotic.storage.sqlite import assistants, rows, threads
from demotic.storage.sqlite.statements import Q, every, first


@dataclass(slots=True)
class _Place:
    """The thread that a run is admitted to."""

    id: str
    metadata: dict[str, Json]
    epoch: int
    active: bool = False
    temporary: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What `admit_run` was given."""

    new: NewRun
    scope: Scope
    assistant_scope: Scope
    now_us: int
    claimer: Claimer
    claim: bool


def admit(c: apsw.Connection, asked: Asked) -> Admission:
    """Admit a run."""
    new, now_us, claimer = asked.new, asked.now_us, asked.claimer
    assistant = assistants.get(c, new.assistant_id, asked.assistant_scope)
    if assistant.agent not in claimer.agents:
        raise AgentNotFound(
            f"Assistant {assistant.id} runs agent {assistant.agent!r}, which this server does not "
            f"host. It hosts: {', '.join(sorted(claimer.agents)) or 'none'}."
        )
    stamps = _stamps(new, assistant)
    if new.thread_id is None:
        place = _temporary(c, assistant, stamps, asked)
    else:
        place = _existing(c, new, new.thread_id, asked.scope, now_us)
        _apply_busy_policy(c, new, place, now_us)
        _mark_busy(c, place, stamps, assistant, now_us)
    metadata = {**assistant.metadata, **place.metadata, **stamps, **new.metadata}
    claimed = asked.claim and not place.active
    return _insert(c, new, assistant, place, metadata, claimer if claimed else None, now_us)


def _stamps(new: NewRun, assistant: Assistant) -> dict[str, Json]:
    facts = {"agent": assistant.agent, "assistant": assistant.id}
    return {key: facts[fact] for key, fact in new.stamps.items()}


def _temporary(
    c: apsw.Connection, assistant: Assistant, stamps: dict[str, Json], asked: Asked
) -> _Place:
    thread_id, state, now_us = uuid7(asked.now_us), ThreadState.BUSY, asked.now_us
    metadata = {**(asked.scope.filters or {}), **stamps}
    epoch = threads.insert(
        c, thread_id, metadata, state, now_us, agent=assistant.agent, temporary=True
    )
    return _Place(thread_id, metadata, epoch, temporary=True)


def _existing(c: apsw.Connection, new: NewRun, thread_id: str, scope: Scope, now_us: int) -> _Place:
    row = first(c, Q.get_thread_to_run, (thread_id, rows.scope_filter(scope)))
    if row is not None:
        return _Place(thread_id, rows.load_or_none(row[0]), row[1])
    missing = ThreadNotFound(f"Thread with ID {thread_id} not found")
    if not new.create_thread:
        raise missing
    metadata = dict(scope.filters or {})
    try:
        state = ThreadState.IDLE
        epoch = threads.insert(c, thread_id, metadata, state, now_us, agent=None, temporary=False)
    except ThreadExists:  # it is there, but not for this caller
        raise missing from None
    return _Place(thread_id, metadata, epoch)


def _apply_busy_policy(c: apsw.Connection, new: NewRun, place: _Place, now_us: int) -> None:
    unfinished = every(c, Q.unfinished_runs, (place.id,))
    place.active = any(state != RunState.WAITING for _, state, _ in unfinished)
    if place.active and new.busy_policy is BusyPolicy.REJECT:
        raise ThreadBusy
    for run_id, state, _ in unfinished:
        if state == RunState.WAITING:
            superseded = advance(RunState.WAITING, RunEvent.SUPERSEDE)
            c.execute(Q.set_run_state, (run_id, superseded, Reason.SUPERSEDED, now_us))


def _mark_busy(
    c: apsw.Connection,
    place: _Place,
    stamps: dict[str, Json],
    assistant: Assistant,
    now_us: int,
) -> None:
    merged = {**place.metadata, **stamps}
    if merged != place.metadata:
        c.execute(Q.delete_thread_tags, (place.id,))
        threads.write_tags(c, place.id, merged)
        place.metadata = merged
    config = rows.dump(assistant.config or {"configurable": {}})
    c.execute(Q.mark_thread_busy, (place.id, rows.dump(merged), assistant.agent, now_us, config))


def _insert(
    c: apsw.Connection,
    new: NewRun,
    assistant: Assistant,
    place: _Place,
    metadata: dict[str, Json],
    claimer: Claimer | None,
    now_us: int,
) -> Admission:
    state, epoch, head, seen = RunState.QUEUED, 0, None, None
    if claimer is not None:
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
        reply_format=new.reply_format,
        attempt=int(claimer is not None),
        epoch=epoch,
        error=None,
        created_us=now_us,
        updated_us=now_us,
    )
    _write(c, run, claimer, head, seen, leads=not place.active)
    if claimer is None:
        return Admission(run, None)
    key = LeaseKey(place.id, run.id, epoch)
    return Admission(
        run,
        Claim(
            run=run,
            key=key,
            base=head,
            head=head,
            assistant=assistant,
            thread_metadata=place.metadata,
        ),
    )


def _write(
    c: apsw.Connection,
    run: Run,
    claimer: Claimer | None,
    head: str | None,
    seen: int | None,
    *,
    leads: bool,
) -> None:
    lease_us = run.created_us + claimer.lease_us if claimer else None
    c.execute(
        Q.insert_run,
        (
            run.id,
            run.thread_id,
            run.assistant_id,
            run.agent,
            run.state,
            int(leads),
            run.created_us,
            rows.dump_request(run.request),
            rows.dump(run.metadata),
            run.busy_policy,
            int(run.temporary),
            rows.dump(run.reply_format),
            run.attempt,
            run.epoch,
            claimer.worker if claimer else None,
            lease_us,
            int(claimer is not None),
            head,
            seen,
            run.created_us,
            run.created_us,
        ),
    )
