"""The recorded exchanges, and how to send one again."""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = (
    Path(os.environ.get("DEMOTIC_SPEC_DIR") or "absent") / "oracle/observed-langgraph-today.jsonl"
)

ID = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{32}\b|\b\d{13}-\d+\b"
)
"""What is an id in the recordings: of things, of interrupts, of events."""


@dataclass(frozen=True)
class Exchange:
    """A request, and what was answered. `number` counts from 0 in the file."""

    number: int
    note: str
    method: str
    path: str
    body: Any
    sent_headers: dict[str, str]
    status: int
    headers: dict[str, str]
    answer: str

    @property
    def is_stream(self) -> bool:
        """Whether the answer is a stream of events."""
        return "text/event-stream" in self.headers.get("content-type", "")


def exchanges() -> list[Exchange]:
    """Every exchange with a status."""
    found = []
    for number, line in enumerate(FILE.read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        request = row.get("req")
        if not isinstance(request, list) or "status" not in row:
            continue
        method, path, body, headers = request
        known = {key.lower(): value for key, value in (row["headers"] or {}).items()}
        answer = row["body"] if isinstance(row["body"], str) else json.dumps(row["body"])
        found.append(
            Exchange(
                number,
                row["note"] or "",
                method,
                path,
                body,
                headers or {},
                row["status"],
                known,
                answer,
            )
        )
    return found


@dataclass(frozen=True)
class EventStream:
    """What a thread told for a filter once the run had ended that `start` began."""

    number: int
    start: Exchange
    filter: dict[str, Any]
    frames: "Sequence[Frame]"


def event_streams() -> list[EventStream]:
    """Every event stream of the streaming protocol, with what started its run."""
    started = {each.number: each for each in exchanges() if each.note.startswith("run.start")}
    found = []
    start: Exchange | None = None
    for number, line in enumerate(FILE.read_text(encoding="utf-8").splitlines()):
        start = started.get(number, start)
        row = json.loads(line)
        if row.get("note") == "stream/events":
            assert start is not None, "a run is started before it is followed"
            found.append(EventStream(number, start, row["req"], frames(row["body"])))
    return found


class Names:
    """What the recorded ids are called here."""

    def __init__(self) -> None:
        self._ours: dict[str, str] = {}

    def translate(self, text: str) -> str:
        """A text with our ids for those that are known."""
        return ID.sub(lambda found: self._ours.get(found[0], found[0]), text)

    def knows(self, id: str) -> bool:
        """Whether a recorded id has a name here."""
        return id in self._ours

    def call(self, theirs: str, ours: str) -> None:
        """A recorded id is this one here."""
        self._ours.setdefault(theirs, ours)

    def learn(self, theirs: Any, ours: Any) -> None:
        """Take the names from two values that mean the same."""
        if isinstance(theirs, str) and isinstance(ours, str):
            for old, new in zip(ID.findall(theirs), ID.findall(ours), strict=False):
                self.call(old, new)
        elif isinstance(theirs, dict) and isinstance(ours, dict):
            for key in theirs.keys() & ours.keys():
                self.learn(theirs[key], ours[key])
        elif isinstance(theirs, list) and isinstance(ours, list):
            for one, other in zip(theirs, ours, strict=False):
                self.learn(one, other)


@dataclass(frozen=True)
class Frame:
    """An event of a stream. `event` without the ids of nested tasks."""

    event: str
    data: Any
    id: str | None


def frames(text: str) -> Sequence[Frame]:
    """The events of a stream."""
    found = []
    for block in re.split(r"\r?\n\r?\n", text):
        fields = dict(
            line.split(": ", 1) for line in block.splitlines() if ": " in line and line[0] != ":"
        )
        if "event" in fields:
            event = ID.sub("…", fields["event"])
            found.append(Frame(event, json.loads(fields["data"]), fields.get("id")))
    return found
