"""What the Agent Protocol offers and this server does not yet: data, answered with 501."""

from demotic.web.deferral import Deferred

OPERATIONS: tuple[Deferred, ...] = ()
