"""Threads and their states over HTTP, in process."""

from typing import Any

import pytest

from demotic.domain.model import EVERYTHING
from demotic.domain.threads import NewThread
from dialects.agent_protocol.ap_graphs import REPLY, asking, chat, echo
from dialects.agent_protocol.ap_http import AGENT, UNKNOWN, ScriptedWire, Wire, serving

OWN = "01234567-89ab-cdef-0123-456789abcdef"
HI = {"role": "user", "content": "Hi", "id": "m1"}


def contents(shown: Any) -> list[str]:
    """What the messages say."""
    return [each["content"] for each in shown["messages"]]


@pytest.mark.requirement("ap.threads.create")
async def test_a_thread_is_created_once(wire: ScriptedWire) -> None:
    body = {"thread_id": OWN, "metadata": {"a": 1}}
    made = await wire.told("POST", "/threads", body)
    assert made.pop("created_at") == made.pop("updated_at")
    assert made == {"thread_id": OWN, "metadata": {"a": 1}, "status": "idle", "values": {}}
    again = await wire.ask("POST", "/threads", body)
    assert (again.status_code, again.json()["code"]) == (409, "thread_exists")
    same = await wire.told("POST", "/threads", {**body, "if_exists": "do_nothing"})
    assert same["metadata"] == {"a": 1}
    fresh = await wire.told("POST", "/threads")
    assert fresh["thread_id"] != OWN


@pytest.mark.requirement("ap.threads.get")
async def test_a_thread_is_shown(wire: ScriptedWire) -> None:
    id = await wire.thread(metadata={"a": 1})
    assert (await wire.told("GET", f"/threads/{id}"))["metadata"] == {"a": 1}
    missing = await wire.ask("GET", f"/threads/{UNKNOWN}")
    assert (missing.status_code, missing.json()["code"]) == (404, "thread_not_found")
    assert (await wire.ask("GET", "/threads/x")).status_code == 422


@pytest.mark.requirement("ap.threads.search")
async def test_threads_are_found_newest_first(wire: ScriptedWire) -> None:
    first, second = await wire.thread(), await wire.thread()
    found = await wire.told("POST", "/threads/search")
    assert {each["thread_id"] for each in found} == {first, second}
    assert found == await wire.told("POST", "/threads/search", {})


@pytest.mark.requirement("ap.threads.search.parameters")
async def test_threads_are_found_by_what_they_are(wire: ScriptedWire) -> None:
    plain, busy = await wire.thread(metadata={"a": 1}), await wire.thread(metadata={"a": 2})
    await wire.wait(thread_id=plain)
    await wire.start(["wait", "gate"], thread_id=busy)
    for body, ids in (
        ({"metadata": {"a": 1}}, {plain}),
        ({"metadata": {"a": 3}}, set()),
        ({"values": {"done": []}}, {plain}),
        ({"values": {"done": ["x"]}}, set()),
        ({"status": "busy"}, {busy}),
        ({"status": "idle"}, {plain}),
        ({"limit": 1000}, {plain, busy}),
        ({"offset": 2}, set()),
    ):
        found = await wire.told("POST", "/threads/search", body)
        assert {each["thread_id"] for each in found} == ids, body
    for _ in range(10):
        await wire.thread()
    assert len(await wire.told("POST", "/threads/search", {})) == 10
    for wrong in ({"limit": 0}, {"limit": 1001}, {"offset": -1}, {"status": "running"}):
        assert (await wire.ask("POST", "/threads/search", wrong)).status_code == 422
    wire.agent.open("gate")


@pytest.mark.requirement("ap.threads.delete")
async def test_a_thread_is_deleted_with_its_run(wire: ScriptedWire) -> None:
    id = await wire.thread()
    run = await wire.start(["wait", "gate"], thread_id=id)
    await wire.agent.arrived("gate")
    gone = await wire.ask("DELETE", f"/threads/{id}")
    assert (gone.status_code, gone.content) == (204, b"")
    for path in (f"/threads/{id}", f"/runs/{run}"):
        assert (await wire.ask("GET", path)).status_code == 404
    assert (await wire.ask("DELETE", f"/threads/{id}")).status_code == 404


@pytest.mark.requirement("ap.threads.copy")
async def test_a_copy_is_a_thread_of_its_own() -> None:
    async with serving(asking) as wire:
        id = await wire.thread(metadata={"a": 1})
        await paused(wire, id)
        copy = await wire.told("POST", f"/threads/{id}/copy")
        source = await wire.told("GET", f"/threads/{id}")
        assert copy["thread_id"] != id
        assert (source["status"], copy["status"]) == ("interrupted", "idle")
        assert (copy["metadata"], copy["values"]) == ({"a": 1}, source["values"])
        past = [
            [each["values"] for each in await wire.told("GET", f"/threads/{one}/history")]
            for one in (id, copy["thread_id"])
        ]
        assert past[0] == past[1] != []
        assert await wire.told("GET", f"/threads/{copy['thread_id']}/runs") == []
        missing = await wire.ask("POST", f"/threads/{UNKNOWN}/copy")
        assert (missing.status_code, missing.json()["code"]) == (404, "thread_not_found")


async def paused(wire: Wire, id: str) -> Any:
    """Run until it asks."""
    body = {"agent_id": "graph", "thread_id": id, "input": {"items": ["x"]}}
    return await wire.told("POST", "/runs/wait", body)


@pytest.mark.requirement("ap.threads.history")
async def test_the_states_of_a_thread_newest_first() -> None:
    async with serving(echo) as wire:
        id = await wire.thread()
        body = {"agent_id": "graph", "thread_id": id, "input": {"items": ["x"]}}
        await wire.told("POST", "/runs/wait", body)
        history = await wire.told("GET", f"/threads/{id}/history")
        assert [each["values"] for each in history] == [
            {"items": ["x", "noted"]},
            {"items": ["x"]},
            {"items": []},
        ]
        assert all(set(each["checkpoint"]) == {"checkpoint_id"} for each in history)
        assert history[0]["metadata"]["step"] == 1
        assert (await wire.ask("GET", f"/threads/{UNKNOWN}/history")).status_code == 404


@pytest.mark.requirement("ap.threads.history.parameters")
async def test_a_page_of_states_and_those_before_a_checkpoint() -> None:
    async with serving(echo) as wire:
        id = await wire.thread()
        body = {"agent_id": "graph", "thread_id": id, "input": {"items": ["x"]}}
        for _ in range(4):
            await wire.told("POST", "/runs/wait", body)
        path = f"/threads/{id}/history"
        all = await wire.told("GET", f"{path}?limit=1000")
        assert len(all) == 12
        assert await wire.told("GET", path) == all[:10]
        assert await wire.told("GET", f"{path}?limit=2") == all[:2]
        last = all[2]["checkpoint"]["checkpoint_id"]
        assert await wire.told("GET", f"{path}?limit=2&before={last}") == all[3:5]
        for wrong in ("limit=0", "limit=1001", "limit=x"):
            assert (await wire.ask("GET", f"{path}?{wrong}")).status_code == 422


@pytest.mark.requirement("ap.threads.runs")
async def test_the_runs_of_a_thread_newest_first(wire: ScriptedWire) -> None:
    id = await wire.thread()
    await wire.wait()
    made = [(await wire.wait(thread_id=id))["run"]["run_id"] for _ in range(3)]
    found = await wire.told("GET", f"/threads/{id}/runs")
    assert [each["run_id"] for each in found] == made[::-1]
    assert found[0]["status"] == "success"
    assert (await wire.ask("GET", f"/threads/{UNKNOWN}/runs")).status_code == 404


@pytest.mark.requirement("ap.threads.runs.parameters")
async def test_a_page_of_a_threads_runs(wire: ScriptedWire) -> None:
    id = await wire.thread()
    made = [(await wire.wait(thread_id=id))["run"]["run_id"] for _ in range(11)][::-1]
    path = f"/threads/{id}/runs"
    for query, expected in (
        ("", made[:10]),
        ("?limit=2", made[:2]),
        ("?limit=2&offset=1", made[1:3]),
        ("?limit=1000&offset=10", made[10:]),
    ):
        found = await wire.told("GET", path + query)
        assert [each["run_id"] for each in found] == expected, query
    for wrong in ("limit=0", "limit=1001", "offset=-1", "offset=x"):
        assert (await wire.ask("GET", f"{path}?{wrong}")).status_code == 422


@pytest.mark.requirement("ap.threads.change")
async def test_metadata_are_merged_also_while_the_thread_is_busy(wire: ScriptedWire) -> None:
    id = await wire.thread(metadata={"a": 1, "b": 1})
    path = f"/threads/{id}"
    assert (await wire.told("PATCH", path, {"metadata": {"a": 2}}))["metadata"] == {"a": 2, "b": 1}
    assert (await wire.told("PATCH", path))["metadata"] == {"a": 2, "b": 1}
    await wire.start(["wait", "gate"], thread_id=id)
    changed = await wire.told("PATCH", path, {"metadata": {"c": 1}})
    assert (changed["status"], changed["metadata"]["c"]) == ("busy", 1)
    wire.agent.open("gate")
    assert (await wire.ask("PATCH", f"/threads/{UNKNOWN}", {})).status_code == 404
    assert (await wire.ask("PATCH", path, {"metadata": []})).status_code == 422


@pytest.mark.requirement("ap.threads.change.state")
async def test_values_and_messages_are_written_as_a_step_would() -> None:
    async with serving(chat) as wire:
        id = await wire.thread()
        path = f"/threads/{id}"
        body = {"agent_id": "graph", "thread_id": id, "messages": [HI]}
        await wire.told("POST", "/runs/wait", body)
        changed = await wire.told(
            "PATCH",
            path,
            {"values": {"topic": "rain"}, "messages": [{"role": "system", "content": "Be brief"}]},
        )
        assert contents(changed) == ["Hi", REPLY, "Be brief"]
        assert (changed["values"], changed["status"]) == ({"topic": "rain"}, "idle")
        replaced = await wire.told("PATCH", path, {"messages": [{**HI, "content": "Hello"}]})
        assert contents(replaced) == ["Hello", REPLY, "Be brief"]
        assert replaced == await wire.told("GET", path)
        refused = await wire.ask("PATCH", path, {"messages": [{"role": "x", "content": ""}]})
        assert refused.status_code == 422


@pytest.mark.requirement("ap.threads.change.checkpoint")
async def test_a_patch_may_branch_off_an_earlier_state() -> None:
    async with serving(chat) as wire:
        id = await wire.thread()
        path = f"/threads/{id}"
        for text in ("one", "two"):
            said = [{"role": "user", "content": text}]
            body = {"agent_id": "graph", "thread_id": id, "messages": said}
            await wire.told("POST", "/runs/wait", body)
        states = await wire.told("GET", f"{path}/history")
        first = next(each for each in states if contents(each) == ["one", REPLY])
        branched = {"checkpoint": first["checkpoint"], "values": {"topic": "rain"}}
        changed = await wire.told("PATCH", path, branched)
        assert contents(changed) == ["one", REPLY]
        assert changed["values"] == {"topic": "rain"}
        back = await wire.told("PATCH", path, {"checkpoint": states[0]["checkpoint"]})
        assert contents(back) == ["one", REPLY, "two", REPLY]
        same = {"checkpoint": first["checkpoint"], "metadata": {"a": 1}}
        assert contents(await wire.told("PATCH", path, same)) == contents(back)
        missing = await wire.ask("PATCH", path, {"checkpoint": {"checkpoint_id": UNKNOWN}})
        assert (missing.status_code, missing.json()["code"]) == (404, "checkpoint_not_found")
        assert (await wire.ask("PATCH", path, {"checkpoint": {}})).status_code == 422


@pytest.mark.requirement("ap.threads.change.busy")
async def test_the_state_of_a_busy_thread_is_not_written_and_nothing_is_changed(
    wire: ScriptedWire,
) -> None:
    id = await wire.thread(metadata={"a": 1})
    await wire.start(["wait", "gate"], thread_id=id)
    writes: list[Any] = [{"values": {}}, {"messages": []}, {"checkpoint": {"checkpoint_id": "x"}}]
    for body in writes:
        busy = await wire.ask("PATCH", f"/threads/{id}", body)
        assert (busy.status_code, busy.json()["code"]) == (409, "thread_busy")
    await wire.ask("PATCH", f"/threads/{id}", {"values": {}, "metadata": {"a": 2}})
    assert (await wire.told("GET", f"/threads/{id}"))["metadata"] == {"a": 1}
    wire.agent.open("gate")


@pytest.mark.requirement("ap.threads.change.owner")
async def test_on_a_thread_without_runs_the_metadata_say_whose_state_is_written(
    wire: ScriptedWire,
) -> None:
    for metadata in ({}, {"agent_id": AGENT}, {"graph_id": AGENT}):
        id = await wire.thread(metadata=metadata)
        changed = await wire.told("PATCH", f"/threads/{id}", {"values": {"x": 1}})
        assert changed["values"] == {"x": 1}
        assert (await wire.engine.threads.get(id, EVERYTHING)).agent == AGENT
    other = await wire.thread(metadata={"agent_id": "none"})
    refused = await wire.ask("PATCH", f"/threads/{other}", {"values": {"x": 1}})
    assert (refused.status_code, refused.json()["code"]) == (404, "agent_not_found")


async def test_a_thread_of_another_dialect_is_the_same_thread(wire: ScriptedWire) -> None:
    new = NewThread(id=OWN, metadata={"graph_id": AGENT})
    await wire.engine.threads.create(new, EVERYTHING)
    assert (await wire.told("GET", f"/threads/{OWN}"))["metadata"] == {"graph_id": AGENT}
