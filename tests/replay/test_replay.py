"""The recorded exchanges of LangGraph API 0.16, sent again; optional, see `DEMOTIC_SPEC_DIR`.

Status, header names, the shape of JSON and the API's own words in it must be equal, but for what is
listed with its reason.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from replay.differences_listed import ANYWHERE, IGNORED, NOT_SENT, OTHER_STATUS, SHAPES
from replay.graphs import Pace
from replay.recording import FILE, ID, Exchange, Frame, Names, exchanges, frames
from replay.serving import serving
from replay.shapes import differences, merge, other_words, shape

pytestmark = pytest.mark.skipif(
    not FILE.is_file(), reason="DEMOTIC_SPEC_DIR names no folder with oracle/ recordings"
)

PATIENCE_S = 10
QUICK_S = 0.05
TO_THE_END = frozenset({176, 177, 178, 179, *range(180, 188), 262})
"""Exchanges with a run of `slow` that is awaited."""

CANCELLED_MEANWHILE = {196: "interrupt", 197: "rollback", 198: "interrupt"}
"""Exchanges during which the run was cancelled, by a request that was not recorded."""

PLANNED = 501


class Replay:
    """Sends exchanges again, and keeps what was wrong with the answers."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client, self.names = client, Names()
        self.problems: list[str] = []
        self.planned: list[int] = []

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """A request of our own that must succeed; its JSON."""
        answer = await self.client.request(method, path, json=body)
        assert answer.status_code == 200, (method, path, answer.text)
        return answer.json()

    async def run(self, exchange: Exchange) -> None:
        """Send an exchange again and compare."""
        Pace.seconds = QUICK_S if exchange.number in TO_THE_END else 5.0
        await self.prepare(exchange)
        answer = await self.send(exchange)
        if answer.status_code == PLANNED:
            self.planned.append(exchange.number)
            return
        wanted, _ = OTHER_STATUS.get(exchange.number, (exchange.status, ""))
        if answer.status_code != wanted:
            self.tell(exchange, f"status {answer.status_code}, not {wanted}: {answer.text[:200]}")
        elif wanted == exchange.status:
            self.compare(exchange, answer)
        await self.settle(exchange)

    async def send(self, exchange: Exchange) -> httpx.Response:
        """The answer to an exchange."""
        if action := CANCELLED_MEANWHILE.get(exchange.number):
            sending = asyncio.create_task(self._send(exchange))
            thread = self.names.translate(exchange.path).split("/")[2]
            await self.until_slow(thread)
            [run] = await self.ask("GET", f"/threads/{thread}/runs")
            path = f"/threads/{thread}/runs/{run['run_id']}/cancel?wait=true&action={action}"
            await self.ask("POST", path)
            return await sending
        return await self._send(exchange)

    async def _send(self, exchange: Exchange) -> httpx.Response:
        translated = self.names.translate(json.dumps(exchange.body))
        content = None if exchange.body is None else translated.encode()
        if exchange.note == "bad json":
            content = b"{"
        headers = {key: self.names.translate(value) for key, value in exchange.sent_headers.items()}
        path = self.names.translate(exchange.path)
        return await self.client.request(
            exchange.method, path, content=content, headers={"accept": "*/*", **headers}
        )

    async def prepare(self, exchange: Exchange) -> None:
        """Make what the exchange is about and whose making was not recorded."""
        parts = exchange.path.partition("?")[0].split("/")
        if parts[1] != "threads" or len(parts) < 3 or not ID.fullmatch(parts[2]):
            return
        thread = self.names.translate(parts[2])
        if exchange.status in (404, 409) and not self.names.knows(parts[2]):
            return
        if (make := PREPARED.get(exchange.number)) and not self.names.knows(parts[2]):
            self.names.call(parts[2], parts[2])
            await make(self, parts)
        elif not self.names.knows(parts[2]) and "if_not_exists" not in json.dumps(exchange.body):
            self.names.call(parts[2], parts[2])
            await self.ask("POST", "/threads", {"thread_id": thread})

    async def settle(self, exchange: Exchange) -> None:
        """Wait until a slow run is at its slow step, as it was when the next request came."""
        body = exchange.body if isinstance(exchange.body, dict) else {}
        starts = exchange.method == "POST" and exchange.path.endswith("/runs")
        if starts and body.get("assistant_id") == "slow" and exchange.status == 200:
            if body.get("multitask_strategy") != "enqueue":
                await self.until_slow(self.names.translate(exchange.path).split("/")[2])

    async def until_slow(self, thread: str) -> None:
        """Wait until the thread's next step is the slow one."""
        async with asyncio.timeout(PATIENCE_S):
            while (await self.ask("GET", f"/threads/{thread}/state"))["next"] != ["slow"]:
                pass  # each look lets the run go on

    def compare(self, exchange: Exchange, answer: httpx.Response) -> None:
        """Headers and body of an answer with those that were recorded."""
        missing = exchange.headers.keys() - answer.headers.keys() - {"transfer-encoding"}
        if missing:
            self.tell(exchange, f"headers missing: {sorted(missing)}")
        for name in ("location", "content-location"):
            self.names.learn(exchange.headers.get(name), answer.headers.get(name))
            wanted = self.names.translate(exchange.headers.get(name, ""))
            if wanted != answer.headers.get(name, ""):
                self.tell(exchange, f"{name}: {answer.headers.get(name)}, not {wanted}")
        if exchange.is_stream:
            self.compare_frames(exchange, frames(exchange.answer), frames(answer.text))
        elif "json" in exchange.headers.get("content-type", ""):
            self.compare_json(exchange, json.loads(exchange.answer), answer.json())

    def compare_json(self, exchange: Exchange, theirs: Any, ours: Any) -> None:
        """Two JSON bodies."""
        self.names.learn(theirs, ours)
        if exchange.path.startswith("/openapi") or exchange.path.startswith("/info"):
            return  # compared by tests of their own
        if answer_is_error(exchange) and "detail" in theirs:
            theirs, ours = {"detail": theirs["detail"]}, {"detail": ours["detail"]}
        self.told(exchange, differences(shape(theirs), shape(ours), IGNORED))
        self.told(exchange, other_words(theirs, ours))

    def compare_frames(
        self, exchange: Exchange, theirs: "list[Frame] | Any", ours: "list[Frame] | Any"
    ) -> None:
        """Two streams: the same events, in the same order where that is determined."""
        for one, other in zip(theirs, ours, strict=False):
            self.names.learn(one.data, other.data)
            if one.id and other.id and len(theirs) == len(ours):
                self.names.call(one.id, other.id)
        moving = exchange.number in TO_THE_END or exchange.number in CANCELLED_MEANWHILE
        names = [[each.event for each in side] for side in (theirs, ours)]
        if moving:
            names = [sorted(set(side)) for side in names]
        if names[0] != names[1]:
            self.tell(exchange, f"events {names[1]}, not {names[0]}")
        for event in sorted({each.event for each in ours} & {each.event for each in theirs}):
            left, right = (_merged(side, event) for side in (theirs, ours))
            self.told(exchange, differences(left, right, IGNORED, event))
        if not moving and names[0] == names[1]:
            for one, other in zip(theirs, ours, strict=True):
                self.told(exchange, other_words(one.data, other.data, one.event))
        if any(each.id for each in theirs) != any(each.id for each in ours):
            self.tell(exchange, "ids of events")

    def told(self, exchange: Exchange, found: Any) -> None:
        """Keep differences that are not listed."""
        allowed = SHAPES.get(exchange.number, {})
        for each in found:
            if each not in allowed and not each.endswith(tuple(ANYWHERE)):
                self.tell(exchange, each)

    def tell(self, exchange: Exchange, problem: str) -> None:
        """Keep a problem."""
        self.problems.append(
            f"{exchange.number} {exchange.method} {exchange.path} ({exchange.note}): {problem}"
        )


def _merged(side: Any, event: str) -> Any:
    found = None
    for each in side:
        if each.event == event:
            found = merge(found, shape(each.data))
    return found


def answer_is_error(exchange: Exchange) -> bool:
    """Whether an error was recorded."""
    return exchange.status >= 400


async def _running(replay: Replay, parts: list[str]) -> None:
    """A slow run at work."""
    await replay.ask("POST", "/threads", {"thread_id": parts[2]})
    run = await replay.ask(
        "POST", f"/threads/{parts[2]}/runs", {"assistant_id": "slow", "input": {"n": 6}}
    )
    replay.names.call(parts[4], run["run_id"])
    await replay.until_slow(parts[2])


async def _delayed(replay: Replay, parts: list[str]) -> None:
    """A slow run that has not begun."""
    await replay.ask("POST", "/threads", {"thread_id": parts[2]})
    body = {"assistant_id": "slow", "input": {"n": 6}, "after_seconds": 60}
    run = await replay.ask("POST", f"/threads/{parts[2]}/runs", body)
    if len(parts) > 4:
        replay.names.call(parts[4], run["run_id"])


async def _delayed_for_later(replay: Replay, parts: list[str]) -> None:
    await _delayed(replay, parts)
    [run] = await replay.ask("GET", f"/threads/{parts[2]}/runs")
    replay.names.call("01a2024c-e38c-7301-af34-0439e7257e4d", run["run_id"])


async def _two_runs(replay: Replay, parts: list[str]) -> None:
    """Two runs that have ended."""
    await replay.ask("POST", "/threads", {"thread_id": parts[2]})
    for n in ("1", "2"):
        body = {"assistant_id": "echo", "input": {"x": [n]}}
        await replay.ask("POST", f"/threads/{parts[2]}/runs/wait", body)


async def _supersteps(replay: Replay, parts: list[str]) -> None:
    """A thread that is made with a past."""
    update = {"values": {"x": ["s1"]}, "as_node": "a"}
    body = {"metadata": {"graph_id": "echo"}, "supersteps": [{"updates": [update]}]}
    answer = await replay.client.post("/threads", json={"thread_id": parts[2], **body})
    if answer.status_code == PLANNED:
        await replay.ask("POST", "/threads", {"thread_id": parts[2]})
        await replay.ask(
            "POST", f"/threads/{parts[2]}/runs/wait", {"assistant_id": "echo", "input": {}}
        )


async def _stateless(replay: Replay, parts: list[str]) -> None:
    """A stateless run at work."""
    body = {"assistant_id": "slow", "input": {"n": 4}}
    run = await replay.ask("POST", "/runs", body)
    replay.names.call(parts[4], run["run_id"])
    replay.names._ours[parts[2]] = run["thread_id"]


async def _kept(replay: Replay, parts: list[str]) -> None:
    """A thread that a stateless run has left."""
    await replay.ask("POST", "/threads", {"thread_id": parts[2]})
    body = {"assistant_id": "echo", "input": {}}
    await replay.ask("POST", f"/threads/{parts[2]}/runs/wait", body)


async def _forked(replay: Replay, parts: list[str]) -> None:
    """A thread with a past, two of whose checkpoints the recordings name."""
    await _kept(replay, parts)
    past = await replay.ask("GET", f"/threads/{parts[2]}/history")
    replay.names.call("1f1e64b4-426a-6b39-8000-8b4f9acc5812", past[2]["checkpoint_id"])
    replay.names.call("1f1e64b4-4271-6188-8001-bd3df9d31034", past[1]["checkpoint_id"])


PREPARED: dict[int, Callable[[Replay, list[str]], Awaitable[None]]] = {
    191: _running,
    255: _supersteps,
    262: _stateless,
    265: _kept,
    266: _forked,
    284: _delayed_for_later,
    286: _delayed,
    289: _two_runs,
}
"""What was there before an exchange, though nothing recorded made it."""


@pytest.mark.timeout(120)
async def test_every_exchange_is_answered_as_it_was_recorded(tmp_path: Path) -> None:
    async with serving(tmp_path) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://test", timeout=PATIENCE_S
        ) as client:
            replay = Replay(client)
            for exchange in exchanges():
                if exchange.number not in NOT_SENT:
                    await replay.run(exchange)
    assert not replay.problems, "\n".join(replay.problems)
    assert not replay.planned, f"planned, and answered with 501: {replay.planned}"
