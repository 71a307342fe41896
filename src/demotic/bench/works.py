"""What the load does: each class is one kind of run, made over HTTP, its answer checked."""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from demotic.bench.client import Client, Refused
from demotic.bench.grounds import ASK, ECHO, GROUPS, MANY_THREADS, Ground, group
from demotic.bench.measure import Marks
from demotic.bench.served import graphs
from demotic.bench.talk import HISTORY, LONG, conversation, question

DEEP = 9_000

CHAT = {"assistant_id": "chat10", "input": {"messages": [{"role": "user", "content": "hi"}]}}
STEPS = {"assistant_id": "steps", "input": {"log": []}}
SLEEPY = {"assistant_id": "sleepy", "input": {"secs": 1.0}}
REPLY = {"assistant_id": "interruptible", "command": {"resume": "yes"}}
BIG = {"assistant_id": "bigstate", "input": {"q": "x"}}
KEPT = {"stream_mode": ["messages"], "stream_resumable": True}
MESSAGES = b"event: messages"


class Served(ABC):
    """One kind of run. See `measure.Work`."""

    def __init__(self, client: Client, ground: Ground) -> None:
        self.marks = Marks()
        self.client, self.ground = client, ground
        self.threads: list[str] = []

    async def prepare(self, runs: int) -> None:
        """Begin without threads, unless a kind needs some."""
        self.threads = []

    @abstractmethod
    async def once(self, index: int) -> None:
        """Make one run and check its answer."""

    async def make_threads(self, count: int) -> None:
        """Threads that the runs take place on."""
        self.threads = [await self.client.thread() for _ in range(count)]


def expect(answered: Any, **wanted: object) -> None:
    """Check that an answer has what is wanted among its members."""
    given = answered if isinstance(answered, dict) else {}
    if any(given.get(key) != value for key, value in wanted.items()):
        raise Refused(f"answered {str(answered)[:200]}, and not {str(wanted)[:200]}")


class Echo(Served):
    """A run without a thread."""

    async def once(self, index: int) -> None:
        expect(await self.client.wait(ECHO), out=graphs.ECHO)


class Durable(Served):
    """A thread and a run on it."""

    async def once(self, index: int) -> None:
        thread = await self.client.thread()
        expect(await self.client.wait(ECHO, thread), out=graphs.ECHO)


class Crowded(Durable):
    """The same beside many other threads."""

    async def prepare(self, runs: int) -> None:
        await self.ground.crowd(self.client)


class Steps(Served):
    """A run of ten nodes."""

    async def prepare(self, runs: int) -> None:
        await self.make_threads(runs)

    async def once(self, index: int) -> None:
        expect(await self.client.wait(STEPS, self.threads[index]), log=[*range(graphs.STEPS)])


class Sleepy(Served):
    """A run that waits a second, and is waited for."""

    async def once(self, index: int) -> None:
        expect(await self.client.wait(SLEEPY), out=graphs.SLEPT)


class StreamedSleepy(Served):
    """A run that waits a second, and is streamed."""

    async def once(self, index: int) -> None:
        body = {**SLEEPY, "stream_mode": ["values"]}
        _, seen = await self.client.stream("POST", "/runs/stream", body, b"event: values")
        if graphs.SLEPT.encode() not in seen:
            raise Refused(f"the stream ended with {seen[-200:]!r}")


class Resume(Served):
    """A run that asks, and one that answers."""

    async def once(self, index: int) -> None:
        thread = await self.client.thread()
        await self.client.wait(ASK, thread)
        expect(await self.client.wait(REPLY, thread), answer="yes")


class Streamed(Served):
    """A run of 200 tokens, streamed as accumulating messages."""

    mode: ClassVar[str] = "messages"

    async def prepare(self, runs: int) -> None:
        await self.make_threads(runs)

    async def once(self, index: int) -> None:
        path = f"/threads/{self.threads[index]}/runs/stream"
        await self.read("POST", path, {**CHAT, "stream_mode": [self.mode]})

    async def read(self, method: str, path: str, body: dict[str, Any] | None = None) -> None:
        """Read a stream that must have every token."""
        first, seen = await self.client.stream(method, path, body, MESSAGES)
        events = seen.count(MESSAGES)
        if events < graphs.TOKENS:
            raise Refused(f"{events} message events, and not {graphs.TOKENS}")
        self.marks.firsts.append(first)
        self.marks.events += events


class Tuples(Streamed):
    """The same, streamed chunk by chunk."""

    mode = "messages-tuple"


class Join(Served):
    """A background run whose end is waited for."""

    async def prepare(self, runs: int) -> None:
        await self.make_threads(runs)

    async def once(self, index: int) -> None:
        run = await submit(self, index, ECHO)
        expect(await self.client.call("GET", f"{run}/join"), out=graphs.ECHO)


class JoinedStream(Streamed):
    """A background run whose stream is joined at once."""

    async def once(self, index: int) -> None:
        run = await submit(self, index, {**CHAT, **KEPT})
        await self.read("GET", f"{run}/stream")


class LateStream(Streamed):
    """A background run whose stream is read when it has ended."""

    async def once(self, index: int) -> None:
        run = await submit(self, index, {**CHAT, **KEPT})
        await self.client.call("GET", f"{run}/join")
        await self.read("GET", f"{run}/stream")


async def submit(work: Served, index: int, body: dict[str, Any]) -> str:
    """The path of a background run; notes how long it took to be accepted."""
    path, began = f"/threads/{work.threads[index]}/runs", time.perf_counter()
    run = await work.client.call("POST", path, body)
    work.marks.accepted.append(time.perf_counter() - began)
    return f"{path}/{run['run_id']}"


class State(Served):
    """The state of a thread with a hundred checkpoints."""

    async def prepare(self, runs: int) -> None:
        await self.make_threads(1)
        for _ in range(HISTORY // graphs.STEPS):
            await self.client.wait(STEPS, self.threads[0])

    async def once(self, index: int) -> None:
        state = await self.client.call("GET", f"/threads/{self.threads[0]}/state")
        expect(state["values"], log=[*range(graphs.STEPS)] * (HISTORY // graphs.STEPS))


class History(State):
    """The newest hundred checkpoints of a thread."""

    async def prepare(self, runs: int) -> None:
        await super().prepare(runs)
        found = await self.client.call("GET", self._path)
        expect({"rows": len(found)}, rows=HISTORY)

    async def once(self, index: int) -> None:
        await self.client.fetch("GET", self._path)

    @property
    def _path(self) -> str:
        return f"/threads/{self.threads[0]}/history?limit={HISTORY}"


class FirstHistory(Served):
    """The newest hundred checkpoints of a thread, each time of another one."""

    async def prepare(self, runs: int) -> None:
        await self.make_threads(runs)
        for _ in range(HISTORY // graphs.STEPS):
            for thread in self.threads:
                await self.client.wait(STEPS, thread)

    async def once(self, index: int) -> None:
        path = f"/threads/{self.threads[index]}/history?limit={HISTORY}"
        await self.client.fetch("GET", path)


class Big(Served):
    """A run that writes 195 kB of state."""

    async def prepare(self, runs: int) -> None:
        await self.make_threads(runs)
        found = await self.client.wait(BIG, await self.client.thread())
        expect({"records": len(found["records"])}, records=graphs.RECORDS)

    async def once(self, index: int) -> None:
        path = f"/threads/{self.threads[index]}/runs/wait"
        await self.client.fetch("POST", path, BIG)


class BigState(Served):
    """The state of a thread that has 195 kB of it."""

    async def prepare(self, runs: int) -> None:
        await self.make_threads(1)
        await self.client.wait(BIG, self.threads[0])

    async def once(self, index: int) -> None:
        await self.client.fetch("GET", f"/threads/{self.threads[0]}/state")


class Threads(Served):
    """A thread with metadata."""

    async def once(self, index: int) -> None:
        await self.client.thread({"by": self.ground.tag, "group": group(index)})


class Search(Served):
    """A search among many threads, by metadata."""

    @property
    def asked(self) -> dict[str, Any]:
        """The search."""
        return {"limit": 100, "metadata": {"tag": self.ground.tag, "group": "g7"}}

    async def prepare(self, runs: int) -> None:
        await self.ground.crowd(self.client)
        self.rows = min(self.asked["limit"], MANY_THREADS // GROUPS)

    async def once(self, index: int) -> None:
        found = await self.client.call("POST", "/threads/search", self.asked)
        expect({"rows": len(found)}, rows=self.rows)


class Newest(Search):
    """The ten newest threads."""

    @property
    def asked(self) -> dict[str, Any]:
        """The search."""
        return {"limit": 10}


class DeepPage(Search):
    """Ten threads far behind the newest."""

    @property
    def asked(self) -> dict[str, Any]:
        """The search."""
        return {"limit": 10, "offset": DEEP}


class Turns(Served):
    """The next turn of one conversation."""

    messages: ClassVar[int] = 0

    async def prepare(self, runs: int) -> None:
        self.threads = [await self.client.thread({"graph_id": "chat10"})]
        if self.messages:
            told = {"values": {"messages": conversation(self.messages)}, "as_node": "chat"}
            await self.client.call("POST", f"/threads/{self.threads[0]}/state", told)

    async def once(self, index: int) -> None:
        body = {"assistant_id": "chat10", "input": question(index)}
        found = await self.client.wait(body, self.threads[0])
        expect({"messages": len(found["messages"])}, messages=self.messages + 2 * (index + 1))


class Long(Turns):
    """The next turn of a very long one."""

    messages = LONG


WORKS: Mapping[str, type[Served]] = {
    "echo": Echo,
    "durable": Durable,
    "crowded": Crowded,
    "steps": Steps,
    "sleepy": Sleepy,
    "streamed_sleepy": StreamedSleepy,
    "resume": Resume,
    "stream": Streamed,
    "tuples": Tuples,
    "join": Join,
    "joined_stream": JoinedStream,
    "late_stream": LateStream,
    "state": State,
    "history": History,
    "first_history": FirstHistory,
    "big": Big,
    "big_state": BigState,
    "threads": Threads,
    "search": Search,
    "newest": Newest,
    "deep_page": DeepPage,
    "turns": Turns,
    "long": Long,
}
"""Every kind, by the name that a row's `work` has."""
