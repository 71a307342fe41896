"""The contract of the storage port: make it green to add a backend.

Subclass `StorageContract` in a test module and give it the fixtures `storage` and `checkpoints`,
two views of one backend.
"""

import pytest

from demotic.domain.assistants import AssistantQuery, NewAssistant
from demotic.domain.errors import (
    AssistantNotFound,
    Conflict,
    LeaseLost,
    RunNotFound,
    ThreadExists,
    ThreadNotFound,
)
from demotic.domain.events import END, Event
from demotic.domain.ids import epoch_of, first_epoch, uuid7
from demotic.domain.lifecycle import Reason, RunState, ThreadState
from demotic.domain.model import EVERYTHING
from demotic.domain.runs import CancelAction, Outcome
from demotic.domain.threads import NewThread, ThreadQuery
from demotic.ports.storage import Storage
from demotic.testing.storage_admin import AssistantAdminContract, ThreadAdminContract
from demotic.testing.storage_admission import AdmissionContract, DisplacementContract
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
from demotic.testing.storage_bulk import BulkContract
from demotic.testing.storage_deliveries import DeliveryContract
from demotic.testing.storage_finding import ThreadSearchContract
from demotic.testing.storage_items import ItemContract
from demotic.testing.storage_leaving import ThreadEndContract
from demotic.testing.storage_legs import KeptRunContract, LegContract
from demotic.testing.storage_parts import CopyContract, PartsContract
from demotic.testing.storage_queue import QueueContract
from demotic.testing.storage_refusals import RefusalContract
from demotic.testing.storage_schedules import ScheduleContract
from demotic.testing.storage_sparing import SparingContract
from demotic.testing.storage_told import ToldContract
from demotic.testing.storage_upkeep import LifetimeContract, UpkeepContract
from demotic.testing.storage_writes import WriteContract


class AssistantContract:
    """What the port says about assistants."""

    async def test_ensured_assistants_stay_as_they_are(self, storage: Storage) -> None:
        await prepare(storage)
        other = NewAssistant(id=ASSISTANT, agent=AGENT, name="renamed")
        await storage.ensure_assistants([other], now_us=T0 + 5)
        found = await storage.get_assistant(ASSISTANT, scope=EVERYTHING)
        assert (found.name, found.version, found.created_us) == (AGENT, 1, T0)

    async def test_an_unknown_assistant_is_not_found(self, storage: Storage) -> None:
        with pytest.raises(AssistantNotFound):
            await storage.get_assistant(ASSISTANT, scope=EVERYTHING)

    async def test_assistants_are_found_by_part_of_their_name(self, storage: Storage) -> None:
        new = [NewAssistant(id=str(n), agent=AGENT, name=f"Agent {n}") for n in range(3)]
        await storage.ensure_assistants(new, now_us=T0)
        page = await storage.search_assistants(AssistantQuery(name="AGENT 1"), scope=EVERYTHING)
        assert [a.id for a in page.items] == ["1"]
        page = await storage.search_assistants(AssistantQuery(limit=2), scope=EVERYTHING)
        assert (len(page.items), page.total) == (2, 3)


class ThreadContract:
    """What the port says about threads."""

    async def test_a_new_thread_is_idle_and_without_values(self, storage: Storage) -> None:
        thread_id = await make_thread(storage, a=1)
        thread = await storage.get_thread(thread_id, scope=EVERYTHING)
        assert (thread.state, thread.values, thread.metadata) == (ThreadState.IDLE, None, {"a": 1})

    async def test_an_id_is_given_once(self, storage: Storage) -> None:
        thread_id = await make_thread(storage)
        with pytest.raises(ThreadExists):
            await storage.create_thread(NewThread(id=thread_id), scope=EVERYTHING, now_us=T0)

    async def test_a_thread_outside_the_scope_does_not_exist(self, storage: Storage) -> None:
        thread_id = await make_thread(storage, ALICE)
        assert (await storage.get_thread(thread_id, scope=ALICE)).metadata == {"owner": "alice"}
        with pytest.raises(ThreadNotFound):
            await storage.get_thread(thread_id, scope=BOB)
        with pytest.raises(ThreadNotFound):
            await storage.delete_thread(thread_id, scope=BOB, now_us=T0)
        assert (await storage.search_threads(ThreadQuery(), scope=BOB)).total == 0

    async def test_a_deleted_thread_is_gone_with_its_runs(self, storage: Storage) -> None:
        await prepare(storage)
        claim = await claimed(storage)
        ended = await storage.delete_thread(claim.key.thread_id, scope=EVERYTHING, now_us=T0)
        assert list(ended) == [claim.run.id]
        with pytest.raises(RunNotFound):
            await storage.get_run(None, claim.run.id, scope=EVERYTHING)
        with pytest.raises(LeaseLost):
            await storage.finish_run(claim.key, DONE, [], now_us=T0)

    async def test_a_recreated_thread_starts_above_every_earlier_epoch(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        thread_id = await make_thread(storage)
        for _ in range(5):
            claim = await claimed(storage, thread_id)
            await storage.finish_run(claim.key, DONE, [], now_us=T0)
        await storage.delete_thread(thread_id, scope=EVERYTHING, now_us=T0)
        await storage.create_thread(NewThread(id=thread_id), scope=EVERYTHING, now_us=T0)
        again = await claimed(storage, thread_id)
        assert again.key.epoch > claim.key.epoch

    async def test_a_tombstone_goes_when_it_protects_nothing_any_more(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        claim = await claimed(storage)
        await storage.delete_thread(claim.key.thread_id, scope=EVERYTHING, now_us=T0)
        assert await storage.trim_feed(before_us=0, now_us=T0 + SECOND) == 0
        assert await storage.trim_feed(before_us=0, now_us=T0 + 10 * MINUTE) == 1

    async def test_threads_are_found_by_contained_metadata(self, storage: Storage) -> None:
        wanted = await make_thread(storage, tag="x", nested={"a": 1, "b": 2}, flag=True)
        await make_thread(storage, tag="y", nested={"a": 1}, flag=1)
        for metadata in ({"tag": "x"}, {"nested": {"b": 2}}, {"flag": True}):
            page = await storage.search_threads(ThreadQuery(metadata=metadata), scope=EVERYTHING)
            assert [t.id for t in page.items] == [wanted]

    async def test_hostile_keys_in_a_search_are_data(self, storage: Storage) -> None:
        key = "x') = 1 OR 1=1 --"
        new = NewThread(id=uuid7(T0), metadata={key: 1})
        wanted = (await storage.create_thread(new, scope=EVERYTHING, now_us=T0)).id
        await make_thread(storage)
        page = await storage.search_threads(ThreadQuery(metadata={key: 1}), scope=EVERYTHING)
        assert [t.id for t in page.items] == [wanted]
        page = await storage.search_threads(
            ThreadQuery(metadata={"' OR 1=1 --": [1]}), scope=EVERYTHING
        )
        assert page.total == 0

    async def test_threads_are_listed_newest_first_in_pages(self, storage: Storage) -> None:
        made = [await make_thread(storage, now_us=T0 + n) for n in range(5)]
        page = await storage.search_threads(ThreadQuery(limit=2, offset=1), scope=EVERYTHING)
        assert ([t.id for t in page.items], page.total) == ([made[3], made[2]], 5)
        page = await storage.search_threads(ThreadQuery(offset=1_000_000), scope=EVERYTHING)
        assert (list(page.items), page.total) == ([], 5)

    @pytest.mark.parametrize("sort", ["id", "state", "created", "updated", "state_updated"])
    async def test_a_filter_leaves_out_and_a_sort_orders(self, storage: Storage, sort: str) -> None:
        await prepare(storage)
        for n in range(12):
            scope = ALICE if n % 3 else BOB
            made = await make_thread(storage, scope, now_us=T0 + n, even=n % 2 == 0, kind="k")
            if n % 4 == 0:
                await claimed(storage, made, now_us=T0 + 40 - n)
            if n % 5 == 0:
                await storage.change_thread(made, {"x": [n]}, scope=EVERYTHING, now_us=T0 + 50 - n)
        whole = ThreadQuery(limit=100)
        every = (await storage.search_threads(whole, scope=EVERYTHING)).items
        column = {"id": "id", "state": "state"}.get(sort, f"{sort}_us")
        for tags in ({}, {"kind": "k"}, {"kind": "k", "even": True}, {"kind": "k", "x": [5]}):
            for state in (None, ThreadState.BUSY):
                for down in (True, False):
                    left = [
                        t
                        for t in every
                        if all(t.metadata.get(key) == value for key, value in tags.items())
                        and (state is None or t.state is state)
                    ]
                    left.sort(key=lambda t: (getattr(t, column), t.id), reverse=down)
                    query = ThreadQuery(
                        metadata=tags, state=state, limit=2, offset=1, sort_by=sort, descending=down
                    )
                    page = await storage.search_threads(query, scope=EVERYTHING)
                    assert (list(page.items), page.total) == (left[1:3], len(left))
                    page = await storage.search_threads(query, scope=ALICE)
                    seen = [t for t in left if t.metadata["owner"] == "alice"]
                    assert (list(page.items), page.total) == (seen[1:3], len(seen))

    async def test_a_temporary_thread_is_never_found(self, storage: Storage) -> None:
        await prepare(storage)
        thread_id = (await admit(storage, None)).run.thread_id
        await storage.change_thread(thread_id, {"a": 1}, scope=EVERYTHING, now_us=T0)
        for metadata in ({}, {"a": 1}, {"a": 1, "m": 1}):
            page = await storage.search_threads(ThreadQuery(metadata=metadata), scope=EVERYTHING)
            assert page.total == 0

    async def test_threads_are_found_by_values_and_state(self, storage: Storage) -> None:
        await prepare(storage)
        claim = await claimed(storage)
        await storage.finish_run(claim.key, DONE, [], now_us=T0)
        busy = await claimed(storage)
        page = await storage.search_threads(ThreadQuery(values={"x": 1}), scope=EVERYTHING)
        assert [t.id for t in page.items] == [claim.key.thread_id]
        query = ThreadQuery(state=ThreadState.BUSY)
        page = await storage.search_threads(query, scope=EVERYTHING)
        assert [t.id for t in page.items] == [busy.key.thread_id]


class AttemptContract:
    """What the port says about leases, finishing and rescue."""

    async def test_every_claim_raises_the_epoch(self, storage: Storage) -> None:
        await prepare(storage)
        claim = await claimed(storage)
        assert claim.key.epoch > first_epoch(T0)
        await storage.release_run(claim.key, now_us=T0)
        again = await storage.claim_run(CLAIMER, now_us=T0)
        assert again is not None
        assert (again.key.epoch, again.run.attempt) == (claim.key.epoch + 1, 2)

    async def test_a_superseded_attempt_can_write_nothing(self, storage: Storage) -> None:
        await prepare(storage)
        old = await claimed(storage)
        await storage.release_run(old.key, now_us=T0)
        assert await storage.claim_run(CLAIMER, now_us=T0)
        for stale in (
            storage.append_events(old.key, events_of(old.key, 0), now_us=T0),
            storage.finish_run(old.key, DONE, [], now_us=T0),
            storage.release_run(old.key, now_us=T0),
        ):
            with pytest.raises(LeaseLost):
                await stale
        assert list(await storage.renew_leases([old.key], until_us=T0)) == [old.key]

    async def test_finishing_tells_run_thread_and_feed_at_once(self, storage: Storage) -> None:
        await prepare(storage)
        claim = await claimed(storage)
        await storage.finish_run(claim.key, DONE, events_of(claim.key, 0), now_us=T0 + 1)
        run = await storage.get_run(None, claim.run.id, scope=EVERYTHING)
        assert (run.state, run.reason) == (RunState.SUCCEEDED, Reason.COMPLETED)
        thread = await storage.get_thread(claim.key.thread_id, scope=EVERYTHING)
        assert (thread.state, thread.values) == (ThreadState.IDLE, b'{"x":1}')
        outcome = await storage.get_outcome(claim.run.id)
        assert outcome is not None and outcome.values == b'{"x":1}'
        events = await storage.read_events(
            claim.key.thread_id, after=0, run_id=claim.run.id, limit=10
        )
        assert list(events) == events_of(claim.key, 0)

    async def test_a_run_keeps_its_own_output(self, storage: Storage) -> None:
        await prepare(storage)
        first = await claimed(storage)
        await storage.finish_run(first.key, DONE, [], now_us=T0)
        second = await claimed(storage, first.key.thread_id)
        other = Outcome(state=RunState.SUCCEEDED, reason=Reason.COMPLETED, values=b"2")
        await storage.finish_run(second.key, other, [], now_us=T0)
        outcome = await storage.get_outcome(first.run.id)
        assert outcome is not None and outcome.values == b'{"x":1}'

    async def test_the_thread_stays_busy_while_another_run_is_queued(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        first = await claimed(storage)
        await admit(storage, first.key.thread_id)
        await storage.finish_run(first.key, DONE, [], now_us=T0)
        thread = await storage.get_thread(first.key.thread_id, scope=EVERYTHING)
        assert thread.state is ThreadState.BUSY

    async def test_an_expired_lease_is_rescued_and_a_fresh_one_is_not(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        claim = await claimed(storage)
        assert not await storage.rescue_runs(now_us=T0 + 29 * SECOND, worker=None)
        assert not await storage.renew_leases([claim.key], until_us=T0 + 60 * SECOND)
        assert not await storage.rescue_runs(now_us=T0 + 31 * SECOND, worker=None)
        (rescued,) = await storage.rescue_runs(now_us=T0 + 61 * SECOND, worker=None)
        assert (rescued.id, rescued.state) == (claim.run.id, RunState.QUEUED)
        with pytest.raises(LeaseLost):
            await storage.finish_run(claim.key, DONE, [], now_us=T0 + 61 * SECOND)

    async def test_the_owner_of_the_storage_rescues_every_other_workers_runs(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        await claimed(storage)
        assert not await storage.rescue_runs(now_us=T0, worker=CLAIMER.worker)
        assert len(await storage.rescue_runs(now_us=T0, worker="worker-2")) == 1

    async def test_three_losses_without_progress_end_a_run(self, storage: Storage) -> None:
        await prepare(storage)
        thread_id = await make_thread(storage)
        run = (await admit(storage, thread_id)).run
        for _ in range(3):
            assert await storage.claim_run(CLAIMER, now_us=T0)
            (rescued,) = await storage.rescue_runs(now_us=T0 + MINUTE, worker=None)
        assert (rescued.state, rescued.reason) == (RunState.FAILED, Reason.LOST_WORKER)
        thread = await storage.get_thread(thread_id, scope=EVERYTHING)
        assert thread.state is ThreadState.ERROR
        events = await storage.read_events(thread_id, after=0, run_id=run.id, limit=10)
        assert [e.kind for e in events] == [END]

    async def test_a_drain_counts_as_no_loss(self, storage: Storage) -> None:
        await prepare(storage)
        await admit(storage, await make_thread(storage))
        for _ in range(5):
            claim = await storage.claim_run(CLAIMER, now_us=T0)
            assert claim is not None
            await storage.release_run(claim.key, now_us=T0)

    async def test_a_cancel_survives_the_death_of_its_worker(self, storage: Storage) -> None:
        await prepare(storage)
        claim = await claimed(storage)
        thread_id, run_id = claim.key.thread_id, claim.run.id
        run = await storage.request_cancel(
            thread_id, run_id, CancelAction.INTERRUPT, scope=EVERYTHING, now_us=T0
        )
        assert run.state is RunState.RUNNING
        (rescued,) = await storage.rescue_runs(now_us=T0 + MINUTE, worker=None)
        assert (rescued.state, rescued.reason) == (RunState.CANCELLED, Reason.USER_CANCEL)

    async def test_a_queued_run_is_cancelled_at_once_and_only_once(self, storage: Storage) -> None:
        await prepare(storage)
        thread_id = await make_thread(storage)
        run = (await admit(storage, thread_id)).run
        action = CancelAction.INTERRUPT
        cancelled = await storage.request_cancel(
            thread_id, run.id, action, scope=EVERYTHING, now_us=T0
        )
        assert cancelled.state is RunState.CANCELLED
        thread = await storage.get_thread(thread_id, scope=EVERYTHING)
        assert thread.state is ThreadState.IDLE
        with pytest.raises(Conflict):
            await storage.request_cancel(thread_id, run.id, action, scope=EVERYTHING, now_us=T0)

    async def test_deleting_a_run_frees_its_thread_for_the_next(self, storage: Storage) -> None:
        await prepare(storage)
        claim = await claimed(storage)
        thread_id = claim.key.thread_id
        waiting = (await admit(storage, thread_id)).run
        await storage.delete_run(thread_id, claim.run.id, scope=EVERYTHING, now_us=T0)
        following = await storage.claim_run(CLAIMER, now_us=T0)
        assert following is not None and following.run.id == waiting.id
        with pytest.raises(LeaseLost):
            await storage.finish_run(claim.key, DONE, [], now_us=T0)

    async def test_runs_are_listed_newest_first_by_state(self, storage: Storage) -> None:
        await prepare(storage)
        first = await claimed(storage)
        thread_id = first.key.thread_id
        queued = (await admit(storage, thread_id)).run
        everything = await storage.list_runs(
            thread_id, states=None, limit=10, offset=0, scope=EVERYTHING
        )
        assert [r.id for r in everything] == [queued.id, first.run.id]
        running = await storage.list_runs(
            thread_id, states=[RunState.RUNNING], limit=10, offset=0, scope=EVERYTHING
        )
        assert [r.id for r in running] == [first.run.id]

    async def test_a_temporary_run_takes_its_thread_with_it(self, storage: Storage) -> None:
        await prepare(storage)
        admission = await admit(storage, None, claim=True, modes=())
        assert admission.claim is not None
        await storage.finish_run(admission.claim.key, DONE, [], now_us=T0)
        with pytest.raises(RunNotFound):
            await storage.get_run(None, admission.run.id, scope=EVERYTHING)
        with pytest.raises(ThreadNotFound):
            await storage.get_thread(admission.run.thread_id, scope=EVERYTHING)

    async def test_a_temporary_thread_is_in_no_listing(self, storage: Storage) -> None:
        await prepare(storage)
        await admit(storage, None)
        assert (await storage.search_threads(ThreadQuery(), scope=EVERYTHING)).total == 0


class FeedContract:
    """What the port says about the feed."""

    async def test_events_come_back_in_order_from_any_position(self, storage: Storage) -> None:
        await prepare(storage)
        claim = await claimed(storage)
        key, thread_id = claim.key, claim.key.thread_id
        for batch in ((0, 1), (2,), (3, 4, 5)):
            await storage.append_events(key, events_of(key, *batch), now_us=T0)
        everything = events_of(key, 0, 1, 2, 3, 4, 5)
        for position in range(6):
            after = everything[position].seq
            found = await storage.read_events(thread_id, after=after, run_id=None, limit=99)
            assert list(found) == everything[position + 1 :]

    async def test_a_limited_read_gives_whole_batches_and_can_go_on(self, storage: Storage) -> None:
        await prepare(storage)
        key = (await claimed(storage)).key
        for n in range(0, 10, 2):
            await storage.append_events(key, events_of(key, n, n + 1), now_us=T0)
        found: list[Event] = []
        while page := await storage.read_events(
            key.thread_id, after=found[-1].seq if found else 0, run_id=None, limit=3
        ):
            assert len(page) == (4 if len(found) < 8 else 2)
            found += page
        assert found == events_of(key, *range(10))

    async def test_a_later_attempt_writes_above_an_earlier_one(self, storage: Storage) -> None:
        await prepare(storage)
        old = await claimed(storage)
        await storage.append_events(old.key, events_of(old.key, 0, 1), now_us=T0)
        await storage.rescue_runs(now_us=T0 + MINUTE, worker=None)
        new = await storage.claim_run(CLAIMER, now_us=T0 + MINUTE)
        assert new is not None
        await storage.append_events(new.key, events_of(new.key, 0), now_us=T0)
        found = await storage.read_events(old.key.thread_id, after=0, run_id=None, limit=9)
        positions = [e.seq for e in found]
        assert positions == sorted(set(positions))
        assert [epoch_of(p) for p in positions] == [old.key.epoch, old.key.epoch, new.key.epoch]

    async def test_events_of_one_run_can_be_read_alone(self, storage: Storage) -> None:
        await prepare(storage)
        first = await claimed(storage)
        await storage.finish_run(first.key, DONE, events_of(first.key, 0), now_us=T0)
        second = await claimed(storage, first.key.thread_id)
        await storage.append_events(second.key, events_of(second.key, 0), now_us=T0)
        found = await storage.read_events(
            first.key.thread_id, after=0, run_id=second.run.id, limit=9
        )
        assert list(found) == events_of(second.key, 0)

    async def test_old_batches_are_trimmed(self, storage: Storage) -> None:
        await prepare(storage)
        key = (await claimed(storage)).key
        await storage.append_events(key, events_of(key, 0), now_us=T0)
        await storage.append_events(key, events_of(key, 1), now_us=T0 + MINUTE)
        assert await storage.trim_feed(before_us=T0 + 1, now_us=T0 + MINUTE) == 1
        found = await storage.read_events(key.thread_id, after=0, run_id=None, limit=9)
        assert list(found) == events_of(key, 1)


class StorageContract(
    AssistantContract,
    AssistantAdminContract,
    ThreadContract,
    ThreadAdminContract,
    AdmissionContract,
    DisplacementContract,
    AttemptContract,
    LegContract,
    SparingContract,
    KeptRunContract,
    ThreadEndContract,
    WriteContract,
    FeedContract,
    ItemContract,
    ToldContract,
    DeliveryContract,
    ScheduleContract,
    BulkContract,
    RefusalContract,
    LifetimeContract,
    UpkeepContract,
    PartsContract,
    CopyContract,
    ThreadSearchContract,
    QueueContract,
):
    """The whole contract of `demotic.ports.storage.Storage`."""
