"""The contract of the outbox: claims, attempts, order, the log."""

import asyncio

import pytest

from demotic.domain.callbacks import Callback
from demotic.domain.deliveries import (
    Delivery,
    DeliveryAttempt,
    DeliveryClaim,
    DeliveryKey,
    DeliveryQuery,
    DeliveryState,
)
from demotic.domain.errors import DeliveryNotFound, LeaseLost
from demotic.domain.lifecycle import RunState
from demotic.domain.model import EVERYTHING, Json, Scope
from demotic.ports.storage import Storage
from demotic.testing.storage_builders import (
    ALICE,
    BOB,
    DONE,
    MINUTE,
    SECOND,
    T0,
    admit,
    claimed,
    make_thread,
    prepare,
)

URL = "https://app.example.com/hook"
RECEIVER = "https://app.example.com"
EVERY = Callback(URL, every_change=True)
HOUR = 60 * MINUTE


async def ended(storage: Storage, url: str = URL, scope: Scope = EVERYTHING) -> str:
    """A run that has ended, which is to be told; its id."""
    thread_id = await make_thread(storage, scope)
    claim = await claimed(storage, thread_id, callback=Callback(url), scope=scope)
    await storage.finish_run(claim.key, DONE, [], now_us=T0)
    return claim.run.id


async def claim(
    storage: Storage, now_us: int = T0, worker: str = "one", full: tuple[str, ...] = ()
) -> DeliveryClaim | None:
    """Claim what is due, for a minute."""
    return await storage.claim_delivery(worker, full=full, until_us=now_us + MINUTE, now_us=now_us)


async def one(storage: Storage, now_us: int = T0, **options: Json) -> DeliveryClaim:
    """Claim what is due, which there must be."""
    found = await claim(storage, now_us, **options)
    assert found is not None
    return found


async def record(
    storage: Storage, key: DeliveryKey, state: DeliveryState, due_us: int = T0, now_us: int = T0
) -> None:
    """Log an attempt."""
    attempt = DeliveryAttempt(now_us, 5, 500, "It answered 500.")
    await storage.record_attempt(key, attempt, state, due_us=due_us, now_us=now_us)


async def found(storage: Storage, scope: Scope = EVERYTHING, **query: Json) -> list[Delivery]:
    """A page of the log."""
    page = await storage.search_deliveries(DeliveryQuery(**query), scope=scope)
    return list(page.items)


class DeliveryContract:
    """What the port says about deliveries."""

    async def test_a_delivery_is_claimed_by_one_at_a_time(self, storage: Storage) -> None:
        await prepare(storage)
        run_id = await ended(storage)
        first = await one(storage)
        assert (first.url, first.receiver, first.attempts) == (URL, RECEIVER, 0)
        assert (first.change.run.id, first.since_us) == (run_id, T0)
        assert await claim(storage, worker="two") is None

    async def test_a_claim_ends_by_itself_and_then_holds_no_more(self, storage: Storage) -> None:
        await prepare(storage)
        await ended(storage)
        old = await one(storage)
        assert await claim(storage, T0 + MINUTE - 1, worker="two") is None
        new = await one(storage, T0 + MINUTE, worker="two")
        assert (new.key.id, new.key.claim) == (old.key.id, old.key.claim + 1)
        with pytest.raises(LeaseLost):
            await record(storage, old.key, DeliveryState.DELIVERED)
        with pytest.raises(LeaseLost):
            await storage.drop_delivery(old.key)
        await record(storage, new.key, DeliveryState.DELIVERED)

    async def test_the_next_process_need_not_wait_for_that(self, storage: Storage) -> None:
        await prepare(storage)
        await ended(storage)
        old = await one(storage)
        assert await storage.rescue_deliveries("one", now_us=T0 + 1) == 0
        assert await claim(storage, T0 + 1) is None
        assert await storage.rescue_deliveries("two", now_us=T0 + 1) == 1
        assert (await one(storage, T0 + 1, worker="two")).key.id == old.key.id

    async def test_a_pending_delivery_is_due_again_when_it_was_said(self, storage: Storage) -> None:
        await prepare(storage)
        run_id = await ended(storage)
        first = await one(storage)
        await record(storage, first.key, DeliveryState.PENDING, T0 + HOUR, T0 + SECOND)
        [shown] = await found(storage, run_id=run_id)
        assert (shown.state, shown.due_us) == (DeliveryState.PENDING, T0 + HOUR)
        assert await claim(storage, T0 + HOUR - 1) is None
        again = await one(storage, T0 + HOUR)
        assert (again.key.id, again.attempts, again.since_us) == (first.key.id, 1, T0)

    @pytest.mark.parametrize(
        "state", [DeliveryState.DELIVERED, DeliveryState.FAILED, DeliveryState.REFUSED]
    )
    async def test_one_that_has_ended_is_never_due(
        self, storage: Storage, state: DeliveryState
    ) -> None:
        await prepare(storage)
        run_id = await ended(storage)
        await record(storage, (await one(storage)).key, state)
        assert await claim(storage, T0 + 100 * HOUR) is None
        [shown] = await found(storage, run_id=run_id)
        assert (shown.state, shown.due_us, shown.attempts) == (state, None, 1)
        assert shown.log == [DeliveryAttempt(T0, 5, 500, "It answered 500.")]

    async def test_those_of_one_run_go_in_order(self, storage: Storage) -> None:
        await prepare(storage)
        run = (await claimed(storage, callback=EVERY)).run
        await ended(storage)
        queued, other = await one(storage), await one(storage)
        assert [queued.change.run.id == run.id, other.change.run.id == run.id] == [True, False]
        assert queued.change.run.state is RunState.QUEUED
        assert await claim(storage) is None, "the first one is under way"
        await record(storage, other.key, DeliveryState.DELIVERED)
        await record(storage, queued.key, DeliveryState.PENDING, T0 + HOUR)
        assert await claim(storage) is None, "the first one is to be tried again"
        again = await one(storage, T0 + HOUR)
        await record(storage, again.key, DeliveryState.FAILED)
        assert (await one(storage)).change.run.state is RunState.RUNNING

    async def test_what_tells_nothing_is_dropped_and_holds_nothing_back(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        run = (await claimed(storage, callback=EVERY)).run
        await storage.drop_delivery((await one(storage)).key)
        left = await one(storage)
        assert left.change.run.state is RunState.RUNNING
        assert [each.id for each in await found(storage, run_id=run.id)] == [left.key.id]

    async def test_a_receiver_that_is_full_is_passed_over(self, storage: Storage) -> None:
        await prepare(storage)
        await ended(storage)
        other = await ended(storage, "http://other.example.com:81?x=/y")
        passed = await one(storage, full=(RECEIVER,))
        assert (passed.change.run.id, passed.receiver) == (other, "http://other.example.com:81")
        assert await claim(storage, full=(RECEIVER,)) is None

    async def test_what_is_due_for_longest_goes_first(self, storage: Storage) -> None:
        await prepare(storage)
        first, second = await ended(storage), await ended(storage)
        await record(storage, (await one(storage)).key, DeliveryState.PENDING, T0 + MINUTE)
        order = [(await one(storage, T0 + HOUR)).change.run.id for _ in range(2)]
        assert order == [second, first]

    async def test_the_log_keeps_the_latest_attempts(self, storage: Storage) -> None:
        await prepare(storage)
        run_id = await ended(storage)
        for n in range(25):
            key = (await one(storage, T0 + n)).key
            await record(storage, key, DeliveryState.PENDING, T0 + n + 1, T0 + n)
        [shown] = await found(storage, run_id=run_id)
        assert (shown.attempts, shown.updated_us) == (25, T0 + 24)
        assert 0 < len(shown.log) <= 25 and shown.log[-1].at_us == T0 + 24

    async def test_the_log_is_searched_newest_first_in_pages(self, storage: Storage) -> None:
        await prepare(storage)
        runs = [await ended(storage) for _ in range(5)]
        assert [each.run_id for each in await found(storage)] == runs[::-1]
        page = await storage.search_deliveries(DeliveryQuery(limit=2, offset=1), scope=EVERYTHING)
        assert ([each.run_id for each in page.items], page.total) == ([runs[3], runs[2]], 5)
        await record(storage, (await one(storage)).key, DeliveryState.REFUSED)
        [refused] = await found(storage, state=DeliveryState.REFUSED)
        assert refused.run_id == runs[0]
        assert len(await found(storage, state=DeliveryState.PENDING)) == 4
        [shown] = await found(storage, thread_id=refused.thread_id)
        assert shown == refused
        assert (shown.url, shown.run_state) == (URL, RunState.SUCCEEDED)

    async def test_a_delivery_outside_the_scope_does_not_exist(self, storage: Storage) -> None:
        await prepare(storage)
        await ended(storage, scope=ALICE)
        [shown] = await found(storage, ALICE)
        assert await found(storage, BOB) == []
        with pytest.raises(DeliveryNotFound):
            await storage.redeliver(shown.id, scope=BOB, now_us=T0)
        await storage.delete_thread(shown.thread_id, scope=ALICE, now_us=T0)
        assert [each.id for each in await found(storage, ALICE)] == [shown.id]
        assert (await storage.redeliver(shown.id, scope=ALICE, now_us=T0)).id == shown.id

    async def test_an_ended_one_can_be_delivered_again(self, storage: Storage) -> None:
        await prepare(storage)
        await ended(storage)
        first = await one(storage)
        await record(storage, first.key, DeliveryState.DELIVERED)
        again = await storage.redeliver(first.key.id, scope=EVERYTHING, now_us=T0 + HOUR)
        assert (again.state, again.due_us) == (DeliveryState.PENDING, T0 + HOUR)
        claimed = await one(storage, T0 + HOUR)
        assert (claimed.key.id, claimed.since_us) == (first.key.id, T0 + HOUR)
        assert claimed.change == first.change

    async def test_one_that_waits_can_be_delivered_at_once(self, storage: Storage) -> None:
        await prepare(storage)
        await ended(storage)
        first = await one(storage)
        await record(storage, first.key, DeliveryState.PENDING, T0 + HOUR)
        await storage.redeliver(first.key.id, scope=EVERYTHING, now_us=T0 + SECOND)
        assert (await one(storage, T0 + SECOND)).key.id == first.key.id

    async def test_one_that_is_under_way_is_taken_from_its_attempt(self, storage: Storage) -> None:
        await prepare(storage)
        await ended(storage)
        first = await one(storage)
        await storage.redeliver(first.key.id, scope=EVERYTHING, now_us=T0 + SECOND)
        with pytest.raises(LeaseLost):
            await record(storage, first.key, DeliveryState.DELIVERED)

    async def test_one_delivered_again_keeps_its_place(self, storage: Storage) -> None:
        await prepare(storage)
        await claimed(storage, callback=EVERY)
        first = await one(storage)
        await record(storage, first.key, DeliveryState.DELIVERED)
        await storage.redeliver(first.key.id, scope=EVERYTHING, now_us=T0)
        again = await one(storage)
        assert again.key.id == first.key.id
        assert await claim(storage) is None
        await record(storage, again.key, DeliveryState.DELIVERED)
        assert (await one(storage)).change.run.state is RunState.RUNNING

    async def test_an_unknown_one_is_not_found(self, storage: Storage) -> None:
        with pytest.raises(DeliveryNotFound):
            await storage.redeliver("nothing", scope=EVERYTHING, now_us=T0)

    async def test_the_log_is_trimmed_of_what_has_ended(self, storage: Storage) -> None:
        await prepare(storage)
        for _ in range(3):
            await ended(storage)
        for n in (1, 2):
            key = (await one(storage)).key
            await record(storage, key, DeliveryState.DELIVERED, now_us=T0 + n)
        assert await storage.trim_deliveries(before_us=T0 + 2) == 1
        assert await storage.trim_deliveries(before_us=T0 + HOUR) == 1
        assert await storage.trim_deliveries(before_us=T0 + HOUR) == 0
        assert [each.state for each in await found(storage)] == [DeliveryState.PENDING]

    @pytest.mark.parametrize("whole_thread", [True, False])
    async def test_the_log_of_what_is_deleted_goes_but_what_is_pending_is_told(
        self, storage: Storage, whole_thread: bool
    ) -> None:
        await prepare(storage)
        claim = await claimed(storage, callback=EVERY)
        await record(storage, (await one(storage)).key, DeliveryState.DELIVERED)
        if whole_thread:
            await storage.delete_thread(claim.run.thread_id, scope=EVERYTHING, now_us=T0)
        else:
            await storage.delete_run(claim.run.thread_id, claim.run.id, scope=EVERYTHING, now_us=T0)
        states = [each.run_state for each in await found(storage)]
        assert states == [RunState.CANCELLED, RunState.RUNNING]

    async def test_whoever_listens_is_told_of_what_was_written(self, storage: Storage) -> None:
        await prepare(storage)
        loop, news = asyncio.get_running_loop(), asyncio.Event()
        storage.on_delivery(lambda: loop.call_soon_threadsafe(news.set))
        await admit(storage, None)
        await ended(storage)
        await asyncio.wait_for(news.wait(), 5)
        news.clear()
        [shown] = await found(storage)
        await storage.redeliver(shown.id, scope=EVERYTHING, now_us=T0)
        await asyncio.wait_for(news.wait(), 5)
        storage.on_delivery(None)
