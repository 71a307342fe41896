"""The manifest of promises, checked in both directions."""

from pathlib import Path

import pytest

from demotic.dialects.langgraph.errors import ERRORS
from demotic.dialects.langgraph.routes import LangGraphDialect
from demotic.domain import errors
from demotic.web.parts import part_of
from demotic.web.problems import find
from dialects.langgraph.langgraph_http import no_engine
from dialects.langgraph.requirements import DEFERRED, REQUIREMENTS
from dialects.marks import marked

HERE = Path(__file__).parent


DIALECT = LangGraphDialect(no_engine)
BUILT = {(each.method, each.path) for each in DIALECT.built}
PLANNED = {(each.method, each.path) for each in DIALECT.planned}


def test_every_promise_has_a_test_and_every_marked_test_a_promise() -> None:
    assert marked(HERE, "langgraph.") == set(REQUIREMENTS)


def test_every_operation_is_either_promised_or_deferred() -> None:
    promised = {each.operation for each in REQUIREMENTS.values() if each.operation}
    assert promised == BUILT
    assert set(DEFERRED) == PLANNED
    assert not BUILT & PLANNED


def test_nothing_but_mcp_a2a_and_user_interfaces_is_left_to_build() -> None:
    parts = {part_of(path, ()) for _, path in PLANNED}
    assert parts <= {"mcp", "a2a", "ui"}


def test_the_app_routes_exactly_the_operations() -> None:
    routed = {
        (method, route.path)
        for route in DIALECT.routes
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert routed == BUILT | PLANNED


@pytest.mark.requirement("langgraph.errors.table")
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.AssistantNotFound, 404),
        (errors.VersionNotFound, 404),
        (errors.AgentNotFound, 404),
        (errors.ThreadNotFound, 404),
        (errors.RunNotFound, 404),
        (errors.CheckpointNotFound, 404),
        (errors.InterruptNotFound, 404),
        (errors.AssistantExists, 409),
        (errors.ThreadExists, 409),
        (errors.ThreadBusy, 409),
        (errors.Conflict, 409),
        (errors.KeyReused, 422),
        (errors.NoAgent, 400),
        (errors.ItemNotFound, 404),
        (errors.NamespaceRefused, 400),
        (errors.EmbeddingFailed, 500),
        (errors.BadInput, 422),
        (errors.NotBuilt, 501),
        (errors.StorageUnavailable, 503),
        (errors.ShuttingDown, 503),
        (errors.AgentError, 500),
    ],
)
def test_every_engine_error_has_a_status(error: type[errors.DemoticError], status: int) -> None:
    assert find(error(), ERRORS)[0] == status


def test_no_engine_error_is_missing_in_the_table() -> None:
    known = {
        cls
        for cls in vars(errors).values()
        if isinstance(cls, type) and issubclass(cls, errors.DemoticError)
    }
    assert known <= set(ERRORS)
