"""Threads over HTTP, in process: pruned, measured, swept, and found by what they hold."""

from typing import Any

import pytest

from demotic.dialects.langgraph import choices
from demotic.domain.threads import Lifetime, Pruning
from demotic.engine.core import Limits
from dialects.langgraph.langgraph_http import UNKNOWN, Wire, open_wire, run_body
from house import open_house

HOUR_S = 3600.0


async def make(wire: Wire, **body: Any) -> str:
    """A new thread's id."""
    created = await wire.ask("POST", "/threads", body)
    assert created.status_code == 200, created.text
    id: str = created.json()["thread_id"]
    return id


async def show(wire: Wire, thread: str, query: str = "?include=ttl") -> Any:
    """A thread as it is; None where it is gone."""
    answer = await wire.ask("GET", f"/threads/{thread}{query}")
    return answer.json() if answer.status_code == 200 else None


async def run(wire: Wire, thread: str, *steps: Any) -> None:
    """Run to the end."""
    await wire.ask("POST", f"/threads/{thread}/runs/wait", run_body(*steps))


async def prune(wire: Wire, *threads: str, **options: Any) -> Any:
    """Prune threads; the answer."""
    body = {"thread_ids": list(threads), **options}
    return await wire.ask("POST", "/threads/prune", body)


@pytest.mark.requirement("langgraph.threads.prune")
async def test_threads_are_pruned_and_counted(wire: Wire) -> None:
    one, two, kept = [await wire.thread() for _ in range(3)]
    answer = await prune(wire, one, two, UNKNOWN, one.upper())
    assert (answer.status_code, answer.json()) == (200, {"pruned_count": 2})
    assert await show(wire, one) is None and await show(wire, two) is None
    await run(wire, kept)
    latest = await prune(wire, kept, strategy="keep_latest")
    assert latest.json() == {"pruned_count": 1}
    assert (await show(wire, kept))["values"] == {"done": []}
    assert (await prune(wire)).json() == {"pruned_count": 0}
    for body in ({}, {"thread_ids": ["x"]}, {"thread_ids": [one], "strategy": "bogus"}):
        refused = await wire.ask("POST", "/threads/prune", body)
        assert (refused.status_code, refused.json()["code"]) == (422, "bad_input"), body


@pytest.mark.requirement("langgraph.threads.prune.busy")
@pytest.mark.parametrize("strategy", ["delete", "keep_latest"])
async def test_a_busy_thread_is_not_pruned_and_a_waiting_one_is(wire: Wire, strategy: str) -> None:
    busy, queued, asking = [await wire.thread() for _ in range(3)]
    await wire.start(busy, ["wait", "gate"])
    await wire.start(queued, after_seconds=60)
    await run(wire, asking, ["pause", "ok?"])
    answer = await prune(wire, busy, queued, asking, strategy=strategy)
    assert answer.json() == {"pruned_count": 1}
    assert (await show(wire, busy))["status"] == (await show(wire, queued))["status"] == "busy"
    left = await show(wire, asking)
    assert (left is None) if strategy == "delete" else (left["status"] == "interrupted")
    wire.house.agent.open("gate")


@pytest.mark.requirement("langgraph.threads.storage")
async def test_a_thread_tells_what_it_takes_up(wire: Wire) -> None:
    thread = await wire.thread()
    empty = (await wire.ask("GET", f"/threads/{thread}/storage")).json()
    nothing = {"count": 0, "bytes": 0}
    assert empty == {
        "thread_id": thread,
        "total_bytes": 0,
        "checkpoints": nothing,
        "channel_values": {**nothing, "by_channel": {}},
        "pending_writes": nothing,
        "runs": nothing,
        "events": nothing,
        "documents": nothing,
    }
    body = run_body(["emit", "custom", "x" * 5000], stream_mode="custom")
    await wire.ask("POST", f"/threads/{thread}/runs/wait", body)
    used = (await wire.ask("GET", f"/threads/{thread}/storage")).json()
    assert used["runs"]["count"] == 1 and used["events"]["bytes"] > 5000
    assert used["total_bytes"] == sum(
        each["bytes"]
        for each in used.values()
        if each in [used[key] for key in empty if isinstance(empty[key], dict)]
    )
    missing = await wire.ask("GET", f"/threads/{UNKNOWN}/storage")
    assert (missing.status_code, missing.json()["code"]) == (404, "thread_not_found")


@pytest.mark.requirement("langgraph.threads.ttl")
@pytest.mark.requirement("langgraph.threads.include")
async def test_a_lifetime_is_given_shown_on_request_and_changed(wire: Wire) -> None:
    thread = await make(wire, ttl={"ttl": 60, "strategy": "keep_latest"})
    assert "ttl" not in await show(wire, thread, "")
    shown = (await show(wire, thread))["ttl"]
    assert (shown["strategy"], shown["ttl_minutes"]) == ("keep_latest", 60)
    assert shown["expires_at"][:16] == "2026-06-01T01:00"
    wire.house.clock.advance(HOUR_S / 2)
    changed = await wire.ask("PATCH", f"/threads/{thread}", {"ttl": 1.5})
    assert changed.status_code == 200 and "ttl" not in changed.json()
    shown = (await show(wire, thread))["ttl"]
    assert (shown["strategy"], shown["ttl_minutes"]) == ("delete", 1.5)
    assert shown["expires_at"][:19] == "2026-06-01T00:31:30"
    assert "ttl" not in await show(wire, await wire.thread()), "it has no limit"
    bogus = await wire.ask("GET", f"/threads/{thread}?include=bogus")
    assert bogus.status_code == 422 and "`include`" in bogus.json()["detail"]
    found = await wire.ask("POST", "/threads/search", {"include": ["ttl"], "ids": [thread]})
    assert found.json()[0]["ttl"] == shown


@pytest.mark.requirement("langgraph.threads.ttl.default")
async def test_threads_that_name_no_lifetime_get_the_server_s() -> None:
    lifetime = Lifetime(int(HOUR_S * 1e6), Pruning.KEEP_LATEST)
    async with open_house(limits=Limits(lifetime=lifetime)) as house, open_wire(house) as wire:
        made = await make(wire)
        own = await make(wire, ttl={"strategy": "delete"})
        by_run = "01a2023b-64e9-7287-b6db-ed3fee48bd55"
        created = run_body(if_not_exists="create")
        await wire.ask("POST", f"/threads/{by_run}/runs/wait", created)
        kept = (await wire.ask("POST", "/runs", run_body(on_completion="keep"))).json()
        copied = (await wire.ask("POST", f"/threads/{own}/copy")).json()["thread_id"]
        strategies = {
            (await show(wire, thread))["ttl"]["strategy"]: (await show(wire, thread))["ttl"][
                "ttl_minutes"
            ]
            for thread in (made, own, by_run, kept["thread_id"], copied)
        }
        assert strategies == {"keep_latest": 60, "delete": 60}
        assert (await show(wire, copied))["ttl"]["strategy"] == "delete"


@pytest.mark.requirement("langgraph.threads.ttl.sweep")
async def test_a_thread_is_swept_when_its_time_is_over_and_every_use_starts_it_anew(
    wire: Wire,
) -> None:
    gone, used, updated, endless = [
        await make(wire, metadata={"graph_id": "scripted"}, **ttl)
        for ttl in ({"ttl": 60}, {"ttl": 60}, {"ttl": 60}, {})
    ]
    wire.house.clock.advance(HOUR_S * 0.75)
    await run(wire, used)
    await wire.ask("POST", f"/threads/{updated}/state", {"values": {"x": 1}})
    assert await wire.house.engine.upkeep.sweep(10) == 0
    wire.house.clock.advance(HOUR_S * 0.5)
    assert await wire.house.engine.upkeep.sweep(10) == 1
    left = [await show(wire, thread) is not None for thread in (gone, used, updated, endless)]
    assert left == [False, True, True, True]
    wire.house.clock.advance(HOUR_S)
    assert await wire.house.engine.upkeep.sweep(1) == 1
    assert await wire.house.engine.upkeep.sweep(10) == 1
    assert await wire.house.engine.upkeep.sweep(10) == 0
    assert await show(wire, endless) is not None


@pytest.mark.requirement("langgraph.threads.ttl.sweep")
async def test_a_busy_thread_is_not_swept_and_its_time_begins_when_it_rests(wire: Wire) -> None:
    thread = await make(wire, ttl=60)
    started = await wire.start(thread, ["wait", "gate"])
    await wire.house.agent.arrived("gate")
    wire.house.clock.advance(HOUR_S * 10)
    assert await wire.house.engine.upkeep.sweep(10) == 0
    wire.house.agent.open("gate")
    await wire.ask("GET", f"/threads/{thread}/runs/{started}/join")
    wire.house.clock.advance(HOUR_S * 0.9)
    assert await wire.house.engine.upkeep.sweep(10) == 0
    wire.house.clock.advance(HOUR_S * 0.2)
    assert await wire.house.engine.upkeep.sweep(10) == 1
    assert await show(wire, thread) is None


@pytest.mark.requirement("langgraph.threads.ttl.sweep")
async def test_a_pruned_thread_is_left_alone_until_it_is_used_again(wire: Wire) -> None:
    thread = await make(wire, ttl={"ttl": 60, "strategy": "keep_latest"})
    await run(wire, thread)
    wire.house.clock.advance(HOUR_S * 2)
    assert await wire.house.engine.upkeep.sweep(10) == 1
    assert (await show(wire, thread))["ttl"]["expires_at"] is None
    assert await wire.house.engine.upkeep.sweep(10) == 0
    await run(wire, thread)
    assert (await show(wire, thread))["ttl"]["expires_at"][:13] == "2026-06-01T03"


@pytest.mark.requirement("langgraph.threads.minimal")
async def test_a_change_may_be_answered_by_nothing(wire: Wire) -> None:
    thread = await wire.thread()
    headers = {"Prefer": "return=minimal"}
    answer = await wire.ask("PATCH", f"/threads/{thread}", {"metadata": {"a": 1}}, headers)
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await show(wire, thread))["metadata"] == {"a": 1}
    missing = await wire.ask("PATCH", f"/threads/{UNKNOWN}", {}, headers)
    assert missing.status_code == 404


async def search(wire: Wire, **body: Any) -> Any:
    """A search's answer."""
    answer = await wire.ask("POST", "/threads/search", body)
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.requirement("langgraph.threads.search.extract")
async def test_parts_of_threads_are_extracted(wire: Wire) -> None:
    thread, empty = await make(wire, metadata={"a": {"b": [1, 2]}}), await wire.thread()
    await run(wire, thread, ["emit", "custom", 1])
    extract = {"last": "values.done[-1]", "b": "metadata.a.b[0]", "status": "status", "no": "error"}
    found = (await search(wire, extract=extract, sort_by="created_at", sort_order="asc")).json()
    assert found[0]["extracted"] == {"last": "emit", "b": 1, "status": "idle", "no": None}
    assert found[1]["thread_id"] == empty
    assert found[1]["extracted"] == {"last": None, "b": None, "status": "idle", "no": None}
    assert found[0]["values"] == {"done": ["emit"]}
    only = (await search(wire, extract={"l": "values.done"}, select=["thread_id"], limit=2)).json()
    # The last used comes first, whichever was created last.
    assert only[0] == {"thread_id": thread, "extracted": {"l": ["emit"]}}
    assert "extracted" not in (await search(wire, extract={})).json()[0]
    many = {str(n): "values" for n in range(11)}
    refused = await wire.ask("POST", "/threads/search", {"extract": many})
    assert refused.status_code == 422 and "at most 10" in refused.json()["detail"]


@pytest.mark.requirement("langgraph.threads.search.filters")
async def test_filters_narrow_each_other_and_every_key_sorts(wire: Wire) -> None:
    threads = [await make(wire, metadata={"n": n, "even": n % 2 == 0}) for n in range(4)]
    for n, thread in enumerate(threads):
        body = {"values": {"topic": "rain" if n < 2 else "sun", "n": n}}
        named = {"metadata": {"graph_id": "scripted"}}
        await wire.ask("PATCH", f"/threads/{thread}", named)
        await wire.ask("POST", f"/threads/{thread}/state", body)

    async def found(**body: Any) -> list[int]:
        rows = (await search(wire, sort_order="asc", **body)).json()
        return [threads.index(row["thread_id"]) for row in rows]

    assert await found(values={"topic": "rain"}) == [0, 1]
    assert await found(values={"topic": "rain"}, metadata={"even": True}) == [0]
    assert await found(values={"n": 3}, status="idle") == [3]
    assert await found(values={"n": 3}, status="busy") == []
    assert await found(ids=[threads[2], threads[1]], values={"topic": "sun"}) == [2]
    for key in choices.THREAD_SORT:
        assert sorted(await found(sort_by=key)) == [0, 1, 2, 3]
        assert sorted(await found(sort_by=key, values={"topic": "sun"})) == [2, 3]
    assert await found(sort_by="updated_at") == [0, 1, 2, 3]
    selected = (await search(wire, select=["thread_id", "context"])).json()
    assert [list(row) for row in selected] == [["thread_id"]] * 4
    counted = await wire.ask("POST", "/threads/count", {"values": {"topic": "rain"}})
    assert counted.json() == 2


@pytest.mark.requirement("langgraph.threads.search.total")
async def test_totals_are_exact_to_a_number_and_a_lower_bound_beyond(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("demotic.dialects.langgraph.translate_threads.MAX_COUNT", 4)
    for _ in range(7):
        await wire.thread()

    async def told(offset: int) -> tuple[str, str | None]:
        headers = (await search(wire, limit=2, offset=offset, select=["thread_id"])).headers
        return headers["x-pagination-total"], headers.get("x-pagination-next")

    assert await told(0) == ("4", "2")
    assert await told(2) == ("5", "4"), "at least one more than is shown so far"
    assert await told(4) == ("7", "6")
    assert await told(6) == ("7", None)
    assert (await wire.ask("POST", "/threads/count", {})).json() == 7
