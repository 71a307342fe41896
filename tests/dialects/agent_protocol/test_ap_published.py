"""Comparison with the documents that the Agent Protocol published; optional: `DEMOTIC_SPEC_DIR`.

Whatever those documents hold is here and the reverse, except for what has a reason below; and
what this server answers is what their schemas say.
"""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema_rs
import pytest

from demotic.dialects.agent_protocol import deferred
from demotic.dialects.streaming.channels import CHANNELS
from demotic.web.openapi.document import document
from dialects.agent_protocol.ap_graphs import asking, chat
from dialects.agent_protocol.ap_http import UNKNOWN, WHOLE, Wire, serving
from dialects.langgraph.test_published import ANY, Difference, facts, unexplained
from dialects.streaming.streaming_http import Client

FOLDER = Path(os.environ.get("DEMOTIC_SPEC_DIR") or "absent") / "openapi"
EARLY, TODAY = "2025-04", "2026-08"
FILES = {version: FOLDER / f"agent-protocol-{version}.json" for version in (EARLY, TODAY)}

pytestmark = pytest.mark.skipif(
    not all(file.is_file() for file in FILES.values()),
    reason="DEMOTIC_SPEC_DIR names no folder with openapi/ documents",
)

BUILT = [(each.method, each.path) for each in WHOLE.built]
PLANNED = {f"{each.method} {each.path}" for each in deferred.OPERATIONS}
RUN_STARTS = ("POST /runs", "POST /runs/stream", "POST /runs/wait")

THEIRS = (
    Difference(
        ("POST /agents/search",),
        ("status 404",),
        "nothing to miss: what is not there is not found",
    ),
    Difference(
        ("GET /agents/{agent_id}", "GET /agents/{agent_id}/schemas"),
        ("status 422",),
        "an agent's id is any text: one that is none is not found",
    ),
    Difference(("GET /store/items",), ("status 400",), "what cannot be meant is 422 everywhere"),
    Difference(
        ("POST /threads/{thread_id}/stream", "GET /threads/{thread_id}/stream"),
        ("status 404",),
        "a stream may be opened before its thread is made (CDDL 0.0.13, 4)",
    ),
)
"""What a published document has and ours lacks."""

OURS = (
    Difference(ANY, ("status 413", "status 500", "status 503"), "told"),
    Difference(
        ("POST /threads",), ("status 404",), "an existing thread may be outside the caller's scope"
    ),
    Difference(("PATCH /threads/{thread_id}",), ("status 409",), "a busy thread is not written"),
    Difference(("GET /threads/{thread_id}/stream",), ("status 426",), "no upgrade was asked for"),
    Difference(RUN_STARTS, ("header Idempotency-Key",), "of our own"),
    Difference(("GET /runs/{run_id}/stream",), ("header Last-Event-ID",), "of our own"),
    Difference(
        ("POST /runs/wait",), ("field stream_mode",), "in RunCreate of 2025; recorded for later"
    ),
)
"""What our document has and the newest published one lacks."""

OPERATIONS_OF_OUR_OWN = {
    "GET /docs": "this document as a page",
    "GET /openapi.json": "this document",
    "POST /threads/{thread_id}/stream/events": "where the SDKs look for POST …/stream",
    "GET /threads/{thread_id}/stream/events": "where the SDKs look for GET …/stream",
    "GET /threads/{thread_id}/runs": "in 2025, replaced by POST /runs/search",
}


def published(version: str) -> dict[str, Any]:
    """A published document."""
    found: dict[str, Any] = json.loads(FILES[version].read_text(encoding="utf-8"))
    return found


def told(version: str) -> dict[str, set[str]]:
    """The facts of a published document, without operations that are planned here."""
    found = facts(published(version))
    return {name: each for name, each in found.items() if name not in PLANNED}


@pytest.mark.requirement("ap.published")
@pytest.mark.parametrize("version", [EARLY, TODAY])
def test_what_was_published_is_here_or_has_a_reason(version: str) -> None:
    ours, theirs = facts(document(WHOLE.tables, BUILT, ())), told(version)
    assert not set(theirs) - set(ours)
    assert list(unexplained(theirs, ours, THEIRS)) == []


def test_what_is_here_was_published_or_has_a_reason() -> None:
    ours, theirs = facts(document(WHOLE.tables, BUILT, ())), told(TODAY)
    assert set(ours) - set(theirs) == set(OPERATIONS_OF_OUR_OWN)
    shared = {name: each for name, each in ours.items() if name in theirs}
    assert list(unexplained(shared, theirs, OURS)) == []


def test_every_reason_is_needed() -> None:
    ours = facts(document(WHOLE.tables, BUILT, ()))
    versions = [told(EARLY), told(TODAY)]
    for each in THEIRS:
        assert all(any(only(v, ours, each, fact) for v in versions) for fact in each.facts), each
    for each in OURS:
        assert all(only(ours, versions[-1], each, fact) for fact in each.facts), each


def only(
    more: dict[str, set[str]], less: dict[str, set[str]], difference: Difference, fact: str
) -> bool:
    """Whether one side has a fact that the other lacks, where the difference says so."""
    return any(
        fact in found and name in less and fact not in less[name]
        for name, found in more.items()
        if difference.operations == ANY or name in difference.operations
    )


class Answered(NamedTuple):
    """An answer to an operation."""

    method: str
    path: str
    status: int
    body: Any


class Asker:
    """Asks, and remembers what was answered."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.answers: list[Answered] = []

    async def ask(self, method: str, path: str, body: Any = None, **ids: str) -> Any:
        """One request; `path` is that of the operation."""
        address, _, query = path.format(**ids).partition("?")
        answer = await self._wire.ask(method, f"{address}?{query}" if query else address, body)
        is_json = answer.headers.get("content-type", "").startswith("application/json")
        told = answer.json() if is_json else answer.text
        place = path.partition("?")[0]
        self.answers.append(Answered(method, place, answer.status_code, told))
        return told


async def walk(asker: Asker) -> None:
    """Every operation, with much in every answer; and errors."""
    ask = asker.ask
    said = [{"role": "user", "content": "Hi", "id": "m", "metadata": {"a": 1}}]
    blocks = [{"type": "text", "text": "Hi"}, {"type": "image", "url": "u"}]
    await ask("POST", "/agents/search", {"limit": 5})
    await ask("GET", "/agents/{agent_id}", agent_id="graph")
    await ask("GET", "/agents/{agent_id}/schemas", agent_id="graph")
    thread = await ask("POST", "/threads", {"metadata": {"a": 1}})
    on = {"thread_id": thread["thread_id"]}
    given = {**on, "messages": said, "input": {"topic": "rain"}, "metadata": {"m": 1}}
    config = {"tags": ["t"], "recursion_limit": 9, "configurable": {"k": 1}}
    await ask("POST", "/runs/wait", {**given, "config": config, "stream_mode": "values"})
    more = [{"role": "assistant", "content": blocks}]
    run = await ask("POST", "/runs", {**on, "messages": more, "stream_mode": ["values"]})
    at = {"run_id": run["run_id"]}
    await ask("GET", "/runs/{run_id}/wait", **at)
    await ask("GET", "/runs/{run_id}/stream", **at)
    await ask("GET", "/runs/{run_id}", **at)
    await ask("POST", "/runs/{run_id}/cancel", **at)
    await ask("POST", "/runs/search", {"status": "success"})
    await ask("POST", "/runs/stream", {**on, "messages": []})
    await ask("POST", "/runs/wait", {"input": 5})
    await ask("GET", "/threads/{thread_id}", **on)
    await ask("PATCH", "/threads/{thread_id}", {"values": {"topic": "sun"}}, **on)
    await ask("GET", "/threads/{thread_id}/history", **on)
    await ask("GET", "/threads/{thread_id}/runs", **on)
    await ask("POST", "/threads/{thread_id}/copy", **on)
    await ask("POST", "/threads/search", {"metadata": {"a": 1}})
    await remember(ask)
    await command(ask, thread["thread_id"])
    await ask("DELETE", "/runs/{run_id}", **at)
    await ask("DELETE", "/threads/{thread_id}", **on)
    for method, path in (
        ("GET", "/agents/{agent_id}"),
        ("GET", "/threads/{thread_id}"),
        ("GET", "/runs/{run_id}"),
        ("GET", "/runs/{run_id}/wait"),
        ("GET", "/runs/{run_id}/stream"),
    ):
        await ask(method, path, thread_id=UNKNOWN, run_id=UNKNOWN, agent_id="none")
        await ask(method, path, thread_id="x", run_id="x", agent_id="none")
    await ask("POST", "/threads/search", {"limit": 0})
    await ask("POST", "/threads", {**on, "if_exists": "x"})


async def command(ask: Any, thread: str) -> None:
    """Commands, and what is none; event streams have a test of their own."""
    on = {"thread_id": thread}
    tell = {"id": 1, "method": "run.start", "params": {"assistantId": "graph", "input": {}}}
    for each in (tell, {"id": 2, "method": "state.get"}, {"id": 3, "method": "x"}, {"id": 4}):
        await ask("POST", "/threads/{thread_id}/commands", each, **on)
    looks = {"id": 5, "method": "state.get"}
    await ask("POST", "/threads/{thread_id}/commands", looks, thread_id=UNKNOWN)
    await ask("POST", "/threads/{thread_id}/stream", {"channels": []}, **on)
    await ask("GET", "/threads/{thread_id}/stream", thread_id="x")


async def remember(ask: Any) -> None:
    """An item, stored, found and deleted."""
    item = {"namespace": ["a", "b"], "key": "k", "value": {"x": 1}}
    await ask("PUT", "/store/items", item)
    await ask("GET", "/store/items?key=k&namespace=a&namespace=b")
    await ask("GET", "/store/items?key=k&namespace=a")
    await ask("GET", "/store/items")
    await ask("POST", "/store/items/search", {"namespace_prefix": ["a"], "filter": None})
    await ask("POST", "/store/namespaces", {})
    await ask("PUT", "/store/items", {**item, "namespace": []})
    gone = {"namespace": ["a", "b"], "key": "k"}
    await ask("DELETE", "/store/items", gone)
    await ask("DELETE", "/store/items", gone)


async def pause(asker: Asker) -> None:
    """A run that asks, and what is told of it and its thread."""
    ask = asker.ask
    on = {"thread_id": (await ask("POST", "/threads", {}))["thread_id"]}
    body = {**on, "input": {"items": ["x"]}}
    run = (await ask("POST", "/runs/wait", body))["run"]
    assert run["status"] == "interrupted"
    await ask("GET", "/runs/{run_id}", run_id=run["run_id"])
    await ask("GET", "/threads/{thread_id}", **on)
    await ask("POST", "/runs/{run_id}/cancel?wait=true", run_id=run["run_id"])
    await ask("GET", "/runs/{run_id}/wait", run_id=run["run_id"])


@pytest.mark.parametrize("version", [EARLY, TODAY])
async def test_answers_are_what_the_published_schemas_say(version: str) -> None:
    whole = published(version)
    tried = set()
    for graph, tour in ((chat, walk), (asking, pause)):
        async with serving(graph) as wire:
            asker = Asker(wire)
            await tour(asker)
        for each in asker.answers:
            operation = whole["paths"].get(each.path, {}).get(each.method.lower())
            if operation is not None:
                tried.add(f"{each.method} {each.path}")
                check(whole, version, each, operation["responses"])
    assert tried == set(told(version))


async def test_events_are_what_the_published_schema_says() -> None:
    whole = published(TODAY)
    schema = {"$ref": "#/components/schemas/StreamingEvent", "components": whole["components"]}
    validator = jsonschema_rs.validator_for(schema, validate_formats=True)
    async with serving(asking) as wire:
        client = Client(wire.app, await wire.thread())
        await client.result("run.start", assistantId="graph", input={"items": ["x"]})
        events = await client.ended(*(each for each in CHANNELS if each != "lifecycle"))
        assert {"values", "updates", "tasks", "input.requested", "checkpoints"} <= {
            each["method"] for each in events
        }
        for each in events:
            validator.validate(each)


def check(whole: Any, version: str, answer: Answered, responses: Any) -> None:
    """The answer has a documented status, and the body that goes with it."""
    assert str(answer.status) in responses, answer
    if version == EARLY and answer.status >= 400:
        return  # a string there; the body of today here, which its clients read as well
    for content in responses[str(answer.status)].get("content", {}).values():
        schema = {**content["schema"], "components": whole["components"]}
        jsonschema_rs.validator_for(schema, validate_formats=True).validate(answer.body)
