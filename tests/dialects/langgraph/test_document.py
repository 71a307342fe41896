"""The OpenAPI document: valid, whole, and true to routes, bodies and answers."""

import importlib
import pkgutil
import re
from types import ModuleType
from typing import Any

import pytest
from msgspec import Struct
from openapi_spec_validator import validate

from demotic.dialects import langgraph
from demotic.dialects.langgraph import render
from demotic.dialects.langgraph.errors import ERRORS
from demotic.dialects.langgraph.openapi.tables import TABLES
from demotic.web.openapi.document import document
from dialects.langgraph.langgraph_http import WHOLE as DIALECT
from dialects.langgraph.langgraph_http import WHOLE_TABLES, Wire
from dialects.langgraph.samples import RUN, THREAD


def modules_of(package: ModuleType) -> list[ModuleType]:
    """The modules right in a package."""
    names = [each.name for each in pkgutil.iter_modules(package.__path__)]
    return [importlib.import_module(f"{package.__name__}.{name}") for name in names]


async def shown(wire: Wire) -> Any:
    """The document as it is served."""
    return (await wire.ask("GET", "/openapi.json")).json()


@pytest.mark.requirement("langgraph.document")
async def test_the_document_is_valid_openapi(wire: Wire) -> None:
    validate(await shown(wire))


async def test_every_route_is_in_the_document_and_the_reverse(wire: Wire) -> None:
    documented = {
        (method.upper(), path)
        for path, methods in (await shown(wire))["paths"].items()
        for method in methods
    }
    routed = {
        (method, route.path)
        for route in DIALECT.routes
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert documented == routed
    assert set(WHOLE_TABLES.operations) == {(each.method, each.path) for each in DIALECT.built}


async def test_planned_operations_say_that_they_answer_501(wire: Wire) -> None:
    paths = (await shown(wire))["paths"]
    for each in DIALECT.planned:
        assert list(paths[each.path][each.method.lower()]["responses"]) == ["501"]


def test_every_field_of_every_body_has_words() -> None:
    shapes = [module for module in modules_of(langgraph) if "wire" in module.__name__]
    structs = {
        each
        for module in shapes
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Struct) and each is not Struct
    }
    assert set(TABLES.fields) == structs
    for struct, fields in TABLES.fields.items():
        assert list(fields) == list(struct.__struct_fields__), struct.__name__
        assert all(field.text.endswith(".") for field in fields.values())


async def test_every_body_belongs_to_an_operation(wire: Wire) -> None:
    referred = set(re.findall(r"#/components/schemas/(\w+)", str(await shown(wire))))
    assert referred == set((await shown(wire))["components"]["schemas"])


async def test_every_error_status_has_words_and_its_codes(wire: Wire) -> None:
    assert set(TABLES.error_words) == {status for status, _ in ERRORS.values()}
    responses = (await shown(wire))["components"]["responses"]
    for status, code in ERRORS.values():
        assert f"`{code}`" in responses[str(status)]["description"]


async def test_answers_hold_what_the_document_says(wire: Wire) -> None:
    schemas = (await shown(wire))["components"]["schemas"]
    assert set(schemas["Run"]["properties"]) == set(render.run_json(RUN))
    asked = {"ttl", "extracted"}
    assert set(schemas["Thread"]["properties"]) == {*render.THREAD_FIELDS, *asked}
    assert set(schemas["Thread"]["required"]) == set(render.thread_json(THREAD))
    assert set(schemas["Assistant"]["properties"]) == set(render.ASSISTANT_FIELDS)
    state = (await wire.ask("GET", f"/threads/{await wire.thread()}/state")).json()
    assert set(schemas["ThreadState"]["properties"]) == set(state)
    info = (await wire.ask("GET", "/info")).json()
    assert set(schemas["Info"]["properties"]) == set(info)
    error = (await wire.ask("GET", "/nope")).json()
    assert set(schemas["Error"]["properties"]) == set(error)


def test_operations_have_names_of_their_own() -> None:
    paths = document(WHOLE_TABLES, WHOLE_TABLES.operations, ())["paths"]
    names = [row["operationId"] for methods in paths.values() for row in methods.values()]
    assert len(names) == len(set(names))


@pytest.mark.requirement("langgraph.docs")
async def test_the_page_shows_every_operation_and_loads_nothing(wire: Wire) -> None:
    answer = await wire.ask("GET", "/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for path, methods in (await shown(wire))["paths"].items():
        assert f"<code>{path}</code>" in answer.text
        for row in methods.values():
            assert row["summary"].partition("`")[0].partition("'")[0] in answer.text
    assert not re.search(r"<script|<link|<img|src=|https?://|@import|url\(", answer.text)
