"""The OpenAPI document: valid, whole, and true to routes, bodies and answers."""

import re
from typing import Any

import pytest
from msgspec import Struct
from openapi_spec_validator import validate

from demotic.dialects.agent_protocol import wire as shapes
from demotic.dialects.agent_protocol import wire_items
from demotic.dialects.agent_protocol.errors import ERRORS
from demotic.dialects.agent_protocol.openapi.tables import TABLES
from demotic.web.openapi.document import document
from dialects.agent_protocol.ap_http import WHOLE, ScriptedWire, run_body

DOCUMENT = document(WHOLE.tables, [(each.method, each.path) for each in WHOLE.built], ())


@pytest.mark.requirement("ap.document")
async def test_the_document_is_valid_openapi(wire: ScriptedWire) -> None:
    validate(await wire.told("GET", "/openapi.json"))


async def test_every_route_is_in_the_document_and_the_reverse(wire: ScriptedWire) -> None:
    documented = {
        (method.upper(), path)
        for path, methods in (await wire.told("GET", "/openapi.json"))["paths"].items()
        for method in methods
    }
    assert documented == {(each.method, each.path) for each in [*WHOLE.built, *WHOLE.planned]}
    assert set(WHOLE.tables.operations) == {(each.method, each.path) for each in WHOLE.built}


def test_every_field_of_every_body_has_words() -> None:
    structs = {
        each
        for each in [*vars(shapes).values(), *vars(wire_items).values()]
        if isinstance(each, type) and issubclass(each, Struct) and each is not Struct
    }
    assert set(TABLES.fields) == structs
    for struct, fields in TABLES.fields.items():
        assert list(fields) == list(struct.__struct_fields__), struct.__name__
        assert all(field.text.endswith(".") for field in fields.values())


def test_every_shape_belongs_to_an_operation() -> None:
    referred = set(re.findall(r"#/components/schemas/(\w+)", str(DOCUMENT)))
    assert referred == set(DOCUMENT["components"]["schemas"])


def test_every_error_status_has_words_and_its_codes() -> None:
    assert set(TABLES.error_words) == {status for status, _ in ERRORS.values()}
    for status, code in ERRORS.values():
        assert f"`{code}`" in DOCUMENT["components"]["responses"][str(status)]["description"]


async def test_answers_hold_what_the_document_says(wire: ScriptedWire) -> None:
    schemas = DOCUMENT["components"]["schemas"]
    output = await wire.told(
        "POST", "/runs/wait", run_body(config={"tags": []}, stream_mode="values")
    )
    assert set(output) == set(schemas["RunOutput"]["required"])
    assert set(schemas["Run"]["required"]) <= set(output["run"])
    given = set(output["run"]) | {"messages", "webhook"}
    assert given == set(schemas["Run"]["properties"])
    thread = await wire.told("POST", "/threads")
    assert set(thread) == set(schemas["Thread"]["required"])
    (agent,) = await wire.told("POST", "/agents/search")
    assert set(agent) == set(schemas["Agent"]["properties"])
    error = (await wire.ask("GET", "/nope")).json()
    assert set(error) == set(schemas["Error"]["properties"])


def test_operations_have_names_of_their_own() -> None:
    names = [row["operationId"] for path in DOCUMENT["paths"].values() for row in path.values()]
    assert len(names) == len(set(names))


@pytest.mark.requirement("ap.docs")
async def test_the_page_shows_every_operation_and_loads_nothing(wire: ScriptedWire) -> None:
    answer = await wire.ask("GET", "/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    paths: dict[str, Any] = (await wire.told("GET", "/openapi.json"))["paths"]
    for path in paths:
        assert f"<code>{path}</code>" in answer.text
    assert not re.search(r"<script|<link|<img|src=|https?://|@import|url\(", answer.text)
