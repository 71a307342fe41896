"""Comparison with the documents that AGNTCY published; optional, see `DEMOTIC_SPEC_DIR`.

Whatever those documents hold is here, and what is here they hold, except for what `OURS` and
`THEIRS` give a reason for; and every answer is valid by them.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema_rs
import pytest

from demotic.dialects.acp.openapi.tables import tables
from demotic.dialects.acp.versions import NEWEST, STRICT, VERSIONS, Version
from demotic.web.openapi.document import document
from dialects.acp import graphs
from dialects.acp.acp_http import UNKNOWN, Acp, frames, listed, open_acp

FOLDER = Path(os.environ.get("DEMOTIC_SPEC_DIR") or "absent") / "openapi"
SPOKEN = {"0.2.1": STRICT, "0.2.2": NEWEST, "0.2.3": NEWEST}
FILES = {name: FOLDER / f"acp-{name}.json" for name in SPOKEN}

pytestmark = pytest.mark.skipif(
    not all(file.is_file() for file in FILES.values()),
    reason="DEMOTIC_SPEC_DIR names no folder with openapi/ documents",
)

EVERY_DOCUMENT = pytest.mark.parametrize("name", SPOKEN)
ANY = ("*",)


class Difference(NamedTuple):
    """Facts that only one side has, at some operations, and why."""

    operations: tuple[str, ...]
    facts: tuple[str, ...]
    reason: str


THEIRS = (
    Difference(
        tuple(f"POST /runs{way}" for way in ("", "/stream", "/wait")),
        ("status 409",),
        "a run without a thread of the caller's has one of its own: nothing is in its way",
    ),
)
"""What a published document has and ours lacks."""

RUN_STARTS = tuple(
    f"POST {place}{way}"
    for place in ("/runs", "/threads/{thread_id}/runs")
    for way in ("", "/stream", "/wait")
)
JOINS = ("GET /runs/{run_id}/stream", "GET /threads/{thread_id}/runs/{run_id}/stream")
OURS = (
    Difference(ANY, ("status 413", "status 422", "status 500", "status 503"), "told"),
    Difference(
        ("POST /threads", "POST /runs/search"), ("status 404",), "what is named may not be there"
    ),
    Difference(
        ("PATCH /threads/{thread_id}",),
        ("status 409",),
        "a thread may be busy",
    ),
    Difference(RUN_STARTS, ("header Idempotency-Key",), "of our own"),
    Difference(JOINS, ("header Last-Event-ID",), "of our own"),
)
"""What our document has and the published ones lack."""

OF_OUR_OWN = {"GET /docs": "the document as a page", "GET /openapi.json": "the document"}


def published(name: str) -> Any:
    """A published document."""
    return json.loads(FILES[name].read_text(encoding="utf-8"))


def ours(version: Version) -> Any:
    """Our own document."""
    built = [(each.method, each.path) for each in listed(version).built]
    return document(tables(version), built, ())


def resolved(whole: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a part refers to, or itself."""
    while "$ref" in part:
        found: Any = whole
        for key in part["$ref"].removeprefix("#/").split("/"):
            found = found[key]
        part = found
    return part


def fields(whole: Mapping[str, Any], schema: Mapping[str, Any]) -> set[str]:
    """The fields of an object, in all its alternatives."""
    schema = resolved(whole, schema)
    found = set(schema.get("properties", ()))
    for word in ("anyOf", "oneOf", "allOf"):
        for each in schema.get(word, ()):
            found |= fields(whole, each)
    return found


def facts(whole: Mapping[str, Any]) -> dict[str, set[str]]:
    """Of each operation: its parameters, the fields of its body, its statuses."""
    found: dict[str, set[str]] = {}
    for path, methods in whole["paths"].items():
        for method, row in methods.items():
            if method == "parameters":
                continue
            told = found[f"{method.upper()} {path}"] = {f"status {s}" for s in row["responses"]}
            for each in (*methods.get("parameters", ()), *row.get("parameters", ())):
                parameter = resolved(whole, each)
                told.add(f"{parameter['in']} {parameter['name']}")
            body = resolved(whole, row.get("requestBody", {}))
            for content in body.get("content", {}).values():
                told |= {f"field {name}" for name in fields(whole, content["schema"])}
    return found


def unexplained(
    more: Mapping[str, set[str]], less: Mapping[str, set[str]], known: tuple[Difference, ...]
) -> Iterator[str]:
    """What only `more` has, without a reason."""
    for name, told in more.items():
        for fact in sorted(told - less.get(name, set())):
            if not any(_explains(each, name, fact) for each in known):
                yield f"{name}: {fact}"


def _explains(difference: Difference, name: str, fact: str) -> bool:
    return fact in difference.facts and (
        difference.operations == ANY or name in difference.operations
    )


@EVERY_DOCUMENT
def test_what_was_published_is_here_or_has_a_reason(name: str) -> None:
    here, there = facts(ours(SPOKEN[name])), facts(published(name))
    assert not set(there) - set(here)
    assert list(unexplained(there, here, THEIRS)) == []


@EVERY_DOCUMENT
def test_what_is_here_was_published_or_has_a_reason(name: str) -> None:
    here, there = facts(ours(SPOKEN[name])), facts(published(name))
    assert set(here) - set(there) == set(OF_OUR_OWN)
    shared = {name: told for name, told in here.items() if name in there}
    assert list(unexplained(shared, there, OURS)) == []


def test_every_reason_is_needed() -> None:
    here, there = facts(ours(NEWEST)), facts(published("0.2.3"))
    for each in OURS:
        for fact in each.facts:
            assert any(
                fact in told and fact not in there.get(name, set())
                for name, told in here.items()
                if name in there and (each.operations == ANY or name in each.operations)
            ), fact


class Witness:
    """Asks like a client, and checks each answer by a published document."""

    def __init__(self, acp: Acp, name: str) -> None:
        self._acp, self._whole, self._mount = acp, published(name), SPOKEN[name].mount
        self.seen: set[tuple[str, str, int]] = set()

    async def ask(
        self, method: str, path: str, body: Any = None, *, query: str = "", **ids: str
    ) -> Any:
        """One request; its answer is valid. `path` is as the document writes it."""
        address = path.format(**ids) + query
        answer = await self._acp.ask(method, address, body, mount=self._mount)
        told = self._whole["paths"][path][method.lower()]["responses"][str(answer.status_code)]
        self.seen.add((method, path, answer.status_code))
        if answer.status_code == 204:
            assert "content" not in told and not answer.content
            return None
        [(media, content)] = told["content"].items()
        assert answer.headers["content-type"].startswith(media)
        if media == "text/event-stream":
            return self._events(content["schema"], answer.content)
        self._check(content["schema"], answer.json())
        return answer.json()

    def _events(self, schema: Any, stream: bytes) -> Any:
        events = frames(stream)
        for id, data in events:
            self._check(schema, {"id": str(id), "event": "agent_event", "data": data})
        return events

    def _check(self, schema: Any, value: Any) -> None:
        within = {**schema, "components": self._whole["components"]}
        jsonschema_rs.validate(within, value, validate_formats=True)


RUN = "/runs/{run_id}"
THREAD = "/threads/{thread_id}"
THREAD_RUN = f"{THREAD}/runs/{{run_id}}"
ADA = {"input": {"name": "Ada"}}


@pytest.mark.requirement("acp.published")
@EVERY_DOCUMENT
async def test_every_answer_of_every_operation_is_valid_by_the_published_document(
    name: str,
) -> None:
    async with open_acp(graphs.greeter(), manifest=graphs.MANIFEST) as acp:
        witness = Witness(acp, name)
        await agents(witness)
        await stateless(witness)
        await on_a_thread(witness)
        operations = {(method, path) for method, path, _ in witness.seen}
        assert operations == {
            (method.upper(), path)
            for path, methods in published(name)["paths"].items()
            for method in methods
            if method != "parameters"
        }


async def agents(witness: Witness) -> None:
    """Every operation on agents."""
    [agent] = await witness.ask("POST", "/agents/search", {})
    await witness.ask("POST", "/agents/search", {"limit": 0})
    id = agent["agent_id"]
    for path in ("/agents/{agent_id}", "/agents/{agent_id}/descriptor"):
        await witness.ask("GET", path, agent_id=id)
        await witness.ask("GET", path, agent_id=UNKNOWN)


async def stateless(witness: Witness) -> None:
    """Every operation on runs without a thread, in all their ends."""
    for body in ({**ADA, "metadata": {"a": 1}, "config": {"tags": ["t"]}}, {"input": {"name": 1}}):
        for path in ("/runs", "/runs/wait", "/runs/stream"):
            made = await witness.ask("POST", path, {**body, "stream_mode": ["values", "custom"]})
    for path in ("/runs", "/runs/wait", "/runs/stream"):
        await witness.ask("POST", path, {**ADA, "agent_id": UNKNOWN})
    made = await witness.ask("POST", "/runs/wait", ADA)
    await ends(witness, RUN, run_id=made["run"]["run_id"])
    await witness.ask("POST", "/runs/search", {})
    await witness.ask("POST", "/runs/search", {"limit": 0})


async def ends(witness: Witness, path: str, **ids: str) -> None:
    """Everything that can be done with an interrupted run, to its deletion."""
    for way in ("", "/wait", "/stream"):
        await witness.ask("GET", f"{path}{way}", **ids)
        await witness.ask("GET", f"{path}{way}", **{**ids, "run_id": UNKNOWN})
    await witness.ask("POST", path, {"shout": 1}, **ids)
    await witness.ask("POST", path, {"shout": True}, **ids)
    assert (await witness.ask("GET", f"{path}/wait", **ids))["output"]["type"] == "result"
    await witness.ask("GET", f"{path}/stream", **ids)
    await witness.ask("POST", path, {"shout": True}, **ids)  # 409
    await witness.ask("POST", f"{path}/cancel", **ids)  # 422
    await witness.ask("DELETE", path, **ids)
    await witness.ask("DELETE", path, **ids)  # 404


async def on_a_thread(witness: Witness) -> None:
    """Every operation on threads and their runs."""
    thread = await witness.ask("POST", "/threads", {"metadata": {"a": 1}})
    id = thread["thread_id"]
    await witness.ask("POST", "/threads", {"thread_id": id})  # 409
    await witness.ask("POST", "/threads", {"thread_id": "x"})
    runs = f"{THREAD}/runs"
    made = await witness.ask("POST", f"{runs}/wait", ADA, thread_id=id)
    for way in ("", "/wait", "/stream"):
        await witness.ask("POST", f"{runs}{way}", ADA, thread_id=id)  # 409
        await witness.ask("POST", f"{runs}{way}", ADA, thread_id=UNKNOWN)
    await ends(witness, THREAD_RUN, thread_id=id, run_id=made["run"]["run_id"])
    await witness.ask("POST", f"{runs}/stream", ADA, thread_id=id)
    later = {**ADA, "after_seconds": 3600, "multitask_strategy": "enqueue"}
    waiting = await witness.ask("POST", runs, later, thread_id=id)
    await witness.ask("DELETE", THREAD, thread_id=id)  # 422
    await witness.ask("DELETE", THREAD_RUN, thread_id=id, run_id=waiting["run_id"])  # 422
    ids = {"thread_id": id, "run_id": waiting["run_id"]}
    await witness.ask("POST", f"{THREAD_RUN}/cancel", query="?wait=true", **ids)
    await witness.ask("GET", f"{THREAD_RUN}/wait", **ids)
    await witness.ask("POST", f"{RUN}/cancel", run_id=waiting["run_id"])  # 422
    await witness.ask("PATCH", THREAD, {"values": {"greeting": "Hi"}}, thread_id=id)
    for method, path in (
        ("GET", runs),
        ("GET", THREAD),
        ("GET", f"{THREAD}/history"),
        ("POST", f"{THREAD}/copy"),
    ):
        await witness.ask(method, path, thread_id=id)
        await witness.ask(method, path, thread_id=UNKNOWN)
    await witness.ask("POST", "/threads/search", {})
    await witness.ask("DELETE", THREAD, thread_id=id)
    await witness.ask("PATCH", THREAD, {"metadata": {}}, thread_id=id)  # 404


@EVERY_DOCUMENT
async def test_threads_with_messages_are_valid_too(name: str) -> None:
    async with open_acp(graphs.chat()) as acp:
        witness = Witness(acp, name)
        id = (await witness.ask("POST", "/threads", {}))["thread_id"]
        content: Any = [{"type": "text", "text": "hi"}, {"type": "image", "url": "x"}]
        message = {"role": "user", "content": content, "id": "1", "metadata": {"name": "Ada"}}
        body: Any = {"messages": [message, {"role": "assistant", "content": "yes"}]}
        await witness.ask("PATCH", THREAD, body, thread_id=id)
        body = {"input": {"messages": [{"role": "user", "content": "hi"}]}}
        await witness.ask("POST", f"{THREAD}/runs/wait", body, thread_id=id)
        await witness.ask("POST", f"{THREAD}/runs/stream", body, thread_id=id)
        thread = await witness.ask("GET", THREAD, thread_id=id)
        assert len(thread["messages"]) == 5  # both answers have one id
        await witness.ask("GET", f"{THREAD}/history", thread_id=id)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
async def test_an_error_is_valid_in_every_version(version: Version) -> None:
    async with open_acp() as acp:
        witness = Witness(acp, version.name)
        steps: dict[str, Any] = {"input": [["fail", "no"]]}
        run = (await acp.ask("POST", "/runs/wait", steps)).json()["run"]["run_id"]
        if version is STRICT:  # it has no word for a script, which is a list
            answer = await acp.ask("GET", f"/runs/{run}/wait", mount=version.mount)
            assert answer.json()["output"]["errcode"] == 1
            assert answer.json()["run"]["creation"]["input"] == {"value": [["fail", "no"]]}
        await witness.ask("GET", f"{RUN}/wait", run_id=run)
        await witness.ask("GET", f"{RUN}/stream", run_id=run)
