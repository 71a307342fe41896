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
from dialects.agent_protocol.ap_http import (
    ASSISTANT,
    UNKNOWN,
    WHOLE,
    ScriptedWire,
    open_wire,
    run_body,
)
from dialects.langgraph.langgraph_http import Streaming
from house import open_house

BUILT = [(each.method, each.path) for each in WHOLE.built]
DOCUMENT = document(WHOLE.tables, BUILT, ())
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = {
    f"{found.method.upper()} {found.path}": found
    for found in (each.ok() for each in SCHEMA.get_all_operations() if isinstance(each, Ok))
}

assert len(OPERATIONS) == len(BUILT), "an operation cannot be tried"


def can_be_wrong(told: dict[str, Any]) -> bool:
    """Whether an operation takes more than texts that may be anything."""
    texts = [each["schema"] == {"type": "string"} for each in told.get("parameters", ())]
    return "requestBody" in told or not all(texts)


CASES = [(name, GenerationMode.POSITIVE) for name in OPERATIONS] + [
    (name, GenerationMode.NEGATIVE)
    for name, each in OPERATIONS.items()
    if can_be_wrong(each.definition.raw)
]


class Server:
    """The app on a loop of its own, with something in it."""

    def __init__(self, runner: asyncio.Runner, wire: ScriptedWire) -> None:
        self._runner, self._wire = runner, wire
        self.known = runner.run(self._furnish())

    def ask(self, method: str, url: str, **options: Any) -> tuple[int, bytes]:
        """Status and body of an answer; of one that does not end, nothing of the body."""
        answer: tuple[int, bytes] = self._runner.run(_within(self._ask(method, url, options)))
        return answer

    async def _ask(self, method: str, url: str, options: Any) -> tuple[int, bytes]:
        request = self._wire.client.build_request(method, url, **options)
        async with Streaming.of(self._wire.app, request) as streaming:
            await streaming.begun()
            if "event-stream" in streaming.headers.get("content-type", ""):
                return streaming.status, b""
            return streaming.status, await streaming.rest()

    async def _furnish(self) -> dict[str, str]:
        thread = await self._wire.thread()
        run = (await self._wire.wait(thread_id=thread))["run"]["run_id"]
        return {"thread_id": thread, "run_id": run, "agent_id": ASSISTANT}


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


@pytest.mark.requirement("ap.document.true")
@pytest.mark.parametrize(("name", "mode"), CASES)
def test_requests_made_from_the_document_get_documented_answers(
    name: str, mode: GenerationMode, server: Server
) -> None:
    operation = OPERATIONS[name]
    statuses = set(operation.definition.raw["responses"]) - {"500", "503"}

    @settings(
        max_examples=15,
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
            body = _tamed(request["json"], server.known, meets) if "/runs" in name else None
            options["content"] = json.dumps(request["json"] if body is None else body).encode()
        status, answer = server.ask(request["method"], request["url"], **options)
        assert str(status) in statuses, (status, answer)
        if status in (200, *range(400, 600)):
            assert_shape(operation, status, answer)

    check()
    assert server.ask("GET", f"http://test/threads/{UNKNOWN}")[0] == 404


def assert_shape(operation: Any, status: int, answer: bytes) -> None:
    """A JSON body has the shape that the document gives it."""
    told = operation.definition.raw["responses"][str(status)]
    if "$ref" in told:
        told = DOCUMENT["components"]["responses"][told["$ref"].rpartition("/")[2]]
    schema = told["content"].get("application/json", {}).get("schema")
    if schema is not None:
        whole = {**schema, "components": DOCUMENT["components"]}
        jsonschema_rs.validate(whole, json.loads(answer))


def _tamed(body: Any, known: dict[str, str], meets: bool) -> Any:
    """A body that starts a run that ends soon, where it starts one; of an agent that is there."""
    if not isinstance(body, dict):
        return body
    tamed = {**body, "input": run_body()["input"], "webhook": None}
    if not meets:
        return tamed
    return {**tamed, "agent_id": ASSISTANT, "thread_id": known["thread_id"], "messages": None}
