"""One application, several dialects: each mount answers in its own words."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import orjson
import pytest

from demotic.server import make_app
from dialects.agent_protocol.ap_graphs import REPLY, chat
from dialects.agent_protocol.ap_http import UNKNOWN, WHOLE
from dialects.langgraph import langgraph_http
from dialects.langgraph.langgraph_http import frames
from served import served
from test_make_app import configured, hosting, settings_of

HI = [{"role": "user", "content": "Hi"}]


def operations(dialect: Any) -> set[tuple[str, str]]:
    """Everything that a dialect answers, also what it has only planned."""
    return {(each.method, each.path) for each in [*dialect.built, *dialect.planned]}


LANGGRAPH, AP = langgraph_http.WHOLE, WHOLE
SHARED = operations(LANGGRAPH) & operations(AP)

PLANNED = {(each.method, each.path) for each in [*LANGGRAPH.planned, *AP.planned]}
STORE = {each for each in SHARED - PLANNED if each[1].startswith("/store")}

_THREAD = "/threads/{thread_id}"


class Both:
    """A client of both mounts, with a thread on which a conversation was held, and its run."""

    def __init__(self, client: httpx.AsyncClient, prefix: str) -> None:
        self._client, self._prefix = client, prefix
        self.thread, self.run = UNKNOWN, UNKNOWN

    async def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """One request; at the root unless the path begins with the mount."""
        content = None if body is None else orjson.dumps(body)
        url = self._prefix + path
        asked = self._client.request(method, url, content=content, headers=headers)
        return await asyncio.wait_for(asked, 5)

    async def answers(
        self, method: str, path: str, root: Any = None, ap: Any = None
    ) -> tuple[httpx.Response, httpx.Response]:
        """What both mounts answer."""
        address = path.format(thread_id=self.thread, run_id=self.run)
        at_root = await self.ask(method, address, root)
        return at_root, await self.ask(method, f"/ap{address}", root if ap is None else ap)


@pytest.fixture(params=["", "/behind"])
async def both(request: pytest.FixtureRequest) -> AsyncIterator[Both]:
    """The whole application, with a prefix and without."""
    async with served(chat) as opened:
        config = configured(mount_prefix=request.param)
        app = make_app(hosting(opened.engine), config, settings_of())
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            found = Both(client, request.param)
            found.thread = (await found.ask("POST", "/ap/threads")).json()["thread_id"]
            body = {"thread_id": found.thread, "messages": HI}
            made = await found.ask("POST", "/ap/runs/wait", body)
            found.run = made.json()["run"]["run_id"]
            yield found


BODIES: Mapping[tuple[str, str], tuple[Any, Any]] = {
    ("POST", "/runs"): ({"assistant_id": "graph", "input": {"messages": HI}}, {"messages": HI}),
    ("POST", "/runs/wait"): (
        {"assistant_id": "graph", "input": {"messages": HI}},
        {"messages": HI},
    ),
    ("POST", "/runs/stream"): (
        {"assistant_id": "graph", "input": {"messages": HI}},
        {"messages": HI},
    ),
    ("PATCH", _THREAD): ({"metadata": {"a": 1}}, {"metadata": {"a": 1}}),
}
"""What is sent to each mount, where it is more than nothing."""

OWN = {
    ("POST", "/runs"): ("assistant_id", "agent_id"),
    ("POST", "/threads"): ("config", None),
    ("GET", _THREAD): ("config", "messages"),
    ("PATCH", _THREAD): ("config", "messages"),
    ("POST", f"{_THREAD}/copy"): ("config", "messages"),
    ("POST", "/threads/search"): ("config", "messages"),
    ("GET", f"{_THREAD}/history"): ("parent_checkpoint", "messages"),
    ("GET", f"{_THREAD}/runs"): ("kwargs", "on_completion"),
}
"""A field that only the root answers, and one that only the mount does (None: it has none)."""


@pytest.mark.requirement("ap.mounts")
@pytest.mark.parametrize(("method", "path"), sorted(OWN))
async def test_shared_operations_are_answered_in_each_mounts_own_words(
    method: str, path: str, both: Both
) -> None:
    root, ap = await both.answers(method, path, *BODIES.get((method, path), ()))
    assert (root.status_code, ap.status_code) == (200, 200), (root.text, ap.text)
    of_root, of_ap = OWN[method, path]
    for row in rows(root):
        assert of_root in row and of_ap not in row
    for row in rows(ap):
        assert of_root not in row and (of_ap is None or of_ap in row)
    if "values" in rows(root)[0]:  # there, messages are among these
        assert all("messages" not in row["values"] for row in rows(ap))


def rows(answer: httpx.Response) -> list[dict[str, Any]]:
    """What is answered, one or several, as a list that has something in it."""
    told = answer.json()
    assert told
    return told if isinstance(told, list) else [told]


async def test_a_wait_answers_the_values_at_the_root_and_run_and_messages_below(
    both: Both,
) -> None:
    root, ap = await both.answers("POST", "/runs/wait", *BODIES["POST", "/runs/wait"])
    assert [each["type"] for each in root.json()["messages"]] == ["human", "ai"]
    assert set(ap.json()) == {"run", "values", "messages"}
    assert [each["role"] for each in ap.json()["messages"]] == ["user", "assistant"]
    assert ap.json()["messages"][1]["content"] == REPLY


async def test_a_stream_has_each_mounts_messages(both: Both) -> None:
    root, ap = await both.answers("POST", "/runs/stream", *BODIES["POST", "/runs/stream"])
    for answer, field in ((root, "type"), (ap, "role")):
        shown = frames(answer.content)
        assert field in shown[-1][1]["messages"][0]
    assert frames(root.content)[0][2] is None  # ids are for resumable runs there
    assert frames(ap.content)[0][2] is not None


async def test_a_run_of_either_mount_is_followed_on_both(both: Both) -> None:
    root, ap = await both.answers("GET", "/runs/{run_id}/stream")
    assert frames(root.content) == []  # only what comes from now on
    ((name, data, _),) = frames(ap.content)
    assert (name, data["messages"][1]["content"]) == ("values", REPLY)


async def test_what_is_not_there_is_told_in_each_mounts_own_statuses(both: Both) -> None:
    both.thread = both.run = UNKNOWN
    for method, path, statuses, codes in (
        ("GET", _THREAD, (404, 404), ("thread_not_found", "thread_not_found")),
        ("DELETE", _THREAD, (404, 404), ("thread_not_found", "thread_not_found")),
        ("POST", f"{_THREAD}/copy", (409, 404), ("conflict", "thread_not_found")),
        ("GET", "/runs/{run_id}/stream", (404, 404), ("run_not_found", "run_not_found")),
        ("GET", "/nowhere", (404, 404), ("not_found", "not_found")),
    ):
        answers = await both.answers(method, path)
        assert tuple(each.status_code for each in answers) == statuses, path
        assert tuple(each.json()["code"] for each in answers) == codes, path
    unknown = {"assistant_id": UNKNOWN}, {"agent_id": UNKNOWN}
    root, ap = await both.answers("POST", "/runs", *unknown)
    assert (root.json()["code"], ap.json()["code"]) == ("assistant_not_found", "agent_not_found")


async def test_what_is_wrong_with_the_streaming_protocol_is_told_in_each_mounts_own_words(
    both: Both,
) -> None:
    for path in ("stream", "stream/events"):
        root, ap = await both.answers("POST", f"{_THREAD}/{path}", {"channels": ["x"]})
        assert (root.status_code, root.json()["code"]) == (400, "invalid_argument")
        assert (ap.status_code, ap.json()["code"]) == (422, "bad_input")
    root, ap = await both.answers("POST", f"{_THREAD}/commands", {"method": "run.start"})
    assert (root.status_code, root.json()["type"]) == (400, "error")
    assert (ap.status_code, ap.json()["code"]) == (422, "bad_input")
    command = {"id": 1, "method": "nope"}
    root, ap = await both.answers("POST", f"{_THREAD}/commands", command)
    assert root.json() == ap.json() and root.json()["error"] == "unknown_command"
    both.thread = UNKNOWN
    root, ap = await both.answers("GET", f"{_THREAD}/stream")
    assert (root.status_code, root.json()["code"]) == (404, "thread_not_found")
    assert (ap.status_code, ap.json()["code"]) == (426, "upgrade_required")
    assert ap.headers["upgrade"] == "websocket"


@pytest.mark.skipif(not STORE, reason="the root does not serve items yet")
async def test_one_memory_is_told_in_each_mounts_own_words(both: Both) -> None:
    place = {"namespace": ["a", "b"], "key": "k"}
    assert (await both.ask("PUT", "/store/items", {**place, "value": {}})).status_code == 204
    root = await both.ask("GET", "/store/items?key=k&namespace=a.b")
    ap = await both.ask("GET", "/ap/store/items?key=k&namespace=a&namespace=b")
    assert root.json()["value"] == ap.json()["value"] == {}
    for path, of_root, of_ap in (
        ("/store/items/search", {"items"}, {"items"}),
        ("/store/namespaces", {"namespaces"}, None),
    ):
        found = await both.answers("POST", path, {})
        shapes = [set(told) if isinstance(told := each.json(), dict) else None for each in found]
        assert shapes == [of_root, of_ap]
    for method, path, body, statuses in (
        ("GET", "/store/items?key=x&namespace=a", None, (200, 404)),
        ("DELETE", "/store/items", {**place, "key": "x"}, (204, 404)),
        ("PUT", "/store/items", {**place, "namespace": [], "value": {}}, (400, 422)),
    ):
        found = await both.answers(method, path, body)
        assert tuple(each.status_code for each in found) == statuses, path


async def test_each_mount_has_its_own_document_and_page(both: Both) -> None:
    for path in ("/openapi.json", "/docs"):
        root, ap = await both.answers("GET", path)
        assert "LangGraph API" in root.text and "Agent Protocol" in ap.text
        assert "/assistants/search" in root.text and "/assistants/search" not in ap.text


async def test_a_key_means_the_same_request_on_one_mount_only(both: Both) -> None:
    headers = {"Idempotency-Key": "k"}
    body = {"messages": HI, "assistant_id": "graph", "input": {}}
    ids = [
        (await both.ask("POST", path, body, headers)).json()["run_id"]
        for path in ("/ap/runs", "/runs", "/ap/runs")
    ]
    assert ids[0] == ids[2] != ids[1]


async def test_a_thread_is_deleted_for_both(both: Both) -> None:
    assert (await both.ask("DELETE", f"/ap/threads/{both.thread}")).status_code == 204
    root, ap = await both.answers("GET", _THREAD)
    assert (root.status_code, ap.status_code) == (404, 404)


def test_every_shared_operation_is_tried_above() -> None:
    tried = {*OWN, ("POST", "/runs/wait"), ("POST", "/runs/stream")}
    tried |= {("GET", "/runs/{run_id}/stream"), ("DELETE", _THREAD)}
    tried |= {("GET", "/openapi.json"), ("GET", "/docs"), *STORE}
    tried |= {("POST", f"{_THREAD}/{path}") for path in ("stream", "stream/events", "commands")}
    tried |= {("GET", f"{_THREAD}/stream")}
    assert tried == SHARED - PLANNED
