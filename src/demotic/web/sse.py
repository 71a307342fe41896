"""Server-sent events: framing, heartbeats, one chunk for events that come together."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from functools import lru_cache
from typing import Protocol

import structlog

from demotic.domain.errors import NotFound, ShuttingDown
from demotic.domain.events import Ended, Event
from demotic.web.paced import PACE_S, Followed, Pace, Streamed

log = structlog.get_logger("demotic.web")

HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
}

HEARTBEAT = b": heartbeat\r\n\r\n"

_BREAKS = str.maketrans({"\r": " ", "\n": " ", "\0": " "})


def frame(event: str, data: bytes, id: str | None = None) -> bytes:
    """One event. `data` is JSON; line breaks between its tokens become spaces.

    Neither name nor id can carry a line break, so nothing an agent says can forge a field.
    """
    if b"\n" in data or b"\r" in data:
        data = data.replace(b"\r", b" ").replace(b"\n", b" ")
    if id is None:
        return b"%b%b\r\n\r\n" % (_head(event), data)
    return b"%b%b\r\nid: %b\r\n\r\n" % (_head(event), data, id.translate(_BREAKS).encode())


@lru_cache(maxsize=1024)
def _head(event: str) -> bytes:
    return b"event: %b\r\ndata: " % event.translate(_BREAKS).encode()


class Rendering(Protocol):
    """How a dialect shows what a follower gets."""

    async def events(self, events: Sequence[Event]) -> bytes:
        """Events that came together, as frames."""
        ...

    async def ended(self, ended: Ended) -> bytes:
        """The frames after a leg's last event."""
        ...

    def broken(self, error: Exception) -> bytes:
        """The frames that tell of an error while reading."""
        ...

    def close(self) -> None:
        """Let go of what it holds."""
        ...


async def frames(
    following: Followed,
    rendering: Rendering,
    *,
    first: bytes = b"",
    pace_s: float = PACE_S,
    heartbeat: bytes = HEARTBEAT,
) -> AsyncGenerator[bytes, None]:
    """The stream of one follower, chunk by chunk: of a run to the end of its leg, of a thread for
    as long as the client stays. `first` goes before it."""
    pace = Pace(pace_s)
    try:
        if first:
            yield first
        while True:
            got = await pace.next(following)
            if isinstance(got, Ended):
                if last := await rendering.ended(got):
                    yield last
                if not following.stays:
                    return
                continue
            chunk = heartbeat if got is None else await rendering.events(got)
            if chunk:
                yield chunk
                pace.said()
    except ShuttingDown:
        raise
    except NotFound:
        return  # the run, or the thread, was deleted: there is nothing more to tell
    except Exception as error:
        log.error("stream broke", exc_info=error, thread=following.thread_id)
        yield rendering.broken(error)


def sse_answer(
    following: Followed,
    rendering: Rendering,
    headers: Mapping[str, str],
    pace_s: float = PACE_S,
    first: bytes = b"",
    heartbeat: bytes = HEARTBEAT,
) -> Streamed:
    """A streamed answer; the follower is closed when it ends or the client goes away."""

    def close() -> None:
        following.close()
        rendering.close()

    chunks = frames(following, rendering, first=first, pace_s=pace_s, heartbeat=heartbeat)
    return Streamed(chunks, close, {**HEADERS, **headers})
