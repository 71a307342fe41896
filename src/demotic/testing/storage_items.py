"""What the storage port says about items."""

import json
from array import array
from collections.abc import Sequence
from typing import Any

import pytest

from demotic.domain.errors import NamespaceRefused
from demotic.domain.items import Item, ItemIndex, ItemQuery, NamespaceQuery
from demotic.domain.model import EVERYTHING, Json, Namespace, Principal, Scope
from demotic.ports.items import ItemStorage, ItemWrite, Vector
from demotic.testing.storage_builders import ALICE, MINUTE, SECOND, T0

HERS = Scope(Principal("alice"), {"owner": "alice"}, [("alice",), ("shared", "notes")])
INDEX = ItemIndex(dims=2, embed="east:north")
EAST, NORTH, BETWEEN, NOWHERE = (1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.0, 0.0)


def pack(*numbers: float) -> bytes:
    """A vector as the port takes it."""
    return array("f", numbers).tobytes()


def value(item: Item | None) -> Any:
    """An item's value."""
    assert item is not None
    return json.loads(item.value)


async def put(
    storage: ItemStorage,
    place: str,
    content: dict[str, Json] | None = None,
    *vectors: Sequence[float],
    index_id: int | None = None,
    ttl_us: int | None = None,
    scope: Scope = EVERYTHING,
    now_us: int = T0,
) -> bool:
    """Store an item at `label.label/key`; whether it was there."""
    namespace, _, key = place.partition("/")
    write = ItemWrite(
        namespace=tuple(namespace.split(".")),
        key=key,
        value={} if content is None else content,
        ttl_us=ttl_us,
        index_id=index_id,
        vectors=[pack(*each) for each in vectors],
    )
    (was_there,) = await storage.put_items([write], scope=scope, now_us=now_us)
    return was_there


async def delete(
    storage: ItemStorage, place: str, *, scope: Scope = EVERYTHING, now_us: int = T0
) -> bool:
    """Delete an item; whether it was there."""
    namespace, _, key = place.partition("/")
    write = ItemWrite(namespace=tuple(namespace.split(".")), key=key)
    (was_there,) = await storage.put_items([write], scope=scope, now_us=now_us)
    return was_there


async def get(
    storage: ItemStorage,
    place: str,
    *,
    refresh: bool = False,
    scope: Scope = EVERYTHING,
    now_us: int = T0,
) -> Item | None:
    """An item."""
    namespace, _, key = place.partition("/")
    wanted = [(tuple(namespace.split(".")), key, refresh)]
    (found,) = await storage.get_items(wanted, scope=scope, now_us=now_us)
    return found


async def keys(
    storage: ItemStorage,
    prefix: str = "",
    near: Vector | None = None,
    *,
    scope: Scope = EVERYTHING,
    now_us: int = T0 + SECOND,
    **query: Any,
) -> list[str]:
    """The keys of what a search finds."""
    under = tuple(prefix.split(".")) if prefix else ()
    wanted = ItemQuery(prefix=under, **query)
    found = await storage.search_items(wanted, near, scope=scope, now_us=now_us)
    return [each.key for each in found]


async def namespaces(
    storage: ItemStorage, *, scope: Scope = EVERYTHING, now_us: int = T0, **query: Any
) -> list[str]:
    """The namespaces that are listed, as texts."""
    wanted = NamespaceQuery(**query)
    found = await storage.list_namespaces(wanted, scope=scope, now_us=now_us)
    return [".".join(each) for each in found]


class ItemContract:
    """Items without vectors."""

    async def test_an_item_comes_back_as_it_was_stored(self, storage: ItemStorage) -> None:
        content = {"text": "Grüße ✓", "n": [1, 2.5, None, {"a": True}], "q": '"`;--'}
        assert not await put(storage, "users.ada/likes", content)
        found = await get(storage, "users.ada/likes")
        assert found is not None
        assert (found.namespace, found.key, value(found)) == (("users", "ada"), "likes", content)
        assert (found.created_us, found.updated_us, found.score) == (T0, T0, None)

    async def test_what_is_not_there_is_none(self, storage: ItemStorage) -> None:
        await put(storage, "users.ada/likes")
        wanted: list[tuple[Namespace, str, bool]] = [
            (("users",), "likes", True),
            (("users", "ada", "x"), "likes", True),
            (("users", "ada"), "like", True),
            (("users", "ada"), "likes", True),
            ((), "", True),
        ]
        found = await storage.get_items(wanted, scope=EVERYTHING, now_us=T0)
        assert [each is None for each in found] == [True, True, True, False, True]

    async def test_an_overwrite_keeps_the_creation_and_raises_the_update(
        self, storage: ItemStorage
    ) -> None:
        await put(storage, "a/k", {"n": 1})
        assert await put(storage, "a/k", {"n": 2}, now_us=T0 - MINUTE)
        found = await get(storage, "a/k")
        assert found is not None and value(found) == {"n": 2}
        assert found.created_us == T0 < found.updated_us

    async def test_a_deleted_item_is_gone_and_deleting_it_again_does_nothing(
        self, storage: ItemStorage
    ) -> None:
        await put(storage, "a/k")
        assert await delete(storage, "a/k")
        assert await get(storage, "a/k") is None
        assert not await delete(storage, "a/k")

    async def test_a_batch_is_stored_whole_or_not_at_all(self, storage: ItemStorage) -> None:
        both = [
            ItemWrite(namespace=("alice",), key="k", value={}),
            ItemWrite(namespace=("bob",), key="k", value={}),
        ]
        with pytest.raises(NamespaceRefused):
            await storage.put_items(both, scope=HERS, now_us=T0)
        assert await keys(storage) == []
        assert await storage.put_items(both, scope=EVERYTHING, now_us=T0) == [False, False]
        assert len(await keys(storage)) == 2

    async def test_what_json_cannot_hold_is_refused_at_once(self, storage: ItemStorage) -> None:
        write = ItemWrite(namespace=("a",), key="k", value={"x": {1, 2}})
        with pytest.raises(TypeError):
            storage.put_items([write], scope=EVERYTHING, now_us=T0)

    async def test_synchronous_callers_block_for_the_answer(self, storage: ItemStorage) -> None:
        write = ItemWrite(namespace=("a",), key="k", value={"n": 1})
        storage.put_items([write], scope=EVERYTHING, now_us=T0).result()
        found = storage.get_items([(("a",), "k", True)], scope=EVERYTHING, now_us=T0).result()
        assert [value(each) for each in found] == [{"n": 1}]

    async def test_a_search_finds_what_lies_under_a_namespace_latest_first(
        self, storage: ItemStorage
    ) -> None:
        for n, place in enumerate(("a/1", "a.b/2", "a.b.c/3", "ab/4", "a_/5", "a%/6", "b/7")):
            await put(storage, place, now_us=T0 + n)
        assert await keys(storage, "a") == ["3", "2", "1"]
        assert await keys(storage, "a.b") == ["3", "2"]
        assert await keys(storage, "_") == await keys(storage, "%") == []
        assert await keys(storage) == ["7", "6", "5", "4", "3", "2", "1"]
        await put(storage, "a/1", now_us=T0 + 9)
        assert await keys(storage, limit=2) == ["1", "7"]
        assert await keys(storage, limit=2, offset=6) == ["2"]
        assert await keys(storage, limit=0) == await keys(storage, offset=2**62) == []

    @pytest.mark.parametrize(
        ("filters", "found"),
        [
            ({}, "1234"),
            ({"kind": "x"}, "12"),
            ({"kind": "x", "n": 2}, "2"),
            ({"n": 1.0}, "1"),
            ({"n": {"$gt": 1}}, "23"),
            ({"n": {"$gte": 1, "$lt": 3}}, "12"),
            ({"n": {"$lte": 2}}, "12"),
            ({"n": {"$ne": 2}}, "134"),
            ({"n": {"$eq": 2}}, "2"),
            ({"kind": {"$ne": "x"}}, "34"),
            ({"kind": None}, "4"),
            ({"deep": {"a": {"b": True}}}, "1"),
            ({"deep": {"$eq": {"a": {"b": True}}}}, ""),
            ({"deep": {"a": {"b": 1}}}, ""),
            ({"deep": {"n": {"$gte": 5}}}, "1"),
            ({"tags": ["p", "q"]}, "3"),
            ({"tags": ["p"]}, ""),
            ({"day": {"$lt": "2026-02-01"}}, "1"),
            ({'k."] OR 1=1 --': "v"}, "4"),
            ({"') OR 1=1 --": "v"}, ""),
            ({"quoted": 'say "hi" \\ %_'}, "4"),
            ({"ü": "✓"}, "4"),
        ],
    )
    async def test_filters_find_what_matches(
        self, storage: ItemStorage, filters: dict[str, Json], found: str
    ) -> None:
        one = {"kind": "x", "n": 1, "deep": {"a": {"b": True}, "n": 5}, "day": "2026-01-31"}
        await put(storage, "a/1", one)
        await put(storage, "a/2", {"kind": "x", "n": 2, "day": "2026-02-01"})
        await put(storage, "b/3", {"kind": "xy", "n": 3, "tags": ["p", "q"]})
        odd = {'k."] OR 1=1 --': "v", "quoted": 'say "hi" \\ %_', "ü": "✓", "n": None}
        await put(storage, "b/4", odd)
        assert sorted(await keys(storage, filters=filters)) == sorted(found)

    async def test_an_item_whose_time_is_over_does_not_exist(self, storage: ItemStorage) -> None:
        await put(storage, "a.b/k", {"n": 1}, ttl_us=MINUTE)
        await put(storage, "a/k")
        before, after = T0 + MINUTE - 1, T0 + MINUTE
        assert await get(storage, "a.b/k", now_us=before)
        assert await get(storage, "a.b/k", now_us=after) is None
        assert len(await keys(storage, now_us=before)) == 2
        assert len(await keys(storage, now_us=after)) == 1
        assert await namespaces(storage, now_us=before) == ["a", "a.b"]
        assert await namespaces(storage, now_us=after) == ["a"]
        assert not await delete(storage, "a.b/k", now_us=after)

    async def test_an_item_whose_time_was_over_begins_anew(self, storage: ItemStorage) -> None:
        await put(storage, "a/k", ttl_us=MINUTE)
        assert not await put(storage, "a/k", now_us=T0 + MINUTE)
        found = await get(storage, "a/k", now_us=T0 + 99 * MINUTE)
        assert found is not None and found.created_us == T0 + MINUTE

    async def test_reading_begins_its_time_anew_where_it_is_asked_to(
        self, storage: ItemStorage
    ) -> None:
        await put(storage, "a/k", ttl_us=MINUTE)
        assert await get(storage, "a/k", now_us=T0 + 59 * SECOND)
        assert await get(storage, "a/k", refresh=True, now_us=T0 + 59 * SECOND)
        assert await keys(storage, refresh=True, now_us=T0 + 110 * SECOND) == ["k"]
        assert await keys(storage, now_us=T0 + 169 * SECOND) == ["k"]
        assert await get(storage, "a/k", refresh=True, now_us=T0 + 170 * SECOND) is None
        assert await get(storage, "a/k", now_us=T0 + 169 * SECOND)

    async def test_sweeping_deletes_what_has_expired_and_nothing_else(
        self, storage: ItemStorage
    ) -> None:
        for n in range(3):
            await put(storage, f"a/{n}", ttl_us=MINUTE)
        await put(storage, "a/long", ttl_us=2 * MINUTE)
        await put(storage, "a/ever")
        assert await storage.sweep_items(now_us=T0 + MINUTE - 1) == 0
        assert await storage.sweep_items(now_us=T0 + MINUTE) == 3
        assert await storage.sweep_items(now_us=T0 + MINUTE) == 0
        assert sorted(await keys(storage)) == ["ever", "long"]

    async def test_namespaces_are_listed_in_order_and_vanish_when_they_are_empty(
        self, storage: ItemStorage
    ) -> None:
        for place in ("b/1", "a.z/1", "a/1", "a/2", "a!/1", "a.b.c/1", "é/1"):
            await put(storage, place)
        assert await namespaces(storage) == ["a", "a.b.c", "a.z", "a!", "b", "é"]
        await delete(storage, "a/1")
        await delete(storage, "a.z/1")
        assert await namespaces(storage) == ["a", "a.b.c", "a!", "b", "é"]
        assert await namespaces(storage, limit=2, offset=1) == ["a.b.c", "a!"]
        assert await namespaces(storage, offset=2**62) == await namespaces(storage, limit=0) == []

    async def test_namespaces_are_listed_by_prefix_suffix_and_depth(
        self, storage: ItemStorage
    ) -> None:
        for place in ("a.b.c/1", "a.b.d.e/1", "a.b.d.i/1", "a.b.f/1", "a.c.f/1", "x.y.f/1"):
            await put(storage, place)
        assert await namespaces(storage, prefixes=[("a", "b")], max_depth=3) == [
            "a.b.c",
            "a.b.d",
            "a.b.f",
        ]
        assert await namespaces(storage, max_depth=1) == ["a", "x"]
        assert await namespaces(storage, suffixes=[("f",)]) == ["a.b.f", "a.c.f", "x.y.f"]
        both: dict[str, Any] = {"prefixes": [("a",)], "suffixes": [("f",)]}
        assert await namespaces(storage, **both) == ["a.b.f", "a.c.f"]
        assert await namespaces(storage, **both, max_depth=2, offset=1) == ["a.c"]
        assert await namespaces(storage, prefixes=[("a", "*", "f")]) == ["a.b.f", "a.c.f"]
        assert await namespaces(storage, prefixes=[("*", "b")], suffixes=[("d", "*")]) == [
            "a.b.d.e",
            "a.b.d.i",
        ]
        assert await namespaces(storage, prefixes=[("a", "b", "c", "d")]) == []
        assert await namespaces(storage, prefixes=[("a", "b"), ("a", "c")]) == []

    async def test_a_scope_holds_what_lies_below_its_namespaces(self, storage: ItemStorage) -> None:
        for place in ("alice/1", "alice.x/2", "alicex/3", "shared/4", "shared.notes/5", "bob/6"):
            await put(storage, place)
        assert sorted(await keys(storage, scope=HERS)) == ["1", "2", "5"]
        assert await keys(storage, "shared", scope=HERS) == ["5"]
        assert await keys(storage, "alice.x", scope=HERS) == ["2"]
        assert await keys(storage, "bob", scope=HERS) == []
        assert await namespaces(storage, scope=HERS) == ["alice", "alice.x", "shared.notes"]
        assert await namespaces(storage, scope=HERS, max_depth=1) == ["alice", "shared"]
        assert await get(storage, "alice/1", scope=HERS)
        assert await get(storage, "bob/6", scope=HERS) is None
        assert not await delete(storage, "bob/6", scope=HERS)
        assert await put(storage, "alice/1", scope=HERS)
        with pytest.raises(NamespaceRefused):
            await put(storage, "bob/6", scope=HERS)
        assert await get(storage, "bob/6")

    async def test_a_scope_with_filters_and_no_namespaces_holds_no_item(
        self, storage: ItemStorage
    ) -> None:
        await put(storage, "a/1")
        assert await keys(storage, scope=ALICE) == await namespaces(storage, scope=ALICE) == []
        assert await get(storage, "a/1", scope=ALICE) is None


class ItemIndexContract:
    """Items with vectors: the fixture `storage` is one that can compare them."""

    async def test_the_nearest_in_meaning_come_first_with_their_score(
        self, storage: ItemStorage
    ) -> None:
        index = (await storage.open_index(INDEX, now_us=T0)).id
        for n, (key, vector) in enumerate(
            {"north": NORTH, "east": EAST, "between": BETWEEN, "nowhere": NOWHERE}.items()
        ):
            await put(storage, f"a/{key}", {}, vector, index_id=index, now_us=T0 + n)
        await put(storage, "b/east", {}, EAST, index_id=index, now_us=T0 + 9)
        near = Vector(index, pack(2.0, 0.0))
        found = await storage.search_items(
            ItemQuery(prefix=("a",)), near, scope=EVERYTHING, now_us=T0
        )
        scores = {each.key: each.score for each in found}
        assert list(scores) == ["east", "between", "nowhere", "north"]
        assert scores == pytest.approx(
            {"east": 1.0, "between": 0.5**0.5, "north": 0.0, "nowhere": 0.0}, abs=1e-6
        )
        assert await keys(storage, "a", near, limit=2, offset=1) == ["between", "nowhere"]
        hers = Scope(namespaces=[("b",)])
        assert await keys(storage, "", near, scope=hers) == ["east"]

    async def test_the_best_of_an_items_vectors_counts_and_the_later_of_equals_is_first(
        self, storage: ItemStorage
    ) -> None:
        index = (await storage.open_index(INDEX, now_us=T0)).id
        await put(storage, "a/1", {}, EAST, index_id=index)
        await put(storage, "a/2", {}, NORTH, EAST, index_id=index, now_us=T0 + 1)
        await put(storage, "a/3", {}, BETWEEN, index_id=index, now_us=T0 + 2)
        near = Vector(index, pack(*EAST))
        assert await keys(storage, "a", near) == ["2", "1", "3"]
        await put(storage, "a/1", {}, EAST, index_id=index, now_us=T0 + 3)
        assert await keys(storage, "a", near, limit=2) == ["1", "2"]

    async def test_items_without_vectors_come_last(self, storage: ItemStorage) -> None:
        index = (await storage.open_index(INDEX, now_us=T0)).id
        await put(storage, "a/1", {}, index_id=index)
        await put(storage, "a/2", {}, NORTH, index_id=index)
        await put(storage, "a/3", {}, index_id=index, now_us=T0 + 1)
        near = Vector(index, pack(-1.0, -1.0))
        assert await keys(storage, "a", near) == ["2", "3", "1"]
        assert await keys(storage, "a", near, limit=1, offset=1) == ["3"]

    async def test_meaning_and_filters_go_together(self, storage: ItemStorage) -> None:
        index = (await storage.open_index(INDEX, now_us=T0)).id
        await put(storage, "a/1", {"kind": "x"}, BETWEEN, index_id=index)
        await put(storage, "a/2", {"kind": "y"}, EAST, index_id=index)
        await put(storage, "a/3", {"kind": "x"}, NORTH, index_id=index, ttl_us=MINUTE)
        near = Vector(index, pack(*NORTH))
        assert await keys(storage, "a", near, filters={"kind": "x"}) == ["3", "1"]
        later = T0 + MINUTE
        assert await keys(storage, "a", near, filters={"kind": "x"}, now_us=later) == ["1"]

    async def test_an_overwrite_replaces_the_vectors_and_a_deletion_removes_them(
        self, storage: ItemStorage
    ) -> None:
        index = (await storage.open_index(INDEX, now_us=T0)).id
        await put(storage, "a/1", {}, EAST, index_id=index)
        await put(storage, "a/2", {}, BETWEEN, index_id=index)
        await put(storage, "a/1", {}, NORTH, index_id=index)
        near = Vector(index, pack(*EAST))
        assert await keys(storage, "a", near) == ["2", "1"]
        await delete(storage, "a/2")
        await put(storage, "a/2", {}, index_id=index)
        assert await keys(storage, "a", near) == ["1", "2"]

    async def test_an_index_that_is_opened_again_is_the_same(self, storage: ItemStorage) -> None:
        first = await storage.open_index(INDEX, now_us=T0)
        assert (first.last, first.left_out) == (None, 0)
        await put(storage, "a/1", {}, EAST, index_id=first.id)
        again = await storage.open_index(INDEX, now_us=T0)
        assert (again.id, again.last, again.left_out) == (first.id, None, 0)
        titles = ItemIndex(dims=2, embed=INDEX.embed, fields=("title",))
        other = await storage.open_index(titles, now_us=T0)
        assert (other.id, other.last, other.left_out) == (first.id, INDEX, 0)

    async def test_vectors_of_another_index_are_not_compared_and_not_lost(
        self, storage: ItemStorage
    ) -> None:
        first = await storage.open_index(INDEX, now_us=T0)
        await put(storage, "a/old", {}, EAST, index_id=first.id)
        await put(storage, "a/plain", {})
        wide = ItemIndex(dims=3, embed=INDEX.embed)
        second = await storage.open_index(wide, now_us=T0)
        assert (second.last, second.left_out) == (INDEX, 2)
        await put(storage, "a/new", {}, (1.0, 0.0, 0.0), index_id=second.id)
        near = Vector(second.id, pack(1.0, 0.0, 0.0))
        found = await storage.search_items(ItemQuery(), near, scope=EVERYTHING, now_us=T0)
        assert {each.key: each.score for each in found} == {"new": 1.0, "old": None, "plain": None}
        back = await storage.open_index(INDEX, now_us=T0)
        assert (back.id, back.last, back.left_out) == (first.id, wide, 2)
        assert (await keys(storage, "a", Vector(back.id, pack(*EAST))))[0] == "old"
