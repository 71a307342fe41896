"""The streaming protocol below the Agent Protocol's mount, in process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from demotic.config import Listener
from demotic.domain.ids import uuid7
from demotic.server import make_app, make_apps
from dialects.agent_protocol.ap_graphs import asking
from dialects.agent_protocol.ap_http import UNKNOWN
from dialects.streaming.streaming_graphs import nested
from dialects.streaming.streaming_http import Client, Followed, Socket, data, is_end
from served import Served, served
from test_make_app import ALICE, KEYS, configured, hosting, settings_of

PATHS = ("/stream", "/stream/events")
START = {"assistantId": "graph", "input": {"items": ["in"]}}
ANSWERED = ["in", "noted", "answer yes"]


def is_inside(event: Any) -> bool:
    """Whether an event comes from a nested agent."""
    return bool(event["params"]["namespace"])


@pytest.fixture
async def house() -> AsyncIterator[Served]:
    """An agent that notes and asks."""
    async with served(asking) as opened:
        yield opened


def client_of(house: Served) -> Client:
    """A client of a thread, below the mount, that is not there yet."""
    app = make_app(hosting(house.engine), configured(), settings_of())
    return Client(app, uuid7(1), "/ap")


@asynccontextmanager
async def nesting() -> AsyncIterator[Client]:
    """A client of a thread whose agent has another in it, which asks."""
    async with served(nested) as house:
        yield client_of(house)


async def asked(events: Followed | Socket) -> list[Any]:
    """What is told up to the question."""
    return await events.until(lambda each: each["method"] == "input.requested")


@pytest.mark.requirement("ap.streaming.events")
@pytest.mark.requirement("ap.streaming.events.sdk")
@pytest.mark.requirement("ap.streaming.commands")
@pytest.mark.parametrize("path", PATHS)
async def test_a_thread_is_followed_while_commands_start_and_answer(
    path: str, house: Served
) -> None:
    client = client_of(house)
    async with client.follow("input", "lifecycle", "values", path=path) as followed:
        run = (await client.result("run.start", **START))["run_id"]
        events = await asked(followed)
        (question,) = data(events, "input.requested")
        assert question["payload"] == "Go on?"
        answer = {"interruptId": question["interrupt_id"], "response": "yes"}
        assert await client.result("input.respond", **answer) == {}
        events += await followed.until(lambda each: is_end(each) and "completed" in str(each))
    assert data(events, "values")[-1]["items"] == ANSWERED
    assert events[0]["event_id"] == f"synth:{run}:lc||running"
    seqs = [each["seq"] for each in events]
    assert seqs == sorted(set(seqs))
    for n in (0, len(events) // 2):
        async with client.follow(
            "input", "lifecycle", "values", path=path, since=seqs[n]
        ) as replayed:
            assert await replayed.until(lambda each: each == events[-1]) == events[n + 1 :]


@pytest.mark.requirement("ap.options")
@pytest.mark.parametrize("path", PATHS)
async def test_a_filter_is_by_namespace_and_depth(path: str) -> None:
    async with nesting() as client:

        async def inside(**filter: Any) -> bool:
            """Whether it is told what the nested agent did."""
            async with client.follow("lifecycle", path=path, since=0, **filter) as followed:
                told = await followed.until(lambda each: is_end(each) or is_inside(each))
                return is_inside(told[-1])

        await client.ran("run.start", assistantId="graph", input={"items": []})
        assert await inside()
        assert await inside(namespaces=[["inner"]])
        assert not await inside(namespaces=[[]], depth=0)
        assert await inside(namespaces=[[]], depth=1)
        assert (await client.post(path, {"namespaces": [["inner"]]})).status_code == 422


@pytest.mark.requirement("ap.options")
@pytest.mark.parametrize("path", PATHS)
async def test_a_client_that_forgot_to_upgrade_is_told_so(path: str, house: Served) -> None:
    answer = await client_of(house).ask("GET", path)
    assert (answer.status_code, answer.headers["upgrade"]) == (426, "websocket")


@pytest.mark.requirement("ap.streaming.socket")
@pytest.mark.requirement("ap.streaming.socket.sdk")
@pytest.mark.parametrize("path", PATHS)
async def test_a_socket_takes_commands_and_tells_answers_and_events(
    path: str, house: Served
) -> None:
    async with client_of(house).socket(path) as socket:
        await socket.accepted()
        channels = ["values", "input", "lifecycle"]
        subscribed = await socket.result("subscription.subscribe", channels=channels)
        assert subscribed["replayed_events"] == 0
        await socket.result("run.start", **START)
        (question,) = data(await asked(socket), "input.requested")
        answer = {"interrupt_id": question["interrupt_id"], "response": "yes"}
        assert await socket.result("input.respond", **answer) == {}
        events = await socket.until(lambda each: is_end(each) and "completed" in str(each))
        assert data(events, "values")[-1]["items"] == ANSWERED


@pytest.mark.requirement("ap.streaming.errors")
async def test_commands_to_a_thread_that_is_not_there_are_404_in_the_mount_s_body(
    house: Served,
) -> None:
    client = client_of(house)
    for method, params in (
        ("state.get", {}),
        ("state.listCheckpoints", {}),
        ("state.fork", {"checkpointId": UNKNOWN}),
        ("input.respond", {"interruptId": "x", "response": 1}),
        ("input.inject", {"message": {"role": "user", "content": "Hi"}}),
        ("agent.getTree", {}),
    ):
        answer = await client.post("/commands", {"id": 1, "method": method, "params": params})
        assert answer.status_code == 404, (method, answer.text)
        told = answer.json()
        assert (told["code"], told["metadata"]) == ("thread_not_found", {}), method
        assert told["message"] == told["detail"]


@pytest.mark.requirement("ap.streaming.errors")
async def test_what_cannot_be_understood_is_422_in_the_mount_s_body(house: Served) -> None:
    client = client_of(house)
    for path, body, told in (
        ("/stream", {}, "channels"),
        ("/stream", {"channels": ["x"]}, "'x'"),
        ("/stream", {"channels": ["values"], "since": -1}, "`since`"),
        ("/stream", [], "an object"),
        ("/commands", {"method": "state.get"}, "`id`"),
        ("/commands", {"id": 1}, "`method`"),
        ("/commands", {"id": 1, "method": "state.get", "params": []}, "`params`"),
        ("/commands", {"id": -1, "method": "state.get"}, "`id`"),
    ):
        answer = await client.post(path, body)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_input"), (path, body)
        assert told in answer.json()["message"]
    nobody = Client(client.app, "x", "/ap")
    for path in ("/stream", "/commands"):
        assert (await nobody.post(path, {})).status_code == 422
    async with nobody.socket() as socket:
        assert await socket.closed() == 4422


async def test_a_command_s_own_failure_is_an_answer(house: Served) -> None:
    client = client_of(house)
    async with client.follow("input") as followed:
        await client.result("run.start", **START)
        await asked(followed)
    assert await client.error("input.respond", interruptId="x", response=1) == "no_such_interrupt"
    assert await client.error("nope") == "unknown_command"
    assert await client.error("run.start", input={}) == "invalid_argument"


@pytest.mark.requirement("ap.streaming.guarded")
@pytest.mark.parametrize("path", PATHS)
async def test_a_socket_needs_the_key_that_requests_need(path: str, house: Served) -> None:
    app = make_app(hosting(house.engine), configured(), settings_of(api_keys=KEYS))
    thread = uuid7(1)
    async with Client(app, thread, "/ap").socket(path) as socket:
        assert await socket.got() == {
            "type": "websocket.close",
            "code": 1008,
            "reason": "unauthenticated",
        }
    async with Client(app, thread, "/ap", ALICE).socket(path) as socket:
        await socket.accepted()
        assert (await socket.result("run.start", **START)).keys() == {"run_id"}


@pytest.mark.requirement("ap.streaming.guarded")
async def test_a_part_that_is_switched_off_takes_the_socket_with_it(house: Served) -> None:
    config = configured(disabled=frozenset({"runs"}))
    client = Client(make_app(hosting(house.engine), config, settings_of()), uuid7(1), "/ap")
    for path in PATHS:
        async with client.socket(path) as socket:
            assert (await socket.got())["type"] == "websocket.close"


async def test_a_listener_of_its_own_speaks_it_at_its_root(house: Served) -> None:
    settings = settings_of(listeners=(Listener("ap", "127.0.0.1", 8002),))
    app = make_apps(hosting(house.engine), configured(), settings)

    async def at_its_port(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "server": ("127.0.0.1", 8002)}, receive, send)

    client = Client(at_its_port, uuid7(1))
    async with client.follow("input") as followed, client.socket() as socket:
        await (await socket.accepted()).result("subscription.subscribe", channels=["input"])
        await client.result("run.start", **START)
        assert await asked(followed) == await asked(socket)
    assert (await client.post("/commands", {})).json()["code"] == "bad_input"
