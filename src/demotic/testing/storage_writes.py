"""The contract of changes of a thread's state that no run makes."""

import pytest

from demotic.domain.errors import LeaseLost, RunNotFound, ThreadBusy, ThreadNotFound
from demotic.domain.lifecycle import Reason, RunState, ThreadState
from demotic.domain.model import EVERYTHING
from demotic.domain.runs import BusyPolicy, Claimer, LeaseKey, Outcome
from demotic.ports.checkpoints import Checkpoints
from demotic.ports.storage import Storage
from demotic.testing.checkpoint_builders import checkpoint
from demotic.testing.storage_builders import (
    AGENT,
    BOB,
    CLAIMER,
    MINUTE,
    T0,
    admit,
    claimed,
    make_thread,
    prepare,
)

WRITTEN = Outcome(
    state=RunState.SUCCEEDED,
    reason=Reason.COMPLETED,
    values=b'{"x":1}',
    interrupts={"task": [{"id": "i"}]},
    pending=True,
)
PAUSED = Outcome(state=RunState.WAITING, reason=Reason.INTERRUPT, values=b'{"x":0}', pending=True)
FAILED = Outcome(state=RunState.FAILED, reason=Reason.ERROR, error={"error": "E", "message": "m"})


async def begin(storage: Storage, thread_id: str, claimer: Claimer = CLAIMER) -> LeaseKey:
    """Take a thread."""
    return await storage.begin_write(thread_id, AGENT, scope=EVERYTHING, claimer=claimer, now_us=T0)


class WriteContract:
    """What the port says about changes of state."""

    async def test_a_change_leaves_its_state_and_names_the_agent(self, storage: Storage) -> None:
        await prepare(storage)
        thread_id = await make_thread(storage)
        key = await begin(storage, thread_id)
        assert not await storage.end_write(key, WRITTEN, now_us=T0 + 1)
        thread = await storage.get_thread(thread_id, scope=EVERYTHING)
        assert (thread.state, thread.agent) == (ThreadState.INTERRUPTED, AGENT)
        assert (thread.values, thread.interrupts) == (WRITTEN.values, WRITTEN.interrupts)
        assert thread.error is None

    async def test_a_change_that_is_not_made_leaves_everything_as_it_was(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        thread_id = await make_thread(storage)
        before = await storage.get_thread(thread_id, scope=EVERYTHING)
        await storage.end_write(await begin(storage, thread_id), None, now_us=T0 + 1)
        assert await storage.get_thread(thread_id, scope=EVERYTHING) == before

    async def test_a_thread_with_a_run_or_a_change_in_progress_is_busy(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        thread_id = await make_thread(storage)
        await admit(storage, thread_id, claim=False)
        with pytest.raises(ThreadBusy):
            await begin(storage, thread_id)
        await storage.claim_run(CLAIMER, now_us=T0)
        with pytest.raises(ThreadBusy):
            await begin(storage, thread_id)
        other = await make_thread(storage)
        await begin(storage, other)
        with pytest.raises(ThreadBusy):
            await begin(storage, other)

    async def test_a_thread_outside_the_scope_is_not_found(self, storage: Storage) -> None:
        thread_id = await make_thread(storage, owner="alice")
        with pytest.raises(ThreadNotFound):
            await storage.begin_write(thread_id, AGENT, scope=BOB, claimer=CLAIMER, now_us=T0)

    @pytest.mark.parametrize("policy", [p for p in BusyPolicy if p is not BusyPolicy.REJECT])
    async def test_runs_admitted_meanwhile_wait_for_its_end(
        self, storage: Storage, policy: BusyPolicy
    ) -> None:
        await prepare(storage)
        thread_id = await make_thread(storage)
        key = await begin(storage, thread_id)
        admission = await admit(storage, thread_id, claim=True, policy=policy)
        assert admission.claim is None and not admission.displaced
        assert await storage.claim_run(CLAIMER, now_us=T0 + 1) is None
        assert await storage.end_write(key, WRITTEN, now_us=T0 + 2)
        thread = await storage.get_thread(thread_id, scope=EVERYTHING)
        assert thread.state is ThreadState.BUSY
        claim = await storage.claim_run(CLAIMER, now_us=T0 + 3)
        assert claim is not None and claim.run.id == admission.run.id

    async def test_no_caller_sees_it_among_the_runs(self, storage: Storage) -> None:
        await prepare(storage)
        thread_id = await make_thread(storage)
        key = await begin(storage, thread_id)
        listed = await storage.list_runs(
            thread_id, states=None, limit=10, offset=0, scope=EVERYTHING
        )
        assert not listed
        with pytest.raises(RunNotFound):
            await storage.get_run(thread_id, key.run_id, scope=EVERYTHING)

    async def test_a_waiting_run_is_superseded_by_a_change_that_is_made(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        thread_id = await make_thread(storage)
        claim = await claimed(storage, thread_id)
        await storage.finish_run(claim.key, PAUSED, [], now_us=T0)
        await storage.end_write(await begin(storage, thread_id), None, now_us=T0)
        run = await storage.get_run(thread_id, claim.run.id, scope=EVERYTHING)
        assert run.state is RunState.WAITING
        await storage.end_write(await begin(storage, thread_id), WRITTEN, now_us=T0)
        run = await storage.get_run(thread_id, claim.run.id, scope=EVERYTHING)
        assert (run.state, run.reason) == (RunState.SUCCEEDED, Reason.SUPERSEDED)

    async def test_an_error_of_the_thread_is_gone_after_a_change(self, storage: Storage) -> None:
        await prepare(storage)
        thread_id = await make_thread(storage)
        claim = await claimed(storage, thread_id)
        await storage.finish_run(claim.key, FAILED, [], now_us=T0)
        await storage.end_write(await begin(storage, thread_id), WRITTEN, now_us=T0)
        thread = await storage.get_thread(thread_id, scope=EVERYTHING)
        assert (thread.state, thread.error) == (ThreadState.INTERRUPTED, None)

    async def test_its_key_writes_checkpoints_until_it_ends(
        self, storage: Storage, checkpoints: Checkpoints
    ) -> None:
        await prepare(storage)
        thread_id = await make_thread(storage)
        key = await begin(storage, thread_id)
        await checkpoints.put(key, thread_id, checkpoint("c1", None), {})
        await storage.end_write(key, WRITTEN, now_us=T0)
        with pytest.raises(LeaseLost):
            await checkpoints.put(key, thread_id, checkpoint("c2", "c1"), {})
        with pytest.raises(LeaseLost):
            await storage.end_write(key, WRITTEN, now_us=T0)

    @pytest.mark.parametrize("worker", [None, "another"])
    async def test_a_process_that_dies_leaves_the_thread_free_at_the_rescue(
        self, storage: Storage, worker: str | None
    ) -> None:
        await prepare(storage)
        thread_id = await make_thread(storage)
        key = await begin(storage, thread_id)
        waiting = await admit(storage, thread_id, claim=False)
        assert not await storage.rescue_runs(now_us=T0 + MINUTE * 10, worker=worker)
        claim = await storage.claim_run(CLAIMER, now_us=T0 + MINUTE * 10)
        assert claim is not None and claim.run.id == waiting.run.id
        with pytest.raises(LeaseLost):
            await storage.end_write(key, WRITTEN, now_us=T0)
