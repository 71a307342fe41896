"""What a request may look like, and what every answer has, over HTTP, in process."""

from typing import Any

import pytest

from demotic.dialects.langgraph import choices
from demotic.web.paced import Pace
from dialects.langgraph.langgraph_http import (
    AGENT,
    ASSISTANT,
    STEPS,
    UNKNOWN,
    Wire,
    frames,
    run_body,
)

ACCEPTS = ("application/json", "text/event-stream", "*/*", "image/png", "")
STREAM = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
}


@pytest.mark.requirement("langgraph.requests.accept")
@pytest.mark.parametrize("accept", ACCEPTS)
async def test_streams_and_json_are_served_whatever_is_said_to_be_accepted(
    wire: Wire, accept: str
) -> None:
    headers = {"Accept": accept}
    streamed = await wire.ask("POST", "/runs/stream", run_body(*STEPS), headers)
    assert streamed.headers["content-type"] == STREAM["content-type"]
    thread = f"/threads/{await wire.thread()}"
    for method, path, body in (
        ("POST", "/runs/wait", run_body()),
        ("POST", "/threads", {}),
        ("GET", thread, None),
        ("GET", f"{thread}/runs", None),
    ):
        answer = await wire.ask(method, path, body, headers)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")


@pytest.mark.requirement("langgraph.requests.empty")
async def test_a_body_may_be_left_out_where_nothing_in_it_is_required(wire: Wire) -> None:
    thread = f"/threads/{await wire.thread()}"
    as_json = {"Content-Type": "application/json"}
    for path in (
        "/threads",
        "/threads/search",
        "/threads/count",
        "/assistants/search",
        "/assistants/count",
        f"{thread}/history",
        f"{thread}/copy",
        f"/assistants/{ASSISTANT}/versions",
        "/runs/crons/search",
        "/runs/crons/count",
        "/store/namespaces",
        "/store/items/search",
    ):
        for headers in ({}, as_json):
            assert (await wire.ask("POST", path, headers=headers)).status_code == 200, path
    for path in ("/ok", "/info", thread, f"{thread}/state", f"{thread}/history", f"{thread}/runs"):
        assert (await wire.ask("GET", path, headers=as_json)).status_code == 200, path
    for path in ("/runs", f"{thread}/runs", "/assistants", "/threads/prune"):
        empty = await wire.ask("POST", path, headers=as_json)
        assert empty.status_code == 422, path
        assert empty.json()["detail"] == "Invalid JSON in request body", path


@pytest.mark.requirement("langgraph.requests.unknown_fields")
async def test_fields_that_there_are_not_are_left_out(wire: Wire) -> None:
    made = await wire.ask("POST", "/threads", {"bogus": 1, "metadata": {"a": 1}})
    assert (made.status_code, made.json()["metadata"]) == (200, {"a": 1})
    assert "bogus" not in made.json()
    thread = made.json()["thread_id"]
    for path in ("/runs", f"/threads/{thread}/runs"):
        row = await wire.ask("POST", path, run_body(bogus=1, thread_id=UNKNOWN))
        assert row.status_code == 200 and "bogus" not in row.text
        assert row.json()["thread_id"] != UNKNOWN
    assert (await wire.ask("GET", f"/threads/{UNKNOWN}")).status_code == 404


@pytest.mark.requirement("langgraph.errors.shape")
async def test_every_error_has_one_shape_that_all_clients_read(wire: Wire) -> None:
    thread = await wire.thread()
    body = {"thread_id": thread}
    both = {"config": {"configurable": {"k": 1}}, "context": {"k": 1}}
    for status, method, path, sent in (
        (400, "POST", "/runs", run_body(**both)),
        (404, "GET", f"/threads/{UNKNOWN}", None),
        (404, "GET", "/nowhere", None),
        (405, "PUT", "/threads", {}),
        (409, "POST", "/threads", body),
        (422, "GET", "/threads/nope", None),
        (422, "POST", "/store/items/search", {"namespace_prefix": [""]}),
        (501, "POST", "/mcp/", {}),
    ):
        answer = await wire.ask(method, path, sent)
        assert answer.status_code == status, path
        told = answer.json()
        assert [*told] == ["detail", "code", "message", "metadata"], path
        assert told["detail"] == told["message"] != "" and isinstance(told["detail"], str)
        assert told["code"] and told["metadata"] == {}
    await wire.house.storage.close()
    out = await wire.ask("GET", f"/threads/{thread}")
    assert (out.status_code, out.headers["retry-after"]) == (503, "1")
    assert [*out.json()] == ["detail", "code", "message", "metadata"]


@pytest.mark.requirement("langgraph.runs.context")
async def test_a_run_has_a_configuration_or_a_context_and_not_both(wire: Wire) -> None:
    thread = await wire.thread()
    both = run_body(config={"configurable": {"k": 1}}, context={"k": 2})
    for start in ("/runs", f"/threads/{thread}/runs"):
        for path in (start, f"{start}/wait", f"{start}/stream"):
            refused = await wire.ask("POST", path, both)
            assert (refused.status_code, refused.json()["code"]) == (400, "contradiction")
    for given in ({"config": {"configurable": {"k": 1}}}, {"context": {"k": 1}}):
        row = (await wire.ask("POST", f"/threads/{thread}/runs", run_body(**given))).json()
        assert row["kwargs"]["context"] == {"k": 1}
        assert row["kwargs"]["config"]["configurable"]["k"] == 1


@pytest.mark.requirement("langgraph.assistants.settings")
async def test_an_assistant_s_context_counts_until_a_run_says_otherwise(wire: Wire) -> None:
    made = await wire.ask("POST", "/assistants", {"graph_id": AGENT, "context": {"k": 1, "l": 1}})
    id = made.json()["assistant_id"]
    thread = await wire.thread()

    async def used(**given: Any) -> Any:
        body = run_body(assistant_id=id, **given)
        await wire.ask("POST", f"/threads/{thread}/runs/wait", body)
        return (await wire.ask("GET", f"/threads/{thread}")).json()["config"]["configurable"]

    assert await used() == {"k": 1, "l": 1}
    assert await used(context={"k": 2}) == {"k": 2, "l": 1}
    await wire.ask("PATCH", f"/assistants/{id}", {"context": {"k": 3}})
    assert await used() == {"k": 3}


# Headers


@pytest.mark.requirement("langgraph.runs.headers")
async def test_a_run_tells_where_it_is_and_where_it_can_be_followed(wire: Wire) -> None:
    thread = await wire.thread()
    for start in ("/runs", f"/threads/{thread}/runs"):
        streamed = await wire.ask("POST", f"{start}/stream", run_body())
        place = streamed.headers["content-location"]
        assert place.rpartition("/")[0] == start
        assert streamed.headers["location"] == f"{place}/stream"
        assert {name: streamed.headers[name] for name in STREAM} == STREAM
        waited = await wire.ask("POST", f"{start}/wait", run_body())
        place = waited.headers["content-location"]
        assert place.split("/")[1::2] == ["threads", "runs"]
        assert waited.headers["location"] == f"{place}/join"
        created = await wire.ask("POST", start, run_body())
        assert created.headers["content-location"] == f"{start}/{created.json()['run_id']}"
    joined = await wire.ask("GET", f"{created.headers['content-location']}/stream")
    assert joined.headers["location"] == f"{created.headers['content-location']}/stream"
    assert {name: joined.headers[name] for name in STREAM} == STREAM


@pytest.mark.requirement("langgraph.stream.heartbeat")
async def test_a_silent_stream_and_a_long_wait_say_something_every_five_seconds(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    paces: list[float] = []

    def hurried(every_s: float) -> Pace:
        paces.append(every_s)
        return Pace(0.01)

    for module in ("sse", "keepalive"):
        monkeypatch.setattr(f"demotic.web.{module}.Pace", hurried)
    thread = await wire.thread()
    body = run_body(["wait", "gate"])
    async with wire.open("POST", f"/threads/{thread}/runs/stream", body) as stream:
        await stream.until(b": heartbeat\r\n\r\n")
        run = stream.headers["content-location"]
    async with wire.open("GET", f"{run}/join") as joined:
        assert await joined.chunk() == b"\n"
    async with wire.open("GET", f"{run}/stream") as joined:
        assert await joined.chunk() == b": heartbeat\r\n\r\n"
    async with wire.open("POST", f"/threads/{thread}/runs/wait", body) as wait:
        assert await wait.chunk() == b"\n"
    wire.house.agent.open("gate")
    assert paces.count(5) == 4, paces


# Streams


@pytest.mark.requirement("langgraph.stream.begin")
async def test_a_stream_begins_with_metadata_and_has_no_last_event_of_its_own(wire: Wire) -> None:
    thread = await wire.thread()
    body = run_body(*STEPS, stream_mode="custom")
    answer = await wire.ask("POST", f"/threads/{thread}/runs/stream", body)
    run = answer.headers["content-location"].rpartition("/")[2]
    first = b'event: metadata\r\ndata: {"run_id":"%b","attempt":1}\r\n\r\n' % run.encode()
    assert answer.content == first + b"event: custom\r\ndata: 1\r\n\r\n"


@pytest.mark.requirement("langgraph.stream.ids")
async def test_ids_are_those_of_resumable_streams_and_rise(wire: Wire) -> None:
    thread = await wire.thread()
    for is_resumable in (False, True):
        body = run_body(*STEPS, stream_mode=["values", "custom"], stream_resumable=is_resumable)
        answer = await wire.ask("POST", f"/threads/{thread}/runs/stream", body)
        ids = [id for _, _, id in frames(answer.text)]
        if not is_resumable:
            assert ids == [None] * 4
            continue
        numbers = [int(id or "x") for id in ids]
        assert numbers == sorted(set(numbers)) and numbers[-1] <= choices.MAX_EVENT_ID


@pytest.mark.requirement("langgraph.runs.join_stream.modes")
async def test_a_joined_stream_shows_the_modes_it_names_in_any_way(wire: Wire) -> None:
    thread = await wire.thread()
    modes = ["values", "custom", "updates"]
    steps = [*STEPS, ["emit", "updates", {"n": 1}]]
    body = run_body(*steps, stream_mode=modes, stream_resumable=True)
    first = await wire.ask("POST", f"/threads/{thread}/runs/stream", body)
    path, whole = first.headers["location"], frames(first.text)
    for query in (
        "stream_mode=custom&stream_mode=updates",
        "stream_mode=custom,updates",
        'stream_mode=["custom","updates"]',
    ):
        answer = await wire.ask("GET", f"{path}?{query}", headers={"Last-Event-ID": "0"})
        assert frames(answer.text) == [each for each in whole if each[0] in ("custom", "updates")]
    single = await wire.ask("GET", f"{path}?stream_mode=updates", headers={"Last-Event-ID": "0"})
    assert frames(single.text) == whole[-1:]
