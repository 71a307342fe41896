"""The contract of runs that end the thread that they name."""

import pytest

from demotic.domain.errors import RunNotFound, ScheduleNotFound, ThreadExists, ThreadNotFound
from demotic.domain.lifecycle import Reason, RunState, ThreadState
from demotic.domain.model import EVERYTHING
from demotic.domain.runs import CancelAction, Claim, Outcome
from demotic.domain.threads import NewThread, ThreadQuery
from demotic.ports.storage import Storage
from demotic.testing.storage_builders import (
    AGENT,
    ALICE,
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
from demotic.testing.storage_schedules import new_schedule, schedule

PAUSED = Outcome(
    state=RunState.WAITING,
    reason=Reason.INTERRUPT,
    interrupts={"task": [{"id": "i"}]},
    pending=True,
)
CANCELLED = Outcome(state=RunState.CANCELLED, reason=Reason.USER_CANCEL)


async def ending(storage: Storage, thread_id: str | None = None) -> Claim:
    """A run at work that ends its thread."""
    return await claimed(storage, thread_id, ends_thread=True)


async def is_there(storage: Storage, thread_id: str) -> bool:
    """Whether a thread is found, by its id and by what it holds."""
    query = ThreadQuery(metadata={"graph_id": AGENT})
    by_tag = await storage.search_threads(query, scope=EVERYTHING)
    page = await storage.search_threads(ThreadQuery(values={"x": 1}), scope=EVERYTHING)
    listed = await storage.search_threads(ThreadQuery(), scope=EVERYTHING)
    try:
        await storage.get_thread(thread_id, scope=EVERYTHING)
    except ThreadNotFound:
        assert (by_tag.total, page.total, listed.total) == (0, 0, 0)
        return False
    assert by_tag.total == listed.total == 1
    return True


class ThreadEndContract:
    """What the port says about runs that end the thread that they name."""

    async def test_a_thread_ends_with_the_run_that_is_to_end_it(self, storage: Storage) -> None:
        await prepare(storage)
        earlier = await claimed(storage, await make_thread(storage, ALICE))
        thread_id = earlier.key.thread_id
        await storage.finish_run(earlier.key, DONE, [], now_us=T0)
        claim = await ending(storage, thread_id)
        assert claim.run.ends_thread and not claim.run.temporary
        assert await is_there(storage, thread_id)
        finished = await storage.finish_run(claim.key, DONE, events_of(claim.key, 0), now_us=T0 + 1)
        assert finished.gone and not finished.more
        assert not await is_there(storage, thread_id)
        for run in (earlier.run, claim.run):  # they stay readable, for those who could read them
            read = await storage.get_run(None, run.id, scope=ALICE)
            outcome = await storage.get_outcome(run.id)
            assert outcome is not None
            assert (read.state, outcome.values) == (RunState.SUCCEEDED, DONE.values)
            with pytest.raises(RunNotFound):
                await storage.get_run(None, run.id, scope=BOB)
        events = await storage.read_events(thread_id, after=0, run_id=claim.run.id, limit=10)
        assert len(events) == 1
        await storage.trim_feed(before_us=T0 + 2, now_us=T0 + 60 * MINUTE)
        with pytest.raises(RunNotFound):
            await storage.get_run(None, claim.run.id, scope=EVERYTHING)

    async def test_what_is_scheduled_on_a_thread_ends_with_it(self, storage: Storage) -> None:
        await prepare(storage)
        claim = await ending(storage)
        made = await schedule(storage, new_schedule(claim.key.thread_id))
        await storage.finish_run(claim.key, DONE, [], now_us=T0)
        with pytest.raises(ScheduleNotFound):
            await storage.get_schedule(made.id, scope=EVERYTHING)

    async def test_a_run_that_waits_keeps_the_thread_until_it_has_ended(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        claim = await ending(storage)
        thread_id, run_id = claim.key.thread_id, claim.run.id
        assert not (await storage.finish_run(claim.key, PAUSED, [], now_us=T0)).gone
        assert await is_there(storage, thread_id)
        action = CancelAction.INTERRUPT
        ended = await storage.request_cancel(
            None, run_id, action, paused=True, scope=EVERYTHING, now_us=T0
        )
        assert ended.ends_thread
        assert not await is_there(storage, thread_id)

    async def test_a_run_that_is_cancelled_before_it_began_ends_the_thread(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        thread_id = await make_thread(storage)
        queued = (await admit(storage, thread_id, ends_thread=True)).run
        await storage.request_cancel(
            None, queued.id, CancelAction.INTERRUPT, scope=EVERYTHING, now_us=T0
        )
        assert not await is_there(storage, thread_id)
        assert (await storage.get_run(None, queued.id, scope=EVERYTHING)).state == "cancelled"

    async def test_a_run_that_is_lost_ends_the_thread(self, storage: Storage) -> None:
        await prepare(storage)
        claim = await ending(storage)
        await storage.request_cancel(
            None, claim.run.id, CancelAction.INTERRUPT, scope=EVERYTHING, now_us=T0
        )
        (rescued,) = await storage.rescue_runs(now_us=T0 + 60 * MINUTE, worker=None)
        assert (rescued.state, rescued.ends_thread) == (RunState.CANCELLED, True)
        assert not await is_there(storage, claim.key.thread_id)

    async def test_a_thread_that_others_have_a_run_on_stays(self, storage: Storage) -> None:
        await prepare(storage)
        claim = await ending(storage)
        other = (await admit(storage, claim.key.thread_id)).run
        finished = await storage.finish_run(claim.key, DONE, [], now_us=T0)
        assert finished.more and not finished.gone
        assert await is_there(storage, claim.key.thread_id)
        next = await storage.claim_run(CLAIMER, now_us=T0)
        assert next is not None and next.run.id == other.id
        assert not (await storage.finish_run(next.key, CANCELLED, [], now_us=T0)).gone
        assert await is_there(storage, claim.key.thread_id)

    async def test_the_id_of_a_thread_that_has_ended_may_be_used_again(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        claim = await ending(storage)
        thread_id = claim.key.thread_id
        with pytest.raises(ThreadExists):
            await storage.create_thread(NewThread(id=thread_id), scope=EVERYTHING, now_us=T0)
        await storage.finish_run(claim.key, DONE, [], now_us=T0)
        again = (await admit(storage, thread_id, create_thread=True, claim=True)).claim
        assert again is not None and again.key.epoch > claim.key.epoch
        with pytest.raises(RunNotFound):  # the new thread's runs are its own
            await storage.get_run(None, claim.run.id, scope=EVERYTHING)
        thread = await storage.get_thread(thread_id, scope=EVERYTHING)
        assert (thread.state, thread.values) == (ThreadState.BUSY, None)

    async def test_a_run_that_is_undone_leaves_the_thread_as_it_was(self, storage: Storage) -> None:
        await prepare(storage)
        claim = await ending(storage)
        await storage.request_cancel(
            None, claim.run.id, CancelAction.ROLLBACK, scope=EVERYTHING, now_us=T0
        )
        assert not (await storage.finish_run(claim.key, DONE, [], now_us=T0)).gone
        assert await is_there(storage, claim.key.thread_id)

    async def test_a_thread_that_is_only_named_is_no_run_s_own(self, storage: Storage) -> None:
        await prepare(storage)
        claim = await ending(storage)
        await storage.delete_run(None, claim.run.id, scope=EVERYTHING, now_us=T0)
        assert await is_there(storage, claim.key.thread_id)
