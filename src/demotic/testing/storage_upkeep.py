"""The contract of the storage port: lifetimes, what is taken of threads, sizes, searches."""

import pytest

from demotic.domain.errors import LeaseLost, ThreadBusy, ThreadNotFound
from demotic.domain.ids import uuid7
from demotic.domain.lifecycle import Reason, RunState
from demotic.domain.model import EVERYTHING, Size
from demotic.domain.runs import LeaseKey, Outcome
from demotic.domain.threads import Expired, Lifetime, NewThread, Pruning, Thread
from demotic.ports.checkpoints import Checkpoints, Put
from demotic.ports.storage import Storage
from demotic.testing.checkpoint_builders import branch, checkpoint, head, leaf, write
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
    make_thread,
    prepare,
)

HOUR = 60 * MINUTE
SHORT = Lifetime(HOUR)
KEPT = Lifetime(HOUR, Pruning.KEEP_LATEST)
PAUSED = Outcome(state=RunState.WAITING, reason=Reason.INTERRUPT, values=b"{}", pending=True)
LEFT = Outcome(state=RunState.SUCCEEDED, reason=Reason.COMPLETED, values=b'{"x":2}', pending=True)


async def make_mortal(storage: Storage, lifetime: Lifetime = SHORT) -> str:
    """A thread with a lifetime that began at T0."""
    new = NewThread(id=uuid7(T0), lifetime=lifetime)
    return (await storage.create_thread(new, scope=EVERYTHING, now_us=T0)).id


async def hold(storage: Storage, thread_id: str, now_us: int = T0) -> LeaseKey:
    """Take a thread for a change."""
    return await storage.begin_write(
        thread_id, AGENT, scope=EVERYTHING, claimer=CLAIMER, now_us=now_us
    )


async def shown(storage: Storage, thread_id: str) -> Thread:
    """A thread as it is."""
    return await storage.get_thread(thread_id, scope=EVERYTHING)


async def expired(storage: Storage, now_us: int, limit: int = 10) -> list[str]:
    """The threads whose lifetime is over."""
    found = await storage.expired_threads(now_us=now_us, limit=limit)
    return [each.thread_id for each in found]


class LifetimeContract:
    """What the port says about the lifetimes of threads."""

    async def test_a_lifetime_begins_with_its_thread(self, storage: Storage) -> None:
        thread = await shown(storage, await make_mortal(storage, KEPT))
        assert (thread.lifetime, thread.expires_us) == (KEPT, T0 + HOUR)
        endless = await shown(storage, await make_thread(storage))
        assert (endless.lifetime, endless.expires_us) == (None, None)

    async def test_a_lifetime_is_given_and_begins_anew_later(self, storage: Storage) -> None:
        thread_id = await make_thread(storage)
        for lifetime in (SHORT, KEPT):
            thread = await storage.change_thread(
                thread_id, {}, scope=EVERYTHING, now_us=T0 + MINUTE, lifetime=lifetime
            )
            assert (thread.lifetime, thread.expires_us) == (lifetime, T0 + MINUTE + HOUR)
        same = await storage.change_thread(thread_id, {"a": 1}, scope=EVERYTHING, now_us=T0 + HOUR)
        assert (same.lifetime, same.expires_us) == (KEPT, T0 + MINUTE + HOUR)

    async def test_a_run_starts_the_time_anew_when_it_is_admitted_and_when_it_ends(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        thread_id = await make_mortal(storage)
        claim = await claimed(storage, thread_id, now_us=T0 + MINUTE)
        assert (await shown(storage, thread_id)).expires_us == T0 + MINUTE + HOUR
        await storage.finish_run(claim.key, DONE, [], now_us=T0 + 2 * MINUTE)
        assert (await shown(storage, thread_id)).expires_us == T0 + 2 * MINUTE + HOUR

    async def test_a_change_of_state_starts_the_time_anew(self, storage: Storage) -> None:
        thread_id = await make_mortal(storage)
        await storage.end_write(await hold(storage, thread_id), LEFT, now_us=T0 + MINUTE)
        assert (await shown(storage, thread_id)).expires_us == T0 + MINUTE + HOUR
        parts = [Put(checkpoint("c1"), {})]
        key = await hold(storage, thread_id)
        await storage.end_write(key, None, parts=parts, now_us=T0 + 2 * MINUTE)
        assert (await shown(storage, thread_id)).expires_us == T0 + 2 * MINUTE + HOUR
        await storage.end_write(await hold(storage, thread_id), None, now_us=T0 + 3 * MINUTE)
        assert (await shown(storage, thread_id)).expires_us == T0 + 2 * MINUTE + HOUR

    async def test_a_thread_that_a_run_makes_may_have_one_too(self, storage: Storage) -> None:
        await prepare(storage)
        for admission in (
            await admit(storage, uuid7(T0), lifetime=SHORT, create_thread=True),
            await admit(storage, None, lifetime=SHORT, keep_thread=True),
        ):
            thread = await shown(storage, admission.run.thread_id)
            assert (thread.lifetime, thread.expires_us) == (SHORT, T0 + HOUR)
        temporary = await admit(storage, None, lifetime=SHORT)
        assert (await shown(storage, temporary.run.thread_id)).lifetime is None

    async def test_a_copy_s_lifetime_begins_anew(self, storage: Storage) -> None:
        source, target = await make_mortal(storage, KEPT), uuid7(T0)
        now_us = T0 + MINUTE
        copy = await storage.copy_thread(source, target, scope=EVERYTHING, now_us=now_us)
        assert (copy.lifetime, copy.expires_us) == (KEPT, now_us + HOUR)

    async def test_threads_whose_lifetime_is_over_are_found_the_longest_first(
        self, storage: Storage
    ) -> None:
        late, early = await make_mortal(storage, KEPT), await make_mortal(storage)
        await storage.change_thread(late, {}, scope=EVERYTHING, now_us=T0 + 1, lifetime=KEPT)
        await make_thread(storage)
        assert await expired(storage, T0 + HOUR - 1) == []
        assert await expired(storage, T0 + HOUR) == [early]
        found = await storage.expired_threads(now_us=T0 + HOUR + 1, limit=10)
        assert list(found) == [
            Expired(early, Pruning.DELETE),
            Expired(late, Pruning.KEEP_LATEST),
        ]
        assert await expired(storage, T0 + HOUR + 1, limit=1) == [early]

    async def test_a_busy_thread_has_not_expired(self, storage: Storage) -> None:
        await prepare(storage)
        later = T0 + 10 * HOUR
        running, queued, held = [await make_mortal(storage) for _ in range(3)]
        claim = await claimed(storage, running)
        await admit(storage, queued, delay_s=99 * 3600)
        key = await hold(storage, held)
        assert await expired(storage, later) == []
        await storage.finish_run(claim.key, PAUSED, [], now_us=T0)
        await storage.end_write(key, None, now_us=T0)
        assert sorted(await expired(storage, later)) == sorted([running, held])


class UpkeepContract:
    """What the port says about what is taken of threads."""

    async def test_an_idle_thread_is_deleted_and_a_waiting_run_with_it(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        claim = await claimed(storage)
        thread_id = claim.key.thread_id
        with pytest.raises(ThreadBusy):
            await storage.delete_idle_thread(thread_id, scope=EVERYTHING, now_us=T0)
        await storage.finish_run(claim.key, PAUSED, [], now_us=T0)
        gone = await storage.delete_idle_thread(thread_id, scope=EVERYTHING, now_us=T0)
        assert list(gone) == [claim.run.id]
        with pytest.raises(ThreadNotFound):
            await storage.delete_idle_thread(thread_id, scope=EVERYTHING, now_us=T0)

    async def test_only_the_caller_s_threads_are_deleted(self, storage: Storage) -> None:
        thread_id = await make_thread(storage, ALICE)
        with pytest.raises(ThreadNotFound):
            await storage.delete_idle_thread(thread_id, scope=BOB, now_us=T0)
        with pytest.raises(ThreadNotFound):
            await storage.measure_thread(thread_id, scope=BOB)

    async def test_a_thread_that_lives_again_is_not_deleted_as_expired(
        self, storage: Storage
    ) -> None:
        thread_id, later = await make_mortal(storage), T0 + HOUR
        for length in (2 * HOUR, HOUR):
            await storage.change_thread(
                thread_id, {}, scope=EVERYTHING, now_us=T0, lifetime=Lifetime(length)
            )
            deleting = storage.delete_idle_thread(
                thread_id, scope=EVERYTHING, now_us=later, expired=True
            )
            if length > HOUR:
                with pytest.raises(ThreadNotFound):
                    await deleting
            else:
                assert list(await deleting) == []

    async def test_pruning_leaves_the_latest_state_and_what_it_needs(
        self, storage: Storage, checkpoints: Checkpoints
    ) -> None:
        thread_id = await make_thread(storage)
        leaves = [leaf(str(n)) for n in range(3)]
        roots = [branch(leaves[0][0], leaves[1][0]), branch(leaves[1][0], leaves[2][0])]
        await fill(checkpoints, thread_id, "old", None, roots[0], *leaves)
        await fill(checkpoints, thread_id, "base", "old", roots[0], *leaves)
        delta = checkpoint("new", "base", roots=[roots[1][0]], inherited=["delta"])
        await checkpoints.put(None, thread_id, delta, dict(roots))
        await checkpoints.put_writes(None, thread_id, "", "old", [write("t", 0)], {})
        before = await storage.get_thread(thread_id, scope=EVERYTHING)
        key = await hold(storage, thread_id)
        await storage.prune_state(key, now_us=T0)
        await storage.end_write(key, None, now_us=T0)
        kept = [stored.id for _, stored in await checkpoints.list(thread_id, "")]
        assert kept == ["new", "base"]
        assert await storage.get_thread(thread_id, scope=EVERYTHING) == before
        size = await storage.measure_thread(thread_id, scope=EVERYTHING)
        assert (size.checkpoints.count, size.values.count, size.writes.count) == (2, 5, 0)
        key = await hold(storage, thread_id)
        await storage.prune_state(key, now_us=T0)  # nothing is left to take
        await storage.end_write(key, None, now_us=T0)
        latest = await checkpoints.get(thread_id, "", None)
        assert latest is not None and leaves[2][0] in latest.values

    async def test_pruning_is_fenced(self, storage: Storage, checkpoints: Checkpoints) -> None:
        thread_id = await make_thread(storage)
        await fill(checkpoints, thread_id, "c1", None)
        await fill(checkpoints, thread_id, "c2", "c1")
        key = await hold(storage, thread_id)
        await storage.end_write(key, None, now_us=T0)
        with pytest.raises(LeaseLost):
            await storage.prune_state(key, now_us=T0)
        assert len(await checkpoints.list(thread_id, "")) == 2

    async def test_a_lifetime_that_is_over_ends_once(
        self, storage: Storage, checkpoints: Checkpoints
    ) -> None:
        await prepare(storage)
        thread_id, later = await make_mortal(storage, KEPT), T0 + HOUR
        await fill(checkpoints, thread_id, "c1", None)
        await fill(checkpoints, thread_id, "c2", "c1")
        key = await hold(storage, thread_id)
        with pytest.raises(ThreadNotFound):
            await storage.prune_state(key, now_us=later - 1, expired=True)
        await storage.prune_state(key, now_us=later, expired=True)
        await storage.end_write(key, None, now_us=later)
        assert await head(checkpoints, thread_id=thread_id) == "c2"
        assert len(await checkpoints.list(thread_id, "")) == 1
        thread = await shown(storage, thread_id)
        assert (thread.lifetime, thread.expires_us) == (KEPT, None)
        assert await expired(storage, later) == []
        claim = await claimed(storage, thread_id, now_us=later)
        await storage.finish_run(claim.key, DONE, [], now_us=later)
        assert (await shown(storage, thread_id)).expires_us == later + HOUR

    async def test_a_thread_is_measured(self, storage: Storage, checkpoints: Checkpoints) -> None:
        await prepare(storage)
        empty = await storage.measure_thread(await make_thread(storage), scope=EVERYTHING)
        nothing = Size(0, 0)
        assert (empty.checkpoints, empty.values, empty.events) == (nothing, nothing, nothing)
        claim = await claimed(storage)
        thread_id = claim.key.thread_id
        data = b"\x00" + b"v" * 10_000
        stored = checkpoint("c1", roots=[b"d" * 16])
        await checkpoints.put(claim.key, thread_id, stored, {b"d" * 16: data})
        await checkpoints.put_writes(claim.key, thread_id, "", "c1", [write("t", 0, b"w" * 99)], {})
        await storage.finish_run(claim.key, DONE, [], now_us=T0)
        size = await storage.measure_thread(thread_id, scope=EVERYTHING)
        counts = (size.checkpoints.count, size.values.count, size.writes.count, size.runs.count)
        assert counts == (1, 1, 1, 1)
        assert size.values.size == len(data) + 16
        assert 99 < size.writes.size < 300 and 0 < size.checkpoints.size < 300
        assert size.runs.size > 0 and size.documents.count == 1
        with pytest.raises(ThreadNotFound):
            await storage.measure_thread(uuid7(T0), scope=EVERYTHING)

    async def test_what_is_held_is_not_measured_as_a_run(self, storage: Storage) -> None:
        thread_id = await make_thread(storage)
        await hold(storage, thread_id)
        size = await storage.measure_thread(thread_id, scope=EVERYTHING)
        assert size.runs == Size(0, 0)


async def fill(
    checkpoints: Checkpoints,
    thread_id: str,
    id: str,
    parent_id: str | None,
    root: tuple[bytes, bytes] | None = None,
    *values: tuple[bytes, bytes],
) -> None:
    """Put a checkpoint that refers to a value and those below it."""
    stored = checkpoint(id, parent_id, roots=[root[0]] if root else [])
    await checkpoints.put(None, thread_id, stored, dict([root, *values] if root else []))
