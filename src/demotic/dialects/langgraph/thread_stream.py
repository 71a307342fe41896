"""Renders what a follower of a whole thread gets as this dialect's server-sent events."""

from collections.abc import Collection, Sequence

import orjson

from demotic.dialects.langgraph import render
from demotic.dialects.langgraph.stream import RunStream
from demotic.domain.errors import NotFound
from demotic.domain.events import CHANGED, END, START, Ended, Event
from demotic.domain.model import EVERYTHING
from demotic.domain.runs import Run
from demotic.engine.core import Engine
from demotic.web.answers import encode, raw
from demotic.web.sse import frame

RUN_MODES, LIFECYCLE, STATE_UPDATE = "run_modes", "lifecycle", "state_update"

MODES = {mode: mode for mode in (RUN_MODES, LIFECYCLE, STATE_UPDATE)}
"""LangGraph API 0.16, ThreadStreamMode."""


class ThreadStream:
    """One follower's view of a thread (LangGraph API 0.16, observed).

    `run_modes` shows each run as its own stream does, `lifecycle` only where runs begin; both show
    where they end. `state_update` shows changes of the state that no run made. Ids are sent
    always.
    """

    def __init__(self, engine: Engine, modes: Collection[str]) -> None:
        self._engine = engine
        self._shows_runs = RUN_MODES in modes
        self._shows_ends = self._shows_runs or LIFECYCLE in modes
        self._shows_changes = STATE_UPDATE in modes
        self._run_id, self._run, self._stream = "", None, None
        self._is_open = False  # whether a begin was shown and no end yet
        self._last, self._values = 0, b"null"

    _run: Run | None
    _stream: RunStream | None

    async def events(self, events: Sequence[Event]) -> bytes:
        """Events that came together, as one chunk."""
        return b"".join([await self._frames(event) for event in events])

    async def ended(self, ended: Ended) -> bytes:
        """The end of a run that told nothing of it: it was taken back."""
        if ended.run_id != self._run_id or not self._is_open:
            return b""
        return self._done(self._last)

    def broken(self, error: Exception) -> bytes:
        """An error while reading."""
        name, message = render.reading_error(error)
        return frame("error", encode({"error": name, "message": message}))

    def close(self) -> None:
        """Let go of what it holds."""
        if self._stream is not None:
            self._stream.close()

    async def _frames(self, event: Event) -> bytes:
        if event.run_id != self._run_id:
            await self._turn_to(event)
        self._last = event.seq
        if event.kind == CHANGED or self._run is None:
            return self._change(event)
        if event.kind == START:
            self._is_open = True
        shown = b""
        if self._stream is not None:
            shown = await self._stream.events([event])
        elif event.kind == START and self._shows_ends:
            data = render.metadata_json(event.run_id, event.data)
            shown = frame("metadata", data, str(event.seq))
        return shown + self._done(event.seq) if event.kind == END else shown

    async def _turn_to(self, event: Event) -> None:
        """Events of another run follow; of none, where they tell of a change of state."""
        self.close()
        self._run_id, self._run, self._stream = event.run_id, None, None
        self._is_open = False
        try:
            run = await self._engine.runs.get(None, event.run_id, EVERYTHING)
        except NotFound:
            return  # the thread is the caller's, and so is whatever happens on it
        self._run = run
        if not self._shows_runs:
            return
        modes = render.shown_modes(run)
        joins_late = event.kind != START and "messages" in modes
        self._stream = RunStream(
            run,
            self._engine.runs.outcome,
            modes,
            has_ids=True,
            earlier=self._engine.runs.follow(run, after=0) if joins_late else None,
        )

    def _done(self, seq: int) -> bytes:
        """That a run is over."""
        self._is_open = False
        if not self._shows_ends:
            return b""
        return frame("metadata", encode({"status": "run_done", "run_id": self._run_id}), str(seq))

    def _change(self, event: Event) -> bytes:
        """A change of the state: its values come first, then where they are."""
        if event.kind == "values":
            self._values = event.data
        if event.kind != CHANGED or not self._shows_changes:
            return b""
        place = orjson.loads(event.data)
        told = {
            "values": raw(self._values),
            "checkpoint": place["checkpoint"],
            "parent_checkpoint": place["parent"],
            "metadata": place["metadata"],
        }
        return frame(STATE_UPDATE, encode(told), str(event.seq))
