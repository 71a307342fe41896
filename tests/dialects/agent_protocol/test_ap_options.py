"""Every option of a new run, on each of the operations that start one: given, and left out."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import pytest

from demotic.dialects.agent_protocol.render_callbacks import callback_json
from demotic.domain.assistants import NewAssistant
from demotic.domain.model import EVERYTHING
from demotic.domain.runs import Run
from demotic.engine.deliveries import Callbacks
from demotic.web.outgoing.addresses import LOOPBACK
from demotic.web.outgoing.policy import UrlPolicy
from demotic.web.outgoing.sender import HttpSender
from dialects.agent_protocol.ap_http import AGENT, ASSISTANT, WHOLE, ScriptedWire, open_wire
from dialects.langgraph.langgraph_http import frames
from house import open_house
from receiving import receiving

PATHS = ("/runs", "/runs/wait", "/runs/stream")
OTHER = "11111111-1111-1111-1111-111111111111"
NEW = "01234567-89ab-cdef-0123-456789abcdef"
STEPS: list[Any] = [["emit", "values", {"x": 1}], ["emit", "custom", 1]]


class Start:
    """Starts runs at one of the paths."""

    def __init__(self, wire: ScriptedWire, path: str) -> None:
        self.wire, self.path = wire, path

    async def run(self, headers: dict[str, str] | None = None, **options: Any) -> Any:
        """A run, once it has ended."""
        answer = await self.wire.ask("POST", self.path, options, headers)
        assert answer.status_code == 200, answer.text
        if self.path.endswith("/stream"):
            id = frames(answer.content)[0][1]["run_id"]
        else:
            told = answer.json()
            id = told.get("run", told)["run_id"]
        waited = await self.wire.told("GET", f"/runs/{id}/wait")
        return {**waited["run"], "values": waited["values"]}

    async def kept(self, **options: Any) -> Run:
        """A run as the engine keeps it."""
        id = (await self.run(**options))["run_id"]
        return await self.wire.engine.runs.get(None, id, EVERYTHING)

    async def left(self, gate: str, **options: Any) -> str:
        """What becomes of a run whose client goes away while it is at a gate, and which gets past
        it if it is not cancelled."""
        body = {"input": [["wait", gate]], **options}
        async with self.wire.open("POST", self.path, body) as answer:
            await self.wire.agent.arrived(gate)
            if self.path.endswith("/wait"):
                await answer.begun()  # only then it is noticed that the client has gone
        id = self.wire.agent.started[-1]
        await self.wire.thread()  # whatever is written of the client's leaving is written by then
        if self.path == "/runs" or options:
            self.wire.agent.open(gate)
        status: str = (await self.wire.told("GET", f"/runs/{id}/wait"))["run"]["status"]
        return status

    async def has_thread(self, run: Any) -> bool:
        """Whether the thread of a run is there."""
        answer = await self.wire.ask("GET", f"/threads/{run['thread_id']}")
        return answer.status_code == 200


async def thread_id(start: Start) -> None:
    """The run is that thread's; without it, it has one of its own."""
    thread = await start.wire.thread()
    assert (await start.run(thread_id=thread, input=STEPS))["thread_id"] == thread
    shown = await start.wire.told("GET", f"/threads/{thread}")
    assert shown["values"] == {"done": ["emit", "emit"]}
    assert (await start.run())["thread_id"] != thread


async def agent_id(start: Start) -> None:
    """That agent runs; without it, the first one that is hosted."""
    new = NewAssistant(id=OTHER, agent=AGENT, name="Other")
    await start.wire.house.storage.create_assistant(new, scope=EVERYTHING, now_us=1)
    assert (await start.run(agent_id=OTHER))["agent_id"] == OTHER
    assert (await start.run())["agent_id"] == ASSISTANT


async def input(start: Start) -> None:
    """It is what the agent is given."""
    assert (await start.run(input=STEPS))["values"] == {"done": ["emit", "emit"]}
    assert (await start.run())["values"] == {"done": []}


async def messages(start: Start) -> None:
    """They are part of what the agent is given."""
    said = [{"role": "user", "content": "Hi"}]
    run = await start.kept(messages=said, input={"steps": STEPS})
    assert isinstance(run.request.input, dict)
    [message] = run.request.input["messages"]
    assert (message["content"], run.request.input["steps"]) == ("Hi", STEPS)
    assert (await start.kept(input={"steps": STEPS})).request.input == {"steps": STEPS}


async def metadata(start: Start) -> None:
    """The run has it, and is found by it."""
    run, other = await start.run(metadata={"m": 1}), await start.run()
    assert (run["metadata"]["m"], "m" in other["metadata"]) == (1, False)
    found = await start.wire.told("POST", "/runs/search", {"metadata": {"m": 1}})
    assert [each["run_id"] for each in found] == [run["run_id"]]


async def config(start: Start) -> None:
    """It reaches the agent."""
    given: Any = {
        "tags": ["t"],
        "recursion_limit": 7,
        "configurable": {"k": 1},
        "metadata": {"m": 1},
        "run_name": "n",
        "max_concurrency": 2,
    }
    run = (await start.kept(config=given)).request
    assert (run.config, run.context) == (given, {"k": 1})
    plain = (await start.kept()).request
    assert (plain.config, plain.context) == ({}, None)


async def webhook(start: Start) -> None:
    """It is told of the run; nobody is where none is named."""
    async with receiving() as receiver:
        await start.run()
        run = await start.run(webhook=receiver.url)
        [told] = await receiver.received(1)
        assert told.json == {key: value for key, value in run.items() if key != "values"}


async def stream_mode(start: Start) -> None:
    """Events of these modes are kept and shown; without it `values`, of which a caller that waits
    for the result needs none."""
    events = {"Last-Event-ID": "0"}

    async def shown(**options: Any) -> list[str]:
        run = await start.run(thread_id=await start.wire.thread(), input=STEPS, **options)
        answer = await start.wire.ask("GET", f"/runs/{run['run_id']}/stream", None, events)
        return [name for name, *_ in frames(answer.content)][1:]

    assert await shown(stream_mode="custom") == ["custom"]
    assert await shown(stream_mode=["custom", "values"]) == ["values", "custom"]
    assert await shown() == ([] if start.path.endswith("/wait") else ["values"])


async def on_completion(start: Start) -> None:
    """A run's own thread is kept or, by default, deleted."""
    assert await start.has_thread(await start.run(on_completion="keep"))
    assert not await start.has_thread(await start.run(on_completion="delete"))
    assert not await start.has_thread(await start.run())


async def on_disconnect(start: Start) -> None:
    """A run goes on without its client or, by default, ends with it; one in the background has no
    client to end with, and tells what it was given."""
    background = start.path == "/runs"
    assert await start.left("a", on_disconnect="continue") == "success"
    assert await start.left("b") == ("success" if background else "error")
    for given in ("continue", "cancel"):
        assert (await start.run(on_disconnect=given))["on_disconnect"] == given


async def if_not_exists(start: Start) -> None:
    """A thread that is not there is created or, by default, missed."""
    missing = await start.wire.ask("POST", start.path, {"thread_id": NEW})
    assert missing.status_code == 404
    assert await start.has_thread(await start.run(thread_id=NEW, if_not_exists="create"))


async def idempotency_key(start: Start) -> None:
    """The same request sent again is the same run; without a key it is another."""
    key = {"Idempotency-Key": "k"}
    runs = [await start.run(headers, input=[]) for headers in (key, key, None, None)]
    assert len({each["run_id"] for each in runs}) == 3
    assert runs[0] == runs[1]


Trial = Callable[[Start], Awaitable[None]]

OPTIONS: Mapping[str, Trial] = {
    "thread_id": thread_id,
    "agent_id": agent_id,
    "input": input,
    "messages": messages,
    "metadata": metadata,
    "config": config,
    "webhook": webhook,
    "stream_mode": stream_mode,
    "on_completion": on_completion,
    "on_disconnect": on_disconnect,
    "if_not_exists": if_not_exists,
    "Idempotency-Key": idempotency_key,
}


@pytest.fixture
async def wire() -> AsyncIterator[ScriptedWire]:
    """A client of a dialect that calls receivers on this machine."""
    sender = HttpSender(UrlPolicy(networks=LOOPBACK))
    callbacks = Callbacks(sender=sender, renderers={"agent_protocol": callback_json})
    async with open_house(callbacks=callbacks) as house, open_wire(house) as opened:
        yield opened
    await sender.close()


@pytest.mark.requirement("ap.options")
@pytest.mark.requirement("ap.runs.on_disconnect.background")
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("option", OPTIONS)
async def test_an_option_does_what_it_says_and_may_be_left_out(
    option: str, path: str, wire: ScriptedWire
) -> None:
    await OPTIONS[option](Start(wire, path))


@pytest.mark.requirement("ap.options")
@pytest.mark.parametrize("path", PATHS)
def test_no_option_of_a_new_run_is_without_a_trial(path: str) -> None:
    told = WHOLE.tables.operations["POST", path]
    assert told.body is not None
    assert {*told.body.__struct_fields__, *(each.name for each in told.parameters)} == set(OPTIONS)
