"""The manifest of promises, checked in both directions."""

from pathlib import Path

import pytest

from demotic.dialects.agent_protocol.errors import ERRORS, RunEnded
from demotic.domain import errors
from demotic.web.openapi.document import document
from demotic.web.problems import find
from dialects.agent_protocol.ap_http import WHOLE
from dialects.agent_protocol.requirements import DEFERRED, OPTIONS, REQUIREMENTS
from dialects.marks import marked
from documented import unlike

HERE = Path(__file__).parent

BUILT = {(each.method, each.path) for each in WHOLE.built}
PLANNED = {(each.method, each.path) for each in WHOLE.planned}


def test_every_promise_has_a_test_and_every_marked_test_a_promise() -> None:
    assert marked(HERE, "ap.") == set(REQUIREMENTS)


def test_every_operation_is_either_promised_or_deferred() -> None:
    promised = {each.operation for each in REQUIREMENTS.values() if each.operation}
    assert promised == BUILT
    assert set(DEFERRED) == PLANNED
    assert not BUILT & PLANNED


def test_every_option_default_and_status_is_promised_and_looked_for() -> None:
    assert unlike("agent_protocol", document(WHOLE.tables, WHOLE.tables.operations, ())) == set()
    told = OPTIONS["ap.options: POST /store/namespaces: limit"].behavior
    assert told.endswith("unless it is required, which means 100")


def test_the_app_routes_exactly_the_operations() -> None:
    routed = {
        (method, route.path)
        for route in WHOLE.routes
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert routed == BUILT | PLANNED == set(WHOLE.tables.operations) | PLANNED


@pytest.mark.requirement("ap.errors.table")
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
        (errors.Conflict, 409),
        (errors.RunActive, 422),
        (RunEnded, 422),
        (errors.KeyReused, 422),
        (errors.CallbackRefused, 422),
        (errors.ItemNotFound, 404),
        (errors.NamespaceRefused, 422),
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


def test_no_engine_error_is_missing_in_the_table() -> None:
    known = {
        cls
        for cls in vars(errors).values()
        if isinstance(cls, type) and issubclass(cls, errors.DemoticError)
    }
    assert known <= set(ERRORS)
