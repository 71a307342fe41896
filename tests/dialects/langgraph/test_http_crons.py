"""Crons over HTTP, in process: a clock that the test moves, a real database in memory."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from demotic.engine.core import Limits
from dialects.langgraph.langgraph_http import AGENT, ASSISTANT, UNKNOWN, Wire, open_wire
from house import open_house

CRONS = "/runs/crons"
NEW = "00000000-0000-7000-8000-000000000001"
EVERY_MINUTE = "* * * * *"


def cron_body(**fields: Any) -> dict[str, Any]:
    """A body that schedules runs that end at once."""
    return {"assistant_id": AGENT, "schedule": EVERY_MINUTE, "input": [], **fields}


async def cron(wire: Wire, thread: str | None = None, **fields: Any) -> dict[str, Any]:
    """A new cron's row."""
    path = CRONS if thread is None else f"/threads/{thread}{CRONS}"
    made = await wire.ask("POST", path, cron_body(**fields))
    assert made.status_code == 200, made.text
    row: dict[str, Any] = made.json()
    return row


async def refused(wire: Wire, status: int, thread: str | None = None, **fields: Any) -> str:
    """What is wrong with a cron."""
    path = CRONS if thread is None else f"/threads/{thread}{CRONS}"
    answer = await wire.ask("POST", path, cron_body(**fields))
    assert answer.status_code == status, answer.text
    detail: str = answer.json()["detail"]
    return detail


async def until(wire: Wire, row: dict[str, Any], minutes: int = 0) -> None:
    """Let it be a cron's next instant, or some minutes later, and wait until it has fired."""
    due = datetime.fromisoformat(row["next_run_date"]) + timedelta(minutes=minutes)
    wire.house.clock.set(int(due.timestamp()) * 1_000_000)
    async with asyncio.timeout(5):
        while True:
            next_us = await wire.house.storage.next_due()
            if next_us is None or next_us > wire.house.clock.now_us():
                return
            await asyncio.sleep(0)


async def runs_of(wire: Wire, thread: str) -> list[dict[str, Any]]:
    """The thread's runs, oldest first."""
    found: list[dict[str, Any]] = (await wire.ask("GET", f"/threads/{thread}/runs")).json()
    return found[::-1]


async def found(wire: Wire, **fields: Any) -> httpx.Response:
    """The answer to a search."""
    return await wire.ask("POST", f"{CRONS}/search", fields)


@pytest.mark.requirement("langgraph.crons.create_on_thread")
@pytest.mark.requirement("langgraph.crons.fires")
async def test_a_cron_starts_a_run_on_its_thread_at_each_instant(wire: Wire) -> None:
    thread = await wire.thread()
    row = await cron(wire, thread, metadata={"a": 1}, input=[["emit", "values", 1]])
    assert (row["thread_id"], row["next_run_date"]) == (thread, "2026-06-01T00:01:00+00:00")
    for n in range(2):
        await until(wire, row, n)
    first, second = await runs_of(wire, thread)
    assert first["created_at"][:19] == "2026-06-01T00:01:00"
    assert second["created_at"][:19] == "2026-06-01T00:02:00"
    assert first["metadata"]["a"] == 1 and first["metadata"]["cron_id"] == row["cron_id"]
    assert first["kwargs"]["config"]["configurable"]["cron_id"] == row["cron_id"]
    joined = await wire.ask("GET", f"/threads/{thread}/runs/{first['run_id']}/join")
    assert joined.json() == {"done": ["emit"]}
    shown = (await wire.ask("GET", f"{CRONS}/{row['cron_id']}")).json()
    assert shown == {**row, "next_run_date": "2026-06-01T00:03:00+00:00"}
    made = await wire.ask("POST", f"/threads/{NEW}{CRONS}", cron_body(if_not_exists="create"))
    assert made.json()["thread_id"] == NEW
    assert (await wire.ask("GET", f"/threads/{NEW}")).status_code == 200
    unknown = await wire.ask("POST", f"/threads/{UNKNOWN}{CRONS}", cron_body())
    assert (unknown.status_code, unknown.json()["code"]) == (404, "thread_not_found")
    assert (await wire.ask("POST", f"/threads/nope{CRONS}", cron_body())).status_code == 422


@pytest.mark.requirement("langgraph.crons.create")
@pytest.mark.requirement("langgraph.crons.on_run_completed")
async def test_a_cron_without_a_thread_gives_each_run_one_and_keeps_it_if_it_is_to(
    wire: Wire,
) -> None:
    kept = await cron(wire, on_run_completed="keep")
    gone = await cron(wire)
    assert (kept["on_run_completed"], gone["on_run_completed"]) == ("keep", "delete")
    for n in range(2):
        await until(wire, kept, n)
    wanted = {"metadata": {"cron_id": kept["cron_id"]}}
    threads = (await wire.ask("POST", "/threads/search", wanted)).json()
    assert len(threads) == 2
    assert len({each["thread_id"] for each in threads}) == 2
    assert (await wire.ask("POST", "/threads/count", {})).json() == 2
    assert len(wire.house.agent.started) == 4
    thread = await wire.thread()
    assert (await cron(wire, thread))["on_run_completed"] is None
    assert "on_run_completed" in await refused(wire, 422, thread, on_run_completed="keep")
    assert "on_run_completed" in await refused(wire, 422, on_run_completed="bogus")


@pytest.mark.requirement("langgraph.crons.assistant")
@pytest.mark.requirement("langgraph.crons.row")
async def test_a_row_shows_what_was_given_and_what_became_of_it(wire: Wire) -> None:
    given = {
        "assistant_id": AGENT,
        "schedule": "0 0 * * *",
        "input": [],
        "end_time": "2027-01-01T00:00:00Z",
        "timezone": "Europe/Oslo",
        "metadata": {"a": 1},
        "unknown": 1,
        "webhook": None,
    }
    thread = await wire.thread()
    row = (await wire.ask("POST", f"/threads/{thread}{CRONS}", given)).json()
    known = {key: given[key] for key in [*given][:6]}
    marked = {"configurable": {"cron_id": row["cron_id"]}}
    assert row == {
        "cron_id": row["cron_id"],
        "assistant_id": ASSISTANT,
        "thread_id": thread,
        "user_id": "",
        "end_time": "2027-01-01T00:00:00+00:00",
        "schedule": "0 0 * * *",
        "timezone": "Europe/Oslo",
        "payload": {**known, "assistant_id": ASSISTANT, "config": marked},
        "next_run_date": "2026-06-01T22:00:00+00:00",
        "metadata": {"a": 1},
        "on_run_completed": None,
        "enabled": True,
        "created_at": row["created_at"],
        "updated_at": row["created_at"],
    }
    bare = await cron(wire)
    assert (bare["thread_id"], bare["end_time"], bare["timezone"]) == (None, None, None)
    assert (await wire.ask("POST", CRONS, cron_body(assistant_id=UNKNOWN))).status_code == 404
    assert "Invalid assistant" in await refused(wire, 422, assistant_id="nobody")


@pytest.mark.requirement("langgraph.crons.schedule")
async def test_a_schedule_has_five_or_six_fields_and_a_bad_one_is_named(wire: Wire) -> None:
    seconds = await cron(wire, schedule="* * * * * 30")
    assert seconds["next_run_date"] == "2026-06-01T00:00:30+00:00"
    detail = await refused(wire, 422, schedule="bogus")
    assert "Invalid cron schedule: 'bogus'" in detail and "`schedule`" in detail
    assert "no such date" in await refused(wire, 422, schedule="0 0 30 2 *")
    missing = await wire.ask("POST", CRONS, {"assistant_id": AGENT})
    assert missing.status_code == 422
    assert missing.json()["detail"] == "The field `schedule` is required: add it."


@pytest.mark.requirement("langgraph.crons.timezone")
async def test_the_clock_of_a_zone_counts(wire: Wire) -> None:
    row = await cron(wire, schedule="30 9 * * *", timezone="Asia/Kolkata")
    assert row["next_run_date"] == "2026-06-01T04:00:00+00:00"
    assert "`timezone`" in await refused(wire, 422, timezone="Mars/Olympus")
    assert "`timezone`" in await refused(wire, 422, timezone=5)


@pytest.mark.requirement("langgraph.crons.end_time")
async def test_a_cron_ends_and_its_end_can_be_cleared(wire: Wire) -> None:
    thread = await wire.thread()
    row = await cron(wire, thread, end_time="2026-06-01T00:01:30")
    assert row["end_time"] == "2026-06-01T00:01:30+00:00"
    await until(wire, row)
    over = (await wire.ask("GET", f"{CRONS}/{row['cron_id']}")).json()
    assert over["next_run_date"] is None
    await until(wire, row, 5)
    assert len(await runs_of(wire, thread)) == 1
    path = f"{CRONS}/{row['cron_id']}"
    cleared = (await wire.ask("PATCH", path, {"end_time": None})).json()
    assert cleared["end_time"] is None and "end_time" not in cleared["payload"]
    assert cleared["next_run_date"] == "2026-06-01T00:07:00+00:00"
    for bad in ("tomorrow", "1969-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", ""):
        assert "`end_time`" in await refused(wire, 422, end_time=bad)


@pytest.mark.requirement("langgraph.crons.enabled")
async def test_a_cron_that_is_not_enabled_starts_nothing(wire: Wire) -> None:
    thread = await wire.thread()
    row = await cron(wire, thread, enabled=False)
    assert row["enabled"] is False
    await until(wire, row, 5)
    assert await runs_of(wire, thread) == []
    on = (await wire.ask("PATCH", f"{CRONS}/{row['cron_id']}", {"enabled": True})).json()
    assert (on["enabled"], on["next_run_date"]) == (True, "2026-06-01T00:07:00+00:00")
    await until(wire, on)
    assert len(await runs_of(wire, thread)) == 1


@pytest.mark.requirement("langgraph.crons.change")
async def test_a_patch_replaces_what_it_names_and_merges_metadata(wire: Wire) -> None:
    row = await cron(wire, metadata={"a": 1, "b": 2}, context={"k": 1})
    path = f"{CRONS}/{row['cron_id']}"
    patch = {
        "schedule": "0 12 * * *",
        "timezone": "Europe/Oslo",
        "input": [["fail", "no"]],
        "metadata": {"b": 3},
        "interrupt_before": ["n"],
        "on_run_completed": "keep",
        "stream_mode": "updates",
        "durability": "exit",
    }
    changed = (await wire.ask("PATCH", path, patch)).json()
    assert (changed["schedule"], changed["timezone"]) == ("0 12 * * *", "Europe/Oslo")
    assert changed["next_run_date"] == "2026-06-01T10:00:00+00:00"
    assert changed["metadata"] == {"a": 1, "b": 3}
    assert changed["on_run_completed"] == "keep"
    assert changed["payload"] == {**row["payload"], **patch, "metadata": {"a": 1, "b": 3}}
    assert changed["updated_at"] > row["updated_at"] and changed["created_at"] == row["created_at"]
    assert (await wire.ask("GET", path)).json() == changed
    for empty in ({}, {"schedule": None}, {"unknown": 1}, None):
        answer = await wire.ask("PATCH", path, empty)
        assert answer.status_code == 400
        assert answer.json()["detail"].startswith("Request body cannot be empty")
    for bad in ({"schedule": "bogus"}, {"timezone": "x"}, {"enabled": "yes"}, {"input": {"a": 1}}):
        status = (await wire.ask("PATCH", path, bad)).status_code
        assert status == (200 if "input" in bad else 422), bad
    assert (await wire.ask("PATCH", f"{CRONS}/{UNKNOWN}", {"enabled": True})).status_code == 404
    on_thread = await cron(wire, await wire.thread())
    kept = await wire.ask("PATCH", f"{CRONS}/{on_thread['cron_id']}", {"on_run_completed": "keep"})
    assert kept.status_code == 422


@pytest.mark.requirement("langgraph.crons.change")
async def test_a_config_may_be_emptied(wire: Wire) -> None:
    made = await cron(wire, config={"configurable": {"a": 1}})
    for config in ({}, {"configurable": None}, {"tags": ["a"]}):
        changed = await wire.ask("PATCH", f"{CRONS}/{made['cron_id']}", {"config": config})
        assert changed.status_code == 200, changed.text


@pytest.mark.requirement("langgraph.done")
@pytest.mark.requirement("langgraph.crons.get")
@pytest.mark.requirement("langgraph.crons.delete")
async def test_a_cron_is_shown_until_it_is_deleted(wire: Wire) -> None:
    path = f"{CRONS}/{(await cron(wire))['cron_id']}"
    assert (await wire.ask("GET", path)).status_code == 200
    gone = await wire.ask("DELETE", path)
    assert (gone.status_code, gone.content) == (204, b"")
    for method in ("DELETE", "GET"):
        again = await wire.ask(method, path)
        assert (again.status_code, again.json()["code"]) == (404, "cron_not_found")
    bad = await wire.ask("GET", f"{CRONS}/nope")
    assert (bad.status_code, bad.json()["detail"]) == (422, "Invalid cron ID: must be a UUID")


@pytest.mark.requirement("langgraph.crons.assistant")
@pytest.mark.requirement("langgraph.crons.search")
@pytest.mark.requirement("langgraph.crons.count")
async def test_crons_are_searched_counted_sorted_and_paged(wire: Wire) -> None:
    thread = await wire.thread()
    other = (await wire.ask("POST", "/assistants", {"graph_id": AGENT})).json()["assistant_id"]
    first = await cron(wire, thread, metadata={"a": 1}, schedule="30 * * * *")
    second = await cron(wire, assistant_id=other, metadata={"a": 1, "b": {"c": 2}})
    third = await cron(wire, enabled=False, schedule="0 0 1 1 *")

    async def ids(**fields: Any) -> list[str]:
        return [each["cron_id"] for each in (await found(wire, **fields)).json()]

    every = [third["cron_id"], second["cron_id"], first["cron_id"]]
    assert await ids() == every
    assert await ids(sort_by="next_run_date", sort_order="asc") == [every[1], every[2], every[0]]
    assert await ids(assistant_id=other) == [every[1]]
    assert await ids(assistant_id=AGENT) == [every[0], every[2]]
    assert await ids(thread_id=thread) == [every[2]]
    assert await ids(enabled=False) == [every[0]]
    assert await ids(metadata={"b": {"c": 2}}) == [every[1]]
    page = await found(wire, limit=1, offset=1, select=["cron_id", "enabled"])
    assert page.json() == [{"cron_id": every[1], "enabled": True}]
    assert page.headers["x-pagination-total"] == "3"
    assert page.headers["x-pagination-next"] == "2"
    assert "x-pagination-next" not in (await found(wire)).headers
    for bad in ({"limit": 0}, {"sort_by": "x"}, {"select": ["x"]}, {"thread_id": "x"}):
        assert (await found(wire, **bad)).status_code == 422, bad
    for fields, number in [({}, 3), ({"metadata": {"a": 1}}, 2), ({"thread_id": thread}, 1)]:
        assert (await wire.ask("POST", f"{CRONS}/count", fields)).json() == number
    assert (await wire.ask("POST", f"{CRONS}/count")).json() == 3


@pytest.mark.requirement("langgraph.crons.run_fields")
async def test_a_crons_runs_take_the_fields_of_a_runs_body(wire: Wire) -> None:
    thread = await wire.thread()
    row = await cron(
        wire,
        thread,
        config={"recursion_limit": 7, "tags": ["t"]},
        context={"k": 1},
        interrupt_before=["a"],
        interrupt_after="*",
        stream_mode=["updates", "custom"],
        stream_subgraphs=True,
        stream_resumable=True,
        durability="sync",
        checkpoint_id="place",
    )
    await until(wire, row)
    (run,) = await runs_of(wire, thread)
    kwargs = run["kwargs"]
    assert kwargs["config"]["recursion_limit"] == 7 and kwargs["config"]["tags"] == ["t"]
    assert kwargs["context"] == {"k": 1}
    assert (kwargs["interrupt_before"], kwargs["interrupt_after"]) == (["a"], "*")
    assert kwargs["stream_mode"] == ["updates", "custom"]
    assert (kwargs["subgraphs"], kwargs["resumable"], kwargs["durability"]) == (True, True, "sync")
    assert kwargs["config"]["configurable"]["checkpoint_id"] == "place"
    configured = {"configurable": {"x": 1}}
    detail = await refused(wire, 400, config=configured, context={"y": 1})
    assert "configurable and context" in detail
    assert "durability" in await refused(wire, 422, durability="exit", checkpoint_during=True)
    assert "checkpoint_id" in await refused(wire, 422, checkpoint_id="place")
    assert "stream_mode" in await refused(wire, 422, stream_mode="bogus")


@pytest.mark.requirement("langgraph.crons.multitask_strategy")
async def test_a_run_that_a_busy_thread_refuses_is_left_out(wire: Wire) -> None:
    thread = await wire.thread()
    row = await cron(wire, thread, multitask_strategy="reject")
    await wire.start(thread, ["wait", "gate"])
    await until(wire, row)
    assert len(await runs_of(wire, thread)) == 1
    waiting = await cron(wire, thread)
    await until(wire, waiting)
    assert [each["status"] for each in await runs_of(wire, thread)] == ["running", "pending"]
    assert "multitask_strategy" in await refused(wire, 422, thread, multitask_strategy="bogus")
    wire.house.agent.open("gate")


@pytest.mark.requirement("langgraph.crons.ends_with")
async def test_a_cron_ends_with_its_thread_and_with_its_assistant(wire: Wire) -> None:
    thread = await wire.thread()
    other = (await wire.ask("POST", "/assistants", {"graph_id": AGENT})).json()["assistant_id"]
    for row, path in [
        (await cron(wire, thread), f"/threads/{thread}"),
        (await cron(wire, assistant_id=other), f"/assistants/{other}"),
    ]:
        assert (await wire.ask("DELETE", path)).status_code == 204
        assert (await wire.ask("GET", f"{CRONS}/{row['cron_id']}")).status_code == 404


@pytest.mark.requirement("langgraph.crons.off")
async def test_where_crons_are_off_none_is_taken_and_info_says_so() -> None:
    limits = replace(Limits(drain_s=0.05, grace_s=0.05), schedules=False)
    async with open_house(limits=limits) as house, open_wire(house) as wire:
        assert (await wire.ask("GET", "/info")).json()["flags"]["crons"] is False
        answer = await wire.ask("POST", CRONS, cron_body())
        assert (answer.status_code, answer.json()["code"]) == (409, "crons_off")
        assert (await found(wire)).json() == []
