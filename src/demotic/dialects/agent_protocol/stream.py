"""Renders what a follower of one run gets as this dialect's server-sent events."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

import orjson

from demotic.dialects.agent_protocol import render
from demotic.dialects.agent_protocol.messages import is_message, outgoing, with_messages
from demotic.domain.errors import NotFound
from demotic.domain.events import START, Ended, Event
from demotic.domain.ids import MAX_EVENTS, epoch_of, seq_of
from demotic.domain.runs import Outcome, Run
from demotic.web.answers import encode
from demotic.web.problems import reading_error
from demotic.web.sse import frame

FindOutcome = Callable[[Run, Ended], Awaitable[Outcome]]

_OF_A_MESSAGE = b'"content"'  # where this is not, there is no message
_LAST = MAX_EVENTS - 1  # the place of the error in its attempt; the values stand before it


class RunStream:
    """One follower's view of a run: `metadata` first, then an event per mode, `error` at the end
    of a run that failed. Messages in them are written as everywhere in this dialect.

    `was_over` is true for a run that had ended before: the follower gets its last `values`. So does
    one that comes after these and before the end. `after` is the last event that the follower has
    seen; None: it wants what is still to come. Every event has an id, those at the end the last
    places of their attempt.
    """

    def __init__(
        self,
        run: Run,
        find_outcome: FindOutcome,
        modes: Collection[str],
        *,
        was_over: bool = False,
        after: int | None = None,
    ) -> None:
        self._run, self._find_outcome = run, find_outcome
        self._modes = frozenset(modes)
        self._after = after or 0
        self._wants_values = was_over or "values" in self._modes
        if after is not None and "values" in run.request.modes:
            self._wants_values = False  # they are in the log
        self._epoch = run.epoch

    async def events(self, events: Sequence[Event]) -> bytes:
        """Events that came together, as one chunk."""
        return b"".join([self._frame(event) for event in events])

    async def ended(self, ended: Ended) -> bytes:
        """The last state for who has not seen it, and the error of a run that failed."""
        try:
            outcome = ended.outcome or await self._find_outcome(self._run, ended)
        except NotFound:
            return b""  # deleted: there is nothing more to tell
        told = b""
        if self._wants_values and (values := render.values_json(outcome)):
            told += self._last("values", values, _LAST - 1)
        if error := render.failure(outcome):
            told += self._last("error", encode(error), _LAST)
        return told

    def broken(self, error: Exception) -> bytes:
        """An error while reading."""
        name, message = reading_error(error)
        id = str(seq_of(self._epoch, _LAST))
        return frame("error", encode({"error": name, "message": message}), id)

    def close(self) -> None:
        """There is nothing to let go of."""

    def _last(self, name: str, data: bytes, place: int) -> bytes:
        seq = seq_of(self._epoch, place)
        return frame(name, data, str(seq)) if seq > self._after else b""

    def _frame(self, event: Event) -> bytes:
        self._epoch = epoch_of(event.seq)
        id = str(event.seq)
        if event.kind == START:
            told = {"run_id": event.run_id, "attempt": orjson.loads(event.data)["attempt"]}
            return frame("metadata", encode(told), id)
        if event.kind not in self._modes or event.ns:
            return b""
        if event.kind == "values":
            self._wants_values = False
        return frame(event.kind, shown(event.kind, event.data), id)


def shown(kind: str, data: bytes) -> bytes:
    """The data of an event, with its messages as the wire writes them.

    A state and what steps add to it hold them under their usual name; the mode `messages` shows a
    message, or a part of one, and where it comes from.
    """
    if kind == "messages":
        message, source = orjson.loads(data)
        return encode([outgoing(message) if is_message(message) else message, source])
    if kind == "custom" or _OF_A_MESSAGE not in data:
        return data
    value: Any = orjson.loads(data)
    if kind == "updates" and isinstance(value, dict):
        return encode({name: with_messages(each) for name, each in value.items()})
    return encode(with_messages(value))
