"""From a thread's feed to the protocol's events.

What is told of an event of the feed depends on that event and on those of its attempt before it,
never on who listens: every follower gets the same events under the same ids and positions.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import orjson

from demotic.dialects.streaming import reading
from demotic.dialects.streaming.blocks import ROLES, Telling, is_last, plain_blocks
from demotic.dialects.streaming.channels import NAMED
from demotic.dialects.streaming.nesting import Nesting
from demotic.dialects.streaming.told import (
    Draft,
    Facts,
    Told,
    answered,
    lifecycle,
    placed,
    plain,
    requested,
)
from demotic.domain.events import CHANGED, END, START, Event
from demotic.domain.ids import SPACING
from demotic.domain.lifecycle import RunState
from demotic.domain.model import Json

ReadBlocks = Callable[[str, Mapping[str, Json]], Sequence[Json]]
"""Asks an agent, by name, for the content blocks of a message that it recorded."""

STATUS = {
    RunState.SUCCEEDED: "completed",
    RunState.WAITING: "interrupted",
    RunState.CANCELLED: "interrupted",
    RunState.FAILED: "failed",
    RunState.TIMED_OUT: "failed",
}
"""How a run's end is told: what was cancelled can be gone on with, like what waits."""

SAVED = frozenset({"checkpoints", CHANGED})
"""Kinds that tell of a checkpoint."""


class Teller:
    """Tells a thread's events to one follower, in order.

    `wanted` are the channels that matter: messages are read only where somebody wants them.
    """

    def __init__(self, read_blocks: ReadBlocks, wanted: Collection[str]) -> None:
        self._read_blocks = read_blocks
        self._tells_messages = "messages" in wanted
        self._is_over, self._last = True, Event(0, "", "", "", b"")
        self._begin(Facts(""))

    def tell(self, event: Event, facts: Facts) -> list[Told]:
        """What an event tells; `facts` are those of its run."""
        if event.kind == START or facts.run_id != self._facts.run_id:
            self._begin(facts)
        self._last = event
        if event.kind == START:
            drafts = self._start(event)
        elif event.kind == END:
            drafts = self._end(event)
        else:
            drafts = self._nesting.take(event, self._paired(event, self._drafts(event)))
        return placed(event, drafts)

    def gone(self, run_id: str) -> list[Told]:
        """A run has ended that told nothing of its end: it was taken back."""
        if self._is_over or run_id != self._facts.run_id:
            return []
        self._is_over = True
        end = lifecycle(run_id, "", "interrupted", self._last.at_us, self._facts.agent)
        return placed(self._last._replace(seq=self._last.seq + SPACING - 1), [end])

    def _begin(self, facts: Facts) -> None:
        """An attempt begins: what it tells is its own."""
        self._facts, self._nesting = facts, Nesting(facts)
        self._messages: dict[tuple[str, str], Telling | None] = {}
        self._finished: set[tuple[str, str]] = set()
        self._states: dict[str, Draft] = {}  # by namespace: waits for its checkpoint
        self._asked: dict[str, str] = {}  # id of a question to the namespace it came from

    def _start(self, event: Event) -> list[Draft]:
        run, at_us = self._facts, event.at_us
        self._is_over = False
        begins = lifecycle(run.run_id, "", "running", at_us, run.agent)
        is_first = orjson.loads(event.data).get("attempt", 1) == 1
        if run.answers and is_first:
            return [answered(run.run_id, run.answers, at_us), begins]
        return [begins]

    def _end(self, event: Event) -> list[Draft]:
        run, at_us = self._facts, event.at_us
        end = orjson.loads(event.data)
        status = STATUS[RunState(end["state"])]
        error = end.get("error") or {}
        told = {"error": f"{error.get('error')}: {error.get('message')}"} if error else {}
        asked = end.get("interrupts", ()) if end["state"] == RunState.WAITING else ()
        self._is_over = True
        return [
            *self._states.values(),
            *self._abandoned(told.get("error", f"The run is {status}."), at_us),
            *self._nesting.finish(status, at_us),
            *(
                requested(run.run_id, self._asked.get(i["id"], ""), i["id"], i.get("value"), at_us)
                for i in asked
            ),
            lifecycle(run.run_id, "", status, at_us, run.agent, told),
        ]

    def _abandoned(self, why: str, at_us: int) -> list[Draft]:
        """Messages that will not be finished."""
        data = orjson.dumps({"event": "error", "message": why})
        run_id = self._facts.run_id
        return [
            Draft("messages", "messages", ns, data, at_us, f"synth:{run_id}:message|{ns}|{id}")
            for ns, id in self._messages
        ]

    def _paired(self, event: Event, drafts: list[Draft]) -> list[Draft]:
        """A checkpoint is told before the state that it is of, which comes first from graphs."""
        held = self._states.pop(event.ns, None)
        waits = event.kind == "values" and not self._facts.kinds.isdisjoint(SAVED)
        if waits and drafts:
            self._states[event.ns] = drafts[0]
            return [held] if held else []
        if held is None:
            return drafts
        return [*drafts, held] if event.kind in SAVED else [held, *drafts]

    def _drafts(self, event: Event) -> list[Draft]:
        match event.kind:
            case "messages":
                return self._message(event)
            case "values":
                return self._values(event)
            case "updates":
                return self._updates(event)
            case "custom":
                return [self._custom(event)]
            case "tools":
                return [self._tool(event)]
            case "tasks":
                return [plain(event, event.data)]
            case "checkpoints" | "changed":
                told = reading.envelope(event.data)
                return [plain(event._replace(kind="checkpoints"), told)] if told else []
        return []

    def _values(self, event: Event) -> list[Draft]:
        """A state, without the questions that graphs put into it."""
        quoted = f'"{reading.INTERRUPT}"'.encode()
        found = reading.members(event.data) if quoted in event.data else None
        if found is None or reading.INTERRUPT not in found:
            return [plain(event, event.data)]
        self._note_questions(event.ns, found[reading.INTERRUPT])
        rest = {key: value for key, value in found.items() if key != reading.INTERRUPT}
        return [plain(event, reading.joined(rest))] if rest else []

    def _updates(self, event: Event) -> list[Draft]:
        """An update by each node (CDDL 0.0.13, UpdatesData)."""
        drafts: list[Draft] = []
        for node, values in (reading.members(event.data) or {}).items():
            if node == reading.INTERRUPT:
                self._note_questions(event.ns, values)
                continue
            shown = b"{}" if bytes(values) == b"null" else bytes(values)
            data = b'{"node":%b,"values":%b}' % (orjson.dumps(node), shown)
            drafts.append(plain(event, data, len(drafts)))
        return drafts

    def _note_questions(self, ns: str, questions: Any) -> None:
        """Who asks: the innermost agent tells first."""
        for id in reading.question_ids(questions):
            self._asked.setdefault(id, ns)

    def _custom(self, event: Event) -> Draft:
        name = reading.custom_name(event.data)
        if name is None:
            return plain(event, b'{"payload":' + event.data + b"}")
        return plain(event, event.data)._replace(channel=NAMED + name)

    def _tool(self, event: Event) -> Draft:
        """What a tool does; the protocol has its output as text."""
        seen = reading.tool(event.data)
        if seen is None or seen.delta is None or isinstance(seen.delta, str):
            return plain(event, event.data)
        text = orjson.dumps(seen.delta).decode()
        told = {"event": seen.event, "tool_call_id": seen.tool_call_id, "delta": text}
        return plain(event, orjson.dumps(told))

    def _message(self, event: Event) -> list[Draft]:
        """A message, or a piece of one."""
        piece = reading.piece(event.data)
        if piece is None or piece.type not in ROLES:
            return []
        key = (event.ns, piece.id or "")
        if key in self._finished:
            return []
        drafts = self._blocks(event, key, ROLES[piece.type]) if self._tells_messages else []
        if is_last(piece.type, piece.chunk_position):
            self._messages.pop(key, None)
            self._finished.add(key)
        else:
            self._messages.setdefault(key, None)
        return drafts

    def _blocks(self, event: Event, key: tuple[str, str], role: str) -> list[Draft]:
        message, metadata = orjson.loads(event.data)
        told: list[bytes] = []
        telling = self._messages.get(key)
        if telling is None:
            telling = self._messages[key] = Telling(key[1], role)
            told += telling.start(message)
        blocks = plain_blocks(message)
        if blocks is None:
            blocks = [*self._read_blocks(self._facts.agent, message)]
        told += telling.take(message, blocks)
        if is_last(message["type"], message.get("chunk_position")):
            told += telling.finish()
        node = metadata.get("langgraph_node")
        return [plain(event, data, n, node) for n, data in enumerate(told)]
