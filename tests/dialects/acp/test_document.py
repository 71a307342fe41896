"""The OpenAPI documents: valid, whole, and true to routes and bodies."""

import re
from typing import Any

import pytest
from msgspec import Struct
from openapi_spec_validator import validate

from demotic.dialects.acp import wire
from demotic.dialects.acp.errors import ERRORS
from demotic.dialects.acp.openapi.tables import tables
from demotic.dialects.acp.versions import NEWEST, VERSIONS, Version
from demotic.web.openapi.document import document
from dialects.acp.acp_http import Acp

EVERY_VERSION = pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)


async def shown(acp: Acp, version: Version) -> Any:
    """The document as it is served."""
    answer = await acp.ask("GET", "/openapi.json", mount=version.mount)
    assert answer.status_code == 200
    return answer.json()


@pytest.mark.requirement("acp.document")
@EVERY_VERSION
async def test_the_document_is_valid_openapi(acp: Acp, version: Version) -> None:
    whole = await shown(acp, version)
    validate(whole)
    assert whole["info"]["title"] == f"Demotic: ACP {version.name}"


@EVERY_VERSION
async def test_every_component_is_referred_to_or_an_event(acp: Acp, version: Version) -> None:
    whole = await shown(acp, version)
    referred = set(re.findall(r"#/components/schemas/(\w+)", str(whole)))
    events = {"ValuesUpdate", "CustomUpdate"}
    if not version.ends_by_values:
        events |= {"InterruptUpdate", "ErrorUpdate"}
    assert referred | events == set(whole["components"]["schemas"])


def test_every_field_of_every_body_has_words() -> None:
    structs = {
        each
        for each in vars(wire).values()
        if isinstance(each, type) and issubclass(each, Struct) and each is not Struct
    }
    for version in VERSIONS:
        found = tables(version).fields
        assert set(found) == structs
        for struct, words in found.items():
            assert list(words) == list(struct.__struct_fields__), struct.__name__
            assert all(each.text.endswith(".") for each in words.values())


async def test_every_error_status_has_words_and_its_codes(acp: Acp) -> None:
    assert set(tables(NEWEST).error_words) == {status for status, _ in ERRORS.values()}
    responses = (await shown(acp, NEWEST))["components"]["responses"]
    for status, code in ERRORS.values():
        assert f"`{code}`" in responses[str(status)]["description"]


def test_operations_have_names_of_their_own() -> None:
    paths = document(tables(NEWEST), tables(NEWEST).operations, ())["paths"]
    names = [row["operationId"] for methods in paths.values() for row in methods.values()]
    assert len(names) == len(set(names))


@pytest.mark.requirement("acp.docs")
@EVERY_VERSION
async def test_the_page_shows_every_operation_and_loads_nothing(acp: Acp, version: Version) -> None:
    answer = await acp.ask("GET", "/docs", mount=version.mount)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for path, methods in (await shown(acp, version))["paths"].items():
        assert f"<code>{path}</code>" in answer.text
        for row in methods.values():
            assert row["summary"].partition("'")[0] in answer.text
    assert not re.search(r"<script|<link|<img|src=|https?://|@import|url\(", answer.text)
