"""An event stream: what a thread tells, as server-sent events."""

from collections.abc import Sequence

from demotic.dialects.streaming.channels import Filter
from demotic.dialects.streaming.commands import failure
from demotic.dialects.streaming.told import Told, plain, through
from demotic.dialects.streaming.view import View, reads_from, wanted
from demotic.domain.errors import ThreadNotFound
from demotic.domain.events import Ended, Event
from demotic.domain.model import Scope
from demotic.engine.core import Engine
from demotic.engine.follow_thread import ThreadFollowing
from demotic.web.problems import UNEXPECTED
from demotic.web.sse import frame


class Opened:
    """A thread that is followed from a place on, for one filter."""

    def __init__(self, following: ThreadFollowing, view: View, first: Sequence[Told]) -> None:
        self.following, self.view, self.first = following, view, first


async def opened(
    engine: Engine, thread_id: str, scope: Scope, shown: Filter, since: int | None
) -> Opened:
    """Follow a thread: what lies above `since`; without it what is recent, or, where nothing is,
    the state as it stands."""
    first: list[Told] = []
    after = since
    if after is None:
        span = await engine.threads.span(thread_id)
        after = through(span.before_recent)
        if span.last == span.before_recent:
            first = wanted(await snapshot(engine, thread_id, scope, after), [shown])
    following = await engine.threads.follow(
        thread_id, scope, after=reads_from(after), or_awaited=True
    )
    return Opened(following, View(engine, shown.channels, after), first)


async def snapshot(engine: Engine, thread_id: str, scope: Scope, seq: int) -> list[Told]:
    """The state that later events build on, where the thread has one."""
    try:
        thread = await engine.threads.get(thread_id, scope)
    except ThreadNotFound:
        return []
    if thread.values is None:
        return []
    event = Event(seq, "", "values", "", b"", thread.state_updated_us)
    draft = plain(event, thread.values)
    return [Told(seq, f"state-{seq}", "values", "values", (), draft.data, draft.at_us)]


class EventStream:
    """Renders what a thread tells for one filter; see `demotic.web.sse.Rendering`."""

    def __init__(self, view: View, shown: Filter, first: Sequence[Told]) -> None:
        self._view, self._filters, self._first = view, [shown], first

    def opening(self) -> bytes:
        """What is sent before anything happens."""
        return _frames(self._first)

    async def events(self, events: Sequence[Event]) -> bytes:
        """Events that came together."""
        return _frames(wanted(await self._view.events(events), self._filters))

    async def ended(self, ended: Ended) -> bytes:
        """A run that ended without a word of its own."""
        return _frames(wanted(self._view.ended(ended), self._filters))

    def broken(self, error: Exception) -> bytes:
        """An error while reading: the SDKs know it by its missing id."""
        return frame("error", failure(None, "unknown_error", UNEXPECTED))

    def close(self) -> None:
        """There is nothing to let go of."""


def _frames(told: Sequence[Told]) -> bytes:
    return b"".join([frame(each.method, each.json(), str(each.seq)) for each in told])
