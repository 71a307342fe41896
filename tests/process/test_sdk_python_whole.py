"""Every public method of both clients of the Python SDK is called against a real server.

One walk for the asynchronous client and the synchronous one: `do` gives what a call of either
gives. A method that a later SDK adds fails the test until the walk calls it.
"""

import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from types import ModuleType
from typing import Any
from uuid import uuid4

import langgraph_sdk._async
import langgraph_sdk._sync
import pytest
from langgraph_sdk.errors import NotFoundError

from process.clients import HI, client_of, notes, sync_client_of
from process.graphs.crew import REPORT
from process.sdk_methods import classes, methods, noted
from process.serving import Server

pytestmark = pytest.mark.timeout(30, func_only=True)

IN, OUT = notes("in"), notes("in", "a", "b")
YEARLY = "0 0 1 1 *"


async def do(answer: Any) -> Any:
    """What a call gives, of whichever client."""
    return await answer if inspect.isawaitable(answer) else answer


async def take(stream: Any, enough: Callable[[Any], bool] = lambda _: False) -> list[Any]:
    """A stream of either client, up to the first part that is enough, or whole."""
    parts, stream = [], await do(stream)
    async for part in stream if hasattr(stream, "__aiter__") else _awaited(stream):
        parts.append(part)
        if enough(part):
            await do(getattr(stream, "aclose", getattr(stream, "close", int))())
            break
    return parts


async def _awaited(stream: Any) -> AsyncIterator[Any]:
    for part in stream:
        yield part


async def enter(stack: AsyncExitStack, opened: Any) -> Any:
    """What a `with` statement of either client gives."""
    if hasattr(opened, "__aenter__"):
        return await stack.enter_async_context(opened)
    return stack.enter_context(opened)


async def assistants(client: Any) -> None:
    """Assistants, their versions and their graphs."""
    its, tag = client.assistants, {"tag": str(uuid4())}
    made = await do(its.create("nested", metadata=tag, name="one"))
    id = made["assistant_id"]
    assert await do(its.get(id)) == made
    assert (await do(its.update(id, name="two")))["version"] == 2
    assert [each["version"] for each in await do(its.get_versions(id))] == [2, 1]
    assert (await do(its.set_latest(id, 1)))["name"] == "one"
    assert [each["assistant_id"] for each in await do(its.search(metadata=tag))] == [id]
    assert await do(its.count(metadata=tag)) == 1
    assert {"nodes", "edges"} == set(await do(its.get_graph(id, xray=True)))
    assert (await do(its.get_schemas(id)))["graph_id"] == "nested"
    assert [*await do(its.get_subgraphs(id, recurse=True))] == ["outer"]
    await do(its.delete(id))
    assert await do(its.count(metadata=tag)) == 0


async def threads(client: Any) -> None:
    """Threads and their states."""
    its, tag = client.threads, {"tag": str(uuid4())}
    updates = [{"values": IN, "as_node": "__start__"}, {"values": notes("u"), "as_node": "a"}]
    steps = [{"updates": [each]} for each in updates]
    made = await do(its.create(graph_id="echo", metadata=tag, supersteps=steps, ttl=5))
    id = made["thread_id"]
    assert (await do(its.get(id, include=["ttl"])))["ttl"]["ttl_minutes"] == 5
    state = await do(its.get_state(id))
    assert (state["values"], state["next"]) == (notes("in", "u"), ["b"])
    written = await do(its.update_state(id, notes("b"), as_node="b"))
    history = await do(its.get_history(id))
    assert history[0]["checkpoint"] == written["checkpoint"] and len(history) == 3
    await do(its.update(id, metadata={"more": 1}))
    await do(its.copy(id))
    found = await do(its.search(metadata=tag, sort_by="created_at", sort_order="asc"))
    assert [each["values"] for each in found] == [notes("in", "u", "b")] * 2
    assert await do(its.count(metadata={"more": 1, **tag})) == 2
    assert await do(its.prune([id], strategy="keep_latest")) == {"pruned_count": 1}
    assert len(await do(its.get_history(id))) == 1
    assert await do(its.prune([id])) == {"pruned_count": 1}
    copy = found[1]["thread_id"]
    await do(its.delete(copy))
    with pytest.raises(NotFoundError):
        await do(its.get(copy))


async def runs(client: Any) -> None:
    """Runs on a thread, and without one."""
    its, thread = client.runs, (await do(client.threads.create()))["thread_id"]
    parts = await take(its.stream(thread, "echo", input=IN, stream_resumable=True))
    run = parts[0].data["run_id"]
    assert parts[-1].data == OUT
    assert await take(its.join_stream(thread, run, last_event_id="-1")) == parts
    of_thread = client.threads.join_stream(thread, last_event_id="-1")
    followed = await take(of_thread, lambda part: "status" in part.data)
    assert followed[-1].data == {"status": "run_done", "run_id": run}
    assert await do(its.join(thread, run)) == OUT
    assert await do(its.list(thread)) == [await do(its.get(thread, run))]
    await do(its.delete(thread, run))
    assert await do(its.list(thread)) == []
    slow = await do(its.create(thread, "slow", input={"n": 9000}))
    queued = await do(its.create(thread, "echo", input=IN, multitask_strategy="enqueue"))
    await do(its.cancel_many(thread_id=thread, run_ids=[queued["run_id"]]))
    await do(its.cancel(thread, slow["run_id"], wait=True))
    ended = await do(its.list(thread, select=["status"]))
    assert ended == [{"status": "interrupted"}] * 2
    assert await do(its.wait(None, "echo", input=IN)) == OUT
    body = {"assistant_id": "echo", "input": IN, "on_completion": "keep"}
    for each in await do(its.create_batch([body, body])):
        assert await do(its.join(each["thread_id"], each["run_id"])) == OUT


async def crons(client: Any) -> None:
    """Crons, which do not fire meanwhile."""
    its, thread = client.crons, (await do(client.threads.create()))["thread_id"]
    bound = await do(its.create_for_thread(thread, "echo", schedule=YEARLY, input=IN))
    free = await do(its.create("echo", schedule=YEARLY, metadata={"of": thread}))
    assert (await do(its.update(bound["cron_id"], enabled=False)))["enabled"] is False
    found = await do(its.search(thread_id=thread))
    assert [each["cron_id"] for each in found] == [bound["cron_id"]]
    assert await do(its.count(metadata={"of": thread})) == 1
    for each in (bound, free):
        await do(its.delete(each["cron_id"]))
    assert await do(its.count(thread_id=thread)) == 0


async def items(client: Any) -> None:
    """Long-term memory."""
    its, place = client.store, ["whole", str(uuid4())]
    await do(its.put_item(place, "k", {"colour": "blue"}))
    assert (await do(its.get_item(place, "k")))["value"] == {"colour": "blue"}
    found = await do(its.search_items(place, filter={"colour": "blue"}))
    assert [each["key"] for each in found["items"]] == ["k"]
    assert await do(its.list_namespaces(prefix=place)) == {"namespaces": [place]}
    await do(its.delete_item(place, "k"))
    assert await do(its.list_namespaces(prefix=place)) == {"namespaces": []}


async def streams(client: Any) -> None:
    """A thread stream: tools, messages, and what is left."""
    async with AsyncExitStack() as stack:
        thread = await enter(stack, client.threads.stream(assistant_id="scout"))
        assert (await do(thread.run.start(input=HI)))["run_id"]
        shown = await take(thread.interleave_projections(["values", "messages", "tool_calls"]))
        calls = [item for channel, item in shown if channel == "tool_calls"]
        told = [(await take(call.deltas), (await do(call.output))["content"]) for call in calls]
        assert sorted(told) == [([], "Oslo: fine"), ([], "Rome: fine")]
        last = [item for channel, item in shown if channel == "values"][-1]
        assert (await do(thread.output))["messages"] == last["messages"]
        assert last["messages"][-1]["content"] == "".join(REPORT)
        assert {"nodes", "edges"} == set(await do(thread.agent.get_tree()))
        await do(thread.close())


async def questions(client: Any) -> None:
    """A thread stream: a question that is answered."""
    async with AsyncExitStack() as stack:
        thread = await enter(stack, client.threads.stream(assistant_id="hitl"))
        await do(thread.run.start(input=IN))
        await take(thread.subscribe(["values"], namespaces=[[]], depth=0))  # up to the question
        assert [each["value"] for each in thread.interrupts] == [{"question": "Go on?"}]
        await do(thread.run.respond("yes"))
        seen = await take(thread.events, completes)
        assert {"values", "lifecycle"} <= {event["method"] for event in seen}
        assert await do(thread.output) == notes("in", "asked", "answer yes")


def completes(event: Any) -> bool:
    """Whether an event tells the end of a run."""
    return bool(event["params"]["data"] == {**event["params"]["data"], "event": "completed"})


TOURS = (assistants, threads, runs, crons, items, streams, questions)


@pytest.mark.parametrize(
    ("package", "open_client"),
    [(langgraph_sdk._async, client_of), (langgraph_sdk._sync, sync_client_of)],
    ids=["asynchronous", "synchronous"],
)
async def test_every_method_of_the_sdk_is_called(
    package: ModuleType, open_client: Callable[[Server], Any], shared_server: Server
) -> None:
    known = methods(classes(package))
    assert len(known) > 60, "they are found by their names"
    with noted(known) as called:
        async with AsyncExitStack() as stack:
            client = await enter(stack, open_client(shared_server))
            for tour in TOURS:
                await tour(client)
    assert sorted(called) == sorted(known)
