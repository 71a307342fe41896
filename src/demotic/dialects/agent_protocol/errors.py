"""The one table of this dialect: engine error to status and code."""

from demotic.domain import errors
from demotic.web.bodies import BodyTooLarge
from demotic.web.problems import ErrorTable


class RunEnded(errors.Conflict):
    """The run has ended already: there is nothing to cancel."""


ERRORS: ErrorTable = {
    errors.AssistantNotFound: (404, "agent_not_found"),
    errors.VersionNotFound: (404, "not_found"),
    errors.AgentNotFound: (404, "agent_not_found"),
    errors.ThreadNotFound: (404, "thread_not_found"),
    errors.RunNotFound: (404, "run_not_found"),
    errors.CheckpointNotFound: (404, "checkpoint_not_found"),
    errors.ItemNotFound: (404, "item_not_found"),
    errors.InterruptNotFound: (404, "not_found"),
    errors.ScheduleNotFound: (404, "not_found"),
    errors.DeliveryNotFound: (404, "not_found"),
    errors.NotFound: (404, "not_found"),
    errors.AssistantExists: (409, "conflict"),
    errors.ThreadExists: (409, "thread_exists"),
    errors.ThreadBusy: (409, "thread_busy"),
    errors.RunActive: (422, "run_active"),
    errors.NotWaiting: (409, "conflict"),
    RunEnded: (422, "run_ended"),
    errors.Conflict: (409, "conflict"),
    errors.IllegalTransition: (409, "conflict"),
    errors.NoAgent: (422, "no_agent"),
    errors.LeaseLost: (409, "conflict"),
    BodyTooLarge: (413, "body_too_large"),
    errors.KeyReused: (422, "idempotency_key_reused"),
    errors.CallbackRefused: (422, "webhook_refused"),
    errors.NamespaceRefused: (422, "namespace_refused"),
    errors.BadInput: (422, "bad_input"),
    errors.SchedulesOff: (409, "conflict"),
    errors.NotBuilt: (501, "not_built"),
    errors.StorageUnavailable: (503, "storage_unavailable"),
    errors.ShuttingDown: (503, "shutting_down"),
    errors.EmbeddingFailed: (500, "embedding_failed"),
    errors.AgentError: (500, "agent_error"),
    errors.DemoticError: (500, "internal_error"),
}
"""Statuses as Agent Protocol 0.1.6 documents them: whatever is asked of a run in the wrong moment
is 422, a busy thread 409."""
