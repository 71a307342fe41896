"""What commands fail with: the same code over HTTP and over a WebSocket."""

from typing import Any

import pytest

from demotic.agents.langgraph.factories import Factory, Graph, factory_slots
from demotic.dialects.streaming.errors import CODES
from dialects.langgraph.langgraph_http import UNKNOWN
from dialects.streaming.streaming_graphs import one
from dialects.streaming.streaming_http import talking

START = {"assistant_id": "graph", "input": {"items": ["in"]}}
ANSWER = {"interrupt_id": "x", "response": 1}

FAILING: list[tuple[str, str, dict[str, Any]]] = [
    ("invalid_argument", "run.start", {"input": {}}),
    ("invalid_argument", "run.start", {"assistant_id": "nobody", "input": {}}),
    ("invalid_argument", "run.start", {**START, "config": {"recursion_limit": 0}}),
    ("invalid_argument", "run.start", {**START, "config": {"configurable": {"__x": 1}}}),
    ("invalid_argument", "input.respond", {}),
    ("invalid_argument", "input.inject", {"message": "Hi"}),
    ("invalid_argument", "agent.getTree", {"run_id": 1}),
    ("invalid_argument", "state.get", {"namespace": "inner"}),
    ("invalid_argument", "state.listCheckpoints", {"limit": 0}),
    ("invalid_argument", "state.fork", {}),
    ("invalid_argument", "subscription.subscribe", {}),
    ("invalid_argument", "subscription.subscribe", {"channels": ["x"]}),
    ("invalid_argument", "subscription.subscribe", {"channels": ["values"], "depth": -1}),
    ("invalid_argument", "subscription.subscribe", {"channels": ["values"], "since": -1}),
    ("invalid_argument", "subscription.unsubscribe", {}),
    ("invalid_argument", "subscription.reconnect", {}),
    ("unknown_command", "run.stop", {}),
    ("unknown_command", "", {}),
    ("no_such_run", "agent.getTree", {"run_id": UNKNOWN}),
    ("no_such_run", "agent.getTree", {"run_id": "x"}),
    ("no_such_run", "subscription.reconnect", {"run_id": UNKNOWN}),
    ("no_such_run", "input.inject", {"message": {"role": "user", "content": "Hi"}}),
    ("no_such_subscription", "subscription.unsubscribe", {"subscription_id": UNKNOWN}),
    ("no_such_namespace", "state.get", {"namespace": ["nobody"]}),
    ("no_such_namespace", "state.listCheckpoints", {"namespace": ["nobody"]}),
    ("no_such_interrupt", "input.respond", ANSWER),
    ("no_such_interrupt", "input.respond", {"responses": [ANSWER]}),
    ("no_such_checkpoint", "state.fork", {"checkpoint_id": UNKNOWN}),
    (
        "no_such_checkpoint",
        "run.start",
        {**START, "config": {"configurable": {"checkpoint_id": UNKNOWN}}},
    ),
    ("not_supported", "input.inject", {"namespace": ["inner"], "message": {}}),
    ("not_supported", "run.start", {**START, "langsmith_tracer": {"project_name": "p"}}),
]
"""Code, command and parameters, on a thread that asks something."""


@pytest.mark.requirement("streaming.errors.invalid_argument")
@pytest.mark.requirement("streaming.errors.unknown_command")
@pytest.mark.requirement("streaming.errors.no_such_run")
@pytest.mark.requirement("streaming.errors.no_such_subscription")
@pytest.mark.requirement("streaming.errors.no_such_namespace")
@pytest.mark.requirement("streaming.errors.no_such_interrupt")
@pytest.mark.requirement("streaming.errors.no_such_checkpoint")
@pytest.mark.requirement("streaming.errors.not_supported")
async def test_a_command_fails_with_its_code_and_changes_nothing() -> None:
    async with talking(one) as client:
        await client.ran("run.start", **START)
        before = await client.get("/runs"), await client.get("/state")
        async with client.socket() as socket:
            await socket.accepted()
            for code, method, params in FAILING:
                over_http = await client.command(method, **params)
                over_socket = await socket.command(method, **params)
                assert over_http["type"] == over_socket["type"] == "error", (method, params)
                assert over_http["error"] == over_socket["error"] == code, (method, params)
                assert over_http["message"] == over_socket["message"] != ""
        assert (await client.get("/runs"), await client.get("/state")) == before


@pytest.mark.requirement("streaming.errors.unknown_error")
async def test_a_failure_of_the_server_tells_nothing_of_what_is_inside() -> None:
    is_broken = False

    def make() -> Graph:
        if is_broken:
            raise ValueError("the password is 1234")
        return one

    async with talking(Factory("Graph 'graph'", make, factory_slots(make) or {})) as client:
        await client.ran("run.start", **START)
        is_broken = True
        async with client.socket() as socket:
            await socket.accepted()
            for told in (await client.command("state.get"), await socket.command("state.get")):
                assert told["error"] == "unknown_error"
                assert "1234" not in told["message"]


def test_every_code_that_there_is_is_tried() -> None:
    assert {code for code, *_ in FAILING} | {"unknown_error"} == set(CODES.values())


@pytest.mark.requirement("streaming.errors.unknown_thread")
@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("state.get", {}),
        ("state.listCheckpoints", {}),
        ("state.fork", {"checkpoint_id": UNKNOWN}),
        ("agent.getTree", {}),
        ("input.respond", ANSWER),
        ("input.inject", {"message": {"role": "user", "content": "Hi"}}),
    ],
)
async def test_a_thread_that_is_not_there_is_no_argument(
    method: str, params: dict[str, Any]
) -> None:
    async with talking(one) as client:
        told = await client.command(method, **params)
        assert told["error"] == "invalid_argument" and client.thread in told["message"]


@pytest.mark.requirement("streaming.errors.shapeless")
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"method": "state.get"}, "`id`"),
        ({"id": "1", "method": "state.get"}, "`id`"),
        ({"id": -1, "method": "state.get"}, "`id`"),
        ({"id": 2**53, "method": "state.get"}, "`id`"),
        ({"id": 1}, "`method`"),
        ({"id": 1, "method": "state.get", "params": []}, "`params`"),
        ([], "body"),
    ],
)
async def test_what_is_no_command_is_told_so_without_an_id(body: Any, field: str) -> None:
    async with talking(one) as client:
        answer = await client.post("/commands", body)
        told = answer.json()
        assert answer.status_code == 400
        assert (told["type"], told["id"], told["error"]) == ("error", None, "invalid_argument")
        assert field in told["message"]
        async with client.socket() as socket:
            await socket.accepted()
            await socket.send_json(body)
            assert await socket.told() == told
            assert await socket.error("nope") == "unknown_command"  # it goes on
