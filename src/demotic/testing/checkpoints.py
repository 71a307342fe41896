"""The contract of the checkpoint port, as tests for every store.

A subclass provides the fixture `checkpoints`: an empty store. A store that fences its writes is
tested with `FencedCheckpointsContract`, whose subclass also says how a run gets its lease.
"""

from dataclasses import replace

import pytest

from demotic.domain.errors import Conflict, LeaseLost
from demotic.domain.runs import LeaseKey
from demotic.ports.checkpoints import Checkpoints, MissingValues
from demotic.testing.checkpoint_builders import (
    OTHER,
    THREAD,
    branch,
    checkpoint,
    head,
    ids,
    leaf,
    put,
    write,
    write_data,
)

HOSTILE = ("' OR 1=1 --", '"', "$.a", "a.b", "[0]", "x') UNION SELECT 1 --", "\u0000", "a[*]")


class CheckpointsContract:
    """What every store of checkpoints does."""

    async def hold_lease(self, run_id: str, epoch: int) -> None:
        """Make the run the one that runs on `THREAD`, under the epoch, if the store knows runs."""

    # -- put and get

    async def test_a_checkpoint_comes_back_as_it_was_put(self, checkpoints: Checkpoints) -> None:
        digest, data = leaf("a")
        new = checkpoint(
            "c1",
            "c0",
            ns="sub:1",
            roots=[digest],
            metadata=b'{"step":1}',
            inherited=["messages"],
            run_id="run-1",
        )
        await put(checkpoints, new, values={digest: data})
        found = await checkpoints.get(THREAD, "sub:1", "c1")
        assert found is not None
        assert (found.ns, found.id, found.parent_id, found.body) == ("sub:1", "c1", "c0", new.body)
        assert list(found.roots) == [digest]
        assert found.metadata == b'{"step":1}'
        assert list(found.inherited) == ["messages"]
        assert found.run_id == "run-1"
        assert list(found.writes) == []
        assert found.values[digest] == data

    async def test_a_reply_can_be_awaited_or_blocked_for(self, checkpoints: Checkpoints) -> None:
        checkpoints.put(None, THREAD, checkpoint("c1"), {}).result()
        found = checkpoints.get(THREAD, "", "c1").result()
        assert found is not None and found.id == "c1"

    async def test_what_does_not_exist_is_none(self, checkpoints: Checkpoints) -> None:
        await put(checkpoints, checkpoint("c1"))
        assert await checkpoints.get(THREAD, "", "c2") is None
        assert await checkpoints.get(THREAD, "sub", "c1") is None
        assert await checkpoints.get(THREAD, "sub", None) is None
        assert await checkpoints.get(OTHER, "", "c1") is None

    async def test_the_head_is_what_was_put_last_whatever_its_id(
        self, checkpoints: Checkpoints
    ) -> None:
        await put(checkpoints, checkpoint("c9"), checkpoint("c1", "c9"), checkpoint("x", ns="sub"))
        assert await head(checkpoints) == "c1"
        assert await ids(checkpoints, "") == ["c1", "c9"]

    async def test_a_checkpoint_put_again_keeps_its_place_and_becomes_the_head(
        self, checkpoints: Checkpoints
    ) -> None:
        await put(checkpoints, checkpoint("c1"), checkpoint("c2", "c1", run_id="run-1"))
        await put(checkpoints, checkpoint("c3", "c2"))
        again = checkpoint("c2", "c2", metadata=b'{"again":true}', run_id="run-2")
        await put(checkpoints, again)
        found = await checkpoints.get(THREAD, "", None)
        assert found is not None
        assert (found.id, found.parent_id, found.run_id) == ("c2", "c1", "run-1")
        assert found.metadata == b'{"again":true}'
        assert await ids(checkpoints, "") == ["c3", "c2", "c1"]

    async def test_a_checkpoint_is_never_its_own_parent(self, checkpoints: Checkpoints) -> None:
        await put(checkpoints, checkpoint("c1", "c1"))
        found = await checkpoints.get(THREAD, "", "c1")
        assert found is not None and found.parent_id is None

    # -- values

    async def test_values_are_followed_through_branches(self, checkpoints: Checkpoints) -> None:
        leaves = [leaf(str(n)) for n in range(5)]
        low = branch(*(digest for digest, _ in leaves[:3]))
        top = branch(low[0], leaves[3][0])
        values = dict([*leaves, low, top])
        await checkpoints.put(None, THREAD, checkpoint("c1", roots=[top[0]]), values)
        await checkpoints.put_writes(
            None, THREAD, "", "c1", [write("t", 0, roots=[leaves[4][0]])], {}
        )
        found = await checkpoints.get(THREAD, "", "c1")
        assert found is not None
        assert values.items() <= found.values.items()

    async def test_values_the_thread_holds_need_not_be_sent_again(
        self, checkpoints: Checkpoints
    ) -> None:
        first, second = leaf("a"), leaf("b")
        await put(checkpoints, checkpoint("c1", roots=[first[0]]), values=dict([first]))
        both = branch(first[0], second[0])
        new = checkpoint("c2", "c1", roots=[both[0]])
        await put(checkpoints, new, values=dict([second, both]))
        found = await checkpoints.get(THREAD, "", "c2")
        assert found is not None and found.values[first[0]] == first[1]

    async def test_missing_values_are_refused_and_nothing_is_written(
        self, checkpoints: Checkpoints
    ) -> None:
        absent, present = leaf("absent"), leaf("present")
        parent = branch(absent[0])
        await put(checkpoints, checkpoint("c1"))
        with pytest.raises(MissingValues):
            await put(checkpoints, checkpoint("c2", roots=[absent[0]]), values=dict([present]))
        with pytest.raises(MissingValues):
            await put(checkpoints, checkpoint("c2", roots=[parent[0]]), values=dict([parent]))
        with pytest.raises(MissingValues):
            await checkpoints.put_writes(
                None, THREAD, "", "c1", [write("t", 0), write("t", 1, roots=[absent[0]])], {}
            )
        with pytest.raises(MissingValues):  # nothing of the refused put was kept
            await put(checkpoints, checkpoint("c2", roots=[present[0]]))
        assert await ids(checkpoints) == ["c1"]
        assert await write_data(checkpoints, "c1") == []

    async def test_values_belong_to_one_thread(self, checkpoints: Checkpoints) -> None:
        digest, data = leaf("a")
        await put(checkpoints, checkpoint("c1", roots=[digest]), values={digest: data})
        with pytest.raises(MissingValues):
            await checkpoints.put(None, OTHER, checkpoint("c1", roots=[digest]), {})

    # -- writes

    async def test_writes_are_read_in_task_path_order(self, checkpoints: Checkpoints) -> None:
        await put(checkpoints, checkpoint("c1"))
        for item in (
            write("t1", 0, b"5", task_path="~b"),
            write("t3", 1, b"4", task_path="~a"),
            write("t3", 0, b"3", task_path="~a"),
            write("t2", 0, b"2", task_path="~a"),
            write("t4", 0, b"1", task_path=""),
        ):
            await checkpoints.put_writes(None, THREAD, "", "c1", [item], {})
        assert await write_data(checkpoints, "c1") == [b"1", b"2", b"3", b"4", b"5"]

    async def test_writes_may_come_before_their_checkpoint(self, checkpoints: Checkpoints) -> None:
        await checkpoints.put_writes(None, THREAD, "", "c1", [write("t", 0)], {})
        await put(checkpoints, checkpoint("c1"))
        assert await write_data(checkpoints, "c1") == [b"data"]

    async def test_the_first_write_of_a_slot_stays(self, checkpoints: Checkpoints) -> None:
        await put(checkpoints, checkpoint("c1"))
        for data in (b"first", b"second"):
            await checkpoints.put_writes(None, THREAD, "", "c1", [write("t", 0, data)], {})
        assert await write_data(checkpoints, "c1") == [b"first"]

    async def test_the_last_write_of_a_special_slot_wins(self, checkpoints: Checkpoints) -> None:
        await put(checkpoints, checkpoint("c1"))
        for data in (b"first", b"second"):
            await checkpoints.put_writes(None, THREAD, "", "c1", [write("t", -4, data)], {})
        assert await write_data(checkpoints, "c1") == [b"second"]

    async def test_between_runs_the_lowest_epoch_wins_and_in_special_slots_the_highest(
        self, checkpoints: Checkpoints
    ) -> None:
        await put(checkpoints, checkpoint("c1"))
        await self.put_writes_of_run(checkpoints, "run-2", 2)
        await self.put_writes_of_run(checkpoints, "run-1", 1)
        assert await write_data(checkpoints, "c1") == [b"-4 of run-2", b"0 of run-1"]

    async def put_writes_of_run(self, checkpoints: Checkpoints, run_id: str, epoch: int) -> None:
        """Write slots 0 and -4 of one task as a run under an epoch."""
        data = [write("t", idx, f"{idx} of {run_id}".encode()) for idx in (0, -4)]
        await self.hold_lease(run_id, epoch)
        key = LeaseKey(THREAD, run_id, epoch)
        await checkpoints.put_writes(key, THREAD, "", "c1", data, {})

    async def test_another_runs_resume_value_is_not_overwritten(
        self, checkpoints: Checkpoints
    ) -> None:
        await put(checkpoints, checkpoint("c1"))
        await self.put_writes_of_run(checkpoints, "run-1", 1)
        await self.put_writes_of_run(checkpoints, "run-2", 2)
        await checkpoints.delete_runs(["run-2"])
        assert await write_data(checkpoints, "c1") == [b"-4 of run-1", b"0 of run-1"]

    # -- list

    async def test_a_listing_is_newest_first_across_namespaces(
        self, checkpoints: Checkpoints
    ) -> None:
        await put(checkpoints, checkpoint("b"), checkpoint("a", ns="sub"), checkpoint("c"))
        assert await ids(checkpoints) == ["c", "a", "b"]
        assert await ids(checkpoints, "") == ["c", "b"]
        assert await ids(checkpoints, "sub") == ["a"]
        assert await ids(checkpoints, thread_id=OTHER) == []

    async def test_a_listing_has_of_each_checkpoint_what_reading_it_alone_has(
        self, checkpoints: Checkpoints
    ) -> None:
        nodes = [leaf(text) for text in "abcd"]
        for n, (digest, data) in enumerate(nodes):
            for ns in ("", "sub"):
                item = checkpoint(f"{n}", ns=ns, roots=[digest], metadata=b'{"n":%d}' % n)
                await put(checkpoints, item, values={digest: data})
            writes = [write("t2", n), write("t1", -n, roots=[digest]), write("t1", n + 9)]
            await checkpoints.put_writes(None, THREAD, "", f"{n}", writes[n % 2 :], {})
        for _, listed in await checkpoints.list(THREAD, None):
            alone = await checkpoints.get(THREAD, listed.ns, listed.id)
            assert alone is not None
            assert replace(listed, values={}) == replace(alone, values={})
            assert alone.values.items() <= listed.values.items()

    async def test_a_listing_over_all_threads_names_them(self, checkpoints: Checkpoints) -> None:
        await put(checkpoints, checkpoint("c1"))
        await checkpoints.put(None, OTHER, checkpoint("c2"), {})
        found = await checkpoints.list(None, None)
        assert {(thread_id, stored.id) for thread_id, stored in found} == {
            (THREAD, "c1"),
            (OTHER, "c2"),
        }
        assert len(await checkpoints.list(None, None, limit=1)) == 1

    async def test_before_follows_the_order_of_puts_also_across_namespaces(
        self, checkpoints: Checkpoints
    ) -> None:
        await put(checkpoints, checkpoint("c9"), checkpoint("s5", ns="sub"), checkpoint("c1"))
        await put(checkpoints, checkpoint("s1", ns="sub"), checkpoint("c5"))

        async def before(ns: str | None, checkpoint_id: str) -> list[str]:
            found = await checkpoints.list(THREAD, ns, before=checkpoint_id)
            return [stored.id for _, stored in found]

        assert await before("", "c5") == ["c1", "c9"]
        assert await before("", "c9") == []
        assert await before("sub", "c1") == ["s5"]
        assert await before(None, "s1") == ["c1", "s5", "c9"]
        assert await before("", "unknown") == []

    async def test_an_id_used_in_two_namespaces_means_the_listed_one(
        self, checkpoints: Checkpoints
    ) -> None:
        await put(checkpoints, checkpoint("same"), checkpoint("s1", ns="sub"))
        await put(checkpoints, checkpoint("same", ns="sub"))
        found = await checkpoints.list(THREAD, "sub", before="same")
        assert [stored.id for _, stored in found] == ["s1"]

    async def test_limit_and_id_and_metadata_narrow_a_listing(
        self, checkpoints: Checkpoints
    ) -> None:
        for n in range(6):
            metadata = b'{"step":%d,"source":"%s","parents":{}}' % (n, b"ab"[n % 2 : n % 2 + 1])
            await put(checkpoints, checkpoint(f"c{n}", metadata=metadata))

        async def found(**narrow: object) -> list[str]:
            rows = await checkpoints.list(THREAD, "", **narrow)  # type: ignore[arg-type]  # fixed
            return [stored.id for _, stored in rows]

        assert await found(limit=2) == ["c5", "c4"]
        assert await found(limit=0) == []
        assert await found(checkpoint_id="c3") == ["c3"]
        assert await found(checkpoint_id="c3", before="c3") == []
        assert await found(metadata={"source": "a"}, limit=2) == ["c4", "c2"]
        assert await found(metadata={"source": "a", "step": 2}) == ["c2"]
        assert await found(metadata={"parents": {}}, limit=1) == ["c5"]
        assert await found(metadata={"parents": {"a": 1}}) == []
        assert await found(metadata={"absent": None}) == []

    async def test_hostile_filters_match_nothing_but_themselves(
        self, checkpoints: Checkpoints
    ) -> None:
        await put(checkpoints, checkpoint("c1", metadata=b'{"a":{"b":1}}'))
        for key in HOSTILE:
            assert await checkpoints.list(THREAD, None, metadata={key: 1}) == []
            assert await checkpoints.list(THREAD, None, metadata={"a": key}) == []
        await put(checkpoints, checkpoint("c2", metadata=b'{"a.b":"\' OR 1=1 --"}'))
        found = await checkpoints.list(THREAD, None, metadata={"a.b": "' OR 1=1 --"})
        assert [stored.id for _, stored in found] == ["c2"]

    # -- deletion

    async def test_deleting_a_thread_leaves_the_others(self, checkpoints: Checkpoints) -> None:
        digest, data = leaf("a")
        for thread_id in (THREAD, OTHER):
            stored = checkpoint("c1", roots=[digest])
            await checkpoints.put(None, thread_id, stored, {digest: data})
            await checkpoints.put_writes(None, thread_id, "", "c1", [write("t", 0)], {})
        await checkpoints.delete_thread(THREAD)
        assert await ids(checkpoints) == []
        assert await head(checkpoints) is None
        left = await checkpoints.get(OTHER, "", None)
        assert left is not None and left.values[digest] == data and len(left.writes) == 1
        await put(checkpoints, checkpoint("c1"))
        assert await write_data(checkpoints, "c1") == []

    async def test_deleting_runs_restores_the_heads(self, checkpoints: Checkpoints) -> None:
        await put(checkpoints, checkpoint("c9", run_id="run-1"))
        await put(checkpoints, checkpoint("c8", "c9", run_id="run-1"))
        await put(checkpoints, checkpoint("c1", "c8", run_id="run-2"))
        await put(checkpoints, checkpoint("s1", ns="sub", run_id="run-2"))
        await checkpoints.delete_runs(["run-2", "unknown"])
        assert await ids(checkpoints) == ["c8", "c9"]
        assert await head(checkpoints) == "c8"
        assert await head(checkpoints, "sub") is None
        await put(checkpoints, checkpoint("c2", "c8"))
        assert await ids(checkpoints) == ["c2", "c8", "c9"]

    async def test_deleting_runs_takes_writes_of_any_run_on_what_is_deleted(
        self, checkpoints: Checkpoints
    ) -> None:
        await put(checkpoints, checkpoint("c1", run_id="run-1"))
        await checkpoints.put_writes(None, THREAD, "", "c1", [write("t", 0)], {})
        await checkpoints.delete_runs(["run-1"])
        await put(checkpoints, checkpoint("c1"))
        assert await write_data(checkpoints, "c1") == []

    async def test_what_a_remaining_checkpoint_inherits_from_outlives_its_run(
        self, checkpoints: Checkpoints
    ) -> None:
        await put(checkpoints, checkpoint("a1", run_id="run-1"))
        own = write("t", 0, b"by run-2", run_id="run-2")
        await checkpoints.put_writes(None, THREAD, "", "a1", [own], {})
        for stored in (
            checkpoint("b1", "a1", inherited=["m"], run_id="run-2"),
            checkpoint("b2", "b1", run_id="run-2"),
            checkpoint("c1", "b1", inherited=["m"], run_id="run-3"),
        ):
            await put(checkpoints, stored)
        await checkpoints.delete_runs(["run-2"])
        assert await ids(checkpoints) == ["c1", "b1", "a1"]
        assert await write_data(checkpoints, "a1") == [b"by run-2"]

    async def test_pruning_keeps_the_heads_and_their_writes(self, checkpoints: Checkpoints) -> None:
        kept, gone = leaf("kept"), leaf("gone")
        await put(checkpoints, checkpoint("c9", roots=[gone[0]]), values=dict([gone, kept]))
        await put(checkpoints, checkpoint("c1", "c9", roots=[kept[0]]))
        await put(checkpoints, checkpoint("s9", ns="sub"), checkpoint("s1", "s9", ns="sub"))
        await checkpoints.put_writes(None, THREAD, "", "c1", [write("t", 0)], {})
        await checkpoints.prune([THREAD, "unknown"], keep_latest=True)
        assert await ids(checkpoints) == ["s1", "c1"]
        found = await checkpoints.get(THREAD, "", None)
        assert found is not None and found.values[kept[0]] == kept[1] and len(found.writes) == 1

    async def test_pruning_keeps_what_a_head_inherits_from_part_by_part(
        self, checkpoints: Checkpoints
    ) -> None:
        await put(checkpoints, checkpoint("c1"))
        await put(checkpoints, checkpoint("c2", "c1", inherited=["b"]))  # snapshot of a
        await put(checkpoints, checkpoint("c3", "c2", inherited=["a"]))  # snapshot of b
        await put(checkpoints, checkpoint("c4", "c3", inherited=["a", "b"]))
        await put(checkpoints, checkpoint("c5", "c4", inherited=["a", "b"]))
        await checkpoints.prune([THREAD], keep_latest=True)
        assert await ids(checkpoints) == ["c5", "c4", "c3", "c2"]

    async def test_pruning_all_leaves_nothing(self, checkpoints: Checkpoints) -> None:
        await put(checkpoints, checkpoint("c1"))
        await checkpoints.put(None, OTHER, checkpoint("c1"), {})
        await checkpoints.prune([THREAD], keep_latest=False)
        assert await ids(checkpoints) == []
        assert await ids(checkpoints, thread_id=OTHER) == ["c1"]

    # -- copy

    async def test_a_copy_has_everything_and_is_independent(self, checkpoints: Checkpoints) -> None:
        digest, data = leaf("a")
        stored = checkpoint("c9", roots=[digest], run_id="run-1")
        await put(checkpoints, stored, values={digest: data})
        await put(checkpoints, checkpoint("c1", "c9", run_id="run-1"), checkpoint("s", ns="sub"))
        await self.put_writes_of_run(checkpoints, "run-1", 7)
        await checkpoints.copy_thread(THREAD, OTHER)
        await checkpoints.delete_runs(["run-1"])
        await checkpoints.delete_thread(THREAD)
        assert await ids(checkpoints, thread_id=OTHER) == ["s", "c1", "c9"]
        assert await head(checkpoints, thread_id=OTHER) == "c1"
        found = await checkpoints.get(OTHER, "", "c9")
        assert found is not None and found.values[digest] == data
        latest = await checkpoints.get(OTHER, "", None)
        assert latest is not None
        assert [item.data for item in latest.writes] == [b"-4 of run-1", b"0 of run-1"]

    async def test_a_thread_is_only_copied_to_an_empty_one(self, checkpoints: Checkpoints) -> None:
        await put(checkpoints, checkpoint("c1"))
        await checkpoints.put(None, OTHER, checkpoint("c1"), {})
        with pytest.raises(Conflict):
            await checkpoints.copy_thread(THREAD, OTHER)
        await checkpoints.copy_thread("unknown", "empty")
        assert await ids(checkpoints, thread_id="empty") == []


class FencedCheckpointsContract(CheckpointsContract):
    """What a store does that several attempts may write to; a subclass defines `hold_lease`."""

    async def test_the_holder_of_the_lease_writes_in_its_runs_name(
        self, checkpoints: Checkpoints
    ) -> None:
        await self.hold_lease("run-1", 7)
        key = LeaseKey(THREAD, "run-1", 7)
        digest, data = leaf("a")
        stored = checkpoint("c1", roots=[digest], run_id="made up")
        await checkpoints.put(key, THREAD, stored, {digest: data})
        await checkpoints.put_writes(key, THREAD, "", "c1", [write("t", 0, run_id="made up")], {})
        found = await checkpoints.get(THREAD, "", None)
        assert found is not None
        assert (found.run_id, found.writes[0].run_id) == ("run-1", "run-1")

    @pytest.mark.parametrize(
        "key",
        [
            LeaseKey(THREAD, "run-1", 6),
            LeaseKey(THREAD, "run-1", 8),
            LeaseKey(THREAD, "run-2", 7),
            LeaseKey(OTHER, "run-1", 7),
        ],
    )
    async def test_a_stale_key_is_refused_and_nothing_is_written(
        self, checkpoints: Checkpoints, key: LeaseKey
    ) -> None:
        await put(checkpoints, checkpoint("c1"))
        await self.hold_lease("run-1", 7)
        digest, data = leaf("a")
        stored = checkpoint("c2", roots=[digest])
        with pytest.raises(LeaseLost):
            await checkpoints.put(key, THREAD, stored, {digest: data})
        with pytest.raises(LeaseLost):
            await checkpoints.put_writes(
                key, THREAD, "", "c1", [write("t", 0, roots=[digest])], {digest: data}
            )
        assert await ids(checkpoints) == ["c1"]
        assert await head(checkpoints) == "c1"
        assert await write_data(checkpoints, "c1") == []
        with pytest.raises(MissingValues):
            await put(checkpoints, stored)

    async def test_a_key_fences_its_own_thread_only(self, checkpoints: Checkpoints) -> None:
        await self.hold_lease("run-1", 7)
        with pytest.raises(LeaseLost):
            await checkpoints.put(LeaseKey(THREAD, "run-1", 7), OTHER, checkpoint("c1"), {})

    async def test_a_refused_write_harms_none_that_it_was_submitted_with(
        self, checkpoints: Checkpoints
    ) -> None:
        await self.hold_lease("run-1", 7)
        held, stale = LeaseKey(THREAD, "run-1", 7), LeaseKey(THREAD, "run-1", 6)
        replies = [
            checkpoints.put(stale if n % 3 == 1 else held, THREAD, checkpoint(f"c{n}"), {})
            for n in range(9)
        ]
        for n, reply in enumerate(replies):
            if n % 3 == 1:
                with pytest.raises(LeaseLost):
                    await reply
            else:
                await reply
        assert await ids(checkpoints) == ["c8", "c6", "c5", "c3", "c2", "c0"]
