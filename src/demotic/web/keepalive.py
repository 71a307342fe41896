"""JSON answers that may take long: a newline now and then keeps the connection open."""

from collections.abc import AsyncGenerator, Mapping
from typing import Protocol

import structlog
from starlette.types import Receive, Scope, Send

from demotic.domain.errors import NotFound, ShuttingDown
from demotic.domain.events import Ended
from demotic.engine.follow import Following
from demotic.web.paced import PACE_S, Pace, Streamed

log = structlog.get_logger("demotic.web")

NEWLINE = b"\n"

SOON_S = 0.25
"""How long an answer is waited for before it is streamed. Only then is it noticed that the client
has gone away: listening for that costs more than most short runs' whole answer."""


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
    while (body := await _told(following, result, pace)) is None:
        yield NEWLINE
        pace.said()
    yield body


async def _told(following: Following, result: Result, pace: Pace) -> bytes | None:
    """The JSON of a leg that has ended; None when it is time to say something."""
    try:
        while not isinstance(got := await pace.next(following), Ended):
            if got is None:
                return None
        return await result.ended(got)
    except ShuttingDown:
        raise
    except Exception as error:
        if not isinstance(error, NotFound):  # a run that is deleted while it is waited for
            log.error("wait broke", exc_info=error, thread=following.thread_id)
        return result.broken(error)


class Waiting(Streamed):
    """A JSON answer: whole where the leg ends soon, else with newlines until it has ended."""

    def __init__(
        self, following: Following, result: Result, headers: Mapping[str, str], pace_s: float
    ) -> None:
        super().__init__(chunks(following, result, pace_s=pace_s), following.close, headers)
        self._following, self._result, self._soon_s = following, result, min(SOON_S, pace_s)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response; a client that goes away ends it."""
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        try:
            body = await _told(self._following, self._result, Pace(self._soon_s))
            if body is None:
                await super().__call__(scope, receive, send)
                return
            await send(start)
            await send({"type": "http.response.body", "body": body})
        except ShuttingDown:
            await send(start)  # and no more: a broken answer makes the client come back
        finally:
            self._close()
            await self._chunks.aclose()


def waiting_answer(
    following: Following, result: Result, headers: Mapping[str, str], pace_s: float = PACE_S
) -> Waiting:
    """A JSON answer; the follower is closed when it ends or the client goes away."""
    return Waiting(following, result, {"content-type": "application/json", **headers}, pace_s)
