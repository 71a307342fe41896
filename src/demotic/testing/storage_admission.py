"""The contract of the storage port: admitting runs, and runs that displace others."""

import pytest

from demotic.domain.assistants import NewAssistant
from demotic.domain.errors import (
    AgentNotFound,
    AssistantNotFound,
    KeyReused,
    RunNotFound,
    ThreadBusy,
    ThreadNotFound,
)
from demotic.domain.ids import uuid7
from demotic.domain.lifecycle import Reason, RunState, ThreadState
from demotic.domain.model import EVERYTHING
from demotic.domain.runs import BusyPolicy, CancelAction, Claimer, Idempotency, Outcome
from demotic.domain.threads import ThreadQuery
from demotic.ports.storage import Storage
from demotic.testing.storage_builders import (
    AGENT,
    ALICE,
    ASSISTANT,
    BOB,
    CLAIMER,
    DONE,
    MINUTE,
    SECOND,
    T0,
    admit,
    claimed,
    events_of,
    make_thread,
    prepare,
)


class AdmissionContract:
    """What the port says about admitting runs."""

    async def test_a_run_needs_its_assistant_agent_and_thread(self, storage: Storage) -> None:
        await prepare(storage)
        other = NewAssistant(id="other", agent="elsewhere", name="elsewhere")
        await storage.ensure_assistants([other], now_us=T0)
        with pytest.raises(AssistantNotFound):
            await admit(storage, await make_thread(storage), assistant_id="nobody")
        with pytest.raises(AgentNotFound):
            await admit(storage, await make_thread(storage), assistant_id="other")
        with pytest.raises(ThreadNotFound):
            await admit(storage, uuid7(T0))

    async def test_a_missing_thread_is_made_on_request_within_the_scope(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        thread_id = uuid7(T0)
        await admit(storage, thread_id, create_thread=True, scope=ALICE)
        assert (await storage.get_thread(thread_id, scope=ALICE)).metadata["owner"] == "alice"
        with pytest.raises(ThreadNotFound):
            await admit(storage, thread_id, create_thread=True, scope=BOB)

    async def test_facts_are_stamped_on_run_and_thread(self, storage: Storage) -> None:
        await prepare(storage)
        thread_id = await make_thread(storage, a=1)
        run = (await admit(storage, thread_id)).run
        stamps = {"graph_id": AGENT, "assistant_id": ASSISTANT}
        assert run.metadata == {"created_by": "system", "a": 1, **stamps, "m": 1}
        thread = await storage.get_thread(thread_id, scope=EVERYTHING)
        assert (thread.metadata, thread.agent) == ({"a": 1, **stamps}, AGENT)
        page = await storage.search_threads(
            ThreadQuery(metadata={"graph_id": AGENT}), scope=EVERYTHING
        )
        assert page.total == 1

    async def test_an_admitted_run_reads_back_as_it_was_given(self, storage: Storage) -> None:
        await prepare(storage)
        run = (await admit(storage, await make_thread(storage))).run
        assert await storage.get_run(run.thread_id, run.id, scope=EVERYTHING) == run

    async def test_a_free_thread_lets_its_run_be_claimed_at_once(self, storage: Storage) -> None:
        await prepare(storage)
        thread_id = await make_thread(storage)
        first = await admit(storage, thread_id, claim=True)
        assert first.claim is not None and first.run.state is RunState.RUNNING
        second = await admit(storage, thread_id, claim=True)
        assert second.claim is None and second.run.state is RunState.QUEUED

    async def test_policy_reject_refuses_a_busy_thread(self, storage: Storage) -> None:
        await prepare(storage)
        thread_id = await make_thread(storage)
        await admit(storage, thread_id)
        with pytest.raises(ThreadBusy):
            await admit(storage, thread_id, policy=BusyPolicy.REJECT)

    async def test_only_the_head_of_a_thread_can_be_claimed_in_admission_order(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        thread_id = await make_thread(storage)
        admitted = [(await admit(storage, thread_id, now_us=T0 + n)).run.id for n in range(3)]
        done = []
        while claim := await storage.claim_run(CLAIMER, now_us=T0 + SECOND):
            assert await storage.claim_run(CLAIMER, now_us=T0 + SECOND) is None
            finished = await storage.finish_run(claim.key, DONE, [], now_us=T0 + SECOND)
            done.append(claim.run.id)
            assert finished.more is (len(done) < 3)
        assert done == admitted

    async def test_a_worker_claims_only_what_it_hosts(self, storage: Storage) -> None:
        await prepare(storage)
        await admit(storage, await make_thread(storage))
        stranger = Claimer("worker-2", frozenset({"other"}), 30 * SECOND)
        assert await storage.claim_run(stranger, now_us=T0) is None

    async def test_a_refused_admission_writes_nothing(self, storage: Storage) -> None:
        await prepare(storage)
        thread_id = uuid7(T0)
        with pytest.raises(AssistantNotFound):
            await admit(storage, thread_id, create_thread=True, assistant_id="nobody")
        with pytest.raises(ThreadNotFound):
            await storage.get_thread(thread_id, scope=EVERYTHING)


class DisplacementContract:
    """What the port says about runs that take a thread, wait their time, or come twice."""

    async def test_interrupt_cancels_all_that_is_in_the_way_and_runs_next(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        running = await claimed(storage)
        thread_id = running.key.thread_id
        queued = (await admit(storage, thread_id)).run
        admission = await admit(storage, thread_id, policy=BusyPolicy.INTERRUPT, claim=True)
        assert admission.claim is None
        states = {run.id: run.state for run in admission.displaced}
        assert states == {running.run.id: RunState.RUNNING, queued.id: RunState.CANCELLED}
        assert await storage.claim_run(CLAIMER, now_us=T0) is None
        stopped = Outcome(state=RunState.CANCELLED, reason=Reason.USER_CANCEL)
        finished = await storage.finish_run(running.key, stopped, [], now_us=T0)
        assert finished.more
        claim = await storage.claim_run(CLAIMER, now_us=T0)
        assert claim is not None and claim.run.id == admission.run.id

    async def test_rollback_takes_back_what_stands_in_the_way(self, storage: Storage) -> None:
        await prepare(storage)
        first = await claimed(storage, modes=["values"])
        thread_id = first.key.thread_id
        await storage.finish_run(first.key, DONE, events_of(first.key, 0), now_us=T0)
        second = await claimed(storage, thread_id)
        await storage.append_events(second.key, events_of(second.key, 0), now_us=T0)
        queued = (await admit(storage, thread_id)).run
        third = await admit(storage, thread_id, policy=BusyPolicy.ROLLBACK)
        other = Outcome(state=RunState.SUCCEEDED, reason=Reason.COMPLETED, values=b"2")
        finished = await storage.finish_run(second.key, other, events_of(second.key, 1), now_us=T0)
        assert finished.more
        assert (finished.outcome.state, finished.outcome.reason) == (
            RunState.CANCELLED,
            Reason.ROLLBACK,
        )
        for gone in (second.run.id, queued.id):
            with pytest.raises(RunNotFound):
                await storage.get_run(None, gone, scope=EVERYTHING)
        thread = await storage.get_thread(thread_id, scope=EVERYTHING)
        assert (thread.state, thread.values) == (ThreadState.BUSY, b'{"x":1}')
        events = await storage.read_events(thread_id, after=0, run_id=None, limit=9)
        assert list(events) == events_of(first.key, 0)
        claim = await storage.claim_run(CLAIMER, now_us=T0)
        assert claim is not None and claim.run.id == third.run.id
        assert claim.key.epoch > second.key.epoch

    async def test_a_rolled_back_thread_is_as_it_was_before(self, storage: Storage) -> None:
        await prepare(storage)
        thread_id = await make_thread(storage)
        asked = {"task": [{"id": "i", "value": "?"}]}
        paused = Outcome(
            state=RunState.WAITING, reason=Reason.INTERRUPT, values=b"1", interrupts=asked
        )
        first = await claimed(storage, thread_id)
        await storage.finish_run(first.key, paused, [], now_us=T0)
        before = await storage.get_thread(thread_id, scope=EVERYTHING)
        second = await claimed(storage, thread_id)
        await storage.request_cancel(
            thread_id, second.run.id, CancelAction.ROLLBACK, scope=EVERYTHING, now_us=T0
        )
        await storage.finish_run(second.key, DONE, [], now_us=T0)
        after = await storage.get_thread(thread_id, scope=EVERYTHING)
        assert (after.state, after.values, after.interrupts, after.error) == (
            ThreadState.INTERRUPTED,
            before.values,
            before.interrupts,
            before.error,
        )

    async def test_a_rollback_survives_the_death_of_its_worker(self, storage: Storage) -> None:
        await prepare(storage)
        claim = await claimed(storage)
        thread_id, run_id = claim.key.thread_id, claim.run.id
        await storage.request_cancel(
            thread_id, run_id, CancelAction.ROLLBACK, scope=EVERYTHING, now_us=T0
        )
        (rescued,) = await storage.rescue_runs(now_us=T0 + MINUTE, worker=None)
        assert (rescued.state, rescued.reason) == (RunState.CANCELLED, Reason.ROLLBACK)
        with pytest.raises(RunNotFound):
            await storage.get_run(None, run_id, scope=EVERYTHING)
        thread = await storage.get_thread(thread_id, scope=EVERYTHING)
        assert thread.state is ThreadState.IDLE

    async def test_a_delayed_run_waits_its_time_and_holds_back_no_later_one(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        thread_id = await make_thread(storage)
        delayed = await admit(storage, thread_id, delay_s=10, claim=True)
        assert delayed.claim is None
        thread = await storage.get_thread(thread_id, scope=EVERYTHING)
        assert thread.state is ThreadState.BUSY
        assert await storage.claim_run(CLAIMER, now_us=T0 + 9 * SECOND) is None
        later = await admit(storage, thread_id, claim=True)
        assert later.claim is not None
        assert await storage.claim_run(CLAIMER, now_us=T0 + 11 * SECOND) is None
        await storage.finish_run(later.claim.key, DONE, [], now_us=T0 + 11 * SECOND)
        claim = await storage.claim_run(CLAIMER, now_us=T0 + 11 * SECOND)
        assert claim is not None and claim.run.id == delayed.run.id

    async def test_a_run_that_names_no_thread_may_keep_its_own(self, storage: Storage) -> None:
        await prepare(storage)
        admission = await admit(storage, None, claim=True, keep_thread=True)
        assert admission.claim is not None
        await storage.finish_run(admission.claim.key, DONE, [], now_us=T0)
        thread = await storage.get_thread(admission.run.thread_id, scope=EVERYTHING)
        assert thread.state is ThreadState.IDLE
        assert (await storage.search_threads(ThreadQuery(), scope=EVERYTHING)).total == 1

    async def test_the_same_request_sent_twice_is_one_run(self, storage: Storage) -> None:
        await prepare(storage)
        thread_id, key = await make_thread(storage), Idempotency("alice POST /runs k", b"1")
        first = await admit(storage, thread_id, idempotency=key)
        again = await admit(storage, thread_id, idempotency=key)
        assert (again.run, again.is_new, again.claim) == (first.run, False, None)
        with pytest.raises(KeyReused):
            await admit(storage, thread_id, idempotency=Idempotency(key.key, b"2"))
        later = await admit(storage, thread_id, idempotency=key, now_us=T0 + 25 * 60 * MINUTE)
        assert later.run.id != first.run.id

    async def test_a_refused_request_does_not_use_up_its_key(self, storage: Storage) -> None:
        await prepare(storage)
        key = Idempotency("k", b"1")
        with pytest.raises(ThreadNotFound):
            await admit(storage, uuid7(T0), idempotency=key)
        assert (await admit(storage, await make_thread(storage), idempotency=key)).is_new
