"""The contract of the storage port: searches for threads."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from demotic.domain.ids import uuid7
from demotic.domain.lifecycle import ThreadState
from demotic.domain.model import EVERYTHING
from demotic.domain.runs import CancelAction
from demotic.domain.threads import ThreadQuery
from demotic.ports.storage import Storage
from demotic.testing.storage_builders import (
    ALICE,
    BOB,
    DONE,
    T0,
    claimed,
    make_thread,
    prepare,
)

VALUES: list[dict[str, Any]] = [
    {"topic": "rain", "n": 1, "done": True, "messages": [{"id": "1"}]},
    {"topic": "rain", "n": 2, "done": None, "nested": {"deep": [1, 2]}},
    {"topic": "sun", "n": 1.0, "text": "long " * 200},
]


class ThreadSearchContract:
    """What the port says about searches for threads."""

    @pytest.mark.parametrize(
        ("values", "found"),
        [
            ({"topic": "rain"}, [1, 0]),
            ({"topic": "rain", "n": 1}, [0]),
            ({"n": 1}, [2, 0]),
            ({"n": 1.0}, [2, 0]),
            ({"done": None}, [1]),
            ({"done": False}, []),
            ({"text": "long " * 200}, [2]),
            ({"topic": "sun", "text": "long "}, []),
            ({"messages": [{"id": "1"}]}, [0]),
            ({"topic": "rain", "nested": {"deep": [2]}}, [1]),
            ({"topic": ["rain"]}, []),
            ({"nope": 1}, []),
        ],
    )
    async def test_threads_are_found_by_their_values(
        self, storage: Storage, values: Any, found: list[int]
    ) -> None:
        ids = await with_values(storage)
        page = await storage.search_threads(ThreadQuery(values=values), scope=EVERYTHING)
        assert [each.id for each in page.items] == [ids[n] for n in found]
        assert page.total == len(found)
        counted = await storage.search_threads(
            ThreadQuery(values=values, limit=0), scope=EVERYTHING
        )
        assert counted.total == len(found)

    async def test_values_are_searched_as_they_are_now(self, storage: Storage) -> None:
        ids = await with_values(storage)
        query = ThreadQuery(values={"topic": "rain"})
        assert (await storage.search_threads(query, scope=EVERYTHING)).total == 2
        claim = await claimed(storage, ids[0])
        changed = replace(DONE, values=b'{"topic":"sun"}')
        await storage.finish_run(claim.key, changed, [], now_us=T0 + 9)
        assert (await storage.search_threads(query, scope=EVERYTHING)).total == 1
        await storage.delete_thread(ids[1], scope=EVERYTHING, now_us=T0)
        assert (await storage.search_threads(query, scope=EVERYTHING)).total == 0
        sun = ThreadQuery(values={"topic": "sun"})
        assert (await storage.search_threads(sun, scope=EVERYTHING)).total == 2
        await storage.copy_thread(ids[0], uuid7(T0), scope=EVERYTHING, now_us=T0)
        assert (await storage.search_threads(sun, scope=EVERYTHING)).total == 3

    async def test_a_rolled_back_run_takes_its_values_along(self, storage: Storage) -> None:
        ids = await with_values(storage)
        query = ThreadQuery(values={"topic": "rain"})
        claim = await claimed(storage, ids[0])
        await storage.request_cancel(
            ids[0], claim.run.id, CancelAction.ROLLBACK, scope=EVERYTHING, now_us=T0
        )
        await storage.finish_run(claim.key, DONE, [], now_us=T0)
        assert (await storage.search_threads(query, scope=EVERYTHING)).total == 2

    async def test_values_metadata_state_and_scope_narrow_each_other(
        self, storage: Storage
    ) -> None:
        ids = await with_values(storage)
        await storage.change_thread(ids[0], {"owner": "alice"}, scope=EVERYTHING, now_us=T0)
        query = ThreadQuery(values={"topic": "rain"}, state=ThreadState.IDLE)
        assert [t.id for t in (await storage.search_threads(query, scope=ALICE)).items] == [ids[0]]
        assert (await storage.search_threads(query, scope=BOB)).total == 0
        query = ThreadQuery(values={"topic": "rain"}, ids=ids[1:], sort_by="updated")
        assert [t.id for t in (await storage.search_threads(query, scope=EVERYTHING)).items] == [
            ids[1]
        ]

    async def test_bare_threads_come_without_their_values(self, storage: Storage) -> None:
        ids = await with_values(storage)
        page = await storage.search_threads(ThreadQuery(bare=True), scope=EVERYTHING)
        assert [(each.id, each.values) for each in page.items] == [(id, None) for id in ids[::-1]]

    async def test_matches_are_counted_up_to_a_number_and_the_end_of_the_page(
        self, storage: Storage
    ) -> None:
        for _ in range(6):
            await make_thread(storage, a=1)
        for metadata in ({}, {"a": 1}):
            query = ThreadQuery(metadata=metadata, limit=2)
            for up_to, offset, total in ((None, 0, 6), (4, 0, 4), (9, 0, 6), (1, 2, 5), (1, 4, 6)):
                asked = replace(query, count_up_to=up_to, offset=offset)
                page = await storage.search_threads(asked, scope=EVERYTHING)
                assert (len(page.items), page.total) == (2, total), (up_to, offset)


async def with_values(storage: Storage) -> list[str]:
    """Threads with `VALUES`, oldest first."""
    await prepare(storage)
    ids = []
    for n, values in enumerate(VALUES):
        ids.append(await make_thread(storage, now_us=T0 + n))
        claim = await claimed(storage, ids[-1])
        done = replace(DONE, values=orjson.dumps(values))
        await storage.finish_run(claim.key, done, [], now_us=T0)
    return ids
