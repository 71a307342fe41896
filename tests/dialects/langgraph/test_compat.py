"""Earlier versions of the API: their defaults, their short answers, and walks of their clients.

The walks send what the versions' documents allow, and nothing else; where the documents are there
(`DEMOTIC_SPEC_DIR`), requests and answers are held against them.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import pytest
from openapi_spec_validator import validate

from demotic.config import COMPAT
from demotic.dialects.langgraph import render_errors
from demotic.dialects.langgraph.compat import TODAY, VERSIONS
from demotic.dialects.langgraph.openapi.tables import TABLES, tables
from demotic.dialects.langgraph.routes import LangGraphDialect
from demotic.domain.ids import system_assistant_id
from demotic.domain.model import EVERYTHING
from demotic.web.openapi.document import document
from dialects.langgraph.langgraph_http import (
    AGENT,
    UNKNOWN,
    Wire,
    frames,
    no_engine,
    open_wire,
    run_body,
)
from dialects.langgraph.published import Published
from house import House, open_house
from served import State, chain, served

EARLY = [name for name in VERSIONS if name != "today"]
JUNE, NOVEMBER = "0.1.0", "2024"
CRON = {"assistant_id": system_assistant_id(AGENT), "schedule": "* * * * *"}


@asynccontextmanager
async def early_wire(version: str) -> AsyncIterator[Wire]:
    """A client of a version, with a scripted agent behind it."""
    async with open_house() as house, open_wire(house, VERSIONS[version]) as wire:
        yield wire


def test_every_version_can_be_asked_for() -> None:
    assert tuple(VERSIONS) == COMPAT
    assert VERSIONS["today"] is TODAY and tables(TODAY) is TABLES


@pytest.mark.requirement("langgraph.compat.multitask_strategy")
@pytest.mark.parametrize("version", EARLY)
async def test_a_busy_thread_refuses_a_run_unless_it_says_otherwise(version: str) -> None:
    async with early_wire(version) as wire:
        thread = await wire.thread()
        path = f"/threads/{thread}/runs"
        await wire.start(thread, ["wait", "gate"])
        for start in ("", "/wait", "/stream"):
            refused = await wire.ask("POST", f"{path}{start}", run_body())
            assert (refused.status_code, refused.json()["code"]) == (409, "thread_busy")
        queued = await wire.ask("POST", path, run_body(multitask_strategy="enqueue"))
        assert queued.status_code == 200
        cron = await wire.ask("POST", f"/threads/{thread}/runs/crons", CRON)
        assert cron.status_code == 200
        kept = await wire.house.engine.schedules.get(cron.json()["cron_id"], EVERYTHING)
        assert kept.run.busy_policy == "reject"
        wire.house.agent.open("gate")


@pytest.mark.requirement("langgraph.compat.on_disconnect")
@pytest.mark.parametrize("version", EARLY)
async def test_a_run_ends_with_its_client_unless_it_says_otherwise(version: str) -> None:
    async with early_wire(version) as wire:
        for options, status in ({}, "interrupted"), ({"on_disconnect": "continue"}, "success"):
            thread = await wire.thread()
            body = run_body(["emit", "values", 1], ["wait", thread], **options)
            async with wire.open("POST", f"/threads/{thread}/runs/stream", body) as stream:
                await stream.until(b"values")
            wire.house.agent.open(thread if options else "")
            (run,) = (await wire.ask("GET", f"/threads/{thread}/runs")).json()
            await wire.ask("GET", f"/threads/{thread}/runs/{run['run_id']}/join")
            (run,) = (await wire.ask("GET", f"/threads/{thread}/runs")).json()
            assert run["status"] == status


@pytest.mark.requirement("langgraph.compat.done")
@pytest.mark.parametrize("version", EARLY)
async def test_what_is_deleted_or_cancelled_is_an_empty_object(version: str) -> None:
    async with early_wire(version) as wire:
        thread = await wire.thread()
        made = await wire.ask("POST", "/assistants", {"graph_id": AGENT})
        cron = await wire.ask("POST", f"/threads/{thread}/runs/crons", CRON)
        running = await wire.start(thread, ["wait", "for ever"])
        await wire.house.agent.arrived("for ever")
        runs = f"/threads/{thread}/runs"
        for method, path in [
            ("POST", f"{runs}/{running}/cancel?wait=true"),
            ("DELETE", f"{runs}/{running}"),
            ("DELETE", f"/runs/crons/{cron.json()['cron_id']}"),
            ("DELETE", f"/assistants/{made.json()['assistant_id']}"),
            ("DELETE", f"/threads/{thread}"),
        ]:
            answer = await wire.ask(method, path)
            assert (answer.status_code, answer.json()) == (200, {}), path
            assert answer.headers["content-type"] == "application/json"
            gone = await wire.ask(method, path)
            assert gone.status_code == 404, path


@pytest.mark.requirement("langgraph.compat.errors")
async def test_what_is_wrong_is_listed_with_its_place_in_the_first_version() -> None:
    async with early_wire(JUNE) as wire:
        thread = await wire.thread()
        runs = f"/threads/{thread}/runs"
        for method, path, body, loc in [
            ("POST", runs, {}, ["body", "assistant_id"]),
            ("POST", runs, run_body(metadata=[]), ["body", "metadata"]),
            ("POST", runs, run_body(config={"tags": 1}), ["body", "config", "tags"]),
            ("POST", runs, None, ["body"]),
            ("POST", "/runs/batch", [run_body(), {"assistant_id": 1}], ["body", 1, "assistant_id"]),
            ("GET", f"{runs}?limit=0", None, ["query", "limit"]),
            ("GET", "/threads/nope", None, ["path", "thread_id"]),
        ]:
            answer = await wire.ask(method, path, body)
            assert answer.status_code == 422
            (told,) = answer.json()["detail"]
            assert (told["loc"], told["type"]) == (loc, "bad_input"), answer.text
            assert told["msg"] == answer.json()["message"]
        other = await wire.ask("GET", f"/threads/{UNKNOWN}")
        assert other.status_code == 404 and isinstance(other.json()["detail"], str)
    async with early_wire(NOVEMBER) as wire:
        answer = await wire.ask("GET", "/threads/nope")
        assert answer.json()["detail"] == "Invalid thread ID: must be a UUID"
    assert render_errors.place("`Idempotency-Key` must have") == ["header", "Idempotency-Key"]


@pytest.mark.requirement("langgraph.compat.states")
async def test_a_state_has_no_null_in_the_first_version() -> None:
    fields = ("checkpoint_id", "parent_checkpoint_id", "created_at", "metadata")
    for version, wanted in (JUNE, ("", "", "", {})), (NOVEMBER, (None,) * 4):
        async with early_wire(version) as wire:
            thread = await wire.thread()
            state = (await wire.ask("GET", f"/threads/{thread}/state")).json()
            assert tuple(state[each] for each in fields) == wanted


@pytest.mark.requirement("langgraph.compat.document")
@pytest.mark.parametrize("version", EARLY)
async def test_the_document_tells_the_versions_ways(version: str) -> None:
    built = [(each.method, each.path) for each in LangGraphDialect(no_engine).built]
    told = document(tables(VERSIONS[version]), built, ())
    validate(cast(Any, told))
    run = told["components"]["schemas"]["RunCreate"]["properties"]
    assert run["multitask_strategy"]["default"] == "reject"
    assert run["on_disconnect"]["default"] == "cancel"
    assert told["components"]["schemas"]["CronCreate"]["properties"]["multitask_strategy"][
        "default"
    ] == ("reject")
    for path, methods in told["paths"].items():
        if "delete" in methods and path != "/store/items":
            assert "200" in methods["delete"]["responses"]
            assert "204" not in methods["delete"]["responses"]
    cancel = told["paths"]["/threads/{thread_id}/runs/{run_id}/cancel"]["post"]["responses"]
    assert "202" not in cancel and cancel["200"]["headers"]
    detail = told["components"]["schemas"]["Error"]["properties"]["detail"]
    assert ("anyOf" in detail) == (version == JUNE)
    state = told["components"]["schemas"]["ThreadState"]["properties"]
    assert state["metadata"]["type"] == ("object" if version == JUNE else ["object", "null"])
    async with early_wire(version) as wire:
        assert (await wire.ask("GET", "/openapi.json")).json()["info"] == told["info"]
        assert version in (await wire.ask("GET", "/docs")).text


# Walks


async def work(state: State) -> State:
    """Waits for ever where it is to."""
    if state["log"][-1:] == ["wait"]:
        await asyncio.Event().wait()
    return {"log": ["worked"]}


@dataclass
class Walker:
    """A client of a version, who sends and takes what the document says."""

    wire: Wire
    published: Published

    async def ask(self, method: str, path: str, body: Any = None, *, raw: bool = False) -> Any:
        """A request that succeeds; the answer's JSON, or its text."""
        self.published.check_request(method, path, body)
        answer = await self.wire.ask(method, path, body, {"accept": "application/json"})
        assert answer.status_code == 200, answer.text
        told = None if raw else answer.json()
        self.published.check_answer(method, path, answer.status_code, told)
        return answer.text if raw else told

    async def refused(self, status: int, method: str, path: str, body: Any = None) -> None:
        """A request that is refused. Of the ways to be so the documents tell but the first
        version's 422 right: all else is `{"detail": text}` (observed)."""
        answer = await self.wire.ask(method, path, body)
        assert answer.status_code == status, answer.text
        if status == 422:
            self.published.check_answer(method, path, status, answer.json())


@asynccontextmanager
async def walking(version: str, document: str) -> AsyncIterator[Walker]:
    """A client of a version, with a graph behind it."""
    async with served(chain(work)) as house:
        async with open_wire(cast(House, house), VERSIONS[version]) as wire:
            yield Walker(wire, Published(document))


ASSISTANT = system_assistant_id("graph")
INPUT = {"log": ["in"]}


async def walk_assistants(walker: Walker) -> None:
    """What both versions know of assistants."""
    made = await walker.ask("POST", "/assistants", {"graph_id": "graph", "metadata": {"a": 1}})
    one = f"/assistants/{made['assistant_id']}"
    assert (await walker.ask("GET", one)) == made
    changed = await walker.ask("PATCH", one, {"config": {"tags": ["t"]}})
    assert changed["config"]["tags"] == ["t"]
    found = await walker.ask("POST", "/assistants/search", {"metadata": {"a": 1}, "limit": 5})
    assert [each["assistant_id"] for each in found] == [made["assistant_id"]]
    assert {"nodes", "edges"} <= set(await walker.ask("GET", f"{one}/graph"))
    assert (await walker.ask("GET", f"{one}/schemas"))["graph_id"] == "graph"


async def walk_threads(walker: Walker) -> str:
    """What both versions know of threads; a thread on which a graph has run twice."""
    thread = (await walker.ask("POST", "/threads", {"metadata": {"b": 1}}))["thread_id"]
    one = f"/threads/{thread}"
    assert (await walker.ask("PATCH", one, {"metadata": {"c": 2}}))["metadata"] == {"b": 1, "c": 2}
    found = await walker.ask("POST", "/threads/search", {"metadata": {"b": 1}, "limit": 10})
    assert [each["thread_id"] for each in found] == [thread]
    body = {"assistant_id": ASSISTANT, "input": INPUT, "multitask_strategy": "reject"}
    assert await walker.ask("POST", f"{one}/runs/wait", body) == {"log": ["in", "worked"]}
    assert (await walker.ask("GET", one))["thread_id"] == thread
    state = await walker.ask("GET", f"{one}/state")
    assert state["values"] == {"log": ["in", "worked"]} and state["checkpoint_id"]
    history = await walker.ask("GET", f"{one}/history?limit=2")
    assert [each["checkpoint_id"] for each in history][0] == state["checkpoint_id"]
    assert history[0]["parent_checkpoint_id"] == history[1]["checkpoint_id"]
    return str(thread)


async def walk_runs(walker: Walker, thread: str) -> None:
    """What both versions know of runs on a thread."""
    runs = f"/threads/{thread}/runs"
    body = {"assistant_id": ASSISTANT, "input": INPUT}
    run = await walker.ask("POST", runs, body)
    assert run["status"] in ("pending", "running")
    one = f"{runs}/{run['run_id']}"
    assert "worked" in (await walker.ask("GET", f"{one}/join"))["log"]
    assert (await walker.ask("GET", one))["status"] == "success"
    listed = await walker.ask("GET", f"{runs}?limit=1&offset=0")
    assert [each["run_id"] for each in listed] == [run["run_id"]]
    text = await walker.ask(
        "POST", f"{runs}/stream", {**body, "stream_mode": ["values", "updates"]}, raw=True
    )
    names = [name for name, _, _ in frames(text)]
    assert names[0] == "metadata" and {"values", "updates"} <= set(names)

    waiting = await walker.ask("POST", runs, {**body, "input": {"log": ["wait"]}})
    await walker.refused(409, "POST", runs, body)
    cancelled = f"{runs}/{waiting['run_id']}"
    assert await walker.ask("POST", f"{cancelled}/cancel?wait=true") == {}
    assert (await walker.ask("GET", cancelled))["status"] == "interrupted"
    assert await walker.ask("DELETE", cancelled) == {}
    again = await walker.ask("POST", runs, {**body, "input": {"log": ["wait"]}})
    assert await walker.ask("POST", f"{runs}/{again['run_id']}/cancel?wait=false") == {}
    await walker.ask("GET", f"{runs}/{again['run_id']}/join")


async def walk_crons(walker: Walker, thread: str) -> None:
    """What both versions know of crons."""
    body = {"assistant_id": ASSISTANT, "schedule": "0 0 1 1 *", "input": INPUT}
    for path in (f"/threads/{thread}/runs/crons", "/runs/crons"):
        cron = await walker.ask("POST", path, body)
        assert await walker.ask("DELETE", f"/runs/crons/{cron['cron_id']}") == {}


async def leave(walker: Walker, thread: str) -> None:
    """Delete what is left."""
    assert await walker.ask("DELETE", f"/threads/{thread}") == {}
    assert await walker.ask("DELETE", f"/assistants/{ASSISTANT}") == {}


@pytest.mark.requirement("langgraph.compat.walk.0.1.0")
async def test_clients_of_the_first_version_walk_through_all_they_know() -> None:
    async with walking(JUNE, "0.1.0") as walker:
        await walk_assistants(walker)
        thread = await walk_threads(walker)
        one = f"/threads/{thread}"
        first = (await walker.ask("GET", f"{one}/history"))[-1]["checkpoint_id"]
        assert (await walker.ask("GET", f"{one}/state/{first}"))["checkpoint_id"] == first
        before = (await walker.ask("GET", f"{one}/state"))["checkpoint_id"]
        wanted = {"limit": 1, "before": before}
        (earlier,) = await walker.ask("POST", f"{one}/history", wanted)
        assert earlier["checkpoint_id"] != before
        update = {"values": {"log": ["u"]}, "as_node": "work", "checkpoint_id": before}
        config = await walker.ask("POST", f"{one}/state", update)
        assert config["configurable"]["checkpoint_id"] != before
        patched = await walker.ask("PATCH", f"{one}/state", {"metadata": {"m": 1}})
        assert patched == {"configurable": config["configurable"]}
        await walk_runs(walker, thread)
        await walk_crons(walker, thread)
        body = {"assistant_id": "graph", "input": INPUT, "interrupt_after": "*"}
        assert "worked" in (await walker.ask("POST", "/runs/wait", body))["log"]
        text = await walker.ask("POST", "/runs/stream", {**body, "feedback_keys": ["k"]}, raw=True)
        assert frames(text)[-1][1]["log"] == ["in", "worked"]
        await walker.refused(422, "POST", "/runs/wait", {**body, "checkpoint_id": before})
        await leave(walker, thread)
        assert walker.published.missed() == set()


GO = {
    "stream_subgraphs": False,
    "on_disconnect": "cancel",
    "multitask_strategy": "reject",
    "if_not_exists": "reject",
}
"""What the Go client sends with every run, because its constructors fill in the defaults."""


@pytest.mark.requirement("langgraph.compat.walk.2024")
async def test_the_go_client_walks_through_all_it_knows_but_the_store() -> None:
    async with walking(NOVEMBER, "2024-11") as walker:
        await walk_assistants(walker)
        one = f"/assistants/{ASSISTANT}"
        (version,) = await walker.ask("POST", f"{one}/versions")
        chosen = await walker.ask("POST", f"{one}/latest?version=1")
        assert {**chosen, "updated_at": version["updated_at"]} == version
        assert await walker.ask("GET", f"{one}/subgraphs?recurse=true") == {}
        assert await walker.ask("GET", f"{one}/subgraphs/none") == {}
        thread = await walk_threads(walker)
        path = f"/threads/{thread}"
        state = await walker.ask("GET", f"{path}/state")
        place = {"checkpoint": state["checkpoint"]}
        assert (await walker.ask("POST", f"{path}/state/checkpoint", place))["values"]
        await walker.ask("POST", f"{path}/history", {"limit": 1, "before": state["checkpoint"]})
        update = {"values": {"log": ["u"]}, "as_node": "work"}
        assert (await walker.ask("POST", f"{path}/state", update))["checkpoint"]
        copied = await walker.ask("POST", f"{path}/copy")
        assert copied["thread_id"] != thread
        await walk_runs(walker, thread)
        run = await walker.ask(
            "POST", f"{path}/runs", {"assistant_id": ASSISTANT, "input": INPUT, **GO}
        )
        await walker.ask("GET", f"{path}/runs/{run['run_id']}/stream", raw=True)
        await walker.ask("GET", f"{path}/runs/{run['run_id']}/join?cancel_on_disconnect=false")
        await walker.ask("GET", f"{path}/runs?status=success")
        await walk_crons(walker, thread)
        assert await walker.ask("POST", "/runs/crons/search", {"limit": 10, "offset": 0}) == []
        body = {"assistant_id": "graph", "input": INPUT, "on_completion": "delete"}
        assert "worked" in (await walker.ask("POST", "/runs/wait", body))["log"]
        assert frames(await walker.ask("POST", "/runs/stream", body, raw=True))[-1][0] == "values"
        assert (await walker.ask("POST", "/runs", body))["run_id"]
        assert len(await walker.ask("POST", "/runs/batch", [body, body])) == 2
        await leave(walker, thread)
        assert {each for each in walker.published.missed() if "/store/" not in each} == set()
