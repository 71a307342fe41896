"""How nested agents stand: when each begins and how it ends, from what its run records; pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from demotic.dialects.streaming import reading
from demotic.dialects.streaming.channels import SEPARATOR, name
from demotic.dialects.streaming.reading import Task
from demotic.dialects.streaming.told import Draft, Facts, lifecycle
from demotic.domain.events import Event

WAITING = frozenset({"values", "checkpoints"})
"""Kinds that a nested agent may show before its first task, which names it."""


class Nesting:
    """The nested agents of one attempt.

    One begins with its first task, where tasks are recorded, else with whatever it shows first;
    it ends with the task that it is the work of, at the latest with the run.
    """

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._names_tasks = "tasks" in facts.kinds
        self._open: dict[str, str] = {}  # namespace to graph
        self._known: set[str] = set()
        self._calls: dict[str, str] = {}  # id of a task to the tool call that it carries out
        self._early: dict[str, list[Draft]] = {}  # by namespace: told before it has begun

    def take(self, event: Event, drafts: list[Draft]) -> list[Draft]:
        """What an event tells, with begins before it and ends after it."""
        ns = event.ns
        task = reading.task(event.data) if event.kind == "tasks" else None
        if task is not None and not task.is_over and (call := reading.tool_call(task)):
            self._calls[task.id] = call
        if ns and ns not in self._known:
            if self._names_tasks and event.kind in WAITING:
                self._early.setdefault(ns, []).extend(drafts)
                return []
            drafts = [*self._begin(ns, event.at_us, task), *drafts]
        if task is not None and task.is_over:
            drafts = [*drafts, *self._close(_below(ns, task), task, event.at_us)]
        return drafts

    def finish(self, status: str, at_us: int) -> list[Draft]:
        """The run ends: so does whatever is still open; what was held back is told before."""
        begun = [draft for ns in [*self._early] for draft in self._begin(ns, at_us, None)]
        return [*begun, *self._ends([*self._open], status, at_us)]

    def _begin(self, ns: str, at_us: int, task: Task | None) -> list[Draft]:
        """Begins of a namespace and of those around it that have not begun."""
        drafts: list[Draft] = []
        parts = ns.split(SEPARATOR)
        for depth in range(1, len(parts) + 1):
            around = SEPARATOR.join(parts[:depth])
            if around not in self._known:
                drafts += self._one_begins(around, at_us, task if around == ns else None)
        return drafts

    def _one_begins(self, ns: str, at_us: int, task: Task | None) -> list[Draft]:
        part = ns.rpartition(SEPARATOR)[2]
        agent = (task.metadata or {}).get("lc_agent_name") if task else None
        graph = self._open[ns] = agent if isinstance(agent, str) and agent else name(part)
        self._known.add(ns)
        call = self._calls.get(part.partition(":")[2])
        cause = {"cause": {"type": "toolCall", "tool_call_id": call}} if call else {}
        begun = lifecycle(self._facts.run_id, ns, "started", at_us, graph, cause)
        return [begun, *self._early.pop(ns, ())]

    def _close(self, ns: str, task: Task, at_us: int) -> list[Draft]:
        """Ends of a namespace whose task is over, and of what is open below it."""
        begun = self._begin(ns, at_us, None) if ns in self._early else []
        below = [each for each in self._open if each == ns or each.startswith(ns + SEPARATOR)]
        if task.interrupts:
            return [*begun, *self._ends(below, "interrupted", at_us)]
        if task.error:
            error = {"error": task.error if isinstance(task.error, str) else str(task.error)}
            return [*begun, *self._ends(below, "failed", at_us, error)]
        return [*begun, *self._ends(below, "completed", at_us)]

    def _ends(
        self,
        namespaces: Sequence[str],
        status: str,
        at_us: int,
        more: Mapping[str, Any] | None = None,
    ) -> list[Draft]:
        """The innermost first."""
        ordered = sorted(namespaces, key=lambda ns: -ns.count(SEPARATOR))
        return [
            lifecycle(self._facts.run_id, ns, status, at_us, self._open.pop(ns), more)
            for ns in ordered
        ]


def _below(ns: str, task: Task) -> str:
    """The namespace of the agent that a task runs, if it runs one."""
    part = f"{task.name}:{task.id}"
    return f"{ns}{SEPARATOR}{part}" if ns else part
