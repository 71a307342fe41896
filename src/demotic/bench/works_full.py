"""What the load does beside a full database: 100,000 runs on 10,000 threads, 100,000 items."""

from collections.abc import Mapping
from typing import Any, ClassVar

from demotic.bench.client import Refused
from demotic.bench.grounds import ECHO, GROUPS, RUNS, SHELF
from demotic.bench.served import graphs
from demotic.bench.works import Served, expect


class Full(Served):
    """A request beside all of the runs."""

    async def prepare(self, runs: int) -> None:
        await self.ground.fill(self.client)

    def thread(self, index: int) -> str:
        """One of the threads, each time another one."""
        return self.ground.full_threads[index * 37 % self.ground.thread_count]


class FullSearch(Full):
    """A search for threads, for whatever there is."""

    asked: ClassVar[Mapping[str, Any]] = {}
    rows: ClassVar[int] = 10

    async def once(self, index: int) -> None:
        found = await self.client.call("POST", "/threads/search", {"limit": 10, **self.asked})
        expect({"rows": len(found)}, rows=self.rows)


class FullStatus(FullSearch):
    """The same by status."""

    asked = {"status": "interrupted"}


class FullTag(Full):
    """A hundredth of the threads, found by metadata."""

    async def once(self, index: int) -> None:
        wanted = {"full": self.ground.tag, "group": "g7"}
        body = {"limit": 100, "metadata": wanted}
        found = await self.client.call("POST", "/threads/search", body)
        expect({"rows": len(found)}, rows=self.ground.thread_count // GROUPS)


class FullCount(Full):
    """How many threads there are with some metadata."""

    async def once(self, index: int) -> None:
        body = {"metadata": {"full": self.ground.tag}}
        found = await self.client.call("POST", "/threads/count", body)
        expect({"threads": found}, threads=self.ground.thread_count)


class FullStatusCount(Full):
    """How many threads there are with some status."""

    async def once(self, index: int) -> None:
        found = await self.client.call("POST", "/threads/count", {"status": "interrupted"})
        if found < self.ground.thread_count // 10:
            raise Refused(f"counted {found} threads")


class FullRuns(Full):
    """The runs of a thread."""

    async def once(self, index: int) -> None:
        found = await self.client.call("GET", f"/threads/{self.thread(index)}/runs?limit={RUNS}")
        expect({"rows": len(found)}, rows=RUNS)


class FullHistory(Full):
    """The history of a thread."""

    async def once(self, index: int) -> None:
        found = await self.client.call("GET", f"/threads/{self.thread(index)}/history?limit=10")
        if not found:
            raise Refused("the thread has no history")


class FullClaim(Full):
    """A run that is claimed from the queue, a millisecond after it was accepted."""

    async def prepare(self, runs: int) -> None:
        await super().prepare(runs)
        await self.make_threads(runs)

    async def once(self, index: int) -> None:
        path = f"/threads/{self.threads[index]}/runs"
        run = await self.client.call("POST", path, {**ECHO, "after_seconds": 0.001})
        found = await self.client.call("GET", f"{path}/{run['run_id']}/join")
        expect(found, out=graphs.ECHO)


class Shelved(Served):
    """A request beside all of the items."""

    async def prepare(self, runs: int) -> None:
        await self.ground.shelve(self.client)

    def some(self, index: int) -> int:
        """One of the items, each time another one."""
        return index * 7919 % self.ground.item_count


class ItemPut(Shelved):
    """An item that replaces another one."""

    async def once(self, index: int) -> None:
        item = self.ground.item(self.some(index))
        await self.client.fetch("PUT", "/store/items", item)


class ItemGet(Shelved):
    """An item, by its key."""

    async def once(self, index: int) -> None:
        wanted = self.ground.item(self.some(index))
        place = ".".join(self.ground.shelf(self.some(index) // SHELF))
        path = f"/store/items?namespace={place}&key={wanted['key']}"
        expect(await self.client.call("GET", path), value=wanted["value"])


class ItemSearch(Shelved):
    """All items of a user."""

    async def once(self, index: int) -> None:
        shelf = self.ground.shelf(self.some(index) // SHELF)
        await self.find({"namespace_prefix": shelf, "limit": SHELF}, SHELF)

    async def find(self, body: dict[str, Any], count: int) -> None:
        """A search that must find so many."""
        found = await self.client.call("POST", "/store/items/search", body)
        expect({"items": len(found["items"])}, items=count)


class ItemFilter(ItemSearch):
    """The one item of all users that has some value."""

    async def once(self, index: int) -> None:
        everywhere = ["bench", self.ground.tag]
        wanted = {"number": self.some(index)}
        await self.find({"namespace_prefix": everywhere, "filter": wanted, "limit": 10}, 1)


WORKS: Mapping[str, type[Served]] = {
    "full_search": FullSearch,
    "full_tag": FullTag,
    "full_status": FullStatus,
    "full_count": FullCount,
    "full_status_count": FullStatusCount,
    "full_runs": FullRuns,
    "full_history": FullHistory,
    "full_claim": FullClaim,
    "item_put": ItemPut,
    "item_get": ItemGet,
    "item_search": ItemSearch,
    "item_filter": ItemFilter,
}
"""Every kind, by the name that a row's `work` has."""
