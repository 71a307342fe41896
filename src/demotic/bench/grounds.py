"""What several rows build on, made once for a server, over its API like everything else."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

from demotic.bench.client import Client

MANY_THREADS = 10_000
GROUPS = 100
RUNS = 10
MANY_ITEMS = 100_000
SHELF = 100
CLIENTS = 32

ECHO = {"assistant_id": "echo", "input": {"q": "x"}}
ASK = {"assistant_id": "interruptible", "input": {"q": "x"}}
NEVER = {**ECHO, "after_seconds": 10_000_000}


class Ground:
    """A crowd of tagged threads, a database full of runs, shelves full of items.

    `quick`: only a fifth of the full database and of the shelves.
    """

    def __init__(self, quick: bool = False) -> None:
        self.tag = uuid4().hex
        self.thread_count = MANY_THREADS // 5 if quick else MANY_THREADS
        self.item_count = MANY_ITEMS // 5 if quick else MANY_ITEMS
        self.full_threads: list[str] = []
        self._is_crowded = self._is_shelved = False

    async def crowd(self, client: Client) -> None:
        """Make the threads, unless they are there."""

        async def make(index: int) -> None:
            await client.thread({"tag": self.tag, "group": group(index)})

        if not self._is_crowded:
            await _all(make, MANY_THREADS)
            self._is_crowded = True

    async def fill(self, client: Client) -> None:
        """Make threads with ten runs each, unless they are there.

        A run of each is made; the others are cancelled before they begin, which takes a third of
        the time. Every tenth thread asks something, every tenth has a run in the queue.
        """

        async def make(index: int) -> None:
            thread = await client.thread({"full": self.tag, "group": group(index)})
            found.append(thread)
            path = f"/threads/{thread}/runs"
            later = [(await client.call("POST", path, NEVER))["run_id"] for _ in range(RUNS - 1)]
            kept = 1 if index % 10 == 1 else 0
            cancelled = {"thread_id": thread, "run_ids": later[kept:]}
            await client.fetch("POST", "/runs/cancel", cancelled)
            await client.wait(ASK if index % 10 == 0 else ECHO, thread)

        if not self.full_threads:
            found: list[str] = []
            await _all(make, self.thread_count)
            self.full_threads = found

    async def shelve(self, client: Client) -> None:
        """Store the items, a hundred for each user, unless they are there."""

        async def make(index: int) -> None:
            await client.fetch("PUT", "/store/items", self.item(index))

        if not self._is_shelved:
            await _all(make, self.item_count)
            self._is_shelved = True

    def item(self, index: int) -> dict[str, object]:
        """One of the items."""
        return {
            "namespace": self.shelf(index // SHELF),
            "key": f"i{index % SHELF}",
            "value": {"number": index, "kind": f"k{index % 7}", "text": "remember this " * 8},
        }

    def shelf(self, user: int) -> list[str]:
        """Where the items of a user are."""
        return ["bench", self.tag, f"u{user}"]


def group(index: int) -> str:
    """A hundredth of the threads."""
    return f"g{index % GROUPS}"


async def _all(make: Callable[[int], Awaitable[None]], count: int) -> None:
    """Make all of them, however long it takes: nothing is measured yet."""
    indices = iter(range(count))

    async def client() -> None:
        for index in indices:
            await make(index)

    await asyncio.gather(*[client() for _ in range(CLIENTS)])
