"""The synchronous Python SDK against a real server."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from langgraph_sdk.client import SyncLangGraphClient
from langgraph_sdk.errors import ConflictError, NotFoundError
from langgraph_sdk.schema import RunCreateMetadata

from process.clients import HI, NO_UUID, data_of, ids_of, names, notes, sync_client_of
from process.graphs.graphs import REPLY
from process.serving import Server

pytestmark = pytest.mark.timeout(10, func_only=True)

IN = notes("in")


@pytest.fixture
def client(shared_server: Server) -> Iterator[SyncLangGraphClient]:
    with sync_client_of(shared_server) as client:
        yield client


def new_thread(client: SyncLangGraphClient) -> str:
    return client.threads.create()["thread_id"]


def test_assistants_are_found_and_read(client: SyncLangGraphClient) -> None:
    [echo] = client.assistants.search(graph_id="echo")
    assert client.assistants.get(echo["assistant_id"]) == echo


def test_a_thread_is_created_used_found_and_deleted(client: SyncLangGraphClient) -> None:
    tag = {"tag": str(uuid4())}
    id = client.threads.create(metadata=tag)["thread_id"]
    assert client.runs.wait(id, "echo", input=IN) == {"items": ["in", "a", "b"]}
    [found] = client.threads.search(metadata=tag, status="idle")
    assert found == client.threads.get(id)
    state = client.threads.get_state(id)
    assert state["values"] == {"items": ["in", "a", "b"]}
    history = client.threads.get_history(id)
    assert (len(history), history[0]["checkpoint"]) == (4, state["checkpoint"])
    client.threads.delete(id)
    with pytest.raises(NotFoundError):
        client.threads.get(id)


def test_a_run_is_created_joined_read_listed_and_deleted(client: SyncLangGraphClient) -> None:
    id = new_thread(client)
    run = client.runs.create(id, "echo", input=IN)
    assert client.runs.join(id, run["run_id"]) == {"items": ["in", "a", "b"]}
    read = client.runs.get(id, run["run_id"])
    assert (read["status"], client.runs.list(id)) == ("success", [read])
    client.runs.delete(id, run["run_id"])
    assert client.runs.list(id) == []


def test_several_modes_are_streamed(client: SyncLangGraphClient) -> None:
    told: list[RunCreateMetadata] = []
    parts = [
        *client.runs.stream(
            new_thread(client),
            "echo",
            input=IN,
            stream_mode=["values", "updates"],
            on_run_created=told.append,
        )
    ]
    assert names(parts) == ["metadata", "values", "updates", "values", "updates", "values"]
    assert [each["run_id"] for each in told] == [parts[0].data["run_id"]]


def test_tokens_are_streamed_one_by_one_and_add_up(client: SyncLangGraphClient) -> None:
    parts = [*client.runs.stream(None, "chat", input=HI, stream_mode="messages-tuple")]
    chunks = [message["content"] for message, _ in data_of(parts, "messages")]
    assert len(chunks) > 5
    assert "".join(chunks) == REPLY


def test_a_question_is_answered(client: SyncLangGraphClient) -> None:
    id = new_thread(client)
    asked: Any = client.runs.wait(id, "hitl", input=IN)
    assert len(asked["__interrupt__"]) == 1
    assert client.threads.get(id)["status"] == "interrupted"
    parts = [*client.runs.stream(id, "hitl", command={"resume": "yes"})]
    assert parts[-1].data == {"items": ["in", "asked", "answer yes"]}
    assert client.threads.get(id)["status"] == "idle"


def test_an_error_is_streamed_and_raised(client: SyncLangGraphClient) -> None:
    id = new_thread(client)
    parts = [*client.runs.stream(id, "err", input=IN)]
    assert (parts[-1].event, parts[-1].data["message"]) == ("error", "boom")
    with pytest.raises(Exception, match="boom"):
        client.runs.wait(id, "err", input=IN)


def test_a_resumable_stream_is_replayed(client: SyncLangGraphClient) -> None:
    id = new_thread(client)
    parts = [*client.runs.stream(id, "echo", input=IN, stream_resumable=True)]
    run_id = parts[0].data["run_id"]
    assert [*client.runs.join_stream(id, run_id, last_event_id="-1")] == parts
    middle = str(ids_of(parts)[1])
    assert [*client.runs.join_stream(id, run_id, last_event_id=middle)] == parts[2:]


def test_a_run_at_work_is_cancelled(client: SyncLangGraphClient) -> None:
    id = new_thread(client)
    stream = client.runs.stream(id, "slow", input={"n": 1000}, stream_mode="custom")
    run_id = next(iter(stream)).data["run_id"]
    with pytest.raises(ConflictError):
        client.runs.create(id, "echo", input=IN, multitask_strategy="reject")
    client.runs.cancel(id, run_id, wait=True)
    assert {"tick": "done"} not in data_of(stream, "custom")
    assert client.runs.get(id, run_id)["status"] == "interrupted"


def test_what_does_not_exist_is_not_found(client: SyncLangGraphClient) -> None:
    id = new_thread(client)
    with pytest.raises(NotFoundError):
        client.threads.get(NO_UUID)
    with pytest.raises(NotFoundError):
        client.runs.get(id, NO_UUID)
    with pytest.raises(NotFoundError):
        [*client.runs.join_stream(id, NO_UUID)]
