"""The contract of runs that go on in a new leg, and of runs that outlive their thread."""

from collections.abc import Sequence

import pytest

from demotic.domain.errors import (
    Conflict,
    NotWaiting,
    RunActive,
    RunNotFound,
    ThreadBusy,
    ThreadNotFound,
)
from demotic.domain.ids import uuid7
from demotic.domain.lifecycle import Reason, RunState, ThreadState
from demotic.domain.model import EVERYTHING, Json, Scope
from demotic.domain.runs import (
    Admission,
    CancelAction,
    Claim,
    NewRun,
    Outcome,
    Run,
    RunQuery,
    RunRequest,
)
from demotic.ports.storage import Storage
from demotic.testing.storage_builders import (
    AGENT,
    ALICE,
    ASSISTANT,
    BOB,
    CLAIMER,
    DONE,
    MINUTE,
    T0,
    admit,
    claimed,
    events_of,
    make_thread,
    prepare,
)

PAUSED = Outcome(
    state=RunState.WAITING,
    reason=Reason.INTERRUPT,
    values=b'{"x":0}',
    interrupts={"task": [{"id": "i"}]},
    pending=True,
)


async def resume(
    storage: Storage,
    run: Run,
    answer: Json = "yes",
    *,
    claim: bool = True,
    scope: Scope = EVERYTHING,
) -> Admission:
    """Resume a run, addressed by its id alone."""
    return await storage.resume_run(
        None, run.id, answer, scope=scope, now_us=T0 + 1, claimer=CLAIMER, claim=claim
    )


async def paused(storage: Storage, thread_id: str | None = None) -> Claim:
    """A run that waits for an answer."""
    claim = await claimed(storage, thread_id)
    await storage.finish_run(claim.key, PAUSED, events_of(claim.key, 0), now_us=T0)
    return claim


async def stateless(storage: Storage, *, keep: bool, scope: Scope = EVERYTHING) -> Claim:
    """A claimed run on a thread of its own."""
    new = NewRun(
        id=uuid7(T0),
        thread_id=None,
        assistant_id=ASSISTANT,
        request=RunRequest(),
        metadata={"m": 1},
        keep_run=keep,
    )
    admission = await storage.admit_run(
        new, scope=scope, assistant_scope=EVERYTHING, now_us=T0, claimer=CLAIMER, claim=True
    )
    assert admission.claim is not None
    return admission.claim


async def found(storage: Storage, scope: Scope = EVERYTHING, **query: Json) -> Sequence[str]:
    """Ids of the runs that a search finds."""
    return [run.id for run in await storage.search_runs(RunQuery(**query), scope=scope)]


class LegContract:
    """What the port says about resuming runs."""

    async def test_a_resumed_run_is_the_same_run_in_a_new_leg(self, storage: Storage) -> None:
        await prepare(storage)
        first = await paused(storage)
        admission = await resume(storage, first.run, {"a": 1})
        claim = admission.claim
        assert claim is not None
        assert (claim.run.id, claim.run.state, claim.run.attempt) == (
            first.run.id,
            RunState.RUNNING,
            1,
        )
        assert claim.key.epoch > first.key.epoch == claim.leg
        request = claim.run.request
        assert (request.input, request.command) == (None, {"resume": {"a": 1}})
        assert request.modes == first.run.request.modes
        assert await storage.get_outcome(first.run.id) is None
        thread = await storage.get_thread(first.run.thread_id, scope=EVERYTHING)
        assert thread.state is ThreadState.BUSY
        await storage.finish_run(claim.key, DONE, [], now_us=T0 + 2)
        outcome = await storage.get_outcome(first.run.id)
        assert outcome is not None
        assert (outcome.state, outcome.values) == (RunState.SUCCEEDED, DONE.values)
        assert not outcome.interrupts

    async def test_a_resumed_run_can_wait_for_its_claim(self, storage: Storage) -> None:
        await prepare(storage)
        first = await paused(storage)
        admission = await resume(storage, first.run, claim=False)
        assert (admission.claim, admission.run.state) == (None, RunState.QUEUED)
        claim = await storage.claim_run(CLAIMER, now_us=T0 + 2)
        assert claim is not None
        assert (claim.run.id, claim.leg) == (first.run.id, first.key.epoch)

    async def test_a_run_that_stopped_at_a_breakpoint_goes_on_without_an_answer(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        claim = await claimed(storage)
        stopped = Outcome(state=RunState.WAITING, reason=Reason.BREAKPOINT, pending=True)
        await storage.finish_run(claim.key, stopped, [], now_us=T0)
        request = (await resume(storage, claim.run)).run.request
        assert (request.input, request.command) == (None, None)

    async def test_only_a_waiting_run_of_the_scope_is_resumed(self, storage: Storage) -> None:
        await prepare(storage)
        thread_id = await make_thread(storage, ALICE)
        waiting = await paused(storage, thread_id)
        with pytest.raises(RunNotFound):
            await resume(storage, waiting.run, scope=BOB)
        assert (await resume(storage, waiting.run, scope=ALICE)).claim is not None
        with pytest.raises(NotWaiting):
            await resume(storage, waiting.run)
        await storage.request_cancel(
            None, waiting.run.id, CancelAction.INTERRUPT, scope=ALICE, now_us=T0
        )

    async def test_a_superseded_run_is_resumed_no_more(self, storage: Storage) -> None:
        await prepare(storage)
        waiting = await paused(storage)
        await admit(storage, waiting.run.thread_id)
        with pytest.raises(NotWaiting):
            await resume(storage, waiting.run)

    async def test_a_run_is_not_resumed_while_its_threads_state_is_changed(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        waiting = await paused(storage)
        await storage.begin_write(
            waiting.run.thread_id, AGENT, scope=EVERYTHING, claimer=CLAIMER, now_us=T0
        )
        with pytest.raises(ThreadBusy):
            await resume(storage, waiting.run)

    async def test_a_waiting_run_is_cancelled_on_request(self, storage: Storage) -> None:
        await prepare(storage)
        action = CancelAction.INTERRUPT
        waiting = (await paused(storage)).run
        with pytest.raises(Conflict):
            await storage.request_cancel(None, waiting.id, action, scope=EVERYTHING, now_us=T0)
        ended = await storage.request_cancel(
            None, waiting.id, action, paused=True, scope=EVERYTHING, now_us=T0
        )
        assert (ended.state, ended.reason) == (RunState.CANCELLED, Reason.USER_CANCEL)
        with pytest.raises(NotWaiting):
            await resume(storage, waiting)
        thread = await storage.get_thread(waiting.thread_id, scope=EVERYTHING)
        assert thread.state is ThreadState.INTERRUPTED

    async def test_a_waiting_run_is_rolled_back_to_before_its_first_leg(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        before = await claimed(storage)
        await storage.finish_run(before.key, DONE, [], now_us=T0)
        waiting = await paused(storage, before.run.thread_id)
        resumed = (await resume(storage, waiting.run)).claim
        assert resumed is not None
        await storage.finish_run(resumed.key, PAUSED, [], now_us=T0 + 2)
        await storage.request_cancel(
            None,
            waiting.run.id,
            CancelAction.ROLLBACK,
            paused=True,
            scope=EVERYTHING,
            now_us=T0 + 3,
        )
        thread = await storage.get_thread(before.run.thread_id, scope=EVERYTHING)
        assert (thread.state, thread.values) == (ThreadState.IDLE, DONE.values)
        with pytest.raises(RunNotFound):
            await storage.get_run(None, waiting.run.id, scope=EVERYTHING)


class KeptRunContract:
    """What the port says about runs that are read by their id alone."""

    async def test_a_kept_run_outlives_its_thread(self, storage: Storage) -> None:
        await prepare(storage)
        run = (claim := await stateless(storage, keep=True, scope=ALICE)).run
        await storage.finish_run(claim.key, DONE, [], now_us=T0)
        with pytest.raises(ThreadNotFound):
            await storage.get_thread(run.thread_id, scope=EVERYTHING)
        await storage.trim_feed(before_us=T0, now_us=T0 + 60 * MINUTE)
        read = await storage.get_run(None, run.id, scope=ALICE)
        outcome = await storage.get_outcome(run.id)
        assert outcome is not None
        assert (read.state, outcome.values) == (RunState.SUCCEEDED, DONE.values)
        with pytest.raises(RunNotFound):
            await storage.get_run(None, run.id, scope=BOB)
        await storage.trim_feed(before_us=T0 + 1, now_us=T0 + 60 * MINUTE)
        with pytest.raises(RunNotFound):
            await storage.get_run(None, run.id, scope=EVERYTHING)

    async def test_a_run_that_is_not_kept_goes_with_its_thread(self, storage: Storage) -> None:
        await prepare(storage)
        claim = await stateless(storage, keep=False)
        await storage.finish_run(claim.key, DONE, [], now_us=T0)
        with pytest.raises(RunNotFound):
            await storage.get_run(None, claim.run.id, scope=EVERYTHING)

    async def test_a_temporary_run_that_nobody_answers_is_given_up(self, storage: Storage) -> None:
        await prepare(storage)
        claim = await stateless(storage, keep=True)
        await storage.finish_run(claim.key, PAUSED, [], now_us=T0)
        await storage.trim_feed(before_us=T0, now_us=T0)
        assert (await storage.get_run(None, claim.run.id, scope=EVERYTHING)).state == "waiting"
        await storage.trim_feed(before_us=T0 + 1, now_us=T0)
        with pytest.raises(RunNotFound):
            await storage.get_run(None, claim.run.id, scope=EVERYTHING)

    async def test_a_cancelled_temporary_run_leaves_no_thread(self, storage: Storage) -> None:
        await prepare(storage)
        claim = await stateless(storage, keep=True)
        await storage.finish_run(claim.key, PAUSED, [], now_us=T0)
        await storage.request_cancel(
            None,
            claim.run.id,
            CancelAction.INTERRUPT,
            paused=True,
            scope=EVERYTHING,
            now_us=T0,
        )
        with pytest.raises(ThreadNotFound):
            await storage.get_thread(claim.run.thread_id, scope=EVERYTHING)
        assert (await storage.get_run(None, claim.run.id, scope=EVERYTHING)).state == "cancelled"

    async def test_runs_are_found_by_what_they_are(self, storage: Storage) -> None:
        await prepare(storage)
        waiting = (await paused(storage, await make_thread(storage, ALICE))).run
        own = (await stateless(storage, keep=True)).run
        assert await found(storage) == [own.id, waiting.id]
        assert await found(storage, limit=1) == [own.id]
        assert await found(storage, limit=1, offset=1) == [waiting.id]
        assert await found(storage, thread_id=waiting.thread_id) == [waiting.id]
        assert await found(storage, assistant_id=ASSISTANT) == [own.id, waiting.id]
        assert await found(storage, assistant_id="other") == []
        assert await found(storage, states=[RunState.WAITING]) == [waiting.id]
        assert await found(storage, temporary=True) == [own.id]
        assert await found(storage, temporary=False) == [waiting.id]
        assert await found(storage, metadata={"m": 1}) == [own.id, waiting.id]
        assert await found(storage, metadata={"m": 2}) == []
        assert await found(storage, ALICE) == [waiting.id]
        assert await found(storage, BOB) == []

    async def test_only_an_ended_run_is_deleted_where_that_is_asked(self, storage: Storage) -> None:
        await prepare(storage)
        claim = await claimed(storage)
        with pytest.raises(RunActive):
            await storage.delete_run(
                None, claim.run.id, only_ended=True, scope=EVERYTHING, now_us=T0
            )
        await storage.finish_run(claim.key, DONE, [], now_us=T0)
        await storage.delete_run(None, claim.run.id, only_ended=True, scope=EVERYTHING, now_us=T0)
        with pytest.raises(RunNotFound):
            await storage.get_run(None, claim.run.id, scope=EVERYTHING)

    async def test_only_an_idle_thread_is_deleted_where_that_is_asked(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        claim = await claimed(storage)
        thread_id = claim.run.thread_id
        with pytest.raises(ThreadBusy):
            await storage.delete_thread(thread_id, only_idle=True, scope=EVERYTHING, now_us=T0)
        await storage.finish_run(claim.key, DONE, [], now_us=T0)
        assert not await storage.delete_thread(
            thread_id, only_idle=True, scope=EVERYTHING, now_us=T0
        )
