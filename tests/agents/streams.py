"""A graph's stream in a form that two runs of the graph share, as strictly as LangGraph has one.

Within a superstep, tasks that run side by side have no order among each other, each of them has
one of its own. All else is in order: the checkpoints, the states, the beginnings of tasks.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from demotic.agents.langgraph.encoding import encode_anyway

MODES = ("values", "updates", "checkpoints", "tasks", "debug")
"""The modes that tell of all that a graph does, step by step."""

INTERRUPT = "__interrupt__"
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{32}\b")


@dataclass(frozen=True)
class Told:
    """One event of a stream."""

    path: tuple[str, ...]
    mode: str
    data: Any

    @property
    def payload(self) -> Any:
        """What a debug event wraps; the data of any other."""
        return self.data["payload"] if self.mode == "debug" else self.data

    @property
    def is_between(self) -> bool:
        """Whether it comes between supersteps: no task of theirs tells it."""
        if self.mode == "debug":
            return bool(self.data["type"] == "checkpoint")
        return self.mode == "checkpoints" or (self.mode == "values" and not self.asks)

    @property
    def asks(self) -> bool:
        """Whether it tells of a question, and not whose."""
        return isinstance(self.data, dict) and INTERRUPT in self.data

    @property
    def begins(self) -> bool:
        """Whether a task begins with it."""
        return self.mode in ("tasks", "debug") and "triggers" in self.payload

    @property
    def task(self) -> tuple[str, str]:
        """Name and id of its task, the id where it tells one."""
        if self.mode in ("tasks", "debug"):
            return self.payload["name"], self.payload["id"]
        names = [INTERRUPT] if self.asks else [name for name in self.data if name[:2] != "__"]
        return names[0], ""


def told(path: Sequence[str], mode: str, data: Any) -> Told:
    """An event as JSON."""
    return Told(tuple(path), mode, orjson.loads(encode_anyway(data)))


@dataclass
class Numbers:
    """Checkpoints by the order in which a stream tells of them."""

    known: dict[str, int] = field(default_factory=dict)

    def place(self, config: Any, *, new: bool) -> Any:
        """Where a checkpoint is; one from before the stream is only an earlier one."""
        if config is None:
            return None
        found = config["configurable"]
        id = found["checkpoint_id"]
        if new:
            self.known.setdefault(id, len(self.known))
        return without_ids(found.get("checkpoint_ns", "")), self.known.get(id, "earlier")


def canonical(events: Iterable[Told], depth: int = 0) -> list[Any]:
    """The stream of a graph, and of those within it."""
    found: list[Any] = []
    numbers, step = Numbers(), Step(depth)
    for each in events:
        if len(each.path) == depth and each.is_between:
            found += step.shapes()
            found.append(shape(each, numbers))
            step = Step(depth)
        else:
            step.events.append(each)
    return found + step.shapes()


@dataclass
class Step:
    """What the tasks of one superstep tell."""

    depth: int
    events: list[Told] = field(default_factory=list)

    def shapes(self) -> list[Any]:
        """In order where one task tells it; else the beginnings, whether they come first, and what
        each task tells, in an order of this form's own."""
        begun = [e.task for e in self.events if len(e.path) == self.depth and e.mode == "tasks"]
        starts = [e for e in self.events if len(e.path) == self.depth and e.begins]
        if len({*begun}) <= 1:
            return self._sequence(self.events)
        twins = Counter(name for name, _ in {*begun})
        groups: dict[Any, list[Told]] = {}
        for number, each in enumerate(self.events):
            if each in starts:
                continue
            name, id = self._task(each)
            key: Any = name if twins[name] == 1 else (name, id or number)
            groups.setdefault(key, []).append(each)
        together = sorted((self._sequence(group) for group in groups.values()), key=repr)
        return [self.events[: len(starts)] == starts, *map(shape, starts), *together]

    def _task(self, event: Told) -> tuple[str, str]:
        if len(event.path) > self.depth:
            name, _, id = event.path[self.depth].partition(":")
            return name, id
        return event.task

    def _sequence(self, events: list[Told]) -> list[Any]:
        found: list[Any] = []
        inside: list[Told] = []
        for each in events:
            if len(each.path) > self.depth:
                inside.append(each)
                continue
            found += self._nested(inside)
            found.append(shape(each))
            inside = []
        return found + self._nested(inside)

    def _nested(self, events: list[Told]) -> list[Any]:
        if not events:
            return []
        names = {without_ids(each.path[self.depth]) for each in events}
        return [(sorted(names), canonical(events, self.depth + 1))]


def shape(event: Told, numbers: Numbers | None = None) -> Any:
    """An event without ids and times, and without what only a server tells."""
    data = event.payload
    if event.mode in ("checkpoints", "debug") and "parent_config" in data:
        numbers = numbers or Numbers()
        parent = numbers.place(data["parent_config"], new=False)
        told = {
            "place": numbers.place(data["config"], new=True),
            "parent": parent,
            "values": data["values"],
            "made by": [data["metadata"].get(key) for key in ("source", "step")],
            "next": data["next"],
            "tasks": [_task_shape(task) for task in data["tasks"]],
        }
    elif event.mode in ("tasks", "debug"):
        told = {key: value for key, value in data.items() if key not in ("id", "metadata")}
    else:
        told = data
    kind = (event.data["type"], event.data["step"]) if event.mode == "debug" else None
    return event.mode, kind, repr(without_ids(told))


def _task_shape(task: dict[str, Any]) -> Any:
    """A task of a checkpoint; a server names its namespace otherwise than LangGraph does."""
    place = (task.get("state") or {}).get("configurable") or task.get("checkpoint") or {}
    rest = {key: value for key, value in task.items() if key not in ("state", "checkpoint")}
    return {**rest, "inside": place.get("checkpoint_ns")}


def without_ids(value: Any) -> Any:
    """JSON with a mark in place of each id."""
    if isinstance(value, str):
        return ID.sub("<id>", value)
    if isinstance(value, dict):
        return {without_ids(key): without_ids(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [without_ids(each) for each in value]
    return value
