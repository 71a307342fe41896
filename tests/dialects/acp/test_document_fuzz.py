"""Requests made from the documents: no failure of the server, no status they do not tell of."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from demotic.dialects.acp.openapi.tables import tables
from demotic.dialects.acp.versions import NEWEST, STRICT, VERSIONS
from demotic.web.openapi.document import document
from dialects.acp import graphs
from dialects.acp.acp_http import Acp, listed, open_acp

BUILT = [(each.method, each.path) for each in listed(NEWEST).built]
DOCUMENTS = {version.name: document(tables(version), BUILT, ()) for version in VERSIONS}


def operations(name: str) -> dict[str, Any]:
    """The operations of a document, ready to be tried."""
    schema = schemathesis.openapi.from_dict(DOCUMENTS[name])
    made = [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]
    found = {f"{each.method.upper()} {each.path}": each for each in made}
    assert len(found) == len(BUILT), "an operation cannot be tried"
    return found


OPERATIONS = {name: operations(name) for name in DOCUMENTS}
# The versions differ in what bodies may hold: the strict one is tried where that is so.
CASES = [(NEWEST.name, name, GenerationMode.POSITIVE) for name in OPERATIONS[NEWEST.name]] + [
    (version.name, name, GenerationMode.NEGATIVE)
    for version in VERSIONS
    for name, each in OPERATIONS[version.name].items()
    # Where an operation takes nothing, nothing can be wrong with it.
    if {"parameters", "requestBody"} & set(each.definition.raw)
    if version is NEWEST or "requestBody" in each.definition.raw
]


class Server:
    """The app on a loop of its own, with something in it."""

    def __init__(self, runner: asyncio.Runner, acp: Acp) -> None:
        self._runner, self._acp = runner, acp
        self.known = runner.run(self._furnish())

    def ask(self, method: str, url: str, **options: Any) -> httpx.Response:
        """An answer."""
        request = self._acp.client.request(method, url, **options)
        answer: httpx.Response = self._runner.run(_within(request))
        return answer

    async def _furnish(self) -> dict[str, str]:
        acp = self._acp
        place = await acp.place(stateful=True)
        made = await acp.ask("POST", f"{place}/wait", {"input": {"name": "Ada"}})
        run = made.json()["run"]
        return {key: run[key] for key in ("thread_id", "run_id", "agent_id")}


async def _within(request: Any) -> Any:
    return await asyncio.wait_for(request, 5)


@pytest.fixture
def server() -> Iterator[Server]:
    """A server of its own for each operation."""
    with asyncio.Runner() as runner:
        opened = open_acp(graphs.greeter(), manifest=graphs.MANIFEST)
        yield Server(runner, runner.run(opened.__aenter__()))
        runner.run(opened.__aexit__(None, None, None))


@pytest.mark.requirement("acp.document.true")
@pytest.mark.parametrize(("version", "name", "mode"), CASES)
def test_requests_made_from_the_document_get_documented_answers(
    version: str, name: str, mode: GenerationMode, server: Server
) -> None:
    operation = OPERATIONS[version][name]
    mount = STRICT.mount if version == STRICT.name else NEWEST.mount
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
        request = case.as_transport_kwargs(base_url=f"http://test{mount}")
        options = {"params": request["params"], "headers": request["headers"]}
        if "json" in request:
            options["content"] = json.dumps(_tamed(request["json"], meets)).encode()
        answer = server.ask(request["method"], request["url"], **options)
        if not answer.request.url.path.startswith(mount):
            return  # an id of dots leads elsewhere
        status = answer.status_code
        assert str(status) in statuses, (status, answer.text)
        if status in (200, *range(400, 600)):
            assert_shape(DOCUMENTS[version], operation, status, answer.content)

    check()
    assert server.ask("GET", "http://test/ok?check_db=1").status_code == 200


def assert_shape(whole: Any, operation: Any, status: int, answer: bytes) -> None:
    """A JSON body has the shape that the document gives it."""
    told = operation.definition.raw["responses"][str(status)]
    if "$ref" in told:
        told = whole["components"]["responses"][told["$ref"].rpartition("/")[2]]
    schema = told["content"].get("application/json", {}).get("schema")
    if schema is not None:
        within = {**schema, "components": whole["components"]}
        jsonschema_rs.validate(within, json.loads(answer))


def _tamed(body: Any, meets: bool) -> Any:
    """A body that starts a run that ends soon, where it starts one; of an agent that is there."""
    if not isinstance(body, dict) or "multitask_strategy" not in body and "input" not in body:
        return body
    tamed = {**body, "after_seconds": None}
    return {**tamed, "input": {"name": "Ada"}, "agent_id": None} if meets else tamed
