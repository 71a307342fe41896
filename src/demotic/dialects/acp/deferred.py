"""What ACP offers and this server does not yet: data, answered with 501."""

from demotic.web.deferral import Deferred

OPERATIONS: tuple[Deferred, ...] = ()

RUN_OPTIONS = ("webhook",)
"""Fields of a run's body that are planned: given with any value but null, 501."""
