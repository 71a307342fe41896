"""Event streams over HTTP, in process."""

from typing import Any

import pytest

from demotic.domain.ids import uuid7
from demotic.server import make_app
from dialects.langgraph.langgraph_http import AGENT
from dialects.streaming.streaming_graphs import nested, one
from dialects.streaming.streaming_http import Client, data, talking
from house import House
from served import a, chain
from test_make_app import configured, hosting, settings_of

PATHS = ("/stream", "/stream/events")
START = {"assistant_id": "graph", "input": {"log": ["in"]}}


@pytest.mark.requirement("streaming.streams.early")
@pytest.mark.parametrize("path", PATHS)
async def test_a_stream_may_be_opened_before_its_thread_and_stays_open_over_runs(
    path: str,
) -> None:
    async with talking(chain(a)) as client:
        async with client.follow("values", "lifecycle", path=path) as followed:
            assert followed.streaming.headers["content-type"] == "text/event-stream; charset=utf-8"
            for n in (1, 2):
                await client.result("run.start", **START)
                events = await followed.until(lambda each: "completed" in str(each))
                assert data(events, "values")[-1] == {"log": ["in", "a"] * n}


@pytest.mark.requirement("streaming.streams.since")
async def test_a_client_that_comes_back_is_told_what_it_has_missed() -> None:
    async with talking(chain(a)) as client:
        _, events = await client.ran("run.start", "values", "tasks", **START)
        for n, each in enumerate(events[:-1]):
            async with client.follow("values", "tasks", "lifecycle", since=each["seq"]) as again:
                assert await again.until(lambda told: told == events[-1]) == events[n + 1 :]


@pytest.mark.requirement("streaming.channels.namespaces")
@pytest.mark.requirement("streaming.channels.depth")
@pytest.mark.requirement("streaming.since")
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("mount", ["", "/ap"])
async def test_a_stream_shows_what_its_filter_lets_through(mount: str, path: str) -> None:
    async with talking(nested, mount) as client:
        start = {"assistant_id": "graph", "input": {"items": ["in"]}}
        _, events = await client.ran("run.start", "values", "tasks", **start)
        inside = [each for each in events if each["params"]["namespace"]]
        outside = [each for each in events if not each["params"]["namespace"]]
        assert inside and outside
        cases: list[tuple[dict[str, Any], list[Any]]] = [
            ({}, events),
            ({"namespaces": [["inner"]]}, inside),
            ({"namespaces": [[]], "depth": 0}, outside),
            ({"depth": 0}, events),
            ({"namespaces": [["inner"]], "depth": 0}, inside),
            ({"since": events[1]["seq"]}, events[2:]),
        ]
        for filter, shown in cases:
            async with client.follow("values", "tasks", "lifecycle", path=path, **filter) as told:
                assert await told.until(lambda each: each == shown[-1]) == shown  # noqa: B023


@pytest.mark.requirement("streaming.streams.snapshot")
async def test_where_nothing_is_recent_a_stream_begins_with_the_state(house: House) -> None:
    app = make_app(hosting(house.engine), configured(), settings_of())
    client = Client(app, uuid7(house.clock.now_us()))
    start = {"assistant_id": AGENT, "input": [["emit", "values", {"x": 1}]]}
    _, events = await client.ran("run.start", "values", **start)
    house.clock.advance(121)
    async with client.follow("values", "lifecycle") as followed:
        state = await followed.next()
        assert (state["method"], state["params"]["data"]) == ("values", {"done": ["emit"]})
        assert state["seq"] >= events[-1]["seq"]
        await client.result("run.start", **start)
        assert (await followed.next())["params"]["data"]["event"] == "running"
    async with client.follow("lifecycle", since=0) as followed:  # all of it is still there
        assert await followed.next() == events[0]


@pytest.mark.requirement("streaming.streams.gone")
async def test_a_stream_ends_with_its_thread() -> None:
    async with talking(one) as client:
        await client.ran("run.start", assistant_id="graph", input={})
        async with client.follow("values") as followed:
            await followed.next()
            assert (await client.ask("DELETE", "")).status_code == 204
            assert await followed.streaming.rest() == b""


@pytest.mark.requirement("streaming.streams.bad")
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "channels"),
        ({"channels": []}, "channels"),
        ({"channels": ["x"]}, "'x'"),
        ({"channels": "values"}, "`channels`"),
        ({"channels": ["values"], "since": "1"}, "`since`"),
        ({"channels": ["values"], "depth": -1}, "`depth`"),
        ({"channels": ["values"], "namespaces": ["a"]}, "`namespaces"),
        ([], "object"),
    ],
)
async def test_a_filter_that_cannot_be_is_400_and_names_the_field(body: object, field: str) -> None:
    async with talking(one) as client:
        for path in PATHS:
            answer = await client.post(path, body)
            assert answer.status_code == 400
            assert field in answer.json()["detail"]
