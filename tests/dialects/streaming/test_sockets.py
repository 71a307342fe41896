"""WebSockets, in process: subscriptions, and what they are told."""

from typing import Any

import pytest

from demotic.dialects.streaming.session import MAX_SUBSCRIPTIONS
from dialects.streaming.streaming_graphs import one
from dialects.streaming.streaming_http import Client, Socket, data, is_end, talking
from served import a, b, chain

START = {"assistant_id": "graph", "input": {"log": ["in"]}}
ASK = {"assistant_id": "graph", "input": {"items": ["in"]}}


async def subscribed(socket: Socket, *channels: str, **params: Any) -> Any:
    """The answer to a subscription."""
    return await socket.result("subscription.subscribe", channels=channels, **params)


@pytest.mark.requirement("streaming.subscriptions.subscribe")
async def test_a_subscription_is_told_events_over_all_runs() -> None:
    async with talking(chain(a)) as client, client.socket() as socket:
        await socket.accepted()
        assert (await subscribed(socket, "values", "lifecycle"))["replayed_events"] == 0
        for n in (1, 2):
            await socket.result("run.start", **START)
            events = await socket.until(is_end)
            assert data(events, "values")[-1] == {"log": ["in", "a"] * n}
            assert {each["method"] for each in events} == {"values", "lifecycle"}


@pytest.mark.requirement("streaming.subscriptions.subscribe.replay")
async def test_a_late_subscription_is_told_what_is_recent_and_how_much_that_is() -> None:
    async with talking(chain(a, b)) as client:
        _, events = await client.ran("run.start", "values", **START)
        async with client.socket() as socket:
            await socket.accepted()
            told = await subscribed(socket, "values", "lifecycle")
            assert told["replayed_events"] == len(events)
            assert [await socket.next() for _ in events] == events
        async with client.socket() as socket:
            await socket.accepted()
            since = events[1]["seq"]
            told = await subscribed(socket, "values", "lifecycle", since=since)
            assert told["replayed_events"] == len(events) - 2
            assert [await socket.next() for _ in events[2:]] == events[2:]


@pytest.mark.requirement("streaming.subscriptions.several")
async def test_an_event_that_several_subscriptions_want_is_told_once() -> None:
    async with talking(chain(a)) as client, client.socket() as socket:
        await socket.accepted()
        for channels in (("values",), ("values", "lifecycle"), ("tasks",)):
            await subscribed(socket, *channels)
        await socket.result("run.start", **START)
        events = await socket.until(is_end)
        seqs = [each["seq"] for each in events]
        assert seqs == sorted(set(seqs))
        assert {each["method"] for each in events} == {"values", "tasks", "lifecycle"}


@pytest.mark.requirement("streaming.subscriptions.unsubscribe")
async def test_what_is_unsubscribed_is_told_no_more() -> None:
    async with talking(chain(a)) as client, client.socket() as socket:
        await socket.accepted()
        values = (await subscribed(socket, "values"))["subscription_id"]
        await subscribed(socket, "lifecycle")
        assert await socket.result("subscription.unsubscribe", subscriptionId=values) == {}
        again = await socket.error("subscription.unsubscribe", subscription_id=values)
        assert again == "no_such_subscription"
        await socket.result("run.start", **START)
        assert {each["method"] for each in await socket.until(is_end)} == {"lifecycle"}


@pytest.mark.requirement("streaming.subscriptions.unsubscribe")
async def test_without_a_subscription_nothing_is_told() -> None:
    async with talking(chain(a)) as client, client.socket() as socket:
        await socket.accepted()
        values = (await subscribed(socket, "values"))["subscription_id"]
        await socket.result("subscription.unsubscribe", subscription_id=values)
        await client.ran("run.start", **START)
        await socket.result("agent.getTree")
        assert socket.events == []


@pytest.mark.requirement("streaming.subscriptions.reconnect")
async def test_a_client_takes_up_its_subscriptions_where_it_left_off() -> None:
    async with talking(chain(a, b)) as client:
        async with client.socket() as socket:
            await socket.accepted()
            id = (await subscribed(socket, "values", "lifecycle"))["subscription_id"]
            run = (await socket.result("run.start", **START))["run_id"]
            events = await socket.until(is_end)
        back = {"runId": run, "lastEventId": events[1]["event_id"], "subscriptions": [id]}
        async with client.socket() as socket:
            await socket.accepted()
            told = await socket.result("subscription.reconnect", **back)
            assert (told["restored"], told["missed_events"]) == (True, len(events) - 2)
            assert told["current_namespaces"] == [{"namespace": [], "status": "completed"}]
            assert [await socket.next() for _ in events[2:]] == events[2:]
            await socket.result("run.start", **START)
            more = await socket.until(is_end)
            assert data(more, "values")[-1]["log"] == ["in", "a", "b"] * 2
            async with client.socket() as second:  # they are the first one's now
                await second.accepted()
                told = await second.result("subscription.reconnect", **back)
                assert not told["restored"]


@pytest.mark.requirement("streaming.subscriptions.reconnect")
async def test_subscriptions_of_another_thread_cannot_be_taken_up() -> None:
    async with talking(chain(a)) as client:
        async with client.socket() as socket:
            await socket.accepted()
            id = (await subscribed(socket, "values"))["subscription_id"]
        other = Client(client.app, client.thread[:-1] + ("0" if client.thread[-1] != "0" else "1"))
        run, _ = await other.ran("run.start", **START)
        async with other.socket() as socket:
            await socket.accepted()
            back = {"run_id": run["run_id"], "subscriptions": [id]}
            assert not (await socket.result("subscription.reconnect", **back))["restored"]


@pytest.mark.requirement("streaming.subscriptions.limit")
async def test_a_connection_has_a_limit_of_subscriptions() -> None:
    async with talking(one) as client, client.socket() as socket:
        await socket.accepted()
        for _ in range(MAX_SUBSCRIPTIONS):
            await subscribed(socket, "input")
        one_more = await socket.error("subscription.subscribe", channels=["input"])
        assert one_more == "invalid_argument"


@pytest.mark.requirement("streaming.sockets.commands")
async def test_a_question_is_answered_on_the_socket_that_told_it() -> None:
    async with talking(one) as client, client.socket("/stream/events") as socket:
        await socket.accepted()
        await subscribed(socket, "input", "lifecycle")
        await socket.result("run.start", **ASK)
        events = await socket.until(lambda each: each["method"] == "input.requested")
        (question,) = data(events, "input.requested")
        answer = {"interrupt_id": question["interrupt_id"], "response": "yes"}
        assert await socket.result("input.respond", **answer) == {}
        events = await socket.until(lambda each: "completed" in str(each))
        assert data(events, "input.answered") == [{"interrupt_ids": [question["interrupt_id"]]}]
        assert (await socket.result("state.get"))["values"]["items"] == ["in", "Go on? yes"]


@pytest.mark.requirement("streaming.sockets.refused")
async def test_a_socket_is_refused_with_the_status_of_a_stream() -> None:
    async with talking(one) as client:
        async with Client(client.app, "x").socket() as socket:
            assert await socket.closed() == 4400
        async with client.socket() as socket:
            await socket.accepted()
            await subscribed(socket, "values")
            await socket.result("run.start", **ASK)
            assert (await client.ask("DELETE", "")).status_code == 204
            while (got := await socket.got())["type"] == "websocket.send":
                pass
            assert (got["type"], got["code"]) == ("websocket.close", 4404)


@pytest.mark.requirement("streaming.sockets.garbage")
@pytest.mark.parametrize("sent", ["{", "", b"\xff", "1", '"run.start"'])
async def test_a_socket_outlives_what_is_no_command(sent: str | bytes) -> None:
    async with talking(one) as client, client.socket() as socket:
        await socket.accepted()
        await socket.send(sent)
        told = await socket.told()
        assert (told["type"], told["id"], told["error"]) == ("error", None, "invalid_argument")
        assert await socket.error("nope") == "unknown_command"
