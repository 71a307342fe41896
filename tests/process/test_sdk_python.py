"""The asynchronous Python SDK against a real server: assistants, threads, runs, streams."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from httpx import HTTPStatusError
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import (
    ConflictError,
    InternalServerError,
    NotFoundError,
    UnprocessableEntityError,
)
from langgraph_sdk.schema import RunCreateMetadata, StreamPart

from process.clients import (
    HI,
    NO_UUID,
    client_of,
    collect,
    data_of,
    ids_of,
    leave,
    names,
    notes,
    until,
)
from process.graphs.graphs import REPLY
from process.serving import Server

pytestmark = pytest.mark.timeout(10, func_only=True)

IN = notes("in")


@pytest.fixture
async def client(shared_server: Server) -> AsyncIterator[LangGraphClient]:
    async with client_of(shared_server) as client:
        yield client


async def new_thread(client: LangGraphClient) -> str:
    return (await client.threads.create())["thread_id"]


async def test_every_graph_has_an_assistant_that_can_be_found_and_read(
    client: LangGraphClient,
) -> None:
    found = await client.assistants.search(limit=100)
    assert {"echo", "chat", "hitl", "sub", "err", "slow", "steps"} <= {
        each["graph_id"] for each in found
    }
    [echo] = await client.assistants.search(graph_id="echo")
    assert await client.assistants.get(echo["assistant_id"]) == echo
    assert echo["metadata"] == {"created_by": "system"}
    assert (echo["name"], echo["version"]) == ("echo", 1)


async def test_a_run_can_name_its_assistant_by_id(client: LangGraphClient) -> None:
    [echo] = await client.assistants.search(graph_id="echo")
    assert await client.runs.wait(None, echo["assistant_id"], input=IN) == {
        "items": ["in", "a", "b"]
    }


async def test_a_thread_is_created_read_found_and_deleted(client: LangGraphClient) -> None:
    tag = {"tag": str(uuid4())}
    thread = await client.threads.create(metadata=tag)
    assert (thread["status"], thread["values"]) == ("idle", None)
    assert await client.threads.get(thread["thread_id"]) == thread
    assert await client.threads.search(metadata=tag) == [thread]
    await client.threads.delete(thread["thread_id"])
    assert await client.threads.search(metadata=tag) == []
    with pytest.raises(NotFoundError):
        await client.threads.get(thread["thread_id"])


async def test_a_thread_with_a_taken_id_is_refused_or_given_back(client: LangGraphClient) -> None:
    id = str(uuid4())
    first = await client.threads.create(thread_id=id, metadata={"n": 1})
    again = await client.threads.create(thread_id=id, metadata={"n": 2}, if_exists="do_nothing")
    assert again == first
    with pytest.raises(ConflictError):
        await client.threads.create(thread_id=id)


async def test_of_concurrent_creates_with_one_id_one_wins(client: LangGraphClient) -> None:
    id = str(uuid4())
    results = await asyncio.gather(
        *(client.threads.create(thread_id=id) for _ in range(20)), return_exceptions=True
    )
    refused = [each for each in results if isinstance(each, ConflictError)]
    assert (len(results) - len(refused), len(refused)) == (1, 19)


async def test_threads_are_found_by_ids_status_and_values_page_by_page(
    client: LangGraphClient,
) -> None:
    tag = {"tag": str(uuid4())}
    made = [await client.threads.create(metadata=tag) for _ in range(3)]
    ids = [each["thread_id"] for each in made]
    await client.runs.wait(ids[0], "hitl", input=IN)
    await client.runs.wait(ids[1], "echo", input=IN)

    async def found(**query: Any) -> list[str]:
        rows = await client.threads.search(metadata=tag, select=["thread_id"], **query)
        return [row["thread_id"] for row in rows]

    assert await found(sort_by="created_at", sort_order="asc") == ids
    assert await found(sort_by="created_at", sort_order="desc", limit=1, offset=1) == [ids[1]]
    assert await found(status="interrupted") == [ids[0]]
    assert await found(values={"items": ["in", "a", "b"]}) == [ids[1]]
    assert await found(ids=[ids[2], NO_UUID]) == [ids[2]]


async def test_a_run_leaves_state_and_history(client: LangGraphClient) -> None:
    id = await new_thread(client)
    assert await client.runs.wait(id, "echo", input=IN) == {"items": ["in", "a", "b"]}
    state = await client.threads.get_state(id)
    assert state["values"] == {"items": ["in", "a", "b"]}
    assert (state["next"], state["tasks"]) == ([], [])
    history = await client.threads.get_history(id, limit=10)
    assert [each["next"] for each in history] == [[], ["b"], ["a"], ["__start__"]]
    assert history[0]["checkpoint"] == state["checkpoint"]
    assert history[0]["parent_checkpoint"] == history[1]["checkpoint"]
    assert [each["metadata"]["step"] for each in history if each["metadata"]] == [2, 1, 0, -1]


async def test_history_is_read_page_by_page_and_states_by_checkpoint(
    client: LangGraphClient,
) -> None:
    id = await new_thread(client)
    await client.runs.wait(id, "echo", input=IN)
    whole = await client.threads.get_history(id, limit=10)
    page = await client.threads.get_history(id, limit=2, before=whole[1]["checkpoint"])
    assert page == whole[2:]
    checkpoint = whole[1]["checkpoint"]
    assert await client.threads.get_state(id, checkpoint=checkpoint) == whole[1]
    by_id = await client.threads.get_state(id, checkpoint_id=checkpoint["checkpoint_id"] or "")
    assert by_id["values"] == {"items": ["in", "a"]}


async def test_a_run_from_an_earlier_checkpoint_forks_the_thread(client: LangGraphClient) -> None:
    id = await new_thread(client)
    await client.runs.wait(id, "echo", input=IN)
    history = await client.threads.get_history(id, limit=10)
    values = await client.runs.wait(id, "echo", checkpoint=history[1]["checkpoint"])
    assert values == {"items": ["in", "a", "b"]}
    forked = await client.threads.get_history(id, limit=10)
    assert [(each["metadata"] or {})["source"] for each in forked[:2]] == ["loop", "fork"]
    assert forked[2:] == history


async def test_a_run_is_created_joined_read_and_listed(client: LangGraphClient) -> None:
    id = await new_thread(client)
    run = await client.runs.create(id, "echo", input=IN, metadata={"who": "me"})
    assert run["thread_id"] == id
    assert run["status"] in ("pending", "running")
    assert await client.runs.join(id, run["run_id"]) == {"items": ["in", "a", "b"]}
    read = await client.runs.get(id, run["run_id"])
    assert (read["status"], read["multitask_strategy"]) == ("success", "enqueue")
    assert (read["metadata"] or {})["who"] == "me"
    second = await client.runs.create(id, "err", input=IN)
    assert (await client.runs.join(id, second["run_id"]))["__error__"]["error"] == "ValueError"
    listed = await client.runs.list(id)
    assert [each["run_id"] for each in listed] == [second["run_id"], run["run_id"]]
    assert listed[1] == read
    failed: Any = await client.runs.list(id, status="error", select=["run_id"])
    assert failed == [{"run_id": second["run_id"]}]
    assert await client.runs.list(id, limit=1, offset=1) == [read]


async def test_a_finished_run_is_deleted(client: LangGraphClient) -> None:
    id = await new_thread(client)
    run = await client.runs.create(id, "echo", input=IN)
    await client.runs.join(id, run["run_id"])
    await client.runs.delete(id, run["run_id"])
    with pytest.raises(NotFoundError):
        await client.runs.get(id, run["run_id"])
    assert await client.runs.list(id) == []


async def test_a_stream_begins_with_metadata_and_shows_values(client: LangGraphClient) -> None:
    id = await new_thread(client)
    parts = await collect(client.runs.stream(id, "echo", input=IN))
    assert names(parts) == ["metadata", "values", "values", "values"]
    [run] = await client.runs.list(id)
    assert parts[0].data == {"run_id": run["run_id"], "attempt": 1}
    assert data_of(parts, "values") == [
        {"items": ["in"]},
        {"items": ["in", "a"]},
        {"items": ["in", "a", "b"]},
    ]
    assert all(part.id is None for part in parts)


async def test_updates_are_streamed_by_node(client: LangGraphClient) -> None:
    id = await new_thread(client)
    parts = await collect(client.runs.stream(id, "echo", input=IN, stream_mode="updates"))
    assert [(part.event, part.data) for part in parts[1:]] == [
        ("updates", {"a": {"items": ["a"]}}),
        ("updates", {"b": {"items": ["b"]}}),
    ]


async def test_several_modes_come_in_one_stream_in_order(client: LangGraphClient) -> None:
    id = await new_thread(client)
    modes: Any = ["values", "updates", "custom"]
    parts = await collect(client.runs.stream(id, "slow", input={"n": 2}, stream_mode=modes))
    assert names(parts) == [
        "metadata",
        "values",
        "custom",
        "custom",
        "updates",
        "values",
        "custom",
        "updates",
        "values",
    ]
    assert data_of(parts, "custom") == [{"tick": 0}, {"tick": 1}, {"tick": "done"}]


async def test_custom_events_are_streamed_alone(client: LangGraphClient) -> None:
    id = await new_thread(client)
    parts = await collect(client.runs.stream(id, "sub", input=IN, stream_mode="custom"))
    assert [(part.event, part.data) for part in parts[1:]] == [("custom", {"from": "after"})]


async def test_events_of_subgraphs_carry_their_namespace(client: LangGraphClient) -> None:
    id = await new_thread(client)
    parts = await collect(
        client.runs.stream(
            id, "sub", input=IN, stream_mode=["updates", "custom"], stream_subgraphs=True
        )
    )
    kinds = [part.event.partition(":")[0] for part in parts]
    assert kinds == [
        "metadata",
        "custom|outer",
        "updates|outer",
        "updates",
        "custom",
        "updates",
    ]
    assert parts[1].event.removeprefix("custom") == parts[2].event.removeprefix("updates")
    assert parts[2].data == {"inside": {"items": ["inside"]}}


async def test_without_subgraphs_none_of_their_updates_is_streamed(
    client: LangGraphClient,
) -> None:
    id = await new_thread(client)
    parts = await collect(client.runs.stream(id, "sub", input=IN, stream_mode="updates"))
    assert data_of(parts, "updates") == [
        {"outer": {"items": ["outer"]}},
        {"after": {"items": ["after"]}},
    ]


async def test_message_tuples_come_token_by_token_and_add_up(client: LangGraphClient) -> None:
    id = await new_thread(client)
    parts = await collect(client.runs.stream(id, "chat", input=HI, stream_mode="messages-tuple"))
    chunks = [message for message, _ in data_of(parts, "messages")]
    assert len([chunk for chunk in chunks if chunk["content"]]) > 5
    assert {chunk["type"] for chunk in chunks} == {"AIMessageChunk"}
    assert "".join(chunk["content"] for chunk in chunks) == REPLY
    final = await last_message(client, id)
    assert final["content"] == REPLY
    assert {chunk["id"] for chunk in chunks} == {final["id"]}
    metadata = data_of(parts, "messages")[0][1]
    assert (metadata["langgraph_node"], metadata["graph_id"]) == ("model", "chat")


async def test_messages_accumulate_until_they_are_whole(client: LangGraphClient) -> None:
    id = await new_thread(client)
    parts = await collect(client.runs.stream(id, "chat", input=HI, stream_mode="messages"))
    assert names(parts)[:3] == ["metadata", "messages/metadata", "messages/partial"]
    partial = [message for [message] in data_of(parts, "messages/partial")]
    assert len(partial) > 5
    for earlier, later in zip(partial, partial[1:], strict=False):
        assert later["content"].startswith(earlier["content"])
    final = await last_message(client, id)
    assert (partial[-1]["content"], partial[-1]["id"]) == (REPLY, final["id"])
    assert [[*each] for each in data_of(parts, "messages/metadata")] == [[final["id"]]]


async def last_message(client: LangGraphClient, thread_id: str) -> dict[str, Any]:
    values: Any = (await client.threads.get_state(thread_id))["values"]
    message: dict[str, Any] = values["messages"][-1]
    return message


async def test_many_streams_at_once_do_not_mix(client: LangGraphClient) -> None:
    async def run(name: str) -> Any:
        parts = await collect(client.runs.stream(None, "steps", input=notes(name)))
        assert len({part.data["run_id"] for part in parts if part.event == "metadata"}) == 1
        return parts[-1].data["items"]

    names = [str(i) for i in range(20)]
    assert await asyncio.gather(*(run(name) for name in names)) == [
        [name, *(f"s{i}" for i in range(10))] for name in names
    ]


async def test_the_typed_stream_of_the_sdk_is_filled(client: LangGraphClient) -> None:
    id = await new_thread(client)
    stream = client.runs.stream(
        id, "sub", input=IN, stream_mode="updates", stream_subgraphs=True, version="v2"
    )
    parts: list[Any] = [part async for part in stream]
    assert [part["type"] for part in parts] == ["metadata", "updates", "updates", "updates"]
    assert [len(part["ns"]) for part in parts[1:]] == [1, 0, 0]
    assert parts[1]["data"] == {"inside": {"items": ["inside"]}}


@pytest.mark.requirement("langgraph.sdk.run_created")
async def test_whoever_starts_a_run_is_told_of_it_exactly_once(client: LangGraphClient) -> None:
    id = await new_thread(client)
    told: list[RunCreateMetadata] = []
    await collect(client.runs.stream(id, "echo", input=IN, on_run_created=told.append))
    await client.runs.wait(id, "echo", input=IN, on_run_created=told.append)
    await client.runs.create(id, "echo", input=IN, on_run_created=told.append)
    runs = await client.runs.list(id)
    assert [each["run_id"] for each in told] == [run["run_id"] for run in reversed(runs)]
    assert {each["thread_id"] for each in told} == {id}


async def test_a_stateless_run_is_waited_for_and_leaves_nothing(client: LangGraphClient) -> None:
    told: list[RunCreateMetadata] = []
    tag = {"tag": str(uuid4())}
    values = await client.runs.wait(
        None, "echo", input=IN, metadata=tag, on_run_created=told.append
    )
    assert values == {"items": ["in", "a", "b"]}
    assert len(told) == 1
    assert await client.threads.search(metadata=tag) == []


async def test_a_stateless_run_is_streamed(client: LangGraphClient) -> None:
    told: list[RunCreateMetadata] = []
    parts = await collect(
        client.runs.stream(
            None, "chat", input=HI, stream_mode="messages-tuple", on_run_created=told.append
        )
    )
    assert [each["run_id"] for each in told] == [parts[0].data["run_id"]]
    text = "".join(message["content"] for message, _ in data_of(parts, "messages"))
    assert text == REPLY


async def test_a_stateless_run_is_created_and_goes_on_by_itself(client: LangGraphClient) -> None:
    run = await client.runs.create(None, "slow", input={"n": 3})
    assert await client.runs.join(run["thread_id"], run["run_id"]) == {
        "n": 3,
        "items": ["ticked", "done"],
    }


async def test_a_node_that_is_no_coroutine_runs(client: LangGraphClient) -> None:
    assert await client.runs.wait(None, "sync", input=IN) == {"items": ["in", "plain"]}


async def test_an_error_ends_the_stream_and_marks_run_and_thread(client: LangGraphClient) -> None:
    id = await new_thread(client)
    parts = await collect(client.runs.stream(id, "err", input=IN, stream_resumable=True))
    assert names(parts) == ["metadata", "values", "values", "error"]
    error = {"error": "ValueError", "message": "boom"}
    assert parts[-1].data == error
    [run] = await client.runs.list(id)
    thread: Any = await client.threads.get(id)
    assert (run["status"], thread["status"], thread["error"]) == ("error", "error", error)
    late = await collect(client.runs.join_stream(id, run["run_id"], last_event_id="-1"))
    assert late == parts
    too_late = await collect(client.runs.join_stream(id, run["run_id"]))
    assert [(part.event, part.data) for part in too_late] == [("error", error)]


async def test_waiting_for_a_run_that_fails_raises_or_returns_the_error(
    client: LangGraphClient,
) -> None:
    id = await new_thread(client)
    with pytest.raises(Exception, match=r"^ValueError: boom$"):
        await client.runs.wait(id, "err", input=IN)
    returned = await client.runs.wait(id, "err", input=IN, raise_error=False)
    assert returned == {"__error__": {"error": "ValueError", "message": "boom"}}


async def test_a_thread_whose_run_failed_can_be_used_again(client: LangGraphClient) -> None:
    id = await new_thread(client)
    await client.runs.wait(id, "err", input=IN, raise_error=False)
    assert await client.runs.wait(id, "echo", input=IN) == {"items": ["in", "a", "in", "a", "b"]}
    thread: Any = await client.threads.get(id)
    assert (thread["status"], thread["error"]) == ("idle", None)


async def test_a_resumable_stream_is_replayed_exactly(client: LangGraphClient) -> None:
    id = await new_thread(client)
    modes: Any = ["values", "custom", "updates"]
    parts = await collect(
        client.runs.stream(id, "slow", input={"n": 3}, stream_mode=modes, stream_resumable=True)
    )
    ids = ids_of(parts)
    assert ids == sorted(set(ids))
    run_id = parts[0].data["run_id"]
    for begin in ("-1", "0"):
        assert await collect(client.runs.join_stream(id, run_id, last_event_id=begin)) == parts
    for i, part in enumerate(parts):
        later = await collect(client.runs.join_stream(id, run_id, last_event_id=part.id))
        assert later == parts[i + 1 :]
    assert await collect(client.runs.join_stream(id, run_id)) == []


async def test_whoever_joins_a_run_at_work_gets_the_past_and_what_comes(
    client: LangGraphClient,
) -> None:
    id = await new_thread(client)
    whole = client.runs.stream(
        id, "slow", input={"n": 6}, stream_mode="custom", stream_resumable=True
    )
    begin = await until(whole, "custom", {"tick": 1})
    run_id = begin[0].data["run_id"]
    replay = await collect(client.runs.join_stream(id, run_id, last_event_id="-1"))
    assert replay == begin + await collect(whole)


async def test_whoever_joins_without_an_id_gets_only_what_comes(client: LangGraphClient) -> None:
    id = await new_thread(client)
    whole = client.runs.stream(id, "slow", input={"n": 20}, stream_mode="custom")
    begin = await until(whole, "custom", {"tick": 1})
    run_id = begin[0].data["run_id"]
    joined = await collect(client.runs.join_stream(id, run_id))
    everything = begin + await collect(whole)
    assert 0 < len(joined) < len(everything)
    assert joined == everything[-len(joined) :]
    assert await collect(client.runs.join_stream(id, run_id, last_event_id="-1")) == []


async def test_a_joined_stream_shows_the_modes_it_asks_for(client: LangGraphClient) -> None:
    id = await new_thread(client)
    modes: Any = ["values", "custom", "updates"]
    parts = await collect(
        client.runs.stream(id, "slow", input={"n": 2}, stream_mode=modes, stream_resumable=True)
    )

    async def joined(*wanted: Any) -> list[StreamPart]:
        mode: Any = wanted[0] if len(wanted) == 1 else [*wanted]
        return await collect(
            client.runs.join_stream(
                id, parts[0].data["run_id"], stream_mode=mode, last_event_id="-1"
            )
        )

    assert await joined("custom") == [part for part in parts if part.event == "custom"]
    assert await joined("custom", "values") == [
        part for part in parts if part.event in ("custom", "values")
    ]


async def test_a_run_can_be_refused_on_a_busy_thread(client: LangGraphClient) -> None:
    id = await new_thread(client)
    run = await client.runs.create(id, "slow", input={"n": 1000})
    with pytest.raises(ConflictError):
        await client.runs.create(id, "echo", input=IN, multitask_strategy="reject")
    with pytest.raises(ConflictError):
        await collect(client.runs.stream(id, "echo", input=IN, multitask_strategy="reject"))
    await client.runs.cancel(id, run["run_id"], wait=True)
    values = await client.runs.wait(id, "echo", input=IN, multitask_strategy="reject")
    assert isinstance(values, dict)


async def test_runs_on_a_busy_thread_wait_in_order(client: LangGraphClient) -> None:
    id = await new_thread(client)
    runs = [await client.runs.create(id, "slow", input={"n": 3, **notes("first")})]
    runs += [
        await client.runs.create(id, "echo", input=notes(name)) for name in ("second", "third")
    ]
    assert (await client.threads.get(id))["status"] == "busy"
    values: Any = await client.runs.join(id, runs[-1]["run_id"])
    assert values["items"] == "first ticked done second a b third a b".split()
    listed = await client.runs.list(id)
    assert [run["run_id"] for run in reversed(listed)] == [run["run_id"] for run in runs]
    assert (await client.threads.get(id))["status"] == "idle"
    assert await client.runs.join(id, runs[0]["run_id"]) == {
        "n": 3,
        "items": ["first", "ticked", "done"],
    }


async def test_a_missing_thread_is_created_on_request_only(client: LangGraphClient) -> None:
    id = str(uuid4())
    with pytest.raises(HTTPStatusError, match="404"):
        await client.runs.wait(id, "echo", input=IN)
    values = await client.runs.wait(id, "echo", input=IN, if_not_exists="create")
    assert values == {"items": ["in", "a", "b"]}
    thread = await client.threads.get(id)
    assert (thread["status"], thread["values"]) == ("idle", values)
    assert (thread["metadata"] or {})["graph_id"] == "echo"


async def test_a_run_at_work_is_cancelled(client: LangGraphClient) -> None:
    id = await new_thread(client)
    stream = client.runs.stream(id, "slow", input={"n": 1000}, stream_mode="custom")
    begin = await until(stream, "custom", {"tick": 1})
    run_id = begin[0].data["run_id"]
    await client.runs.cancel(id, run_id, wait=True)
    rest = await collect(stream)
    assert {"tick": "done"} not in data_of(rest, "custom")
    assert "error" not in names(rest)
    assert (await client.runs.get(id, run_id))["status"] == "interrupted"
    assert (await client.threads.get(id))["status"] == "interrupted"
    assert (await client.threads.get_state(id))["next"] == ["tick"]
    assert await client.runs.join(id, run_id) == {"n": 1000, "items": []}
    with pytest.raises(NotFoundError):
        await client.runs.cancel(id, run_id)


async def test_a_thread_tells_that_its_run_was_cancelled(client: LangGraphClient) -> None:
    id = await new_thread(client)
    stream = client.runs.stream(id, "slow", input={"n": 1000}, stream_mode="custom")
    begin = await until(stream, "custom", {"tick": 1})
    await client.runs.cancel(id, begin[0].data["run_id"], wait=True)
    await leave(stream)
    thread: Any = await client.threads.get(id)
    assert (thread["error"] or {}).get("error") == "UserInterrupt"


async def test_a_run_that_has_not_begun_is_cancelled_at_once(client: LangGraphClient) -> None:
    id = await new_thread(client)
    first = await client.runs.create(id, "slow", input={"n": 1000})
    second = await client.runs.create(id, "echo", input=IN)
    await client.runs.cancel(id, second["run_id"])
    assert (await client.runs.get(id, second["run_id"]))["status"] == "interrupted"
    assert (await client.runs.get(id, first["run_id"]))["status"] in ("pending", "running")
    await client.runs.cancel(id, first["run_id"], wait=True)


async def test_a_run_at_work_can_be_deleted_and_its_thread_is_free(
    client: LangGraphClient,
) -> None:
    id = await new_thread(client)
    stream = client.runs.stream(id, "slow", input={"n": 1000}, stream_mode="custom")
    begin = await until(stream, "custom", {"tick": 1})
    run_id = begin[0].data["run_id"]
    await client.runs.delete(id, run_id)
    assert {"tick": "done"} not in data_of(await collect(stream), "custom")
    with pytest.raises(NotFoundError):
        await client.runs.get(id, run_id)
    assert (await client.threads.get(id))["status"] != "busy"
    values: Any = await client.runs.wait(id, "echo", input=IN, multitask_strategy="reject")
    assert values["items"][-2:] == ["a", "b"]


async def test_a_thread_at_work_can_be_deleted(client: LangGraphClient) -> None:
    id = await new_thread(client)
    stream = client.runs.stream(id, "slow", input={"n": 1000}, stream_mode="custom")
    await until(stream, "custom", {"tick": 1})
    await client.threads.delete(id)
    assert {"tick": "done"} not in data_of(await collect(stream), "custom")
    with pytest.raises(NotFoundError):
        await client.threads.get(id)


async def test_what_does_not_exist_is_not_found(client: LangGraphClient) -> None:
    id = await new_thread(client)
    asked = [
        client.assistants.get(NO_UUID),
        client.threads.get(NO_UUID),
        client.threads.get_state(NO_UUID),
        client.threads.get_history(NO_UUID),
        client.threads.delete(NO_UUID),
        client.runs.list(NO_UUID),
        client.runs.get(id, NO_UUID),
        client.runs.delete(id, NO_UUID),
        client.runs.cancel(id, NO_UUID),
        client.runs.create(id, NO_UUID, input=IN),
        client.runs.create(NO_UUID, "echo", input=IN),
        collect(client.runs.join_stream(id, NO_UUID)),
        collect(client.runs.stream(NO_UUID, "echo", input=IN)),
    ]
    for each in asked:
        with pytest.raises(NotFoundError) as raised:
            await each
        assert raised.value.message


async def test_an_unknown_graph_is_refused_with_the_names_of_those_there_are(
    client: LangGraphClient,
) -> None:
    with pytest.raises(UnprocessableEntityError, match="echo"):
        await client.runs.create(None, "nobody", input=IN)


async def test_what_is_planned_says_so(client: LangGraphClient) -> None:
    with pytest.raises(InternalServerError, match="planned"):
        await client.http.post("/ui/echo", json={})
