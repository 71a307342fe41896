"""Operations written once, for callers that block as for callers that await."""

from collections.abc import Generator
from typing import Any, TypeVar, cast

from demotic.ports.checkpoints import Reply

T = TypeVar("T")

Steps = Generator[Reply[Any], Any, T]
"""An operation that hands out each reply it waits for and is sent the answer."""


def finish(steps: Steps[T]) -> T:
    """Carry out an operation, blocking."""
    try:
        reply = next(steps)
        while True:
            try:
                answer = reply.result()
            except Exception as error:
                reply = steps.throw(error)
            else:
                reply = steps.send(answer)
    except StopIteration as end:
        return cast(T, end.value)


async def afinish(steps: Steps[T]) -> T:
    """Carry out an operation."""
    try:
        reply = next(steps)
        while True:
            try:
                answer = await reply
            except Exception as error:
                reply = steps.throw(error)
            else:
                reply = steps.send(answer)
    except StopIteration as end:
        return cast(T, end.value)
