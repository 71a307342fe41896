"""The one table of this dialect, engine error to status and code, and the bodies of errors."""

from typing import Any

from demotic.domain import errors
from demotic.web.bodies import BodyTooLarge
from demotic.web.problems import ErrorTable, common_body, shortened


class Mismatch(errors.BadInput):
    """Something does not fit what the agent's descriptor says."""


class ThreadPending(errors.BadInput):
    """The thread has a pending run: cancel it first."""


class NothingToCancel(errors.BadInput):
    """The run has ended: there is nothing to cancel."""


ERRORS: ErrorTable = {
    errors.AssistantNotFound: (404, "agent_not_found"),
    errors.VersionNotFound: (404, "agent_not_found"),
    errors.AgentNotFound: (404, "agent_not_found"),
    errors.ThreadNotFound: (404, "thread_not_found"),
    errors.RunNotFound: (404, "run_not_found"),
    errors.CheckpointNotFound: (404, "checkpoint_not_found"),
    errors.NotFound: (404, "not_found"),
    errors.AssistantExists: (409, "conflict"),
    errors.ThreadExists: (409, "thread_exists"),
    errors.ThreadBusy: (409, "thread_busy"),
    errors.NotWaiting: (409, "run_not_interrupted"),
    errors.Conflict: (409, "conflict"),
    errors.IllegalTransition: (409, "conflict"),
    errors.LeaseLost: (409, "conflict"),
    BodyTooLarge: (413, "body_too_large"),
    Mismatch: (422, "descriptor_mismatch"),
    ThreadPending: (422, "thread_pending"),
    NothingToCancel: (422, "run_ended"),
    errors.RunActive: (422, "run_pending"),
    errors.KeyReused: (422, "idempotency_key_reused"),
    errors.NoAgent: (422, "no_agent"),
    errors.CallbackRefused: (422, "webhook_refused"),
    errors.BadInput: (422, "bad_input"),
    errors.SchedulesOff: (409, "conflict"),
    errors.NotBuilt: (501, "not_built"),
    errors.StorageUnavailable: (503, "storage_unavailable"),
    errors.ShuttingDown: (503, "shutting_down"),
    errors.AgentError: (500, "agent_error"),
    errors.DemoticError: (500, "internal_error"),
}
"""Statuses as ACP 0.2.3 documents them: 404, 409 and 422."""

PLAIN = frozenset({404, 409, 422})
"""Statuses whose body ACP documents."""


def error_body(status: int, code: str, message: str) -> Any:
    """ACP 0.2.3, ErrorResponse: a JSON string. Statuses that ACP does not know have the body that
    every dialect has; the official client reads both."""
    return shortened(message) if status in PLAIN else common_body(status, code, message)
