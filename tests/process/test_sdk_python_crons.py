"""The Python SDK against a real server: crons, whose runs start by the machine's own clock."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import BadRequestError, NotFoundError, UnprocessableEntityError

from process.clients import client_of, notes, sync_client_of
from process.serving import Server

pytestmark = pytest.mark.timeout(20, func_only=True)

IN = notes("in")
EVERY_SECOND = "* * * * * *"
WITHIN_S = 10


@pytest.fixture
async def client(shared_server: Server) -> AsyncIterator[LangGraphClient]:
    async with client_of(shared_server) as client:
        yield client


async def new_thread(client: LangGraphClient) -> str:
    return (await client.threads.create())["thread_id"]


async def runs_of(client: LangGraphClient, thread: str, count: int) -> list[Any]:
    """The first runs of a thread, as soon as there are so many."""
    async with asyncio.timeout(WITHIN_S):
        while len(runs := await client.runs.list(thread, limit=100)) < count:
            pass  # each look is a request
    return runs[::-1][:count]


async def test_a_cron_with_seconds_fires_and_its_runs_are_there(client: LangGraphClient) -> None:
    thread = await new_thread(client)
    cron: Any = await client.crons.create_for_thread(
        thread,
        "echo",
        schedule=EVERY_SECOND,
        input=IN,
        metadata={"by": "clock"},
        multitask_strategy="enqueue",
        stream_mode=["values"],
        stream_resumable=True,
    )
    runs = await runs_of(client, thread, 3)
    await client.crons.delete(cron["cron_id"])
    for run in runs:
        assert run["metadata"]["by"] == "clock" and run["metadata"]["cron_id"] == cron["cron_id"]
        started = datetime.fromisoformat(run["created_at"])
        assert started.microsecond < 900_000
        assert (await client.runs.join(thread, run["run_id"]))["items"][:1] == ["in"]
    seconds = [datetime.fromisoformat(run["created_at"]).replace(microsecond=0) for run in runs]
    assert all(b - a >= timedelta(seconds=1) for a, b in itertools.pairwise(seconds))
    first = [
        part
        async for part in client.runs.join_stream(thread, runs[0]["run_id"], last_event_id="-1")
    ]
    assert first[-1].event == "values"


async def test_a_cron_without_a_thread_keeps_the_threads_of_its_runs(
    client: LangGraphClient,
) -> None:
    cron: Any = await client.crons.create(
        "echo", schedule=EVERY_SECOND, input=IN, on_run_completed="keep"
    )
    wanted = {"cron_id": cron["cron_id"]}
    async with asyncio.timeout(WITHIN_S):
        while len(threads := await client.threads.search(metadata=wanted, status="idle")) < 2:
            pass  # each look is a request
    await client.crons.delete(cron["cron_id"])
    assert all(each["values"] == {"items": ["in", "a", "b"]} for each in threads)


async def test_a_cron_lives_through_its_changes(client: LangGraphClient) -> None:
    tag, thread = {"tag": await new_thread(client)}, await new_thread(client)
    cron: Any = await client.crons.create_for_thread(
        thread,
        "echo",
        schedule="0 9 * * *",
        timezone=ZoneInfo("Europe/Oslo"),
        end_time=datetime(2090, 1, 1, tzinfo=UTC),
        metadata=tag,
        enabled=False,
    )
    assert (cron["timezone"], cron["enabled"]) == ("Europe/Oslo", False)
    id = cron["cron_id"]
    changed = await client.crons.update(id, end_time=None, enabled=True, schedule="0 10 * * *")
    assert (changed["end_time"], changed["enabled"]) == (None, True)
    assert changed["next_run_date"] != cron["next_run_date"]
    found = await client.crons.search(metadata=tag, enabled=True, select=["cron_id", "schedule"])
    assert [*found] == [{"cron_id": id, "schedule": "0 10 * * *"}]
    found = await client.crons.search(thread_id=thread, sort_by="next_run_date", sort_order="asc")
    assert [each["cron_id"] for each in found] == [id]
    assert await client.crons.count(metadata=tag) == 1
    with pytest.raises(BadRequestError):
        await client.crons.update(id)
    with pytest.raises(UnprocessableEntityError, match="schedule"):
        await client.crons.update(id, schedule="bogus")
    await client.crons.delete(id)
    with pytest.raises(NotFoundError):
        await client.crons.delete(id)


def test_the_synchronous_client_does_the_same(shared_server: Server) -> None:
    with sync_client_of(shared_server) as client:
        thread = client.threads.create()["thread_id"]
        cron: Any = client.crons.create_for_thread(
            thread, "echo", schedule="0 9 * * *", input=IN, durability="exit"
        )
        kept: Any = client.crons.create("echo", schedule="@daily", on_run_completed="keep")
        assert client.crons.update(cron["cron_id"], enabled=False)["enabled"] is False
        assert [each["cron_id"] for each in client.crons.search(thread_id=thread)] == [
            cron["cron_id"]
        ]
        assert client.crons.count(thread_id=thread) == 1
        for each in (cron, kept):
            client.crons.delete(each["cron_id"])
        assert client.crons.count(thread_id=thread) == 0


async def test_runs_are_started_and_cancelled_in_numbers(client: LangGraphClient) -> None:
    body: Any = {"assistant_id": "echo", "input": IN, "on_completion": "keep"}
    runs = await client.runs.create_batch([body, body])
    for run in runs:
        joined = await client.runs.join(run["thread_id"], run["run_id"])
        assert joined == {"items": ["in", "a", "b"]}
    thread = await new_thread(client)
    long: Any = {"n": 1000}
    started = [await client.runs.create(thread, "slow", input=long) for _ in range(3)]
    ids = [each["run_id"] for each in started]
    await client.runs.cancel_many(thread_id=thread, run_ids=ids[1:])
    assert [each["status"] for each in await client.runs.list(thread)][:2] == ["interrupted"] * 2
    await client.runs.cancel_many(thread_id=thread, run_ids=ids, action="rollback")
    with pytest.raises(NotFoundError):
        await client.runs.cancel_many(thread_id=thread, run_ids=ids[1:])


async def test_crons_outlive_a_killed_server_and_miss_one_firing_at_most(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        async with client_of(server) as client:
            thread = await new_thread(client)
            cron: Any = await client.crons.create_for_thread(
                thread, "echo", schedule=EVERY_SECOND, input=IN
            )
            before = await runs_of(client, thread, 2)
        await asyncio.to_thread(server.kill)
        down = datetime.now(UTC)
        await asyncio.to_thread(server.start)
        async with client_of(server) as client:
            shown: Any = await client.http.get(f"/runs/crons/{cron['cron_id']}")
            assert shown["payload"] == cron["payload"]
            runs = await runs_of(client, thread, len(before) + 3)
            await client.crons.delete(cron["cron_id"])
            moments = [datetime.fromisoformat(run["created_at"]) for run in runs]
            after = [moment for moment in moments if moment > down]
            missed = [moment for moment in after if moment.microsecond >= 900_000]
            assert len(missed) <= 1, "what was missed fires once, between the instants"
            instants = [moment.replace(microsecond=0) for moment in after if moment not in missed]
            assert len(set(instants)) >= len(instants) - 1
            for run in runs:
                await client.runs.join(thread, run["run_id"])
