"""The manifest of promises, checked in both directions."""

from pathlib import Path
from typing import Any

import pytest

from demotic.dialects.acp import deferred
from demotic.dialects.acp.errors import ERRORS
from demotic.dialects.acp.openapi.tables import tables
from demotic.dialects.acp.versions import NEWEST, VERSIONS, Version
from demotic.domain import errors
from demotic.web.openapi.document import document
from demotic.web.problems import find
from dialects.acp.acp_http import listed
from dialects.acp.requirements import OPTIONS, REQUIREMENTS
from dialects.marks import marked
from documented import unlike

HERE = Path(__file__).parent

DIALECT = listed(NEWEST)
BUILT = {(each.method, each.path) for each in DIALECT.built}
PROMISED = {each.operation: each for each in REQUIREMENTS.values() if each.operation}
EVERY_VERSION = pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)


def test_every_promise_has_a_test_and_every_marked_test_a_promise() -> None:
    assert marked(HERE, "acp.") == set(REQUIREMENTS)


@EVERY_VERSION
def test_every_version_has_every_operation(version: Version) -> None:
    dialect = listed(version)
    assert {(each.method, each.path) for each in dialect.built} == set(PROMISED)
    assert dialect.planned == [] and deferred.OPERATIONS == ()
    routed = {
        (method, route.path)
        for route in dialect.routes
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert routed == set(PROMISED)
    assert len(PROMISED) == 30 + 2


@EVERY_VERSION
def test_the_document_has_the_promised_statuses_parameters_fields_and_defaults(
    version: Version,
) -> None:
    whole = document(tables(version), BUILT, ())
    for place, promised in PROMISED.items():
        assert place is not None
        row = whole["paths"][place[1]][place[0].lower()]
        assert set(map(str, promised.statuses)) <= set(row["responses"])
        query = {
            each["name"]: each["schema"].get("default")
            for each in row.get("parameters", ())
            if each["in"] == "query"
        }
        assert query == promised.query, place
        assert body_of(whole, row) == promised.fields, place


@EVERY_VERSION
def test_every_option_default_and_status_is_promised_and_looked_for(version: Version) -> None:
    assert unlike(f"acp-{version.name}", document(tables(version), BUILT, ())) == set()
    told = OPTIONS[f"acp.options: {version.name} POST /threads/search: limit"].behavior
    assert told.endswith("unless it is required, which means 10")


def body_of(whole: Any, row: Any) -> dict[str, Any]:
    """The fields of a body and their defaults; those of a body without a shape: none."""
    schema = row.get("requestBody", {}).get("content", {}).get("application/json", {})
    reference = schema.get("schema", {}).get("$ref")
    if reference is None:
        return {}
    found = whole["components"]["schemas"][reference.rpartition("/")[2]]["properties"]
    return {name: each.get("default") for name, each in found.items()}


@pytest.mark.requirement("acp.errors.table")
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.AssistantNotFound, 404),
        (errors.AgentNotFound, 404),
        (errors.ThreadNotFound, 404),
        (errors.RunNotFound, 404),
        (errors.CheckpointNotFound, 404),
        (errors.ThreadExists, 409),
        (errors.ThreadBusy, 409),
        (errors.NotWaiting, 409),
        (errors.Conflict, 409),
        (errors.RunActive, 422),
        (errors.KeyReused, 422),
        (errors.NoAgent, 422),
        (errors.BadInput, 422),
        (errors.NotBuilt, 501),
        (errors.StorageUnavailable, 503),
        (errors.ShuttingDown, 503),
        (errors.AgentError, 500),
    ],
)
def test_every_engine_error_has_a_status(error: type[errors.DemoticError], status: int) -> None:
    assert find(error(), ERRORS)[0] == status


def test_only_what_is_nobodys_fault_is_told_as_an_internal_error() -> None:
    known = {
        cls
        for cls in vars(errors).values()
        if isinstance(cls, type) and issubclass(cls, errors.DemoticError)
    }
    internal = {cls for cls in known if find(cls(), ERRORS)[1] == "internal_error"}
    assert internal == {errors.DemoticError}
