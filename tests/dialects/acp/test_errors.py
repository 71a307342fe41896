"""Errors: every documented status of every operation, their bodies, and what nobody should send."""

import asyncio
import re
from typing import Any

import httpx
import orjson
import pytest

from demotic.dialects.acp.openapi.tables import tables
from demotic.dialects.acp.versions import NEWEST, VERSIONS, Version
from dialects.acp.acp_http import AGENT, ASSISTANT, EITHER, STEPS, UNKNOWN, Acp, frames, open_acp
from dialects.acp.requirements import REQUIREMENTS

ALONE = ("/runs", "/runs/wait", "/runs/stream")
CASES = [
    (*each.operation, status)
    for each in REQUIREMENTS.values()
    if each.operation
    for status in each.statuses
]
PAUSE = ["pause", {"question": "ok?"}]
DEEP, LONG = 10_000, 10 * 1024 * 1024
STARTS = re.compile(r".*/runs(/wait|/stream)?")
RESUMES = re.compile(r".*/runs/{run_id}")


class Scene:
    """What a request meets: something of everything that there is."""

    def __init__(self, acp: Acp, method: str, path: str) -> None:
        self._acp, self.method, self.path = acp, method, path
        self.starts = method == "POST" and bool(STARTS.fullmatch(path))
        self.resumes = method == "POST" and bool(RESUMES.fullmatch(path))

    async def address(self, *steps: list[Any]) -> str:
        """A path to something that is there; a run of these steps, which has ended."""
        stateful = "{thread_id}" in self.path
        place = await self._acp.place(stateful=stateful)
        run = UNKNOWN
        if "{run_id}" in self.path:
            started = await self._acp.start(place, *steps)
            await self._acp.output(started)
            run = started.rpartition("/")[2]
        thread = place.split("/")[2] if stateful else UNKNOWN
        return self.path.format(agent_id=ASSISTANT, thread_id=thread, run_id=run)

    def started(self, **options: Any) -> Any:
        """A body that starts a run."""
        return {"input": self._acp.script(), **options}

    async def ask(self, path: str, body: Any = None) -> httpx.Response:
        """The request."""
        return await self._acp.ask(self.method, path, body)


@pytest.mark.requirement("acp.statuses")
@EITHER
@pytest.mark.parametrize(("method", "path", "status"), CASES)
async def test_every_operation_answers_each_status_that_acp_documents(
    acp: Acp, method: str, path: str, status: int
) -> None:
    scene = Scene(acp, method, path)
    answer = await {200: good, 204: good, 404: missing, 409: conflicting, 422: wrong}[status](scene)
    assert answer.status_code == status, answer.text
    if status in (404, 409, 422):
        assert isinstance(answer.json(), str)


async def good(scene: Scene) -> httpx.Response:
    """A request as it should be."""
    if scene.resumes:
        return await scene.ask(await scene.address(PAUSE), {"ok": True})
    if scene.path.endswith("/cancel"):
        return await scene.ask(await scene.address(PAUSE))
    nothing: Any = {} if scene.method in ("POST", "PATCH") else None
    body = scene.started() if scene.starts else nothing
    return await scene.ask(await scene.address(), body)


async def missing(scene: Scene) -> httpx.Response:
    """A request for what is not there."""
    if scene.path in ALONE:
        return await scene.ask(scene.path, scene.started(agent_id=UNKNOWN))
    nothing = scene.path.format(agent_id=UNKNOWN, thread_id=UNKNOWN, run_id=UNKNOWN)
    return await scene.ask(nothing, scene.started() if scene.starts else {})


async def conflicting(scene: Scene) -> httpx.Response:
    """A request that contradicts what is there."""
    if scene.path == "/threads":
        await scene.ask("/threads", {"thread_id": UNKNOWN})
        return await scene.ask("/threads", {"thread_id": UNKNOWN})
    address = await scene.address()
    if scene.starts:
        place = "/".join(address.split("/")[:4])
        assert (await scene.ask(place, scene.started(after_seconds=60))).status_code == 200
    return await scene.ask(address, scene.started() if scene.starts else {})


async def wrong(scene: Scene) -> httpx.Response:
    """A request that cannot be understood."""
    if "{" in scene.path:
        ids = dict.fromkeys(("agent_id", "thread_id", "run_id"), "x")
        return await scene.ask(scene.path.format(**ids), {})
    return await scene.ask(scene.path, [])


@pytest.mark.requirement("acp.errors.body")
async def test_errors_are_strings_where_acp_documents_them_and_objects_elsewhere() -> None:
    async with open_acp() as acp:
        answer = await acp.ask("GET", f"/runs/{UNKNOWN}")
        assert (answer.status_code, answer.json()) == (404, f"Run {UNKNOWN} not found")
        not_allowed = await acp.ask("PUT", "/threads", {})
        assert not_allowed.status_code == 405
        assert not_allowed.json()["code"] == "method_not_allowed"


@pytest.mark.requirement("acp.errors.unknown")
@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
async def test_unknown_paths_are_answered_in_acps_words(acp: Acp, version: Version) -> None:
    for path in ("/nope", "/assistants/search", "/", "/runs/batch/x", "/store/items"):
        answer = await acp.ask("POST", path, {}, mount=version.mount)
        assert (answer.status_code, answer.json()) == (404, "Not Found"), path


BODIES = [(method, path) for (method, path), each in tables(NEWEST).operations.items() if each.body]
PATHS = [(method, path) for method, path in tables(NEWEST).operations if "{" in path]


async def send(acp: Acp, method: str, path: str, content: bytes = b"{}") -> httpx.Response:
    """One request with these bytes as its body; the server must be there afterwards."""
    request = acp.client.request(method, f"/acp{path}", content=content)
    answer = await asyncio.wait_for(request, 5)
    assert (await acp.ask("GET", "/ok?check_db=1", mount="")).status_code == 200
    return answer


def refused(answer: httpx.Response, *statuses: int) -> str:
    """What the client is told."""
    assert answer.status_code in (statuses or (422,)), answer.text[:200]
    told = answer.json()
    assert "Traceback" not in answer.text and len(answer.text) < 2000
    return told if isinstance(told, str) else str(told["detail"])


@pytest.mark.requirement("acp.errors.bad_input")
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
        b'"text"',
        b"1",
    ],
    ids=lambda content: content[:16].decode(errors="replace"),
)
async def test_malformed_bodies_are_refused(
    method: str, path: str, content: bytes, acp: Acp
) -> None:
    address = await Scene(acp, method, path).address()
    assert refused(await send(acp, method, address, content))


@pytest.mark.parametrize(("method", "path"), BODIES)
async def test_wrong_types_are_refused_by_the_name_of_the_field(
    method: str, path: str, acp: Acp
) -> None:
    body = tables(NEWEST).operations[method, path].body
    assert body is not None
    address = await Scene(acp, method, path).address()
    for field in body.__struct_fields__:
        if field in ("input", "values"):
            continue  # these take anything
        sent = {"input": [], "values": {}, field: [[1]]}
        assert f"`{field}" in refused(await send(acp, method, address, orjson.dumps(sent)))


@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize(
    "id",
    ["x", "%2e%2e%2f%2e%2e", "..%2f..%2fetc%2fpasswd", "%00", "%ED%A0%80", "a%0d%0ab"]
    + ["0" * 36, "x" * 5000, "%F0%9F%92%A5", "{thread_id}"],
    ids=lambda id: id[:12],
)
async def test_ids_that_are_none_are_refused(method: str, path: str, id: str, acp: Acp) -> None:
    answer = await send(acp, method, re.sub(r"{\w+}", lambda _: id, path))
    assert refused(answer, 404, 405, 422)


async def test_strings_of_ten_megabytes_are_data(acp: Acp) -> None:
    long = "x" * LONG
    created = await send(acp, "POST", "/threads", orjson.dumps({"metadata": {"a": long}}))
    assert created.json()["metadata"] == {"a": long}
    for body in ({"agent_id": long}, {"stream_mode": long}, {"webhook": f"http://x/{long}"}):
        answer = await send(acp, "POST", "/runs", orjson.dumps({"input": [], **body}))
        refused(answer, 404, 422)
    wrong = {"specs": {"input": {"type": "object", "properties": {"a": {"type": "integer"}}}}}
    async with open_acp(manifest=wrong) as strict:
        answer = await send(strict, "POST", "/runs", orjson.dumps({"input": {"a": long}}))
        assert "`input.a`" in refused(answer)


async def test_separators_come_back_as_they_went(acp: Acp) -> None:
    text = "a\u2028b\u2029c\r\nd\x85e\x0bf"
    metadata = {text: text}
    thread = (await acp.ask("POST", "/threads", {"metadata": metadata})).json()
    assert thread["metadata"] == metadata
    found = await acp.ask("POST", "/threads/search", {"metadata": metadata})
    assert len(found.json()) == 1
    body = {"input": [["emit", "values", {"x": text}]], "metadata": metadata}
    streamed = await acp.ask("POST", "/runs/stream", body)
    assert frames(streamed.content)[0][1]["values"] == {"x": text}


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=x", "limit=1e3", f"limit={10**4000}", "offset=-1", f"offset={2**64}"],
    ids=lambda query: query[:16],
)
async def test_query_parameters_out_of_bounds_are_refused(query: str, acp: Acp) -> None:
    assert refused(await send(acp, "GET", f"/threads/{await acp.thread()}/runs?{query}"))


async def test_accept_and_content_type_change_nothing(acp: Acp) -> None:
    for headers in ({"Accept": "text/html"}, {"Accept": "image/png", "Content-Type": "text/plain"}):
        streamed = await acp.ask("POST", "/runs/stream", {"input": STEPS}, headers)
        assert streamed.headers["content-type"].startswith("text/event-stream")
        waited = await acp.ask("POST", "/runs/wait", {"input": [], "agent_id": AGENT}, headers)
        assert waited.headers["content-type"] == "application/json"
