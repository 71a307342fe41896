"""Requests made from the document: no failure of the server, no status it does not tell of."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from demotic.web.openapi.document import document
from dialects.langgraph.langgraph_http import (
    AGENT,
    ASSISTANT,
    WHOLE,
    WHOLE_TABLES,
    Streaming,
    Wire,
    open_wire,
    run_body,
)
from house import open_house

BUILT = [(each.method, each.path) for each in WHOLE.built]
DOCUMENT = document(WHOLE_TABLES, BUILT, ())
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = {
    f"{found.method.upper()} {found.path}": found
    for found in (each.ok() for each in SCHEMA.get_all_operations() if isinstance(each, Ok))
}

# Where an operation takes nothing, nothing can be wrong with it.
assert len(OPERATIONS) == len(BUILT), "an operation cannot be tried"
CASES = [(name, GenerationMode.POSITIVE) for name in OPERATIONS] + [
    (name, GenerationMode.NEGATIVE)
    for name, each in OPERATIONS.items()
    if {"parameters", "requestBody"} & set(each.definition.raw)
]


class Server:
    """The app on a loop of its own, with something in it."""

    def __init__(self, runner: asyncio.Runner, wire: Wire) -> None:
        self._runner, self._wire = runner, wire
        self.known = runner.run(self._furnish())

    def ask(self, method: str, url: str, **options: Any) -> tuple[int, bytes]:
        """Status and body of an answer; of one that is no JSON, nothing."""
        answer: tuple[int, bytes] = self._runner.run(_within(self._ask(method, url, options)))
        return answer

    async def _ask(self, method: str, url: str, options: Any) -> tuple[int, bytes]:
        request = self._wire.client.build_request(method, url, **options)
        streaming = Streaming.of(self._wire.app, request)
        async with streaming:
            await streaming.begun()
            media = streaming.headers.get("content-type", "")
            if "event-stream" in media:
                return streaming.status, b""
            whole = await streaming.rest()
            return streaming.status, b"" if media.startswith("text/plain") else whole

    async def _furnish(self) -> dict[str, str]:
        wire = self._wire
        thread = await wire.thread()
        run = await wire.start(thread)
        await wire.ask("GET", f"/threads/{thread}/runs/{run}/join")
        made = await wire.ask("POST", "/assistants", {"graph_id": AGENT})
        cron = {"assistant_id": AGENT, "schedule": "0 0 1 1 *"}
        scheduled = await wire.ask("POST", "/runs/crons", cron)
        return {
            "thread_id": thread,
            "run_id": run,
            "assistant_id": made.json()["assistant_id"],
            "cron_id": scheduled.json()["cron_id"],
        }


async def _within(request: Any) -> Any:
    return await asyncio.wait_for(request, 5)


@pytest.fixture
def server() -> Iterator[Server]:
    """A server of its own for each operation."""
    with asyncio.Runner() as runner:
        house = open_house()
        opened = open_wire(runner.run(house.__aenter__()))
        yield Server(runner, runner.run(opened.__aenter__()))
        runner.run(opened.__aexit__(None, None, None))
        runner.run(house.__aexit__(None, None, None))


@pytest.mark.requirement("langgraph.document.true")
@pytest.mark.parametrize(("name", "mode"), CASES)
def test_requests_made_from_the_document_get_documented_answers(
    name: str, mode: GenerationMode, server: Server
) -> None:
    operation = OPERATIONS[name]
    statuses = set(operation.definition.raw["responses"]) - {"500", "503"}

    @settings(
        max_examples=25,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[*HealthCheck],
    )
    @given(case=operation.as_strategy(generation_mode=mode), meets=st.booleans())
    def check(case: Any, meets: bool) -> None:
        if meets:  # something that is there
            case.path_parameters.update(
                {key: server.known[key] for key in case.path_parameters if key in server.known}
            )
        # An id with one of these makes another address.
        assume(not {"?", "#", "/"} & set(unquote("".join(map(str, case.path_parameters.values())))))
        request = case.as_transport_kwargs(base_url="http://test")
        options = {"params": request["params"], "headers": request["headers"]}
        if "json" in request:
            options["content"] = json.dumps(_tamed(request["json"], meets)).encode()
        status, answer = server.ask(request["method"], request["url"], **options)
        assert str(status) in statuses, (status, answer)
        if status in (200, *range(400, 600)) and "select" not in str(request):
            assert_shape(operation, status, answer)

    check()
    assert server.ask("GET", "http://test/ok?check_db=1")[0] == 200


def assert_shape(operation: Any, status: int, answer: bytes) -> None:
    """A JSON body has the shape that the document gives it."""
    told = operation.definition.raw["responses"][str(status)]
    if "$ref" in told:
        told = DOCUMENT["components"]["responses"][told["$ref"].rpartition("/")[2]]
    schema = told["content"].get("application/json", {}).get("schema")
    if schema is not None and (answer or len(told["content"]) == 1):
        whole = {**schema, "components": DOCUMENT["components"]}
        jsonschema_rs.validate(whole, json.loads(answer))


def _tamed(body: Any, meets: bool) -> Any:
    """A body that starts a run that ends soon, where it starts one; of a graph that is there."""
    if isinstance(body, list):
        return [_tamed(each, meets) for each in body]
    if not isinstance(body, dict) or "assistant_id" not in body:
        return body
    if "graph_id" in body:
        return {**body, "graph_id": AGENT} if meets else body
    tamed = {**body, "input": run_body()["input"], "after_seconds": None}
    return {**tamed, "assistant_id": ASSISTANT} if meets else tamed
