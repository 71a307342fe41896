"""What commands, answers, events and runs of the protocol look like, in process."""

import re
import time
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langgraph.graph import START as BEGIN
from langgraph.graph import MessagesState, StateGraph

from demotic.dialects.streaming.translate import KINDS
from dialects.langgraph.langgraph_http import Streaming
from dialects.streaming.streaming_graphs import nested, one
from dialects.streaming.streaming_http import Client, data, is_end, talking
from served import a, chain

START = {"assistant_id": "graph", "input": {"log": ["in"]}}
ASK = {"assistant_id": "graph", "input": {"items": ["in"]}}
FRAME = re.compile(rb"event: (\S+)\r\ndata: (\{[^\r\n]*\})\r\nid: (\d+)")


@pytest.mark.requirement("streaming.events")
async def test_an_event_is_a_frame_of_its_method_position_and_one_line_of_json() -> None:
    async with talking(chain(a)) as client:
        _, events = await client.ran("run.start", "values", "tasks", **START)
        body = {"channels": ["values", "tasks", "lifecycle"], "since": 0}
        path = f"{client.path}/stream/events"
        async with Streaming(client.app, "POST", path, body, {}) as stream:
            raw = await stream.until(b"completed")
        blocks = [each for each in raw.split(b"\r\n\r\n") if each]
        assert len(blocks) == len(events) >= 5
        for block, event in zip(blocks, events, strict=True):
            framed = FRAME.fullmatch(block)
            assert framed, block
            method, json, id = framed.groups()
            assert orjson.loads(json) == event
            assert (method.decode(), int(id)) == (event["method"], event["seq"])
            assert [*event] == ["type", "event_id", "seq", "method", "params"]
            assert event["type"] == "event"
            assert [*event["params"]][:3] == ["namespace", "timestamp", "data"]
            assert event["params"]["namespace"] == []
            seconds = event["params"]["timestamp"] / 1000
            assert abs(seconds - time.time()) < 3600, "in milliseconds"


@pytest.mark.requirement("streaming.events")
async def test_a_socket_is_sent_the_same_objects_as_a_stream() -> None:
    async with talking(chain(a)) as client, client.socket("/stream/events") as socket:
        await socket.accepted()
        channels = ["values", "lifecycle"]
        await socket.result("subscription.subscribe", channels=channels)
        await socket.result("run.start", **START)
        told = await socket.until(is_end)
        assert told == await client.ended("values", since=0)


def keys(value: Any) -> Iterator[str]:
    """The names of a message's own fields; what agents make has names of its own."""
    if isinstance(value, list):
        for each in value:
            yield from keys(each)
    if isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from () if key in ("values", "metadata", "payload", "config") else keys(each)


@pytest.mark.requirement("streaming.spelling")
async def test_what_is_sent_is_in_snake_case() -> None:
    async with talking(nested) as client:
        _, events = await client.ran("run.start", "input", "checkpoints", **ASK)
        answers = [
            await client.command("agent.getTree"),
            await client.command("state.get"),
            await client.command("state.listCheckpoints"),
            await client.command("subscription.subscribe", channels=["values"]),
        ]
        found = {*keys(events), *keys(answers)}
        assert {"event_id", "interrupt_id", "applied_through_seq", "graph_name"} <= found
        assert {each for each in found if each != each.lower()} == set()


@pytest.mark.requirement("streaming.spelling")
@pytest.mark.parametrize(
    ("camel", "snake"),
    [
        ({"interruptId": "x", "response": 1}, {"interrupt_id": "x", "response": 1}),
        ({"runId": "x"}, {"run_id": "x"}),
        ({"checkpointId": "x"}, {"checkpoint_id": "x"}),
        ({"subscriptionId": "x"}, {"subscription_id": "x"}),
        ({"assistantId": "x"}, {"assistant_id": "x"}),
    ],
)
async def test_what_is_received_may_be_in_either_spelling(
    camel: dict[str, Any], snake: dict[str, Any]
) -> None:
    method = {
        "interruptId": "input.respond",
        "runId": "agent.getTree",
        "checkpointId": "state.fork",
        "subscriptionId": "subscription.unsubscribe",
        "assistantId": "run.start",
    }[next(iter(camel))]
    async with talking(one) as client:
        await client.ran("run.start", **ASK)
        told, same = await client.command(method, **camel), await client.command(method, **snake)
        assert {**told, "id": 0} == {**same, "id": 0}
        assert "is required" not in told["message"] and "x" in told["message"]


@pytest.mark.requirement("streaming.run.row")
async def test_a_run_of_a_command_is_one_like_any_other_and_can_be_replayed() -> None:
    async with talking(chain(a)) as client:
        result, _ = await client.ran("run.start", **START)
        path = f"/runs/{result['run_id']}"
        row = await client.get(path)
        assert row["status"] == "success" and await client.get("/runs") == [row]
        kwargs = row["kwargs"]
        assert (kwargs["subgraphs"], kwargs["resumable"]) == (True, True)
        assert "messages-tuple" in kwargs["stream_mode"]
        assert len(kwargs["stream_mode"]) == len(KINDS)
        assert not [key for key in kwargs["config"]["configurable"] if key.startswith("__")]
        assert await client.get(f"{path}/join") == {"log": ["in", "a"]}
        async with Streaming(
            client.app, "GET", f"{client.path}{path}/stream", None, {"Last-Event-ID": "0"}
        ) as stream:
            replayed = await stream.rest()
        assert b"event: metadata" in replayed and b"event: values" in replayed
        assert replayed.count(b"\r\nid: ") == replayed.count(b"event: ")


@pytest.mark.requirement("streaming.input.respond.run")
async def test_an_answer_is_a_run_of_its_own_that_resumes_by_the_question_s_id() -> None:
    async with talking(one) as client:
        started, events = await client.ran("run.start", "input", **ASK)
        [question] = data(events, "input.requested")
        assert question["payload"] == "Go on?"
        id = question["interrupt_id"]
        await client.ran("input.respond", interrupt_id=id, response="yes")
        answering, asking = await client.get("/runs")
        assert asking["run_id"] == started["run_id"] != answering["run_id"]
        assert answering["kwargs"]["command"] == {"resume": {id: "yes"}}


@pytest.mark.requirement("streaming.sockets.first")
async def test_any_command_may_be_a_socket_s_first() -> None:
    async with talking(chain(a)) as client, client.socket() as socket:
        await socket.accepted()
        assert (await socket.result("run.start", **START))["run_id"]
        assert await socket.error("run.stop") == "unknown_command"


@pytest.mark.requirement("streaming.paths")
async def test_both_addresses_serve_the_same_events() -> None:
    async with talking(chain(a)) as client:
        _, events = await client.ran("run.start", "values", **START)
        for path in ("/stream", "/stream/events"):
            assert await client.ended("values", since=0, path=path) == events
            async with client.socket(path) as socket:
                await socket.accepted()
                channels = ["values", "lifecycle"]
                await socket.result("subscription.subscribe", channels=channels, since=0)
                assert await socket.until(is_end) == events
        plain = Streaming(client.app, "GET", f"{client.path}/stream", None, {})
        async with plain:  # over HTTP, GET is the thread's stream of LangGraph API
            await plain.begun()
            assert plain.headers["location"].endswith("?stream_modes=run_modes")


@pytest.mark.requirement("streaming.messages.input")
async def test_messages_may_be_lists_of_content_blocks() -> None:
    async def chat(state: MessagesState) -> dict[str, Any]:
        model = GenericFakeChatModel(messages=iter([AIMessage(content="fine")]))
        return {"messages": [await model.ainvoke(state["messages"])]}

    graph = StateGraph(MessagesState).add_node(chat).add_edge(BEGIN, "chat").compile()
    blocks = [{"type": "text", "text": "How"}, {"type": "text", "text": " are you?"}]
    async with talking(graph) as client:
        sent = {"messages": [{"role": "user", "content": blocks}]}
        _, events = await client.ran("run.start", "messages", assistant_id="graph", input=sent)
        told = data(events, "messages")
        assert [each["event"] for each in told if "delta" not in each["event"]] == [
            "message-start",
            "content-block-start",
            "content-block-finish",
            "message-finish",
        ]
        (asked, answer) = (await client.values())["messages"]
        assert (asked["content"], answer["content"]) == (blocks, "fine")


@pytest.mark.requirement("streaming.errors.http")
async def test_a_command_that_fails_is_answered_with_200_and_with_its_id() -> None:
    async with talking(one) as client:
        sent = {"id": 7, "method": "nope", "params": {}}
        answer = await client.post("/commands", sent)
        assert answer.status_code == 200
        told = answer.json()
        assert [*told] == ["type", "id", "error", "message"]
        assert (told["type"], told["id"], told["error"]) == ("error", 7, "unknown_command")
        other = Client(client.app, "nope")
        assert (await other.post("/commands", sent)).status_code == 400
