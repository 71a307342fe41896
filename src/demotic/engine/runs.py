"""Runs: starting, finding, cancelling and deleting them."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from demotic.domain.errors import Conflict, NotFound, ThreadBusy
from demotic.domain.events import Ended
from demotic.domain.ids import seq_of, uuid7
from demotic.domain.lifecycle import LEG_ENDS, RunState
from demotic.domain.model import EVERYTHING, Json, Scope
from demotic.domain.runs import Admission, CancelAction, NewRun, Outcome, Run, RunQuery
from demotic.domain.schedules import Fired, Firing
from demotic.domain.threads import Lifetime
from demotic.engine.deliveries import Deliveries
from demotic.engine.follow import Following, Hub
from demotic.engine.patience import patiently
from demotic.engine.worker import Worker
from demotic.ports.clock import Clock
from demotic.ports.storage import Storage


@dataclass(frozen=True, slots=True)
class Started:
    """An admitted run and a reader of its events from the first on. Close the reader when done."""

    run: Run
    following: Following


class Runs:
    """What callers do with runs."""

    def __init__(
        self,
        storage: Storage,
        worker: Worker,
        hub: Hub,
        clock: Clock,
        deliveries: Deliveries,
        *,
        lifetime: Lifetime | None,
    ) -> None:
        self._storage, self._worker, self._hub, self._clock = storage, worker, hub, clock
        self._deliveries, self._lifetime = deliveries, lifetime
        self._abandoned: set[asyncio.Task[None]] = set()

    def new_id(self) -> str:
        """An id for a run or thread."""
        return uuid7(self._clock.now_us())

    async def start(
        self,
        new: NewRun,
        scope: Scope,
        assistant_scope: Scope = EVERYTHING,
        *,
        cancels: bool = False,
    ) -> Started:
        """Admit a run; it begins at once if a slot is free and no older run is in front of it.

        `cancels`: the run is cancelled when the returned follower leaves before its end and no
        other one follows it.

        `scope` is what the caller may do with threads, `assistant_scope` with assistants.
        Raises `AssistantNotFound`, `ThreadNotFound`, `ThreadBusy`, `CallbackRefused`.
        """
        self.check(new)
        await self._check_caller(new, scope)
        new = self.with_lifetime(new)
        # A caller that goes away must not leave behind a claimed run that nobody works on.
        return await asyncio.shield(self._admit(new, scope, assistant_scope, cancels))

    def check(self, new: NewRun) -> None:
        """Raises `CallbackRefused` for a run whose callback can never be made."""
        if new.callback is not None:
            self._deliveries.check(new.callback)

    def with_lifetime(self, new: NewRun) -> NewRun:
        """A run with the time for which a thread that it makes is kept."""
        if self._lifetime is None or not (new.create_thread or new.keep_thread):
            return new
        return replace(new, lifetime=self._lifetime)

    async def _check_caller(self, new: NewRun, scope: Scope) -> None:
        if new.caller is None or new.thread_id is None:
            return
        with contextlib.suppress(NotFound):
            caller = await self._storage.get_run(new.thread_id, new.caller, scope=scope)
            if caller.state not in LEG_ENDS:
                raise ThreadBusy(
                    f"Run {caller.id} of this thread asks for this run and waits for it, while it "
                    "could begin after that one only: call the agent on a thread of its own."
                )

    async def _admit(
        self, new: NewRun, scope: Scope, assistant_scope: Scope, cancels: bool
    ) -> Started:
        claimer, now_us = self._worker.reserve(), self._clock.now_us()
        try:
            admission = await self._storage.admit_run(
                new,
                scope=scope,
                assistant_scope=assistant_scope,
                now_us=now_us,
                claimer=self._worker.claimer,
                claim=claimer is not None,
            )
            run, claim = admission.run, admission.claim
            self._displace(admission.displaced)
            following = self._hub.follow(
                run, after=0, fresh=claim is not None, on_abandon=self._abandon if cancels else None
            )
            if claim is not None:
                self._worker.launch(claim)
        finally:
            if claimer is not None:
                self._worker.unreserve()
        if new.delay_s > 0:
            self._worker.wake_at(now_us + int(new.delay_s * 1e6))
        elif claim is None:
            self._worker.wake()
        return Started(run, following)

    async def resume(
        self,
        thread_id: str | None,
        run_id: str,
        answer: Json,
        scope: Scope,
        *,
        cancels: bool = False,
    ) -> Started:
        """Answer what a waiting run asks: the same run goes on, in a new leg.

        The follower reads the new leg only. Raises `RunNotFound`, `NotWaiting`, `ThreadBusy`.
        """
        return await asyncio.shield(self._resume(thread_id, run_id, answer, scope, cancels))

    async def _resume(
        self, thread_id: str | None, run_id: str, answer: Json, scope: Scope, cancels: bool
    ) -> Started:
        claimer = self._worker.reserve()
        try:
            admission = await self._storage.resume_run(
                thread_id,
                run_id,
                answer,
                scope=scope,
                now_us=self._clock.now_us(),
                claimer=self._worker.claimer,
                claim=claimer is not None,
            )
            run, claim = admission.run, admission.claim
            on_abandon = self._abandon if cancels else None
            before = seq_of(run.epoch if claim else run.epoch + 1, 0) - 1  # all earlier legs
            following = self._hub.follow(
                run, after=before, fresh=claim is not None, on_abandon=on_abandon
            )
            if claim is not None:
                self._worker.launch(claim)
        finally:
            if claimer is not None:
                self._worker.unreserve()
        if claim is None:
            self._worker.wake()
        return Started(run, following)

    async def fire(self, firing: Firing) -> Fired | None:
        """Start a scheduled run; see `ScheduleStorage.fire_schedule`."""
        return await asyncio.shield(self._fire(firing))

    async def _fire(self, firing: Firing) -> Fired | None:
        reserved = self._worker.reserve()
        try:
            fired = await self._storage.fire_schedule(
                firing,
                now_us=self._clock.now_us(),
                claimer=self._worker.claimer,
                claim=reserved is not None,
            )
            if fired is not None and fired.admission is not None:
                self.begin(fired.admission)
        finally:
            if reserved is not None:
                self._worker.unreserve()
        return fired

    def begin(self, admission: Admission) -> None:
        """Put an admitted run to work that nobody follows yet."""
        self._displace(admission.displaced)
        if admission.claim is not None:
            self._worker.launch(admission.claim)
        else:
            self._worker.wake()

    def _displace(self, runs: Sequence[Run]) -> None:
        """Stop the runs that a new one has cancelled; tell the followers of those that ended."""
        for run in runs:
            if run.state is RunState.RUNNING:
                self._worker.cancel(run.id)
            else:
                self._hub.end(run.thread_id, Ended(run.id, None))

    async def get(self, thread_id: str | None, run_id: str, scope: Scope) -> Run:
        """Raises `RunNotFound`, `ThreadNotFound`."""
        return await self._storage.get_run(thread_id, run_id, scope=scope)

    async def search(self, query: RunQuery, scope: Scope) -> Sequence[Run]:
        """Runs of any thread, newest first."""
        return await self._storage.search_runs(query, scope=scope)

    async def list(
        self,
        thread_id: str,
        scope: Scope,
        *,
        states: Sequence[RunState] | None = None,
        limit: int = 10,
        offset: int = 0,
    ) -> Sequence[Run]:
        """The thread's runs, newest first. Raises `ThreadNotFound`."""
        return await self._storage.list_runs(
            thread_id, states=states, limit=limit, offset=offset, scope=scope
        )

    async def outcome(self, run: Run, ended: Ended | None = None) -> Outcome:
        """How the run's last leg ended; waits for the end if need be."""
        if ended is None:
            following = self.follow(run, after=None)
            try:
                ended = await following.ended()
            finally:
                following.close()
        if ended.outcome is not None:
            return ended.outcome
        outcome = await self._storage.get_outcome(run.id)
        assert outcome is not None, "a leg that has ended has an outcome"
        return outcome

    def follow(self, run: Run, *, after: int | None, cancels: bool = False) -> Following:
        """Read the run's events from a position on; None: only those that are still to come.

        `cancels`: the run is cancelled when this follower leaves before its end and no other
        one follows it.
        """
        return self._hub.follow(run, after=after, on_abandon=self._abandon if cancels else None)

    def _abandon(self, run: Run) -> None:
        """The last follower of a run has left that was to end with it."""
        task = asyncio.get_running_loop().create_task(self._cancel_abandoned(run))
        self._abandoned.add(task)
        task.add_done_callback(self._abandoned.discard)

    async def _cancel_abandoned(self, run: Run) -> None:
        with contextlib.suppress(Conflict, NotFound):  # it has ended, or is gone
            action = CancelAction.INTERRUPT
            await patiently(
                lambda: self.cancel(run.thread_id, run.id, action, EVERYTHING, wait=False)
            )

    async def cancel(
        self,
        thread_id: str | None,
        run_id: str,
        action: CancelAction,
        scope: Scope,
        *,
        wait: bool,
        paused: bool = False,
    ) -> None:
        """Cancel a run. Raises `RunNotFound`, `Conflict` if it has ended already.

        With `wait`, returns when the run has ended; else when the request is stored. `paused`: a
        run that waits for an answer has not ended, either.
        """
        run = await self._storage.request_cancel(
            thread_id, run_id, action, paused=paused, scope=scope, now_us=self._clock.now_us()
        )
        if run.state in LEG_ENDS:
            await self._hub.end_alone(run)
            self._worker.wake()
            return
        following = self.follow(run, after=None) if wait else None
        self._worker.cancel(run.id)
        if following:
            try:
                await following.ended()
            finally:
                following.close()

    async def delete(
        self, thread_id: str | None, run_id: str, scope: Scope, *, only_ended: bool = False
    ) -> None:
        """Delete a run; an unfinished one is ended first, and its followers get `RunNotFound`.

        Raises `RunNotFound`, and with `only_ended` `RunActive` where it is queued or running.
        """
        run = await self._storage.delete_run(
            thread_id, run_id, only_ended=only_ended, scope=scope, now_us=self._clock.now_us()
        )
        self._worker.lose(run.id)
        self._hub.end(run.thread_id, Ended(run.id, None))
        self._worker.wake()
