"""Options of searches, changes, cancels and streams, each with what it does."""

from typing import Any

import pytest

from demotic.engine.core import Limits
from demotic.storage.sqlite.database import Database
from dialects.langgraph.langgraph_http import (
    AGENT,
    ASSISTANT,
    STEPS,
    Wire,
    frames,
    open_wire,
    run_body,
)
from dialects.langgraph.run_ways import CHANGED_CRON, CRON, CRON_ON_THREAD, THREAD
from house import open_house


async def names(wire: Wire, **body: Any) -> list[str]:
    """Assistants that a search finds."""
    rows = (await wire.ask("POST", "/assistants/search", body)).json()
    return [row["name"] for row in rows]


@pytest.mark.requirement("langgraph.assistants.search")
async def test_assistants_are_found_by_part_of_their_name_and_sorted(wire: Wire) -> None:
    for name in ("beta two", "Alpha", "beta one"):
        await wire.ask("POST", "/assistants", {"graph_id": AGENT, "name": name})
        wire.house.clock.advance(1)
    (first,) = (await wire.ask("POST", "/assistants/search", {"name": "alp"})).json()
    await wire.ask("PATCH", f"/assistants/{first['assistant_id']}", {"metadata": {}})
    assert await names(wire, name="BETA") == ["beta one", "beta two"]
    assert await names(wire, name="bet_") == []
    mine = {"name": "a", "sort_order": "asc"}
    by_name = await names(wire, sort_by="name", **mine)
    assert [each for each in by_name if each != AGENT] == ["Alpha", "beta one", "beta two"]
    assert await names(wire, name="beta", sort_by="created_at") == ["beta one", "beta two"]
    oldest = await names(wire, name="beta", sort_by="created_at", sort_order="asc")
    assert oldest == ["beta two", "beta one"]
    assert (await names(wire, sort_by="updated_at", sort_order="desc"))[0] == "Alpha"
    for field in ("sort_by", "sort_order"):
        bad = await wire.ask("POST", "/assistants/search", {field: "bogus"})
        assert bad.status_code == 422 and f"`{field}`" in bad.json()["detail"]


@pytest.mark.requirement("langgraph.assistants.subgraphs")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["inner"]),
        ("?recurse=false", ["inner"]),
        ("?recurse=true", ["inner", "inner|deepest"]),
    ],
)
async def test_subgraphs_of_subgraphs_are_told_if_asked(
    wire: Wire, query: str, found: list[str]
) -> None:
    answer = await wire.ask("GET", f"/assistants/{ASSISTANT}/subgraphs{query}")
    assert list(answer.json()) == found


@pytest.mark.requirement("langgraph.threads.ttl")
async def test_a_lifetime_is_changed_in_whole(wire: Wire) -> None:
    path = f"/threads/{await wire.thread()}"
    for ttl in ({"ttl": 60, "strategy": "keep_latest"}, {"ttl": 5, "strategy": "delete"}):
        assert (await wire.ask("PATCH", path, {"ttl": ttl})).status_code == 200
        shown = (await wire.ask("GET", f"{path}?include=ttl")).json()["ttl"]
        assert {"ttl": shown["ttl_minutes"], "strategy": shown["strategy"]} == ttl


@pytest.mark.requirement("langgraph.threads.patch_state")
async def test_metadata_of_a_state_in_the_making_is_not_patched(wire: Wire) -> None:
    thread = await wire.thread()
    run = await wire.start(thread, ["wait", "gate"])
    patch = "PATCH", f"/threads/{thread}/state", {"metadata": {"a": 1}}
    answer = await wire.ask(*patch)
    assert (answer.status_code, answer.json()["code"]) == (409, "thread_busy")
    wire.house.agent.open("gate")
    await wire.ask("GET", f"/threads/{thread}/runs/{run}/join")
    assert (await wire.ask(*patch)).status_code == 200


@pytest.mark.requirement("langgraph.batch.cancel.action")
async def test_several_runs_are_kept_when_they_are_cancelled_without_a_word(wire: Wire) -> None:
    thread = await wire.thread()
    run = await wire.start(thread, ["wait", "for ever"])
    assert (await wire.ask("POST", "/runs/cancel", {"status": "all"})).status_code == 204
    path = f"/threads/{thread}/runs/{run}"
    await wire.ask("GET", f"{path}/join")
    assert (await wire.ask("GET", path)).json()["status"] == "interrupted"


@pytest.mark.requirement("langgraph.runs.stream_by_id")
async def test_the_stream_of_a_run_by_its_id_shows_the_modes_that_are_asked_for(wire: Wire) -> None:
    body = run_body(*STEPS, stream_resumable=True, stream_mode=["values", "custom"])
    place = (await wire.ask("POST", "/runs/stream", body)).headers["location"]
    for query, shown in [
        ("", {"metadata", "values", "custom"}),
        ("?stream_mode=custom", {"custom"}),
        ("?stream_mode=values&stream_mode=custom", {"values", "custom"}),
    ]:
        answer = await wire.ask("GET", place + query, headers={"Last-Event-ID": "-1"})
        assert {name for name, _, _ in frames(answer.text)} == shown
    bad = await wire.ask("GET", f"{place}?stream_mode=bogus")
    assert bad.status_code == 422 and "`stream_mode`" in bad.json()["detail"]


@pytest.mark.requirement("langgraph.stream.cancel_on_disconnect")
@pytest.mark.parametrize(("cancels", "status"), [("true", "interrupted"), ("false", "success")])
async def test_a_run_ends_with_who_follows_it_by_its_id_if_it_is_to(
    wire: Wire, cancels: str, status: str
) -> None:
    body = run_body(["wait", "gate"], on_completion="keep")
    run = (await wire.ask("POST", "/runs", body)).json()
    await wire.house.agent.arrived("gate")
    path = f"/runs/{run['run_id']}/stream?cancel_on_disconnect={cancels}"
    async with wire.open("GET", path) as streaming:
        await streaming.begun()
    kept = f"/threads/{run['thread_id']}/runs/{run['run_id']}"
    if cancels == "false":
        wire.house.agent.open("gate")
    await wire.ask("GET", f"{kept}/join")
    assert (await wire.ask("GET", kept)).json()["status"] == status


@pytest.mark.requirement("langgraph.crons.off")
async def test_where_crons_are_off_none_is_made_on_a_thread_or_enabled() -> None:
    database, off = Database(None), Limits(drain_s=0.05, grace_s=0.05, schedules=False)
    async with open_house(database) as house, open_wire(house) as wire:
        row = (await CRON.ask(wire, {"enabled": False})).json()
    async with open_house(database, off) as house, open_wire(house) as wire:
        await wire.ask("POST", "/threads", {"thread_id": THREAD})
        made = await CRON_ON_THREAD.ask(wire)
        path = CHANGED_CRON.path.replace("{cron_id}", row["cron_id"])
        enabled = await wire.ask("PATCH", path, {"enabled": True})
        for answer in (made, enabled):
            assert (answer.status_code, answer.json()["code"]) == (409, "crons_off")
        assert (await wire.ask("PATCH", path, {"metadata": {"a": 1}})).status_code == 200
    database.close()


@pytest.mark.requirement("langgraph.crons.end_time")
async def test_a_cron_without_a_thread_ends_too(wire: Wire) -> None:
    row = (await CRON.ask(wire, {"end_time": "2026-06-01T00:01:30Z"})).json()
    assert row["next_run_date"] == "2026-06-01T00:01:00+00:00"
    over = (await CRON.ask(wire, {"end_time": "2026-06-01T00:00:30Z"})).json()
    assert over["next_run_date"] is None


@pytest.mark.requirement("langgraph.crons.count")
async def test_crons_are_counted_by_assistant(wire: Wire) -> None:
    other = (await wire.ask("POST", "/assistants", {"graph_id": AGENT})).json()["assistant_id"]
    for body in ({}, {}, {"assistant_id": other}):
        await CRON.ask(wire, body)
    for assistant, count in ((AGENT, 2), (ASSISTANT, 2), (other, 1)):
        answer = await wire.ask("POST", "/runs/crons/count", {"assistant_id": assistant})
        assert answer.json() == count
