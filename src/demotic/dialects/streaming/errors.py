"""The tables of this dialect: engine error to HTTP status and code, and to the protocol's code."""

from collections.abc import Mapping

from demotic.domain import errors
from demotic.web.bodies import BodyTooLarge
from demotic.web.problems import ErrorTable


class UnknownCommand(errors.BadInput):
    """There is no such command."""


class NotSupported(errors.BadInput):
    """This cannot be done here."""


class SubscriptionNotFound(errors.NotFound):
    """There is no such subscription."""


class NamespaceNotFound(errors.NotFound):
    """There is no such namespace."""


ERRORS: ErrorTable = {
    BodyTooLarge: (413, "body_too_large"),
    errors.ThreadNotFound: (404, "thread_not_found"),
    errors.NotFound: (404, "not_found"),
    errors.BadInput: (400, "invalid_argument"),
    errors.StorageUnavailable: (503, "storage_unavailable"),
    errors.ShuttingDown: (503, "shutting_down"),
    errors.AgentError: (500, "agent_error"),
    errors.DemoticError: (500, "internal_error"),
}
"""What a request is answered with that no command has answered; bad channels are 400 (LangGraph
API 0.16, observed)."""

CODES: Mapping[type[errors.DemoticError], str] = {
    UnknownCommand: "unknown_command",
    NotSupported: "not_supported",
    errors.NotBuilt: "not_supported",
    SubscriptionNotFound: "no_such_subscription",
    NamespaceNotFound: "no_such_namespace",
    errors.InterruptNotFound: "no_such_interrupt",
    errors.CheckpointNotFound: "no_such_checkpoint",
    errors.RunNotFound: "no_such_run",
    errors.NotFound: "invalid_argument",
    errors.BadInput: "invalid_argument",
    errors.Conflict: "invalid_argument",
    errors.NoAgent: "invalid_argument",
    errors.DemoticError: "unknown_error",
}
"""What a command is answered with (CDDL 0.0.13, ErrorCode)."""


def code_of(error: errors.DemoticError) -> str:
    """The code of an error: that of its nearest class in the table."""
    return next(CODES[cls] for cls in type(error).__mro__ if cls in CODES)
