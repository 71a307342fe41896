"""What no client should send: a clear 4xx, and the server goes on."""

import asyncio
import re
from typing import Any

import httpx
import orjson
import pytest

from dialects.agent_protocol.ap_http import UNKNOWN, WHOLE, ScriptedWire, run_body
from dialects.langgraph.langgraph_http import frames

BODIES = [(method, path) for (method, path), each in WHOLE.tables.operations.items() if each.body]
PATHS = [(method, path) for method, path in WHOLE.tables.operations if "{" in path]
THREAD_STREAMS = re.compile(r"^/threads/.*/(stream|stream/events|commands)$")
"""Operations on threads that may come to be; `test_ap_http_streaming` has what is wrong there."""
DEEP = 10_000
LONG = 10 * 1024 * 1024
SEPARATORS = "a\u2028b\u2029c\r\nd\x85e\x0bf"


async def send(wire: ScriptedWire, method: str, path: str, content: bytes = b"{}") -> Any:
    """One request with these bytes as its body; the server must be there afterwards."""
    answer = await asyncio.wait_for(wire.client.request(method, path, content=content), 5)
    assert (await wire.ask("POST", "/threads/search", {"limit": 1})).status_code == 200
    return answer


def refused(answer: httpx.Response, *statuses: int) -> str:
    """What the client is told."""
    assert answer.status_code in (statuses or (422,)), answer.text[:200]
    told = answer.json()
    assert told["detail"] == told["message"] and told["code"] and told["metadata"] == {}
    assert "Traceback" not in answer.text and len(answer.text) < 2000
    return str(told["message"])


@pytest.mark.requirement("ap.errors.body")
async def test_an_error_tells_code_message_and_metadata(wire: ScriptedWire) -> None:
    answer = await wire.ask("POST", "/threads/search", {"limit": "x"})
    message = "`limit` must be an integer or null, not a string."
    assert answer.status_code == 422
    assert answer.json() == {
        "code": "bad_input",
        "message": message,
        "metadata": {},
        "detail": message,
    }


@pytest.mark.requirement("ap.errors.unknown_paths")
async def test_paths_and_methods_that_do_not_exist_have_the_same_body(wire: ScriptedWire) -> None:
    for method, path, status, code in (
        ("GET", "/nope", 404, "not_found"),
        ("GET", "/", 404, "not_found"),
        ("GET", "/assistants/search", 404, "not_found"),
        ("PUT", "/runs", 405, "method_not_allowed"),
        ("GET", "/agents/search/x/y", 404, "not_found"),
    ):
        answer = await wire.ask(method, path)
        assert (answer.status_code, answer.json()["code"]) == (status, code), path
        refused(answer, status)


@pytest.mark.requirement("ap.errors.bad_input")
@pytest.mark.parametrize(("method", "path"), BODIES)
@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"nonsense",
        b'{"a": NaN}',
        b'{"a": 1} {"b": 2}',
        b'"\xff\xfe"',
        b'{"a": "\\ud800"}',
        b'{"metadata": ' + b"[" * DEEP + b"]" * DEEP + b"}",
        b'{"metadata": ' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}",
        b"[]",
        b"1",
    ],
    ids=lambda content: content[:16].decode(errors="replace"),
)
async def test_malformed_bodies_are_refused(
    method: str, path: str, content: bytes, wire: ScriptedWire
) -> None:
    address = path.format(thread_id=await wire.thread())
    assert refused(await send(wire, method, address, content))


@pytest.mark.parametrize(("method", "path"), BODIES)
async def test_wrong_types_are_refused_by_the_name_of_the_field(
    method: str, path: str, wire: ScriptedWire
) -> None:
    body = WHOLE.tables.operations[method, path].body
    assert body is not None
    address = path.format(thread_id=await wire.thread())
    required: dict[str, Any] = {"namespace": ["a"], "key": "k", "value": {}}
    for field in body.__struct_fields__:
        if field == "input":
            continue  # it takes anything
        given = {key: required[key] for key in body.__struct_fields__ if key in required}
        sent = orjson.dumps({**given, field: [[1]]})
        assert f"`{field}" in refused(await send(wire, method, address, sent))


@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize(
    "id",
    ["x", "%2e%2e%2f%2e%2e", "..%2f..%2fetc%2fpasswd", "%00", "%ED%A0%80", "a%0d%0ab", "'%20OR%201"]
    + ["0" * 36, "x" * 5000, "%F0%9F%92%A5", "{thread_id}"],
    ids=lambda id: id[:12],
)
async def test_ids_that_are_none_are_refused(
    method: str, path: str, id: str, wire: ScriptedWire
) -> None:
    answer = await send(wire, method, re.sub(r"{\w+}", lambda _: id, path))
    assert refused(answer, 404, 405, 422, 426)


@pytest.mark.parametrize(
    ("method", "path"), [each for each in PATHS if not THREAD_STREAMS.search(each[1])]
)
async def test_ids_of_nothing_are_not_found(method: str, path: str, wire: ScriptedWire) -> None:
    answer = await send(wire, method, re.sub(r"{\w+}", UNKNOWN, path))
    refused(answer, 404)


async def test_strings_of_ten_megabytes_are_data(wire: ScriptedWire) -> None:
    long = "x" * LONG
    made = await send(wire, "POST", "/threads", orjson.dumps({"metadata": {"a": long}}))
    assert made.json()["metadata"] == {"a": long}
    for path, body in (
        ("/threads", {"thread_id": long}),
        ("/threads", {"if_exists": long}),
        ("/runs", {"stream_mode": long}),
        ("/runs", {"messages": [{"role": long, "content": ""}]}),
        ("/runs/search", {"status": long}),
    ):
        refused(await send(wire, "POST", path, orjson.dumps(body)))
    refused(await send(wire, "POST", "/runs", orjson.dumps({"agent_id": long})), 404)


async def test_control_characters_and_separators_come_back_as_they_went(
    wire: ScriptedWire,
) -> None:
    metadata = {SEPARATORS: SEPARATORS}
    thread = await wire.thread(metadata=metadata)
    assert (await wire.told("GET", f"/threads/{thread}"))["metadata"] == metadata
    body = run_body(["emit", "values", {"x": SEPARATORS}], thread_id=thread)
    streamed = await wire.ask("POST", "/runs/stream", body)
    assert {"x": SEPARATORS} in [data for _, data, _ in frames(streamed.content)]


async def test_a_nul_becomes_a_replacement_character(wire: ScriptedWire) -> None:
    thread = await wire.told("POST", "/threads", {"metadata": {"a\0b": "c\0d"}})
    assert thread["metadata"] == {"a\ufffdb": "c\ufffdd"}


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/threads/{}/runs", "limit=1e3"),
        ("/threads/{}/runs", f"limit={10**4000}"),
        ("/threads/{}/runs", f"offset={2**64}"),
        ("/threads/{}/history", "limit=-1"),
    ],
    ids=lambda text: text[:16],
)
async def test_query_parameters_out_of_bounds_are_refused(
    path: str, query: str, wire: ScriptedWire
) -> None:
    answer = await send(wire, "GET", f"{path.format(await wire.thread())}?{query}")
    assert refused(answer)


async def test_a_checkpoint_that_is_none_has_nothing_before_it(wire: ScriptedWire) -> None:
    thread = await wire.thread()
    await wire.wait(thread_id=thread)
    assert await wire.told("GET", f"/threads/{thread}/history?before=%00") == []
