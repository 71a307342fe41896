"""Renders what a follower of one run gets as this dialect's server-sent events."""

from collections.abc import Awaitable, Callable, Collection, Sequence

import orjson

from demotic.dialects.langgraph import render
from demotic.dialects.langgraph.choices import KINDS
from demotic.dialects.langgraph.messages import Accumulator
from demotic.domain.errors import NotFound
from demotic.domain.events import END, START, Ended, Event
from demotic.domain.lifecycle import RunState
from demotic.domain.runs import Outcome, Run
from demotic.engine.follow import Following
from demotic.web.answers import encode
from demotic.web.sse import frame

FindOutcome = Callable[[Run, Ended], Awaitable[Outcome]]

_FAILED = (RunState.FAILED, RunState.TIMED_OUT)


class RunStream:
    """One follower's view of a run (LangGraph API 0.16, observed).

    `modes` are the stream modes to show, `shows_start` whether the `metadata` event is one of
    them. Ids are sent for resumable runs only, unless `has_ids` says. Events up to `after` are
    taken in, not shown: mode `messages` needs what came before to tell the message so far.
    `earlier` reads that for a follower that joined without replay.
    """

    def __init__(
        self,
        run: Run,
        find_outcome: FindOutcome,
        modes: Collection[str],
        *,
        shows_start: bool = True,
        after: int = 0,
        earlier: Following | None = None,
        has_ids: bool | None = None,
    ) -> None:
        self._run, self._find_outcome = run, find_outcome
        self._modes = frozenset(modes)
        self._kinds = frozenset(KINDS.get(mode, mode) for mode in modes)
        self._shows_start, self._after, self._earlier = shows_start, after, earlier
        self._has_ids = render.is_resumable(run) if has_ids is None else has_ids
        self._subgraphs = run.request.subgraphs
        self._messages = Accumulator()
        self._told_error = False

    async def events(self, events: Sequence[Event]) -> bytes:
        """Events that came together, as one chunk."""
        if self._earlier is not None:
            await self._catch_up(self._earlier, events[0].seq)
            self.close()
        return b"".join([self._frames(event) for event in events])

    async def ended(self, ended: Ended) -> bytes:
        """The error of a failed leg, for a follower that came too late for its last event."""
        if self._told_error:
            return b""
        try:
            outcome = ended.outcome or await self._find_outcome(self._run, ended)
        except NotFound:
            return b""  # deleted: there is nothing more to tell
        error = render.failure(outcome)
        return frame("error", encode(error)) if error else b""

    def broken(self, error: Exception) -> bytes:
        """An error while reading."""
        name, message = render.reading_error(error)
        return frame("error", encode({"error": name, "message": message}))

    def close(self) -> None:
        """Stop reading what came before."""
        if self._earlier is not None:
            self._earlier.close()
            self._earlier = None

    async def _catch_up(self, earlier: Following, seq: int) -> None:
        """Take in what came before the event at `seq`."""
        while isinstance(got := await earlier.next(), Sequence):
            for event in got:
                if event.seq >= seq:
                    return
                self._take_in(event)

    def _take_in(self, event: Event) -> None:
        if event.kind == START:
            self._messages.forget()
        elif event.kind == "messages" and "messages" in self._modes:
            message, metadata = orjson.loads(event.data)
            self._messages.take(message, metadata)

    def _frames(self, event: Event) -> bytes:
        if event.seq <= self._after:
            self._take_in(event)
            return b""
        id = str(event.seq) if self._has_ids else None
        if event.kind == "messages":
            return self._message(event, id)
        if event.kind in self._kinds:
            return frame(self._named(event.kind, event.ns), event.data, id)
        if event.kind == START:
            return self._start(event, id)
        if event.kind == END:
            return self._end(event, id)
        return b""

    def _start(self, event: Event, id: str | None) -> bytes:
        self._messages.forget()
        if not self._shows_start:
            return b""
        return frame("metadata", render.metadata_json(event.run_id, event.data), id)

    def _end(self, event: Event, id: str | None) -> bytes:
        end = orjson.loads(event.data)
        if not end.get("error") or end["state"] not in _FAILED:
            return b""
        self._told_error = True
        return frame("error", encode(end["error"]), id)

    def _message(self, event: Event, id: str | None) -> bytes:
        """A message's chunk: as it is (`messages-tuple`), and accumulated (`messages`)."""
        frames: list[tuple[str, bytes]] = []
        if "messages-tuple" in self._modes:
            frames.append((self._named("messages", event.ns), event.data))
        if "messages" in self._modes:
            message, metadata = orjson.loads(event.data)
            shown = self._messages.take(message, metadata)
            frames += [(name, encode(data)) for name, data in shown]
        # The id goes with the last: who has seen it has seen the whole event.
        last = len(frames) - 1
        return b"".join([frame(*each, id if i == last else None) for i, each in enumerate(frames)])

    def _named(self, kind: str, ns: str) -> str:
        return f"{kind}|{ns}" if ns and self._subgraphs else kind
