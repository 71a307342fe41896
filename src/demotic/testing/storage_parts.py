"""The contract of the storage port: changes that are stored whole, copies made in parts."""

import asyncio
from contextlib import suppress

import pytest

from demotic.domain.errors import LeaseLost, ThreadExists, ThreadNotFound
from demotic.domain.ids import uuid7
from demotic.domain.lifecycle import ThreadState
from demotic.domain.model import EVERYTHING
from demotic.domain.runs import CancelAction, LeaseKey
from demotic.domain.threads import NewThread, Thread, ThreadQuery
from demotic.ports.checkpoints import Change, Checkpoints, MissingValues, Put, PutWrites
from demotic.ports.storage import Storage
from demotic.testing.checkpoint_builders import checkpoint, head, leaf, write
from demotic.testing.storage_builders import (
    AGENT,
    ALICE,
    DONE,
    T0,
    claimed,
    make_thread,
    prepare,
)
from demotic.testing.storage_upkeep import HOUR, LEFT, SHORT, fill, hold, shown


class PartsContract:
    """What the port says about changes that are stored whole."""

    async def test_the_parts_of_a_change_are_stored_with_its_end(
        self, storage: Storage, checkpoints: Checkpoints
    ) -> None:
        thread_id = await make_thread(storage)
        key = await hold(storage, thread_id)
        digest, data = leaf("a")
        parts: list[Change] = [
            Put(checkpoint("c1", roots=[digest]), {digest: data}),
            PutWrites("", "c1", [write("t", 0, roots=[digest])], {}),
            Put(checkpoint("c2", "c1"), {}),
        ]
        await storage.end_write(key, LEFT, parts=parts, now_us=T0)
        assert await head(checkpoints, thread_id=thread_id) == "c2"
        first = await checkpoints.get(thread_id, "", "c1")
        assert first is not None and (first.run_id, len(first.writes)) == (key.run_id, 1)
        assert (await shown(storage, thread_id)).values == LEFT.values

    async def test_a_change_is_stored_whole_or_not_at_all(
        self, storage: Storage, checkpoints: Checkpoints
    ) -> None:
        thread_id = await make_thread(storage)
        before = await shown(storage, thread_id)
        key = await hold(storage, thread_id)
        lost = checkpoint("c2", roots=[leaf("nowhere")[0]])
        with pytest.raises(MissingValues):
            await storage.end_write(
                key, LEFT, parts=[Put(checkpoint("c1"), {}), Put(lost, {})], now_us=T0
            )
        assert await head(checkpoints, thread_id=thread_id) is None
        await storage.end_write(key, None, now_us=T0)
        assert await shown(storage, thread_id) == before
        with pytest.raises(LeaseLost):
            await storage.end_write(key, LEFT, parts=[Put(checkpoint("c1"), {})], now_us=T0)
        assert await head(checkpoints, thread_id=thread_id) is None

    async def test_a_thread_is_created_with_its_state_or_not_at_all(
        self, storage: Storage, checkpoints: Checkpoints
    ) -> None:
        await prepare(storage)
        new = NewThread(id=uuid7(T0), metadata={"a": 1}, lifetime=SHORT)
        lost = Put(checkpoint("c2", roots=[leaf("nowhere")[0]]), {})

        async def create(*parts: Put) -> Thread:
            return await storage.create_with_state(new, AGENT, LEFT, parts, scope=ALICE, now_us=T0)

        with pytest.raises(MissingValues):
            await create(Put(checkpoint("c1"), {}), lost)
        with pytest.raises(ThreadNotFound):
            await shown(storage, new.id)
        made = await create(Put(checkpoint("c1"), {}))
        assert (made.state, made.values, made.agent) == (
            ThreadState.INTERRUPTED,
            LEFT.values,
            AGENT,
        )
        assert made.metadata == {"a": 1, "owner": "alice"}
        assert (made.lifetime, made.expires_us) == (SHORT, T0 + HOUR)
        assert await head(checkpoints, thread_id=new.id) == "c1"
        with pytest.raises(ThreadExists):
            await create()
        claim = await claimed(storage, new.id)
        assert claim.head == "c1"


class CopyContract:
    """What the port says about copies of threads that change meanwhile."""

    @pytest.mark.parametrize("what", ["delete", "prune", "rollback", "grow"])
    async def test_a_copy_is_of_the_source_as_it_was(
        self, storage: Storage, checkpoints: Checkpoints, what: str
    ) -> None:
        await prepare(storage)
        claim = await claimed(storage)
        source, target = claim.key.thread_id, uuid7(T0)
        leaves = [leaf(f"{n}" * 5_000) for n in range(40)]
        parent = None
        for n, (digest, data) in enumerate(leaves):
            stored = checkpoint(f"c{n:03}", parent, roots=[digest])
            await checkpoints.put(claim.key, source, stored, {digest: data})
            await checkpoints.put_writes(claim.key, source, "", stored.id, [write("t", n)], {})
            parent = stored.id
        copying = asyncio.create_task(
            storage.copy_thread(source, target, scope=EVERYTHING, now_us=T0)
        )
        await asyncio.sleep(0)  # it has begun
        with suppress(ThreadNotFound):  # unless it is whole by now
            await shown(storage, target)
            assert len(await checkpoints.list(target, "")) == len(leaves)
        await meanwhile(storage, checkpoints, claim.key, what)
        copy = await copying
        assert copy.id == target and copy.state is ThreadState.IDLE
        copied = [stored for _, stored in await checkpoints.list(target, "")]
        assert [each.id for each in copied] == [f"c{n:03}" for n in range(40)][::-1]
        assert all(each.values[each.roots[0]] and len(each.writes) == 1 for each in copied)
        assert await head(checkpoints, thread_id=target) == "c039"

    async def test_nobody_sees_a_copy_that_a_dying_process_left_behind(
        self, storage: Storage, checkpoints: Checkpoints
    ) -> None:
        source, target = await make_thread(storage), uuid7(T0)
        await fill(checkpoints, source, "c1", None)
        copying = asyncio.create_task(
            storage.copy_thread(source, target, scope=EVERYTHING, now_us=T0)
        )
        await asyncio.sleep(0)
        copying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await copying
        await storage.rescue_runs(now_us=T0, worker="another")
        with pytest.raises(ThreadNotFound):
            await shown(storage, target)
        assert await head(checkpoints, thread_id=target) is None
        assert (await storage.search_threads(ThreadQuery(), scope=EVERYTHING)).total == 1


async def meanwhile(storage: Storage, checkpoints: Checkpoints, key: LeaseKey, what: str) -> None:
    """Change the thread of a run at work."""
    if what == "grow":
        await checkpoints.put(key, key.thread_id, checkpoint("c040", "c039"), {})
    elif what == "delete":
        await storage.delete_thread(key.thread_id, scope=EVERYTHING, now_us=T0)
    elif what == "prune":
        await checkpoints.prune([key.thread_id], keep_latest=True)
    else:
        action = CancelAction.ROLLBACK
        await storage.request_cancel(key.thread_id, key.run_id, action, scope=EVERYTHING, now_us=T0)
        await storage.finish_run(key, DONE, [], now_us=T0)
