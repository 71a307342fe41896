"""Threads over HTTP, in process."""

from typing import Any

import pytest

from demotic.dialects.acp.versions import VERSIONS, Version
from demotic.domain.model import EVERYTHING
from dialects.acp import graphs
from dialects.acp.acp_http import EITHER, UNKNOWN, Acp, open_acp

ID = "0198c5a2-7b1e-7cc0-a2b4-5d6e7f809112"
PAUSE = ["pause", {"question": "ok?"}]


@pytest.mark.requirement("acp.threads.create")
@EITHER
async def test_a_thread_is_created_once(acp: Acp) -> None:
    made = await acp.ask("POST", "/threads", {"thread_id": ID.upper(), "metadata": {"a": 1}})
    thread = made.json()
    assert (thread["thread_id"], thread["metadata"], thread["status"]) == (ID, {"a": 1}, "idle")
    assert "values" not in thread and "messages" not in thread
    assert (await acp.ask("POST", "/threads", {"thread_id": ID})).status_code == 409
    body = {"thread_id": ID, "if_exists": "raise"}
    assert (await acp.ask("POST", "/threads", body)).status_code == 409
    again = await acp.ask("POST", "/threads", {"thread_id": ID, "if_exists": "do_nothing"})
    assert again.json() == thread
    bad: list[Any] = [{"thread_id": "x"}, {"if_exists": "replace"}, {"metadata": []}]
    for wrong in bad:
        assert (await acp.ask("POST", "/threads", wrong)).status_code == 422


@pytest.mark.requirement("acp.threads.get")
async def test_a_thread_is_shown_with_its_status_and_values(acp: Acp) -> None:
    id = await acp.thread()

    async def shown() -> tuple[str, Any]:
        thread = (await acp.ask("GET", f"/threads/{id}")).json()
        return thread["status"], thread.get("values")

    assert await shown() == ("idle", None)
    place = f"/threads/{id}/runs"
    run = await acp.start(place, ["wait", "gate"])
    assert await shown() == ("busy", None)
    acp.agent.open("gate")
    await acp.output(run)
    assert await shown() == ("idle", {"done": ["wait"]})
    await acp.output(await acp.start(place, ["fail", "no"]))
    assert (await shown())[0] == "error"
    await acp.output(await acp.start(place, PAUSE))
    assert (await shown())[0] == "interrupted"
    assert (await acp.ask("GET", f"/threads/{UNKNOWN}")).status_code == 404
    assert (await acp.ask("GET", "/threads/x")).status_code == 422


@pytest.mark.requirement("acp.threads.search")
@EITHER
async def test_threads_are_searched_by_metadata_values_and_status_newest_first(acp: Acp) -> None:
    ids = []
    for n in range(3):
        body = {"metadata": {"n": n, "all": True}}
        ids.append((await acp.ask("POST", "/threads", body)).json()["thread_id"])
    await acp.output(await acp.start(f"/threads/{ids[0]}/runs"))
    await acp.output(await acp.start(f"/threads/{ids[1]}/runs", ["fail", "no"]))

    async def found(**query: Any) -> list[str]:
        answer = await acp.ask("POST", "/threads/search", query)
        assert answer.status_code == 200, answer.text
        return [each["thread_id"] for each in answer.json()]

    assert await found() == ids[::-1]
    assert await found(limit=1, offset=1) == [ids[1]]
    assert await found(metadata={"n": 2}) == [ids[2]]
    assert await found(status="error") == [ids[1]]
    assert await found(values={"done": []}) == [ids[0]]
    assert await found(metadata={"all": True}, status="idle") == [ids[2], ids[0]]
    for wrong in ({"status": "running"}, {"limit": 0}, {"limit": 1001}, {"offset": -1}):
        assert (await acp.ask("POST", "/threads/search", wrong)).status_code == 422


@pytest.mark.requirement("acp.threads.patch")
@EITHER
async def test_metadata_is_merged_busy_or_not(acp: Acp) -> None:
    made = await acp.ask("POST", "/threads", {"metadata": {"a": 1, "b": 1}})
    thread = f"/threads/{made.json()['thread_id']}"
    await acp.start(f"{thread}/runs", ["wait", "gate"])
    body = {"metadata": {"b": 2, "c": 3}, "checkpoint": {"checkpoint_id": ID}}
    changed = await acp.ask("PATCH", thread, body)
    assert changed.json()["metadata"] == {"a": 1, "b": 2, "c": 3}
    assert (await acp.ask("PATCH", thread, {"values": {"x": 1}})).status_code == 409
    assert (await acp.ask("PATCH", f"/threads/{UNKNOWN}", body)).status_code == 404
    assert (await acp.ask("PATCH", f"/threads/{UNKNOWN}", {"values": {}})).status_code == 404
    bad: list[Any] = [{"values": 1}, {"checkpoint": {}}, {"checkpoint": {"checkpoint_id": "x"}}]
    for wrong in bad:
        answer = await acp.ask("PATCH", thread, {"values": {}, **wrong})
        assert answer.status_code == 422, wrong


@pytest.mark.requirement("acp.threads.patch_state")
@pytest.mark.parametrize("version", VERSIONS, ids=lambda each: each.name)
async def test_values_and_messages_change_the_state_from_any_checkpoint(version: Version) -> None:
    async with open_acp(graphs.chat(), version=version) as acp:
        thread = f"/threads/{await acp.thread()}"
        told = {"role": "user", "content": "one", "id": "1", "metadata": {"name": "Ada"}}
        changed = (await acp.ask("PATCH", thread, {"messages": [told]})).json()
        assert changed["messages"] == [told] and changed["values"] == {}
        history = (await acp.ask("GET", f"{thread}/history")).json()
        second = {**told, "content": [{"type": "text", "text": "two"}], "id": "2"}
        await acp.ask("PATCH", thread, {"values": {}, "messages": [second]})
        assert (await acp.ask("GET", thread)).json()["messages"] == [told, second]
        third = {"role": "assistant", "content": "three", "id": "3"}
        body = {"messages": [third], "checkpoint": history[0]["checkpoint"]}
        branched = await acp.ask("PATCH", thread, body)
        assert branched.json()["messages"] == [told, third]
        body["checkpoint"] = {"checkpoint_id": ID}
        assert (await acp.ask("PATCH", thread, body)).status_code == 404


@pytest.mark.requirement("acp.threads.messages_in")
@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({"content": "x"}, "messages[0].role"),
        ({"role": 1, "content": "x"}, "messages[0].role"),
        ({"role": "user"}, "messages[0].content"),
        ({"role": "user", "content": [1]}, "messages[0].content"),
        ({"role": "user", "content": "x", "id": 1}, "messages[0].id"),
        ({"role": "user", "content": "x", "metadata": []}, "messages[0].metadata"),
        ({"role": "nobody", "content": "x"}, "state cannot be updated"),
    ],
)
async def test_what_is_no_message_is_refused_by_its_place(message: Any, field: str) -> None:
    async with open_acp(graphs.chat()) as acp:
        answer = await acp.ask("PATCH", f"/threads/{await acp.thread()}", {"messages": [message]})
        assert answer.status_code == 422 and field in answer.json()


@pytest.mark.requirement("acp.threads.messages")
async def test_a_threads_messages_lie_beside_its_values() -> None:
    async with open_acp(graphs.chat()) as acp:
        thread = f"/threads/{await acp.thread()}"
        body = {"input": {"messages": [{"role": "user", "content": "hi", "id": "1"}]}}
        await acp.ask("POST", f"{thread}/runs/wait", body)
        messages = [
            {"role": "user", "content": "hi", "id": "1"},
            {"role": "assistant", "content": "You said: hi", "id": "answer-hi"},
        ]
        for shown in (
            (await acp.ask("GET", thread)).json(),
            (await acp.ask("POST", "/threads/search", {})).json()[0],
            (await acp.ask("GET", f"{thread}/history")).json()[0],
        ):
            assert (shown["messages"], shown["values"]) == (messages, {})


@pytest.mark.requirement("acp.threads.history")
@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
async def test_a_threads_states_are_listed_newest_first(version: Version) -> None:
    async with open_acp(graphs.stops(), version=version) as acp:
        thread = f"/threads/{await acp.thread()}"
        assert (await acp.ask("GET", f"{thread}/history")).json() == []
        for _ in range(6):
            body = {"input": {}, "multitask_strategy": "enqueue"}
            await acp.ask("POST", f"{thread}/runs/wait", body)
        whole = (await acp.ask("GET", f"{thread}/history?limit=1000")).json()
        assert len(whole) > 10
        assert whole[0]["values"] == {"log": ["one"] * 6}
        assert set(whole[0]) == {"checkpoint", "values", "metadata"}
        assert (await acp.ask("GET", f"{thread}/history")).json() == whole[:10]
        before = whole[3]["checkpoint"]["checkpoint_id"]
        rest = await acp.ask("GET", f"{thread}/history?limit=2&before={before}")
        assert rest.json() == whole[4:6]
        assert (await acp.ask("GET", f"/threads/{UNKNOWN}/history")).status_code == 404
        for wrong in ("limit=0", "limit=1001", "limit=x"):
            assert (await acp.ask("GET", f"{thread}/history?{wrong}")).status_code == 422


@pytest.mark.requirement("acp.threads.copy")
async def test_a_thread_is_copied_with_its_history() -> None:
    async with open_acp(graphs.chat()) as acp:
        made = (await acp.ask("POST", "/threads", {"metadata": {"a": 1}})).json()
        thread = f"/threads/{made['thread_id']}"
        body = {"input": {"messages": [{"role": "user", "content": "hi", "id": "1"}]}}
        await acp.ask("POST", f"{thread}/runs/wait", body)
        copied = (await acp.ask("POST", f"{thread}/copy")).json()
        assert copied["thread_id"] != made["thread_id"]
        source = (await acp.ask("GET", thread)).json()
        for field in ("metadata", "values", "messages", "status"):
            assert copied[field] == source[field]
        copy = f"/threads/{copied['thread_id']}"
        assert len((await acp.ask("GET", f"{copy}/history")).json()) == len(
            (await acp.ask("GET", f"{thread}/history")).json()
        )
        assert (await acp.ask("GET", f"{copy}/runs")).json() == []
        assert (await acp.ask("POST", f"/threads/{UNKNOWN}/copy")).status_code == 404


@pytest.mark.requirement("acp.threads.delete")
@EITHER
async def test_a_thread_is_deleted_unless_a_run_of_it_is_pending(acp: Acp) -> None:
    thread = f"/threads/{await acp.thread()}"
    for options in ({"after_seconds": 3600}, {}):
        run = await acp.start(f"{thread}/runs", ["wait", "gate"], **options)
        refused = await acp.ask("DELETE", thread)
        assert refused.status_code == 422 and "cancel it first" in refused.json()
        await acp.ask("POST", f"{run}/cancel?wait=true")
    await acp.output(await acp.start(f"{thread}/runs", PAUSE))
    answer = await acp.ask("DELETE", thread)
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await acp.ask("GET", thread)).status_code == 404
    assert (await acp.ask("DELETE", thread)).status_code == 404
    assert (await acp.ask("GET", run)).status_code == 404


@pytest.mark.requirement("acp.threads.owner")
async def test_a_thread_without_runs_is_the_default_agents_or_that_of_its_metadata() -> None:
    async with open_acp(graphs.chat()) as acp:
        for metadata, status in (({}, 200), ({"graph_id": "graph"}, 200), ({"graph_id": "x"}, 404)):
            made = (await acp.ask("POST", "/threads", {"metadata": metadata})).json()
            body = {"messages": [{"role": "user", "content": "hi"}]}
            answer = await acp.ask("PATCH", f"/threads/{made['thread_id']}", body)
            assert answer.status_code == status, answer.text
            if status == 200:
                thread = await acp.engine.threads.get(made["thread_id"], EVERYTHING)
                assert thread.agent == "graph"
