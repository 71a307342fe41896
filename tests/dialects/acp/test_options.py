"""Every option of a new run, on each operation of each version that starts one: given, and left
out."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
import orjson
import pytest
from starlette.types import Receive, Scope, Send

from demotic.dialects.acp.openapi.tables import tables
from demotic.dialects.acp.render_callbacks import callback_json
from demotic.dialects.acp.versions import VERSIONS, Version
from demotic.domain import model
from demotic.domain.lifecycle import RunState
from demotic.domain.model import EVERYTHING
from demotic.domain.runs import Run
from demotic.engine.deliveries import Callbacks
from demotic.web.callers import SCOPE_KEY
from demotic.web.outgoing.addresses import LOOPBACK
from demotic.web.outgoing.policy import UrlPolicy
from demotic.web.outgoing.sender import HttpSender
from dialects.acp import graphs
from dialects.acp.acp_http import AGENT, ASSISTANT, EITHER, Acp, frames, open_acp, told
from receiving import receiving

NEW = "01234567-89ab-cdef-0123-456789abcdef"
STEPS: list[Any] = [["emit", "values", {"x": 1}], ["emit", "custom", {"note": 1}]]
DONE = {"done": ["emit", "emit"]}


class Start(NamedTuple):
    """Starts runs in one of the ways, on threads or without."""

    acp: Acp
    stateful: bool
    way: str

    async def run(
        self, place: str | None = None, headers: dict[str, str] | None = None, **options: Any
    ) -> str:
        """The path of a run that has ended."""
        place = place or await self.acp.place(stateful=self.stateful)
        answer = await self.acp.ask("POST", f"{place}{self.way}", options, headers)
        assert answer.status_code == 200, answer.text
        return await self.ended(place, answer.content)

    async def ended(self, place: str, answer: bytes) -> str:
        """The path of the run that an answer tells of, once it has ended."""
        if self.way == "/stream":
            id = frames(answer)[0][1]["run_id"]
        else:
            run = orjson.loads(answer)
            id = run.get("run", run)["run_id"]
        await self.acp.output(f"{place}/{id}")
        return f"{place}/{id}"

    async def kept(self, run: str) -> Run:
        """The run at a path as the engine keeps it."""
        return await self.acp.engine.runs.get(None, run.rpartition("/")[2], EVERYTHING)

    async def told(self, run: str) -> list[tuple[str, Any]]:
        """All that the stream of the run at a path tells: types and data."""
        answer = await self.acp.ask("GET", f"{run}/stream", headers={"Last-Event-ID": "0"})
        return [(kind, data) for kind, _, data in told(frames(answer.content))]

    async def left(self, gate: str, **options: Any) -> str:
        """What a run comes to whose client goes away while it is at a gate, and which gets past
        it if it is not cancelled."""
        place = await self.acp.place(stateful=self.stateful)
        body = {"input": self.acp.script(["wait", gate]), **options}
        async with self.acp.open("POST", f"{place}{self.way}", body) as answer:
            await self.acp.agent.arrived(gate)
            if self.way == "/wait":
                await answer.begun()  # only then it is noticed that the client has gone
        await self.acp.thread()  # whatever is written of the client's leaving is written by then
        if not self.way or options:
            self.acp.agent.open(gate)
        output = await self.acp.output(f"{place}/{self.acp.agent.started[-1]}")
        return str(output.get("errcode", output["type"]))

    async def has_thread(self, run: str) -> bool:
        """Whether the thread of the run at a path is there."""
        thread = (await self.kept(run)).thread_id
        return (await self.acp.ask("GET", f"/threads/{thread}")).status_code == 200


async def agent_id(start: Start) -> None:
    """That agent runs; without it, the first one."""
    new = await start.acp.ask("POST", "/assistants", {"graph_id": AGENT}, mount="")
    other = new.json()["assistant_id"]
    assert (await start.kept(await start.run(agent_id=other))).assistant_id == other
    assert (await start.kept(await start.run())).assistant_id == ASSISTANT


async def input(start: Start) -> None:
    """It is what the agent is given."""
    run = await start.run(input=start.acp.script(*STEPS))
    assert (await start.acp.output(run))["values"] == DONE
    assert (await start.acp.output(await start.run()))["values"] == {"done": []}


async def metadata(start: Start) -> None:
    """A run is found by it."""
    run, _ = await start.run(metadata={"m": {"n": 1}}), await start.run()
    found = await start.acp.ask("POST", "/runs/search", {"metadata": {"m": {"n": 1}}})
    [one] = found.json()
    assert one["creation"]["metadata"] == {"m": {"n": 1}}
    assert one["run_id"] == run.rpartition("/")[2]


async def config(start: Start) -> None:
    """It reaches the agent."""
    given = {"tags": ["t"], "recursion_limit": 7, "configurable": {"language": "en"}}
    request = (await start.kept(await start.run(config=given))).request
    assert (request.config, request.context) == (given, {"language": "en"})
    plain = (await start.kept(await start.run())).request
    assert (plain.config, plain.context) == ({}, None)


async def webhook(start: Start) -> None:
    """It is told of each status of the run; nobody is where none is named."""
    async with receiving() as receiver:
        await start.run()
        run = await start.run(webhook=receiver.url)
        bodies = [each.json for each in await receiver.received(2)]
        assert [each["status"] for each in bodies] == ["pending", "success"]
        assert {each["run_id"] for each in bodies} == {run.rpartition("/")[2]}


async def stream_mode(start: Start) -> None:
    """Events of these types are kept and shown; without it `values`, which the agent is not asked
    for where the caller waits for the result."""
    steps = start.acp.script(*STEPS)
    values, custom, result = ("values", {"x": 1}), ("custom", {"note": 1}), ("values", DONE)
    for given, shown in (
        ({"stream_mode": "values"}, [values, result]),
        ({"stream_mode": "custom"}, [custom]),
        ({"stream_mode": ["custom", "values"]}, [values, custom, result]),
        ({}, [values, result]),  # a scripted agent tells what it is not asked for, too
    ):
        run = await start.run(input=steps, **given)
        assert await start.told(run) == shown
    assert (await start.kept(run)).request.modes == ([] if start.way == "/wait" else ["values"])


async def on_disconnect(start: Start) -> None:
    """A run goes on without its client or, by default, ends with it; one in the background has no
    client to end with, and tells what it was given."""
    assert await start.left("a", on_disconnect="continue") == "result"
    assert await start.left("b") == ("3" if start.way else "result")
    for given in ("continue", "cancel"):
        shown = await start.acp.ask("GET", await start.run(on_disconnect=given))
        assert shown.json()["creation"]["on_disconnect"] == given


async def multitask_strategy(start: Start) -> None:
    """Where a run is in progress another is refused by default, or comes after it; beside one that
    has no thread of the caller's, each has its own."""
    place = await start.acp.place(stateful=start.stateful)
    first = await start.acp.start(place, ["wait", "gate"])
    await start.acp.agent.arrived("gate")
    if not start.stateful:
        for given in ("reject", "enqueue", "interrupt", "rollback"):
            assert await start.acp.status(await start.run(multitask_strategy=given)) == "success"
        assert await start.acp.status(first) == "pending"
        return
    assert (await start.acp.ask("POST", f"{place}{start.way}", {})).status_code == 409
    body = {"multitask_strategy": "enqueue"}
    async with start.acp.open("POST", f"{place}{start.way}", body) as answer:
        await answer.begun()
        assert answer.status == 200 and len(start.acp.agent.started) == 1
        start.acp.agent.open("gate")
        second = await start.ended(place, await answer.rest())
    assert [await start.acp.status(each) for each in (first, second)] == ["success", "success"]


async def after_seconds(start: Start) -> None:
    """A run waits that long; without it, it begins at once."""
    await start.run()
    place = await start.acp.place(stateful=start.stateful)
    async with start.acp.open("POST", f"{place}{start.way}", {"after_seconds": 3600}) as answer:
        await answer.begun()
        [waiting] = (await start.acp.ask("POST", "/runs/search", {"status": "pending"})).json()
        run = f"{place}/{waiting['run_id']}"
        assert (await start.kept(run)).state is RunState.QUEUED  # it would run, with slots free
        assert (await start.acp.ask("POST", f"{run}/cancel?wait=true")).status_code == 204
        assert await start.ended(place, await answer.rest()) == run
    assert waiting["run_id"] not in start.acp.agent.started


async def on_completion(start: Start) -> None:
    """A run's own thread is kept or, by default, deleted."""
    assert await start.has_thread(await start.run(on_completion="keep"))
    assert not await start.has_thread(await start.run(on_completion="delete"))
    assert not await start.has_thread(await start.run())


async def stream_subgraphs(start: Start) -> None:
    """What nested graphs tell is shown, too, or is not."""
    async with open_acp(graphs.outer(), version=start.acp.version) as acp:
        start = start._replace(acp=acp)
        inner, outer = ("custom", {"from": "inner"}), ("custom", {"from": "outer"})
        run = await start.run(stream_mode="custom", stream_subgraphs=True)
        assert await start.told(run) == [inner, outer]
        for given in ({}, {"stream_subgraphs": False}):
            body: dict[str, Any] = {"stream_mode": "custom", **given}
            assert await start.told(await start.run(**body)) == [outer]


async def if_not_exists(start: Start) -> None:
    """A thread that is not there is created or, by default, missed."""
    place = f"/threads/{NEW}/runs"
    for given in ({}, {"if_not_exists": "reject"}):
        missing = await start.acp.ask("POST", f"{place}{start.way}", given)
        assert missing.status_code == 404
    assert await start.has_thread(await start.run(place, if_not_exists="create"))


async def idempotency_key(start: Start) -> None:
    """The same request sent again is the same run; without a key it is another."""
    place, key = await start.acp.place(stateful=start.stateful), {"Idempotency-Key": "k"}
    runs = [await start.run(place, headers) for headers in (key, key, None, None)]
    assert runs[0] == runs[1] and len(set(runs)) == 3


Trial = Callable[[Start], Awaitable[None]]

OF_BOTH: Mapping[str, Trial] = {
    "agent_id": agent_id,
    "input": input,
    "metadata": metadata,
    "config": config,
    "webhook": webhook,
    "stream_mode": stream_mode,
    "on_disconnect": on_disconnect,
    "multitask_strategy": multitask_strategy,
    "after_seconds": after_seconds,
    "Idempotency-Key": idempotency_key,
}
OPTIONS: Mapping[str, Mapping[str, Trial]] = {
    "/runs": {**OF_BOTH, "on_completion": on_completion},
    "/threads/{thread_id}/runs": {
        **OF_BOTH,
        "stream_subgraphs": stream_subgraphs,
        "if_not_exists": if_not_exists,
    },
}
WAYS = ("", "/wait", "/stream")
EVERY_VERSION = pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)


@asynccontextmanager
async def starting(version: Version, place: str, way: str) -> AsyncIterator[Start]:
    """A server that may call receivers on this machine."""
    sender = HttpSender(UrlPolicy(networks=LOOPBACK))
    callbacks = Callbacks(sender=sender, renderers={"acp": callback_json})
    async with open_acp(version=version, callbacks=callbacks) as acp:
        yield Start(acp, "thread_id" in place, way)
    await sender.close()


@pytest.mark.requirement("acp.options")
@pytest.mark.requirement("acp.runs.multitask_alone")
@pytest.mark.requirement("acp.runs.on_disconnect_background")
@EVERY_VERSION
@pytest.mark.parametrize("way", WAYS, ids=["create", "wait", "stream"])
@pytest.mark.parametrize(
    ("place", "option"), [(place, each) for place, options in OPTIONS.items() for each in options]
)
async def test_an_option_does_what_it_says_and_may_be_left_out(
    place: str, option: str, way: str, version: Version
) -> None:
    async with starting(version, place, way) as start:
        await OPTIONS[place][option](start)


@pytest.mark.requirement("acp.options")
@EVERY_VERSION
def test_no_option_of_a_new_run_is_without_a_trial(version: Version) -> None:
    for place, options in OPTIONS.items():
        for way in WAYS:
            row = tables(version).operations["POST", f"{place}{way}"]
            assert row.body is not None
            fields = row.body.__struct_fields__
            assert {*fields, *(each.name for each in row.parameters)} == set(options)


@pytest.mark.requirement("acp.options")
@EITHER
async def test_a_thread_that_is_another_caller_s_is_not_found(acp: Acp) -> None:
    assert (await acp.ask("POST", "/threads", {"thread_id": NEW})).status_code == 200

    async def as_bob(scope: Scope, receive: Receive, send: Send) -> None:
        scope[SCOPE_KEY] = model.Scope(filters={"owner": "bob"})
        await acp.app(scope, receive, send)

    transport = httpx.ASGITransport(as_bob)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as bob:
        body = {"thread_id": NEW, "if_exists": "do_nothing"}
        answer = await bob.post(f"{acp.version.mount}/threads", json=body)
    assert (answer.status_code, answer.json()) == (404, f"Thread with ID {NEW} not found")
