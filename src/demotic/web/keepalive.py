"""JSON answers that may take long: a newline now and then keeps the connection open."""

from collections.abc import AsyncGenerator, Mapping
from typing import Protocol

import structlog

from demotic.domain.errors import NotFound, ShuttingDown
from demotic.domain.events import Ended
from demotic.engine.follow import Following
from demotic.web.paced import PACE_S, Pace, Streamed

log = structlog.get_logger("demotic.web")

NEWLINE = b"\n"


class Result(Protocol):
    """How a dialect tells what a run came to. The status line is long sent: 200 in every case."""

    async def ended(self, ended: Ended) -> bytes:
        """The JSON of a leg that has ended."""
        ...

    def broken(self, error: Exception) -> bytes:
        """The JSON that tells of an error while waiting."""
        ...


async def chunks(
    following: Following, result: Result, *, pace_s: float = PACE_S
) -> AsyncGenerator[bytes, None]:
    """Newlines until the leg has ended, then its JSON."""
    pace = Pace(pace_s)
    try:
        while not isinstance(got := await pace.next(following), Ended):
            if got is None:
                yield NEWLINE
                pace.said()
        body = await result.ended(got)
    except ShuttingDown:
        raise
    except Exception as error:
        if not isinstance(error, NotFound):  # a run that is deleted while it is waited for
            log.error("wait broke", exc_info=error, run=following.run.id)
        body = result.broken(error)
    yield body


def waiting_answer(
    following: Following, result: Result, headers: Mapping[str, str], pace_s: float = PACE_S
) -> Streamed:
    """A streamed JSON answer; the follower is closed when it ends or the client goes away."""
    body = chunks(following, result, pace_s=pace_s)
    return Streamed(body, following.close, {"content-type": "application/json", **headers})
