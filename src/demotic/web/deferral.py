"""What a dialect's protocol offers and this server does not yet: data, answered with 501."""

from functools import partial
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from demotic.domain.errors import NotBuilt
from demotic.web.routing import Operation


class Deferred(NamedTuple):
    """An operation that is planned; `name` says what it does."""

    method: str
    path: str
    name: str

    @property
    def operation(self) -> Operation:
        """The operation that answers 501."""
        return Operation(self.method, self.path, partial(answer, operation=self))


def not_built(what: str) -> NotBuilt:
    """The error for something that is planned."""
    return NotBuilt(f"Not built yet, but planned: {what}.")


async def answer(request: Request, operation: Deferred) -> Response:
    """The answer of every deferred operation."""
    raise not_built(f"{operation.name} ({operation.method} {operation.path})")
