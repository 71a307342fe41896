"""Every error the engine raises, named for the fact; each dialect maps them to its own words."""


class DemoticError(Exception):
    """Something went wrong in Demotic.

    `index` tells which of several requests it is about, where they were made together.
    """

    index: int | None = None

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())

    @property
    def message(self) -> str:
        """What to tell the caller."""
        return str(self)


class NotFound(DemoticError):
    """There is no such thing."""


class AssistantNotFound(NotFound):
    """There is no such assistant."""


class VersionNotFound(NotFound):
    """There is no such version of the assistant."""


class AgentNotFound(NotFound):
    """There is no such agent."""


class ThreadNotFound(NotFound):
    """There is no such thread."""


class RunNotFound(NotFound):
    """There is no such run."""


class CheckpointNotFound(NotFound):
    """There is no such checkpoint."""


class ItemNotFound(NotFound):
    """There is no such item."""


class InterruptNotFound(NotFound):
    """There is no such question, or it was answered before."""


class ScheduleNotFound(NotFound):
    """There is no such schedule."""


class DeliveryNotFound(NotFound):
    """There is no such delivery."""


class Conflict(DemoticError):
    """The request contradicts the present state."""


class AssistantExists(Conflict):
    """An assistant with this id already exists."""


class ThreadExists(Conflict):
    """A thread with this id already exists."""


class ThreadBusy(Conflict):
    """A run is in progress on this thread."""


class RunActive(Conflict):
    """The run has not ended yet: cancel it first."""


class NotWaiting(Conflict):
    """The run does not wait for an answer."""


class KeyReused(DemoticError):
    """This idempotency key was used before, for another request."""


class BadInput(DemoticError):
    """The request cannot be understood; the message names the field and the fix."""


class NamespaceRefused(BadInput):
    """No item can be stored under this namespace."""


class CallbackRefused(BadInput):
    """A run's changes cannot be told to the URL that is given for it."""


class NotBuilt(DemoticError):
    """This operation is not built yet."""


class SchedulesOff(DemoticError):
    """Schedules are switched off on this server."""


class IllegalTransition(DemoticError):
    """The run's state does not allow this."""


class NoAgent(DemoticError):
    """No agent has run on this thread yet, and none is named."""


class LeaseLost(DemoticError):
    """This attempt no longer holds its run: another attempt or a cancel has overtaken it."""


class StorageUnavailable(DemoticError):
    """The storage cannot be used."""


class ShuttingDown(DemoticError):
    """The server is shutting down; try again in a moment."""


class AgentError(DemoticError):
    """An agent could not be loaded or built."""


class EmbeddingFailed(AgentError):
    """The vectors of a text could not be made."""
