"""Renders what a follower of one run gets as ACP's server-sent events.

Every event is an `agent_event` with an id of its own. Lines end with a single newline, and what
some readers take for a line's end is escaped: the official client (agntcy-acp 1.5.2) splits a
stream wherever Python's `splitlines` does, and fails on a carriage return that comes alone.
"""

from collections.abc import Awaitable, Callable, Sequence

import orjson

from demotic.dialects.acp import render
from demotic.dialects.acp.choices import RUN_STATUS, UNKNOWN
from demotic.dialects.acp.contracts import NEUTRAL, Contract
from demotic.dialects.acp.versions import Version
from demotic.domain.errors import NotFound
from demotic.domain.events import END, Ended, Event
from demotic.domain.ids import MAX_EVENTS, seq_of
from demotic.domain.lifecycle import RunState
from demotic.domain.model import Json
from demotic.domain.runs import Outcome, Run
from demotic.web.answers import EMPTY_OBJECT, encode, raw
from demotic.web.problems import reading_error

FindOutcome = Callable[[Run, Ended], Awaitable[Outcome]]

HEARTBEAT = b": hb\n"
"""A comment without a blank line: agntcy-acp 1.5.2 takes a blank line for an event's end."""

PENDING = "pending"

_LAST = MAX_EVENTS - 1


def frame(id: int, data: bytes) -> bytes:
    """One event; `data` is JSON."""
    return b"id: %d\nevent: agent_event\ndata: %b\n\n" % (id, _one_line(data))


def _one_line(data: bytes) -> bytes:
    """JSON without anything that a reader could take for a line's end."""
    if b"\n" in data or b"\r" in data:  # between tokens: in strings they are escaped
        data = data.replace(b"\r", b" ").replace(b"\n", b" ")
    if b"\xe2\x80" in data or b"\xc2\x85" in data:
        for character in "\u2028\u2029\u0085":
            data = data.replace(character.encode(), f"\\u{ord(character):04x}".encode())
    return data


class RunStream:
    """One follower's view of a run.

    It ends with an event that tells what the leg came to: the output as `values` with status
    `success` (if values are wanted), `interrupt` or `error`.
    """

    def __init__(
        self, run: Run, contract: Contract, find_outcome: FindOutcome, version: Version
    ) -> None:
        self._run, self._contract, self._version = run, contract, version
        self._find_outcome = find_outcome
        self._modes = frozenset(render.shown_modes(run))
        self._subgraphs = run.request.subgraphs
        self._end_seq: int | None = None
        self._head = b'","run_id":"%b","status":"pending",' % run.id.encode()

    async def events(self, events: Sequence[Event]) -> bytes:
        """Events that came together, as one chunk."""
        return b"".join([self._frame(event) for event in events])

    async def ended(self, ended: Ended) -> bytes:
        """What the leg came to."""
        try:
            outcome = ended.outcome or await self._find_outcome(self._run, ended)
        except NotFound:
            return b""  # deleted: there is nothing more to tell
        told = self._told(outcome)
        return frame(self._last_id, encode(told)) if told else b""

    def broken(self, error: Exception) -> bytes:
        """An error while reading."""
        name, message = reading_error(error)
        told = {"errcode": UNKNOWN, "description": f"{name}: {message}"}
        return frame(self._last_id, encode(self._failed("error", told)))

    def close(self) -> None:
        """It holds nothing."""

    @property
    def _last_id(self) -> int:
        """The id of the last event: above all others of the leg."""
        return seq_of(self._run.epoch, _LAST) if self._end_seq is None else self._end_seq

    def _frame(self, event: Event) -> bytes:
        if event.kind == END:
            self._end_seq = event.seq
            return b""
        if event.kind not in self._modes or (event.ns and not self._subgraphs):
            return b""
        shown = self._values(event) if event.kind == "values" else self._custom(event)
        return frame(event.seq, shown) if shown else b""

    def _custom(self, event: Event) -> bytes:
        """ACP 0.2.3, CustomRunResultUpdate: an update is an object."""
        data = event.data
        if not data.startswith(b"{"):
            data = encode({render.BOX: raw(data)})
        return b'{"type":"custom%b"update":%b}' % (self._head, data)

    def _values(self, event: Event) -> bytes:
        """ACP 0.2.3, ValueRunResultUpdate. Nothing for the state that comes with a question: it is
        the one that was shown before."""
        if _tells_of_questions(event.data):
            return b""
        contract = NEUTRAL if event.ns else self._contract  # a subgraph has an output of its own
        fields = render.output_fields(event.data, contract, self._version)
        return b'{"type":"values%b%b' % (self._head, encode(fields)[1:]) if fields else b""

    def _told(self, outcome: Outcome) -> Json:
        """The last event."""
        status = RUN_STATUS[outcome.state]
        if outcome.state is RunState.WAITING:
            asked = render.interrupt_json(outcome, self._contract)
            if self._version.ends_by_values:
                return self._update("values", status, {"values": asked})
            return self._update("interrupt", status, {"interrupt": asked})
        if outcome.state is not RunState.SUCCEEDED:
            return self._failed(status, render.error_json(outcome))
        if "values" not in self._modes:
            return None
        fields = render.output_fields(outcome.values, self._contract, self._version)
        return self._update("values", status, fields or {"values": raw(EMPTY_OBJECT)})

    def _failed(self, status: str, told: dict[str, Json]) -> dict[str, Json]:
        if self._version.ends_by_values:
            return self._update("values", status, {"values": told})
        return self._update("error", status, told)

    def _update(self, type: str, status: str, fields: dict[str, Json]) -> dict[str, Json]:
        return {"type": type, "run_id": self._run.id, "status": status, **fields}


def _tells_of_questions(data: bytes) -> bool:
    if b'"__interrupt__"' not in data:
        return False
    values = orjson.loads(data)
    return isinstance(values, dict) and render.INTERRUPT in values
