"""What no client should send: a clear 4xx, and the server goes on."""

import asyncio
import re
from typing import Any

import httpx
import orjson
import pytest

from demotic.dialects.langgraph.openapi.tables import TABLES
from dialects.langgraph.langgraph_http import AGENT, ASSISTANT, UNKNOWN, Wire, frames, run_body

BODIES = [(method, path) for (method, path), each in TABLES.operations.items() if each.body]
PATHS = [(method, path) for method, path in TABLES.operations if "{" in path]
DEEP = 10_000
LONG = 10 * 1024 * 1024
SEPARATORS = "a\u2028b\u2029c\r\nd\x85e\x0bf"


async def send(wire: Wire, method: str, path: str, content: bytes = b"{}") -> httpx.Response:
    """One request with these bytes as its body; the server must be there afterwards."""
    answer = await asyncio.wait_for(wire.client.request(method, path, content=content), 5)
    assert (await wire.ask("GET", "/ok?check_db=1")).status_code == 200
    return answer


async def known(wire: Wire, path: str) -> str:
    """A path to something that is there."""
    thread = await wire.thread()
    run = await wire.start(thread) if "{run_id}" in path else UNKNOWN
    cron = UNKNOWN
    if "{cron_id}" in path:
        body = {"assistant_id": AGENT, "schedule": "* * * * *"}
        cron = (await wire.ask("POST", "/runs/crons", body)).json()["cron_id"]
    names = {"thread_id": thread, "run_id": run, "assistant_id": ASSISTANT, "checkpoint_id": "1"}
    return path.format(**names, namespace="none", cron_id=cron)


def a_body() -> dict[str, Any]:
    """What starts a run or makes a cron, where it is sent to."""
    return {**run_body(), "schedule": "* * * * *"}


def refused(answer: httpx.Response, *statuses: int) -> str:
    """What the client is told."""
    assert answer.status_code in (statuses or (422,)), answer.text[:200]
    told = answer.json()
    assert told["detail"] == told["message"] and told["code"]
    assert "Traceback" not in answer.text and len(answer.text) < 2000
    return str(told["detail"])


@pytest.mark.requirement("langgraph.errors.bad_input")
@pytest.mark.parametrize(("method", "path"), BODIES)
@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"nonsense",
        b"{'a': 1}",
        b'{"a": NaN}',
        b'{"a": 1} {"b": 2}',
        b'"\xff\xfe"',
        b'{"a": "\xed\xa0\x80"}',
        b"\xef\xbb\xbf{}",
        b'{"a": "\\ud800"}',
        b'{"metadata": ' + b"[" * DEEP + b"]" * DEEP + b"}",
        b'{"metadata": ' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}",
        b"[]",
        b'"text"',
        b"1",
    ],
    ids=lambda content: content[:16].decode(errors="replace"),
)
async def test_malformed_bodies_are_refused(
    method: str, path: str, content: bytes, wire: Wire
) -> None:
    assert refused(await send(wire, method, await known(wire, path), content))


@pytest.mark.parametrize(("method", "path"), BODIES)
async def test_wrong_types_are_refused_by_the_name_of_the_field(
    method: str, path: str, wire: Wire
) -> None:
    told = TABLES.operations[method, path]
    body, many = told.body, told.many
    assert body is not None
    address = await known(wire, path)
    for field in body.__struct_fields__:
        if field in ("input", "values", "ttl", "supersteps"):
            continue  # these take anything, or are told to be planned
        required = {
            "assistant_id": AGENT,
            "graph_id": AGENT,
            "checkpoint": {},
            "schedule": "* * * * *",
        }
        sent = {key: required[key] for key in body.__struct_fields__ if key in required}
        bad = {**sent, field: [[1]]}
        answer = await send(wire, method, address, orjson.dumps([sent, bad] if many else bad))
        assert (f"`[1].{field}" if many else f"`{field}") in refused(answer, 422)


@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize(
    "id",
    ["x", "%2e%2e%2f%2e%2e", "..%2f..%2fetc%2fpasswd", "%00", "%ED%A0%80", "a%0d%0ab", "'%20OR%201"]
    + ["0" * 36, "x" * 5000, "%F0%9F%92%A5", "{thread_id}"],
    ids=lambda id: id[:12],
)
async def test_ids_that_are_none_are_refused(method: str, path: str, id: str, wire: Wire) -> None:
    body = TABLES.operations[method, path].body
    content = orjson.dumps(a_body()) if body and "runs" in path else b"{}"
    answer = await send(wire, method, re.sub(r"{\w+}", lambda _: id, path), content)
    assert refused(answer, 404, 405, 422)


@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_ids_of_nothing_are_not_found(method: str, path: str, wire: Wire) -> None:
    keys = ("thread_id", "run_id", "assistant_id", "checkpoint_id", "cron_id", "delivery_id")
    names = dict.fromkeys(keys, UNKNOWN)
    body = TABLES.operations[method, path].body
    sent: dict[str, Any] = a_body() if body and "runs" in path else {"metadata": {}}
    if "checkpoint" in (body.__struct_fields__ if body else ()):
        sent["checkpoint"] = {"checkpoint_id": UNKNOWN}
    if path.endswith("/latest"):
        sent["version"] = 1
    address = path.format(**names, namespace="x")
    answer = await send(wire, method, address, orjson.dumps(sent))
    refused(answer, 409 if path.endswith("/copy") else 404)


async def test_strings_of_ten_megabytes_are_data(wire: Wire) -> None:
    long = "x" * LONG
    created = await send(wire, "POST", "/threads", orjson.dumps({"metadata": {"a": long}}))
    assert created.json()["metadata"] == {"a": long}
    found = await send(
        wire,
        "POST",
        "/threads/search",
        orjson.dumps({"metadata": {"a": long}, "select": ["status"]}),
    )
    assert found.json() == [{"status": "idle"}]
    for body in ({"graph_id": long}, {"graph_id": AGENT, "assistant_id": long}):
        refused(await send(wire, "POST", "/assistants", orjson.dumps(body)), 404, 422)
    for body in ({"thread_id": long}, {"if_exists": long}):
        refused(await send(wire, "POST", "/threads", orjson.dumps(body)))
    path = f"/threads/{await wire.thread()}/runs"
    refused(await send(wire, "POST", path, orjson.dumps({"assistant_id": long})))
    answer = await send(wire, "POST", path, orjson.dumps(run_body(stream_mode=long)))
    refused(answer)


@pytest.mark.requirement("langgraph.stream.framing")
async def test_control_characters_and_separators_come_back_as_they_went(wire: Wire) -> None:
    metadata = {SEPARATORS: SEPARATORS}
    thread = (await wire.ask("POST", "/threads", {"metadata": metadata})).json()
    path = f"/threads/{thread['thread_id']}"
    assert (await wire.ask("GET", path)).json()["metadata"] == metadata
    found = await wire.ask("POST", "/threads/search", {"metadata": metadata})
    assert len(found.json()) == 1
    body = run_body(["emit", "values", {"x": SEPARATORS}], metadata=metadata)
    streamed = await wire.ask("POST", f"{path}/runs/stream", body)
    assert ("values", {"x": SEPARATORS}, None) in frames(streamed.content)
    made = await wire.ask("POST", "/assistants", {"graph_id": AGENT, "name": SEPARATORS})
    assert made.json()["name"] == SEPARATORS


async def test_a_nul_becomes_a_replacement_character(wire: Wire) -> None:
    thread = (await wire.ask("POST", "/threads", {"metadata": {"a\0b": "c\0d"}})).json()
    assert thread["metadata"] == {"a\ufffdb": "c\ufffdd"}


async def test_headers_with_line_breaks_are_refused_or_harmless(wire: Wire) -> None:
    run = await wire.ask("POST", "/runs/wait", run_body(), headers={"Idempotency-Key": "a" * 300})
    refused(run)
    thread = await wire.thread()
    id = await wire.start(thread, stream_resumable=True)
    for value in ("x", "9" * 40, "-2", "1e3"):
        path = f"/threads/{thread}/runs/{id}/stream"
        refused(await wire.ask("GET", path, headers={"Last-Event-ID": value}))


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=x",
        "limit=1e3",
        f"limit={10**4000}",
        "offset=-1",
        f"offset={2**64}",
        "status=%00",
        "select=secret",
        "select=[1]",
        "select=[[[",
    ],
    ids=lambda query: query[:16],
)
async def test_query_parameters_out_of_bounds_are_refused(query: str, wire: Wire) -> None:
    answer = await send(wire, "GET", f"/threads/{await wire.thread()}/runs?{query}")
    assert refused(answer)
