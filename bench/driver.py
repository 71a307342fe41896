"""The load: drives a server over HTTP from a process of its own. Started by `bench/run.py`."""

import argparse
import asyncio
import json
import time
from typing import Any
from uuid import uuid4

import aiohttp
import graphs
import memory
from measure import Marks, answer, drive, figures, run, warmed
from processes import Tree
from rows import BY_NAME, Figures, Row

TIMEOUT_S = 75.0
KEEP_ALIVE_S = 2.0  # less than servers keep idle connections, so none is reused while it closes
SETTLE_S = 1.0  # before memory is read
MANY_THREADS = 10_000
HISTORY = 100
ECHO = {"assistant_id": "echo", "input": {"q": "x"}}
CHAT = {"assistant_id": "chat10", "input": {"messages": [{"role": "user", "content": "hi"}]}}
STEPS = {"assistant_id": "steps", "input": {"log": []}}
SLEEPY = {"assistant_id": "sleepy", "input": {"secs": 1.0}}
ASK = {"assistant_id": "interruptible", "input": {"q": "x"}}
REPLY = {"assistant_id": "interruptible", "command": {"resume": "yes"}}


class Refused(Exception):
    """The server did not answer what was expected."""


class Client:
    """JSON and event streams of one server."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON that a request is answered with."""
        async with self._session.request(method, path, json=body) as response:
            content = await response.read()
        if response.status >= 300:
            raise Refused(f"{method} {path}: {response.status} {content[:200]!r}")
        return json.loads(content) if content else None

    async def thread(self, metadata: dict[str, Any] | None = None) -> str:
        """The id of a new thread."""
        made = await self.call("POST", "/threads", {"metadata": metadata} if metadata else {})
        return str(made["thread_id"])

    async def wait(self, body: dict[str, Any], thread: str | None = None) -> Any:
        """The output of a run, on a thread or without one."""
        path = f"/threads/{thread}/runs/wait" if thread else "/runs/wait"
        return await self.call("POST", path, body)

    async def stream(self, path: str, body: dict[str, Any], event: bytes) -> tuple[float, bytes]:
        """The time to the first event whose name begins with `event`, and all of the stream."""
        began, first, seen = time.perf_counter(), 0.0, bytearray()
        headers = {"accept": "text/event-stream"}
        async with self._session.post(path, json=body, headers=headers) as response:
            async for chunk in response.content.iter_any():
                seen += chunk
                if not first and event in seen:
                    first = time.perf_counter() - began
        if response.status >= 300 or b"event: error" in seen:
            raise Refused(f"POST {path}: {response.status} {bytes(seen[-300:])!r}")
        return first, bytes(seen)


class Served:
    """Runs of a graph on a server. Method `_x` makes one run of the work `x`."""

    def __init__(self, work: str, client: Client) -> None:
        self.marks = Marks()
        self._work, self._client = work, client
        self._threads: list[str] = []
        self._tag = uuid4().hex

    async def prepare(self, runs: int) -> None:
        """Make the threads and checkpoints that the work starts from."""
        if self._work in ("stream", "tuples", "steps"):
            self._threads = [await self._client.thread() for _ in range(runs)]
        elif self._work in ("state", "history"):
            self._threads = [await self._client.thread()]
            for _ in range(HISTORY // graphs.STEPS):
                await self._client.wait(STEPS, self._threads[0])
        elif self._work == "search":
            sample = await drive(self._make_tagged, range(MANY_THREADS), 32)
            if sample.errors:
                raise Refused(sample.errors[0])
        elif self._work.startswith("item_"):
            await memory.prepare(self._client.call)

    async def once(self, index: int) -> None:
        """See `measure.Work`."""
        await getattr(self, f"_{self._work}")(index)

    async def _make_tagged(self, index: int) -> None:
        await self._client.thread({"tag": self._tag, "group": f"g{index % 100}"})

    async def _echo(self, index: int) -> None:
        _expect(await self._client.wait(ECHO), out=graphs.ECHO)

    async def _durable(self, index: int) -> None:
        thread = await self._client.thread()
        _expect(await self._client.wait(ECHO, thread), out=graphs.ECHO)

    async def _steps(self, index: int) -> None:
        _expect(await self._client.wait(STEPS, self._threads[index]), log=[*range(graphs.STEPS)])

    async def _sleepy(self, index: int) -> None:
        _expect(await self._client.wait(SLEEPY), out=graphs.SLEPT)

    async def _resume(self, index: int) -> None:
        thread = await self._client.thread()
        await self._client.wait(ASK, thread)
        _expect(await self._client.wait(REPLY, thread), answer="yes")

    async def _state(self, index: int) -> None:
        state = await self._client.call("GET", f"/threads/{self._threads[0]}/state")
        _expect(state["values"], log=[*range(graphs.STEPS)] * (HISTORY // graphs.STEPS))

    async def _history(self, index: int) -> None:
        path = f"/threads/{self._threads[0]}/history?limit={HISTORY}"
        _expect({"rows": len(await self._client.call("GET", path))}, rows=HISTORY)

    async def _search(self, index: int) -> None:
        asked = {"limit": 100, "metadata": {"tag": self._tag, "group": "g7"}}
        found = await self._client.call("POST", "/threads/search", asked)
        _expect({"rows": len(found)}, rows=MANY_THREADS // 100)

    async def _item_put(self, index: int) -> None:
        await memory.put(self._client.call, index)

    async def _item_get(self, index: int) -> None:
        _expect(await memory.get(self._client.call, index), found=True)

    async def _item_search(self, index: int) -> None:
        _expect(await memory.search(self._client.call, index), rows=memory.PAGE)

    async def _item_search_all(self, index: int) -> None:
        _expect(await memory.search_all(self._client.call, index), rows=memory.PAGE)

    async def _stream(self, index: int) -> None:
        await self._tokens(index, "messages")

    async def _tuples(self, index: int) -> None:
        await self._tokens(index, "messages-tuple")

    async def _tokens(self, index: int, mode: str) -> None:
        path = f"/threads/{self._threads[index]}/runs/stream"
        event = b"event: messages"
        first, seen = await self._client.stream(path, {**CHAT, "stream_mode": [mode]}, event)
        events = seen.count(event)
        if events < graphs.TOKENS:
            raise Refused(f"{events} message events, and not {graphs.TOKENS}")
        self.marks.firsts.append(first)
        self.marks.events += events


def _expect(answered: Any, **wanted: object) -> None:
    """Check that an answer has what is wanted among its members."""
    given = answered if isinstance(answered, dict) else {}
    if any(given.get(key) != value for key, value in wanted.items()):
        raise Refused(f"answered {str(answered)[:200]}, and not {wanted}")


async def measured(base: str, row: Row, server: Tree | None, quick: bool) -> Figures:
    """Measure a row once."""
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S)
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with aiohttp.ClientSession(base, connector=connector, timeout=timeout) as session:
        work = Served(row.work, Client(session))
        indices = await warmed(work, row.scaled(quick), row.concurrency, row.warm_up)
        memory, cpu = (server.rss_mib(), server.cpu_s()) if server else (0.0, 0.0)
        own = time.process_time()
        sample = await drive(work.once, indices, row.concurrency)
        own = time.process_time() - own
        found = {**figures(sample, work.marks), "driver_share": own / sample.wall}
    if server:
        found["cpu_ms"] = 1000 * (server.cpu_s() - cpu) / max(1, len(sample.latencies))
        await asyncio.sleep(SETTLE_S)
        found["rss_mib"] = server.rss_mib()
        found["rss_growth_mib"] = server.rss_mib() - memory
    return found


def main() -> None:
    """Answer the process that asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", required=True)
    parser.add_argument("--pid", type=int)
    args = parser.parse_args()
    tree = Tree(args.pid) if args.pid else None
    answer(lambda asked: run(measured(args.base, BY_NAME[asked["row"]], tree, asked["quick"])))


if __name__ == "__main__":
    main()
