"""Administration of threads over HTTP, in process."""

import pytest

from dialects.langgraph.langgraph_http import UNKNOWN, Wire, run_body


@pytest.mark.requirement("langgraph.threads.change")
async def test_a_thread_s_metadata_is_merged_also_while_it_is_busy(wire: Wire) -> None:
    thread = await wire.thread()
    path = f"/threads/{thread}"
    changed = await wire.ask("PATCH", path, {"metadata": {"a": 1, "b": [1]}})
    assert (changed.status_code, changed.json()["metadata"]) == (200, {"a": 1, "b": [1]})
    await wire.start(thread, ["wait", "gate"])
    busy = (await wire.ask("PATCH", path, {"metadata": {"a": 2}})).json()
    assert (busy["status"], busy["metadata"]["a"], busy["metadata"]["b"]) == ("busy", 2, [1])
    wire.house.agent.open("gate")
    assert (await wire.ask("PATCH", f"/threads/{UNKNOWN}", {"metadata": {}})).status_code == 404
    assert (await wire.ask("PATCH", path, {"metadata": []})).status_code == 422
    assert (await wire.ask("PATCH", path)).status_code == 200


@pytest.mark.requirement("langgraph.threads.copy")
async def test_a_copy_is_a_thread_of_its_own_and_idle(wire: Wire) -> None:
    thread = await wire.thread()
    await wire.ask("PATCH", f"/threads/{thread}", {"metadata": {"a": 1}})
    await wire.ask("POST", f"/threads/{thread}/runs/wait", run_body(["pause", "ok?"]))
    source = (await wire.ask("GET", f"/threads/{thread}")).json()
    copied = await wire.ask("POST", f"/threads/{thread}/copy")
    copy = copied.json()
    assert copied.status_code == 200
    assert copy["thread_id"] != thread
    assert (copy["status"], source["status"]) == ("idle", "interrupted")
    assert (copy["metadata"], copy["values"]) == (source["metadata"], source["values"])
    await wire.ask("DELETE", f"/threads/{thread}")
    assert (await wire.ask("GET", f"/threads/{copy['thread_id']}")).json() == copy
    assert (await wire.ask("GET", f"/threads/{copy['thread_id']}/runs")).json() == []
    missing = await wire.ask("POST", f"/threads/{thread}/copy", {})
    assert (missing.status_code, missing.json()["code"]) == (409, "conflict")


@pytest.mark.requirement("langgraph.threads.copy.shown")
async def test_a_copy_shows_the_values_and_the_configuration_of_its_source(wire: Wire) -> None:
    thread = await wire.thread()
    body = run_body(["emit", "custom", 1], config={"configurable": {"k": 1}})
    await wire.ask("POST", f"/threads/{thread}/runs/wait", body)
    copy = (await wire.ask("POST", f"/threads/{thread}/copy")).json()
    assert copy["values"] == {"done": ["emit"]}
    assert copy["config"] == {"configurable": {"k": 1}}


@pytest.mark.requirement("langgraph.threads.count")
async def test_threads_are_counted(wire: Wire) -> None:
    thread = await wire.thread()
    await wire.thread()
    await wire.ask("PATCH", f"/threads/{thread}", {"metadata": {"a": 1}})
    for body, count in (
        (None, 2),
        ({"metadata": {"a": 1}}, 1),
        ({"status": "busy"}, 0),
        ({"values": {"x": 1}}, 0),
    ):
        assert (await wire.ask("POST", "/threads/count", body)).json() == count
    assert (await wire.ask("POST", "/threads/count", {"status": "bogus"})).status_code == 422


@pytest.mark.requirement("langgraph.threads.cancel_error")
async def test_a_thread_tells_that_its_run_was_cancelled_until_the_next_one_ends(
    wire: Wire,
) -> None:
    thread = await wire.thread()
    path = f"/threads/{thread}"
    for action, error in (("interrupt", "UserInterrupt"), ("rollback", "UserRollback")):
        run = await wire.start(thread, ["wait", "gate"])
        await wire.house.agent.arrived("gate")
        await wire.ask("POST", f"{path}/runs/{run}/cancel?wait=true&action={action}")
        shown = (await wire.ask("GET", path)).json()
        assert shown["error"]["error"] == error
        assert shown["error"]["message"]
    await wire.ask("POST", f"{path}/runs/wait", run_body())
    assert (await wire.ask("GET", path)).json()["error"] is None


@pytest.mark.requirement("langgraph.threads.search.no_values")
async def test_threads_without_a_state_are_left_out_where_values_are_wanted(wire: Wire) -> None:
    thread = await wire.thread()
    body = {"values": {"x": 1}}
    assert (await wire.ask("POST", "/threads/search", body)).json() == []
    assert (await wire.ask("POST", "/threads/search", {"values": {}})).json() != []
    found = (await wire.ask("POST", "/threads/search", {"select": ["thread_id", "values"]})).json()
    assert found == [{"thread_id": thread, "values": None}]
