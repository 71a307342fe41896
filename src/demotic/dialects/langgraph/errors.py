"""The one table of this dialect: engine error to status and code."""

from demotic.domain import errors
from demotic.web.bodies import BodyTooLarge
from demotic.web.problems import ErrorTable


class Contradiction(errors.BadInput):
    """Two parts of the request exclude each other."""


class NothingToCancel(errors.RunNotFound):
    """No matching runs to cancel."""


class NothingToChange(errors.BadInput):
    """Request body cannot be empty: name what is to change."""


ERRORS: ErrorTable = {
    errors.AssistantNotFound: (404, "assistant_not_found"),
    errors.VersionNotFound: (404, "version_not_found"),
    errors.AgentNotFound: (404, "graph_not_found"),
    errors.ThreadNotFound: (404, "thread_not_found"),
    errors.RunNotFound: (404, "run_not_found"),
    errors.CheckpointNotFound: (404, "checkpoint_not_found"),
    errors.ItemNotFound: (404, "item_not_found"),
    errors.DeliveryNotFound: (404, "delivery_not_found"),
    errors.ScheduleNotFound: (404, "cron_not_found"),
    errors.InterruptNotFound: (404, "interrupt_not_found"),
    errors.NotFound: (404, "not_found"),
    errors.AssistantExists: (409, "assistant_exists"),
    errors.ThreadExists: (409, "thread_exists"),
    errors.ThreadBusy: (409, "thread_busy"),
    errors.RunActive: (409, "run_active"),
    errors.NotWaiting: (409, "run_not_waiting"),
    errors.Conflict: (409, "conflict"),
    errors.IllegalTransition: (409, "conflict"),
    errors.NoAgent: (400, "no_graph"),
    errors.LeaseLost: (409, "conflict"),
    errors.SchedulesOff: (409, "crons_off"),
    BodyTooLarge: (413, "body_too_large"),
    Contradiction: (400, "contradiction"),
    NothingToChange: (400, "nothing_to_change"),
    errors.KeyReused: (422, "idempotency_key_reused"),
    errors.NamespaceRefused: (400, "namespace_refused"),
    errors.CallbackRefused: (422, "webhook_refused"),
    errors.BadInput: (422, "bad_input"),
    errors.NotBuilt: (501, "not_built"),
    errors.StorageUnavailable: (503, "storage_unavailable"),
    errors.ShuttingDown: (503, "shutting_down"),
    errors.EmbeddingFailed: (500, "embedding_failed"),
    errors.AgentError: (500, "agent_error"),
    errors.DemoticError: (500, "internal_error"),
}
"""Statuses as LangGraph API 0.16 answers them: 422 for bad input, 400 for contradictions."""
