"""The asynchronous Python SDK against a real server: administration of assistants and threads."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import ConflictError, NotFoundError

from process.clients import client_of, notes
from process.serving import Server

pytestmark = pytest.mark.timeout(10, func_only=True)

IN = notes("in")


@pytest.fixture
async def client(shared_server: Server) -> AsyncIterator[LangGraphClient]:
    async with client_of(shared_server) as client:
        yield client


async def test_an_assistant_lives_through_its_versions(client: LangGraphClient) -> None:
    made = await client.assistants.create("echo", context={"k": 1}, name="mine")
    id = made["assistant_id"]
    assert made["config"] == {"configurable": {"k": 1}}
    changed = await client.assistants.update(id, metadata={"z": 1}, name="yours")
    assert (changed["version"], changed["name"]) == (2, "yours")
    listed = await client.assistants.get_versions(id)
    assert [each["version"] for each in listed] == [2, 1]
    chosen = await client.assistants.set_latest(id, 1)
    assert (chosen["version"], chosen["name"]) == (1, "mine")
    assert await client.assistants.count(graph_id="echo") >= 2
    assert await client.runs.wait(None, id, input=IN) == {"items": ["in", "a", "b"]}
    with pytest.raises(ConflictError):
        await client.assistants.create("echo", assistant_id=id)
    same = await client.assistants.create("echo", assistant_id=id, if_exists="do_nothing")
    assert same["name"] == "mine"
    await client.assistants.delete(id)
    with pytest.raises(NotFoundError):
        await client.assistants.get(id)


async def test_a_deleted_assistant_takes_its_threads_along_on_request(
    client: LangGraphClient,
) -> None:
    id = (await client.assistants.create("echo"))["assistant_id"]
    thread = (await client.threads.create())["thread_id"]
    await client.runs.wait(thread, id, input=IN)
    await client.assistants.delete(id, delete_threads=True)
    with pytest.raises(NotFoundError):
        await client.threads.get(thread)


def without_ids(states: list[Any], thread: str) -> str:
    """States without the id of their thread."""
    return str(states).replace(thread, "thread")


async def test_a_copy_has_an_equal_history_and_goes_its_own_way(client: LangGraphClient) -> None:
    source = (await client.threads.create(metadata={"a": 1}))["thread_id"]
    await client.runs.wait(source, "hitl", input=IN)
    copied: Any = await client.http.post(f"/threads/{source}/copy", json=None)
    copy = copied["thread_id"]
    assert (copied["status"], copied["metadata"]["a"]) == ("idle", 1)
    before = await client.threads.get_history(source)
    history = await client.threads.get_history(copy)
    assert len(history) > 1
    assert without_ids(history, copy) == without_ids(before, source)
    resumed: Any = await client.runs.wait(copy, "hitl", command={"resume": "yes"})
    assert "__interrupt__" not in resumed and "yes" in str(resumed)
    assert await client.threads.get_history(source) == before
    await client.threads.delete(source)
    assert len(await client.threads.get_history(copy)) > len(history)


async def test_threads_are_changed_and_counted(client: LangGraphClient) -> None:
    thread = (await client.threads.create())["thread_id"]
    await client.threads.update(thread, metadata={"mark": thread})
    assert await client.threads.count(metadata={"mark": thread}) == 1
    assert (await client.threads.get(thread))["metadata"] == {"mark": thread}
