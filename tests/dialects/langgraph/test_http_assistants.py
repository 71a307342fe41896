"""Administration of assistants over HTTP, in process."""

from typing import Any

import pytest

from demotic.domain.assistants import NewAssistant
from demotic.storage.sqlite.database import Database
from dialects.langgraph.langgraph_http import AGENT, ASSISTANT, UNKNOWN, Wire, open_wire, run_body
from house import open_house


async def create(wire: Wire, **body: Any) -> dict[str, Any]:
    """A new assistant."""
    answer = await wire.ask("POST", "/assistants", {"graph_id": AGENT, **body})
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


@pytest.mark.requirement("langgraph.assistants.create")
async def test_an_assistant_is_created_once(wire: Wire) -> None:
    made = await create(wire, name="n1", metadata={"a": 1}, description="d")
    assert (made["graph_id"], made["name"], made["version"]) == (AGENT, "n1", 1)
    assert (made["metadata"], made["description"]) == ({"a": 1}, "d")
    body = {"graph_id": AGENT, "assistant_id": made["assistant_id"]}
    again = await wire.ask("POST", "/assistants", body)
    assert (again.status_code, again.json()["code"]) == (409, "assistant_exists")
    assert again.json()["detail"] == f"Assistant {made['assistant_id']} already exists"
    same = await wire.ask("POST", "/assistants", {**body, "if_exists": "do_nothing"})
    assert same.json() == made
    mine = await create(wire, assistant_id=UNKNOWN)
    assert (mine["assistant_id"], mine["name"], mine["description"]) == (UNKNOWN, "Untitled", None)


async def test_an_assistant_needs_a_graph_that_is_there(wire: Wire) -> None:
    unknown = await wire.ask("POST", "/assistants", {"graph_id": "nope"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "graph_not_found")
    assert "'nope'" in unknown.json()["detail"] and AGENT in unknown.json()["detail"]
    made = await create(wire)
    path = f"/assistants/{made['assistant_id']}"
    assert (await wire.ask("PATCH", path, {"graph_id": "nope"})).status_code == 404
    for body in ({}, {"graph_id": 1}, {"graph_id": AGENT, "assistant_id": "x"}):
        assert (await wire.ask("POST", "/assistants", body)).status_code == 422


@pytest.mark.requirement("langgraph.assistants.context")
async def test_config_and_context_mirror_each_other(wire: Wire) -> None:
    made = await create(wire, config={"configurable": {"k": 1}, "tags": ["t"]})
    assert made["context"] == {"k": 1}
    path = f"/assistants/{made['assistant_id']}"
    changed = (await wire.ask("PATCH", path, {"context": {"k": 2}})).json()
    assert (changed["config"], changed["context"]) == (
        {"tags": ["t"], "configurable": {"k": 2}},
        {"k": 2},
    )
    both = {"config": {"configurable": {"k": 1}}, "context": {"k": 1}}
    assert (await wire.ask("PATCH", path, both)).status_code == 400
    assert (await wire.ask("POST", "/assistants", {"graph_id": AGENT, **both})).status_code == 400
    hidden = {"config": {"configurable": {"thread_id": UNKNOWN}}}
    assert (await wire.ask("PATCH", path, hidden)).status_code == 422


@pytest.mark.requirement("langgraph.assistants.change")
@pytest.mark.requirement("langgraph.assistants.versions")
async def test_every_change_makes_a_version(wire: Wire) -> None:
    made = await create(wire, name="n1")
    path = f"/assistants/{made['assistant_id']}"
    changed = (await wire.ask("PATCH", path, {"name": "n2", "metadata": {"z": 1}})).json()
    assert (changed["version"], changed["name"], changed["metadata"]) == (2, "n2", {"z": 1})
    assert (await wire.ask("PATCH", path, {})).json()["version"] == 3
    listed = (await wire.ask("POST", f"{path}/versions")).json()
    assert [(each["version"], each["name"]) for each in listed] == [(3, "n2"), (2, "n2"), (1, "n1")]
    filtered = {"metadata": {"z": 1}, "limit": 1, "offset": 1}
    (second,) = (await wire.ask("POST", f"{path}/versions", filtered)).json()
    assert second["version"] == 2
    for method, tail in (("PATCH", ""), ("POST", "/versions"), ("POST", "/latest?version=1")):
        lost = await wire.ask(method, f"/assistants/{UNKNOWN}{tail}", {})
        assert (lost.status_code, lost.json()["code"]) == (404, "assistant_not_found")


@pytest.mark.requirement("langgraph.assistants.latest.forms")
@pytest.mark.requirement("langgraph.assistants.latest")
async def test_an_earlier_version_becomes_the_current_one(wire: Wire) -> None:
    made = await create(wire, name="n1")
    path = f"/assistants/{made['assistant_id']}"
    await wire.ask("PATCH", path, {"name": "n2"})
    chosen = (await wire.ask("POST", f"{path}/latest", {"version": 1})).json()
    assert (chosen["version"], chosen["name"]) == (1, "n1")
    by_query = (await wire.ask("POST", f"{path}/latest?version=2")).json()
    assert (by_query["version"], by_query["name"]) == (2, "n2")
    missing = await wire.ask("POST", f"{path}/latest", {"version": 99})
    assert missing.status_code == 404
    assert missing.json()["detail"].startswith("Version 99 not found for assistant ")
    for bad in ("", "?version=x", "?version=0", f"?version={10**30}"):
        assert (await wire.ask("POST", f"{path}/latest{bad}", {})).status_code == 422


@pytest.mark.requirement("langgraph.assistants.versions.numbers")
async def test_a_change_after_an_earlier_version_was_chosen_gets_the_next_number(
    wire: Wire,
) -> None:
    made = await create(wire, name="n1", metadata={"a": 1, "b": 1})
    path = f"/assistants/{made['assistant_id']}"
    changed = (await wire.ask("PATCH", path, {"metadata": {"b": 2, "c": 2}})).json()
    assert changed["metadata"] == {"a": 1, "b": 2, "c": 2}
    await wire.ask("PATCH", path, {"name": "n3"})
    await wire.ask("POST", f"{path}/latest", {"version": 1})
    again = (await wire.ask("PATCH", path, {"description": "d"})).json()
    assert (again["version"], again["name"], again["metadata"]) == (4, "n1", {"a": 1, "b": 1})
    listed = (await wire.ask("POST", f"{path}/versions")).json()
    assert [each["version"] for each in listed] == [4, 3, 2, 1]


@pytest.mark.requirement("langgraph.assistants.names")
async def test_a_graph_s_name_stands_for_its_assistant_where_runs_and_drawings_are_asked_for(
    wire: Wire,
) -> None:
    assert (await wire.ask("POST", "/runs/wait", run_body(assistant_id=AGENT))).is_success
    assert (await wire.ask("GET", f"/assistants/{AGENT}/graph")).status_code == 200
    for method, tail in (
        ("GET", ""),
        ("GET", "/schemas"),
        ("GET", "/subgraphs"),
        ("GET", "/subgraphs/inner"),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/versions"),
        ("POST", "/latest?version=1"),
    ):
        refused = await wire.ask(method, f"/assistants/{AGENT}{tail}", {})
        assert refused.status_code == 422, tail
        assert refused.json()["detail"] == "Invalid assistant ID: must be a UUID", tail


@pytest.mark.requirement("langgraph.assistants.search.name")
async def test_assistants_are_found_by_a_part_of_their_name_in_any_case_page_by_page(
    wire: Wire,
) -> None:
    ids = [(await create(wire, name=f"Helper {n}"))["assistant_id"] for n in range(3)]
    for name in ("helper", "LPER", "Helper 1"):
        found = (await wire.ask("POST", "/assistants/search", {"name": name})).json()
        wanted = ids[1:2] if "1" in name else ids[::-1]
        assert [each["assistant_id"] for each in found] == wanted
    for wild in ("%", "_", "Helper%"):
        assert (await wire.ask("POST", "/assistants/search", {"name": wild})).json() == []
    page = await wire.ask("POST", "/assistants/search", {"name": "helper", "limit": 2})
    assert (page.headers["x-pagination-total"], page.headers["x-pagination-next"]) == ("3", "2")
    rest = await wire.ask("POST", "/assistants/search", {"name": "helper", "limit": 2, "offset": 2})
    assert [each["assistant_id"] for each in rest.json()] == ids[:1]
    assert "x-pagination-next" not in rest.headers


@pytest.mark.requirement("langgraph.assistants.count")
async def test_assistants_are_counted(wire: Wire) -> None:
    await create(wire, name="one", metadata={"a": 1})
    for body, count in (({}, 2), ({"name": "ON"}, 1), ({"graph_id": "nope"}, 0), (None, 2)):
        assert (await wire.ask("POST", "/assistants/count", body)).json() == count
    assert (await wire.ask("POST", "/assistants/count", {"metadata": {"a": 1}})).json() == 1


@pytest.mark.requirement("langgraph.done")
@pytest.mark.requirement("langgraph.assistants.delete")
async def test_a_deleted_assistant_is_gone_even_the_system_s(wire: Wire) -> None:
    for id in ((await create(wire))["assistant_id"], ASSISTANT):
        deleted = await wire.ask("DELETE", f"/assistants/{id}")
        assert (deleted.status_code, deleted.content) == (204, b"")
        for method, tail in (("GET", ""), ("DELETE", ""), ("POST", "/versions")):
            assert (await wire.ask(method, f"/assistants/{id}{tail}")).status_code == 404
    lost = await wire.ask("POST", f"/threads/{await wire.thread()}/runs", run_body())
    assert (lost.status_code, lost.json()["code"]) == (404, "assistant_not_found")


@pytest.mark.requirement("langgraph.assistants.delete_threads")
async def test_an_assistant_goes_with_its_threads_and_their_runs_end(wire: Wire) -> None:
    id = (await create(wire))["assistant_id"]
    mine, other = await wire.thread(), await wire.thread()
    run = await wire.start(mine, ["wait", "gate"], assistant_id=id)
    await wire.ask("POST", f"/threads/{other}/runs/wait", run_body())
    await wire.house.agent.arrived("gate")
    async with wire.open("GET", f"/threads/{mine}/runs/{run}/join") as joined:
        await joined.begun()
        assert (await wire.ask("DELETE", f"/assistants/{id}?delete_threads=true")).is_success
        assert b"RunNotFound" in await joined.rest()
    assert (await wire.ask("GET", f"/threads/{mine}")).status_code == 404
    assert (await wire.ask("GET", f"/threads/{other}")).status_code == 200


async def test_threads_outlive_their_assistant(wire: Wire) -> None:
    id = (await create(wire))["assistant_id"]
    thread = await wire.thread()
    await wire.start(thread, ["wait", "gate"], assistant_id=id)
    queued = await wire.start(thread, assistant_id=id)
    assert (await wire.ask("DELETE", f"/assistants/{id}")).status_code == 204
    wire.house.agent.open("gate")
    joined = await wire.ask("GET", f"/threads/{thread}/runs/{queued}/join")
    assert joined.json()["__error__"]["error"] == "AssistantNotFound"
    assert (await wire.ask("GET", f"/threads/{thread}")).json()["status"] == "error"


@pytest.mark.requirement("langgraph.assistants.gone")
async def test_an_assistant_whose_graph_is_gone_can_be_read_and_deleted_but_not_run(
    wire: Wire,
) -> None:
    gone = NewAssistant(id=UNKNOWN, agent="gone", name="gone")
    await wire.house.storage.ensure_assistants([gone], now_us=0)
    thread = await wire.thread()
    for path in ("/runs/wait", f"/threads/{thread}/runs", f"/threads/{thread}/runs/stream"):
        answer = await wire.ask("POST", path, run_body(assistant_id=UNKNOWN))
        assert (answer.status_code, answer.json()["code"]) == (404, "graph_not_found")
        assert "'gone'" in answer.json()["detail"] and AGENT in answer.json()["detail"]
    assert (await wire.ask("GET", f"/threads/{thread}")).json()["status"] == "idle"
    path = f"/assistants/{UNKNOWN}"
    assert (await wire.ask("GET", path)).json()["graph_id"] == "gone"
    assert (await wire.ask("PATCH", path, {"graph_id": AGENT})).json()["version"] == 2
    run = await wire.ask("POST", "/runs/wait", run_body(assistant_id=UNKNOWN))
    assert run.json() == {"done": []}
    assert (await wire.ask("DELETE", path)).status_code == 204


@pytest.mark.requirement("langgraph.assistants.system")
async def test_a_system_assistant_keeps_what_was_changed_over_a_restart() -> None:
    database = Database(None)
    try:
        async with open_house(database) as house, open_wire(house) as wire:
            await wire.ask("PATCH", f"/assistants/{ASSISTANT}", {"name": "changed"})
        async with open_house(database) as house, open_wire(house) as wire:
            found = (await wire.ask("GET", f"/assistants/{ASSISTANT}")).json()
            assert (found["name"], found["version"]) == ("changed", 2)
    finally:
        database.close()


@pytest.mark.requirement("langgraph.assistants.settings")
async def test_a_run_takes_the_assistant_s_settings_at_once(wire: Wire) -> None:
    id = (await create(wire, context={"k": 1}))["assistant_id"]
    thread = await wire.thread()
    await wire.ask("POST", f"/threads/{thread}/runs/wait", run_body(assistant_id=id))
    shown = (await wire.ask("GET", f"/threads/{thread}")).json()
    assert shown["config"] == {"configurable": {"k": 1}}
    assert shown["metadata"]["assistant_id"] == id
