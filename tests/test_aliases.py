"""Paths of other dialects at the root: they are a convenience, and take nothing from anybody."""

import json
import re
from typing import Any

import jsonschema_rs
import pytest
from openapi_spec_validator import validate
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from aliased import open_root
from demotic.dialects.acp.choices import RUN_STATUS as ACP_STATUS
from demotic.dialects.acp.contracts import Contracts
from demotic.dialects.acp.versions import NEWEST
from demotic.dialects.agent_protocol.choices import RUN_STATUS
from demotic.dialects.agent_protocol.routes import AgentProtocolDialect
from demotic.dialects.langgraph.routes import LangGraphDialect
from demotic.dialects.streaming.routes import StreamingDialect
from demotic.server import Hosting, make_app
from demotic.server.aliases import Aliases
from demotic.web.routing import Operation
from dialects.acp.acp_http import UNKNOWN, listed, no_engine, no_schemas, open_acp
from dialects.langgraph.langgraph_http import Streaming
from test_make_app import configured, settings_of

ALIASES = Aliases(no_engine, Contracts(no_schemas, {}))
KEY = "secret-of-alice"


def places(*operations: Operation) -> set[tuple[str, str]]:
    """Methods and paths."""
    return {(each.method, each.path) for each in operations}


ROOT = places(*LangGraphDialect(no_engine).built, *StreamingDialect(no_engine, {}).operations)
EVERY_ALIAS = pytest.mark.parametrize(
    ("method", "path"), sorted(places(*ALIASES.operations)), ids=" ".join
)


def filled(path: str) -> str:
    """A path with ids of nothing."""
    return re.sub(r"{\w+}", UNKNOWN, path)


def test_aliases_are_all_that_the_root_lacks_of_the_other_dialects() -> None:
    theirs = places(*AgentProtocolDialect(no_engine).built, *listed(NEWEST).built)
    assert theirs - ROOT == places(*ALIASES.operations)


def test_both_dialects_have_the_same_words_for_how_a_run_stands() -> None:
    assert RUN_STATUS == ACP_STATUS


def test_no_alias_matches_an_address_of_the_roots_own() -> None:
    for _, path in ROOT:
        for route in ALIASES.routes:
            assert route.path == path or not route.path_regex.match(filled(path)), route.path


async def test_what_is_no_id_is_answered_as_if_there_were_no_aliases() -> None:
    addresses = ("/runs/stream", "/runs/crons", "/runs/wait", "/runs/abc", "/runs/crons/wait")
    told = []
    for on in (True, False):
        async with open_root(root_aliases=on) as root:
            answers = [await root.ask("GET", each) for each in addresses]
            told.append([(each.status_code, each.text) for each in answers])
    assert told[0] == told[1]
    assert [status for status, _ in told[0]] == [405, 405, 405, 404, 422]


async def test_a_method_that_nobody_has_is_refused() -> None:
    async with open_root() as root:
        answer = await root.ask("PUT", f"/runs/{UNKNOWN}")
        allowed = set(answer.headers["allow"].split(", "))
        assert (answer.status_code, allowed) == (405, {"GET", "HEAD", "POST", "DELETE"})


@pytest.mark.parametrize(
    ("asked", "file", "served"),
    [(None, True, True), (None, False, False), (False, True, False), (True, False, True)],
)
async def test_the_switch_is_a_variable_or_a_key_of_the_file_and_the_variable_wins(
    asked: bool | None, file: bool, served: bool
) -> None:
    async with open_root(settings={"root_aliases": asked}, root_aliases=file) as root:
        assert ((await root.ask("GET", "/agents/graph")).status_code == 200) is served
        paths = (await root.told("GET", "/openapi.json"))["paths"]
        for method, path in places(*ALIASES.operations):
            assert (method.lower() in paths.get(path, {})) is served
        status = (await root.ask("POST", f"/threads/{UNKNOWN}/runs/{UNKNOWN}", {})).status_code
        assert status == (404 if served else 405)


@EVERY_ALIAS
async def test_an_alias_belongs_to_a_part_that_can_be_switched_off(method: str, path: str) -> None:
    part = "assistants" if path.startswith("/agents") else "runs"
    async with open_root(disabled=frozenset([part])) as root:
        answer = await root.ask(method, filled(path), {})
        assert (answer.status_code, part in answer.json()["message"]) == (404, True)


@EVERY_ALIAS
async def test_an_alias_asks_for_a_key_and_is_below_the_prefix(method: str, path: str) -> None:
    async with open_root(settings={"api_keys": (KEY,)}, mount_prefix="/behind") as root:
        path = f"/behind{filled(path)}"
        assert (await root.ask(method, path, {})).status_code == 401
        known = await root.ask(method, path, {}, headers={"x-api-key": KEY})
        assert known.status_code in (200, 404)


async def test_routes_of_the_users_application_come_first() -> None:
    async def mine(request: Request) -> Response:
        return PlainTextResponse("mine")

    custom = Starlette(routes=[Route("/runs/{id}", mine), Route("/agents/search", mine)])
    async with open_root(custom) as root:
        assert (await root.ask("GET", f"/runs/{UNKNOWN}")).text == "mine"
        assert (await root.ask("GET", "/agents/search")).text == "mine"
        assert (await root.ask("GET", "/agents/graph")).status_code == 200


def schema_of(document: Any, method: str, path: str) -> Any:
    """The schema of an operation's answer."""
    row = document["paths"][path][method.lower()]["responses"]["200"]
    [content] = row["content"].values()
    return {**content["schema"], "components": document["components"]}


async def test_the_document_tells_of_the_aliases_and_what_they_answer() -> None:
    async with open_root() as root:
        document = await root.told("GET", "/openapi.json")
        validate(document)
        assert "/runs/{run_id}/wait" in (await root.ask("GET", "/docs")).text
        run = await root.paused()
        for method, path in (
            ("POST", "/agents/search"),
            ("GET", "/agents/{agent_id}"),
            ("GET", "/agents/{agent_id}/schemas"),
            ("POST", "/runs/search"),
            ("GET", "/runs/{run_id}"),
            ("GET", "/runs/{run_id}/wait"),
        ):
            told = await root.told(method, path.format(agent_id="graph", run_id=run))
            schema = schema_of(document, method, path)
            jsonschema_rs.validate(schema, told, validate_formats=True)
            del (told[0] if isinstance(told, list) else told)[NEEDED.get(path, "run_id")]
            with pytest.raises(jsonschema_rs.ValidationError):
                jsonschema_rs.validate(schema, told)


NEEDED = {
    "/agents/search": "capabilities",
    "/agents/{agent_id}": "metadata",
    "/agents/{agent_id}/schemas": "agent_id",
    "/runs/{run_id}/wait": "output",
}
"""Without this field an answer is not what the document tells; `run_id` of the others."""


async def test_who_waits_for_a_run_that_is_undone_learns_of_it_in_the_words_of_both() -> None:
    async with open_acp() as acp:
        app = make_app(Hosting(acp.engine, acp.contracts), configured(), settings_of())
        run = await acp.start(await acp.place(stateful=True), ["wait", "never"])
        id = run.rpartition("/")[2]
        await acp.agent.arrived("never")
        async with Streaming(app, "GET", f"/runs/{id}/wait", None, {}) as waiting:
            await acp.ask("POST", f"{run}/cancel?action=rollback&wait=true")
            told = json.loads(await waiting.rest())
    assert (told["run"]["run_id"], told["run"]["status"]) == (id, "error")
    assert told["output"]["type"] == "error"
    assert told["values"]["__error__"]["error"] == "RunNotFound"
