"""Durable records. Every method is one atomic operation; no transaction or cursor crosses it.

Whatever changes the state of a run that has a callback writes the delivery with it.

Times are parameters (`now_us`, microseconds since 1970). Operations on a caller's behalf take a
`Scope` and apply its filters in the same statement as the read or write: a row outside the
scope is not found. Operations of an attempt take its `LeaseKey`; when the run is no longer
running under that epoch they raise `LeaseLost` and write nothing, and never harm the operations
they were committed with.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from demotic.domain.assistants import Assistant, AssistantChange, AssistantQuery, NewAssistant
from demotic.domain.events import Event
from demotic.domain.model import Json, Page, Scope
from demotic.domain.runs import (
    Admission,
    CancelAction,
    Claim,
    Claimer,
    Finished,
    LeaseKey,
    NewRun,
    Outcome,
    Run,
    RunQuery,
    Unfinished,
)
from demotic.domain.threads import Lifetime, NewThread, Thread, ThreadQuery
from demotic.ports.bulk import BulkStorage
from demotic.ports.checkpoints import Change
from demotic.ports.deliveries import DeliveryStorage
from demotic.ports.feeds import FeedSpanStorage
from demotic.ports.items import ItemStorage
from demotic.ports.queueing import QueueStorage
from demotic.ports.schedules import ScheduleStorage
from demotic.ports.upkeep import UpkeepStorage


class AssistantStorage(Protocol):
    """Assistants."""

    async def ensure_assistants(self, new: Sequence[NewAssistant], *, now_us: int) -> None:
        """Create those that do not exist yet; leave the others as they are."""
        ...

    async def create_assistant(self, new: NewAssistant, *, scope: Scope, now_us: int) -> Assistant:
        """Create an assistant in its version 1; what the scope filters by becomes metadata.

        Raises `AssistantExists`.
        """
        ...

    async def get_assistant(self, assistant_id: str, *, scope: Scope) -> Assistant:
        """Raises `AssistantNotFound`."""
        ...

    async def search_assistants(self, query: AssistantQuery, *, scope: Scope) -> Page:
        """A page of `Assistant`; a `limit` of 0 only counts."""
        ...

    async def change_assistant(
        self, assistant_id: str, change: AssistantChange, *, scope: Scope, now_us: int
    ) -> Assistant:
        """Make a new version by the rules of `domain.assistants`, numbered above every other.

        Raises `AssistantNotFound`.
        """
        ...

    async def list_assistant_versions(
        self,
        assistant_id: str,
        *,
        metadata: Mapping[str, Json],
        limit: int,
        offset: int,
        scope: Scope,
    ) -> Sequence[Assistant]:
        """Its versions whose metadata contains `metadata`, newest first; each tells its own time.

        Raises `AssistantNotFound`.
        """
        ...

    async def choose_assistant_version(
        self, assistant_id: str, version: int, *, scope: Scope, now_us: int
    ) -> Assistant:
        """Make an earlier or later version the current one.

        Raises `AssistantNotFound`, `VersionNotFound`.
        """
        ...

    async def delete_assistant(
        self,
        assistant_id: str,
        *,
        threads: Mapping[str, Json] | None,
        scope: Scope,
        thread_scope: Scope,
        now_us: int,
    ) -> Sequence[Unfinished]:
        """Delete an assistant with its versions, and the threads of `thread_scope` whose
        metadata contains `threads` (None: none); the unfinished runs that went with them.

        A run of it that is at work elsewhere ends as it would; one that is still queued fails
        when its turn comes. Raises `AssistantNotFound`.
        """
        ...


class ThreadStorage(Protocol):
    """Threads."""

    async def create_thread(self, new: NewThread, *, scope: Scope, now_us: int) -> Thread:
        """Raises `ThreadExists`. A recreated id starts at a higher epoch than it ever had."""
        ...

    async def get_thread(self, thread_id: str, *, scope: Scope) -> Thread:
        """Raises `ThreadNotFound`."""
        ...

    async def search_threads(self, query: ThreadQuery, *, scope: Scope) -> Page:
        """A page of `Thread`; a `limit` of 0 only counts."""
        ...

    async def change_thread(
        self,
        thread_id: str,
        metadata: Mapping[str, Json],
        *,
        scope: Scope,
        now_us: int,
        lifetime: Lifetime | None = None,
    ) -> Thread:
        """Merge `metadata` into the thread's, busy or not; what the scope filters by stays.

        A `lifetime` begins now; without one the thread's stays as it is.

        Raises `ThreadNotFound`.
        """
        ...

    async def copy_thread(
        self, source_id: str, target_id: str, *, scope: Scope, now_us: int
    ) -> Thread:
        """A new idle thread with the source's metadata, values and checkpoints, all its own.

        It is there as a whole or not at all, and the source is copied as it is now, however
        long it takes and whatever becomes of it meanwhile. A lifetime begins anew. Runs and
        events stay behind. Raises `ThreadNotFound`, `ThreadExists`.
        """
        ...

    async def delete_thread(
        self, thread_id: str, *, only_idle: bool = False, scope: Scope, now_us: int
    ) -> Sequence[str]:
        """Delete the thread and everything it owns; the ids of its runs that were unfinished.

        With `only_idle`, raises `ThreadBusy` while a run of it is queued or running.
        An attempt still at work on it loses its lease. Raises `ThreadNotFound`.
        """
        ...


class RunStorage(Protocol):
    """Runs: the queue is the runs table, in admission order per thread."""

    async def admit_run(
        self,
        new: NewRun,
        *,
        scope: Scope,
        assistant_scope: Scope,
        now_us: int,
        claimer: Claimer,
        claim: bool,
    ) -> Admission:
        """Resolve the assistant and the thread, each in the scope that the caller has for it,
        apply the busy policy, insert the run.

        With `claim`, and when no unfinished run of the thread is older, the run is inserted
        already claimed by `claimer`. A waiting run on the thread is superseded. Policies
        interrupt and rollback end what is queued and store the cancel for what runs. A delayed
        run becomes ready after its delay. Raises `AssistantNotFound`, `ThreadNotFound` (unless
        `create_thread`), `ThreadBusy` (policy reject; with `spares_waiting` also where a run
        waits), `InterruptNotFound` for `answers` to what the thread does not ask, `KeyReused`, and
        `AgentNotFound` when
        the claimer does not host the assistant's agent.
        """
        ...

    async def resume_run(
        self,
        thread_id: str | None,
        run_id: str,
        answer: Json,
        *,
        scope: Scope,
        now_us: int,
        claimer: Claimer,
        claim: bool,
    ) -> Admission:
        """Begin a new leg of a waiting run with the answer to what it asked (no input where it
        stopped at a breakpoint); with `claim`, claimed at once.

        A temporary run goes on from its stored checkpoints. Raises `RunNotFound`, `NotWaiting`,
        and `ThreadBusy` while the thread's state is being changed.
        """
        ...

    async def claim_run(self, claimer: Claimer, *, now_us: int) -> Claim | None:
        """Claim the oldest claimable run: the head of its thread, with none running there.

        One whose assistant is gone fails instead.
        """
        ...

    async def renew_leases(self, held: Sequence[LeaseKey], *, until_us: int) -> Sequence[LeaseKey]:
        """Extend the leases that still hold; returns those that are lost."""
        ...

    async def release_run(self, key: LeaseKey, *, now_us: int) -> None:
        """Give the run back to the queue (drain): it counts as no failed attempt."""
        ...

    async def finish_run(
        self, key: LeaseKey, outcome: Outcome, events: Sequence[Event], *, now_us: int
    ) -> Finished:
        """End a leg in one operation: run, thread, last events, the thread's next head.

        If a rollback is stored for the run, it is undone whatever the outcome: its checkpoints,
        writes and events are deleted with it and the thread shows what it showed before the
        run's first claim. A temporary run that reaches a final state is deleted with its
        thread, and its thread's id cannot be reused at a lower epoch. With a run that ends its
        thread goes that one, unless others have a run on it by then.
        """
        ...

    async def request_cancel(
        self,
        thread_id: str | None,
        run_id: str,
        action: CancelAction,
        *,
        paused: bool = False,
        scope: Scope,
        now_us: int,
    ) -> Run:
        """Cancel a run: a queued one ends at once, for a running one the request is stored and
        its worker ends it. A waiting run counts as ended, unless `paused` says otherwise.

        Returns the run as it is then. Raises `RunNotFound`, and `Conflict` if it has ended.
        """
        ...

    async def delete_run(
        self,
        thread_id: str | None,
        run_id: str,
        *,
        only_ended: bool = False,
        scope: Scope,
        now_us: int,
    ) -> Run:
        """Delete a run; an unfinished one is ended first and the thread is free afterwards.

        With `only_ended`, raises `RunActive` for one that is queued or running. Raises
        `RunNotFound`.
        """
        ...

    async def rescue_runs(self, *, now_us: int, worker: str | None) -> Sequence[Run]:
        """Take back runs whose lease has expired (with `worker`: every lease not held by it).

        A run goes back to the queue, or fails with reason `lost_worker` after three expired
        leases without a new checkpoint; one with a stored cancel request is cancelled. Returns
        the rescued runs as they are then.
        """
        ...

    async def get_run(self, thread_id: str | None, run_id: str, *, scope: Scope) -> Run:
        """Raises `RunNotFound` (`ThreadNotFound` where the thread is unknown)."""
        ...

    async def get_outcome(self, run_id: str) -> Outcome | None:
        """How the run's last leg ended; None while it is queued or running.

        Raises `RunNotFound`.
        """
        ...

    async def search_runs(self, query: RunQuery, *, scope: Scope) -> Sequence[Run]:
        """Runs of any thread in the scope, newest first; those that outlive their thread, too."""
        ...

    async def list_runs(
        self,
        thread_id: str,
        *,
        states: Sequence[str] | None,
        limit: int,
        offset: int,
        scope: Scope,
    ) -> Sequence[Run]:
        """The thread's runs, newest first. Raises `ThreadNotFound`."""
        ...


class WriteStorage(Protocol):
    """Changes of a thread's state that no run makes: they hold the thread like a run does."""

    async def begin_write(
        self, thread_id: str, agent: str, *, scope: Scope, claimer: Claimer, now_us: int
    ) -> LeaseKey:
        """Take the thread for a change that `agent` makes, for as long as the claimer's leases.

        Runs admitted meanwhile wait. Raises `ThreadNotFound`, and `ThreadBusy` while a run is
        queued or running or another change is being made. A process that dies in between
        leaves the thread free once `rescue_runs` has come by.
        """
        ...

    async def end_write(
        self,
        key: LeaseKey,
        left: Outcome | None,
        *,
        now_us: int,
        parts: Sequence[Change] = (),
        events: Sequence[Event] = (),
    ) -> bool:
        """Store what the change made and what is told of it, and give the thread back; whether a
        run of it became claimable.

        `left` tells the state in which the change leaves the thread (None: as it stands): a
        waiting run is superseded, the thread's error is gone, and a thread without an agent is
        this agent's from now on. Raises `LeaseLost`.
        """
        ...

    async def create_with_state(
        self,
        new: NewThread,
        agent: str,
        left: Outcome,
        parts: Sequence[Change],
        *,
        scope: Scope,
        now_us: int,
    ) -> Thread:
        """Create a thread of `agent` whose state is there from the beginning.

        Raises `ThreadExists`.
        """
        ...


class FeedStorage(Protocol):
    """The ordered log of each thread. Events are stored in packed batches."""

    async def append_events(self, key: LeaseKey, events: Sequence[Event], *, now_us: int) -> None:
        """Append an attempt's next events; their positions rise above all earlier ones."""
        ...

    async def read_events(
        self, thread_id: str, *, after: int, run_id: str | None, limit: int
    ) -> Sequence[Event]:
        """Events with a position above `after`, in order; about `limit` of them (whole batches)."""
        ...

    async def trim_feed(self, *, before_us: int, now_us: int) -> int:
        """Drop batches written before the given time, temporary threads whose run ended two
        minutes ago (before the given time where it was to stay readable, or waits), and tombstones
        and idempotency keys that are no longer needed: a bounded part of them. How many rows; 0
        when nothing is left to drop."""
        ...


class Storage(
    AssistantStorage,
    ThreadStorage,
    RunStorage,
    WriteStorage,
    FeedStorage,
    ItemStorage,
    DeliveryStorage,
    ScheduleStorage,
    BulkStorage,
    UpkeepStorage,
    FeedSpanStorage,
    QueueStorage,
    Protocol,
):
    """Everything the engine keeps."""

    async def ping(self) -> None:
        """Raises `StorageUnavailable` unless the storage answers."""
        ...

    async def close(self) -> None:
        """Finish what was submitted and release every resource."""
        ...
