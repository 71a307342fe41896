"""The states of a thread, newest first; those that were shown before are not made anew.

A checkpoint never changes, and clients ask for all of a thread's history after each run of it.
"""

from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from langchain_core.runnables import RunnableConfig

from demotic.agents.langgraph import entry
from demotic.agents.langgraph.factories import Graph
from demotic.agents.langgraph.internals import make_snapshot
from demotic.agents.langgraph.manifest import unpack_tuple
from demotic.agents.langgraph.saver import Saver
from demotic.agents.langgraph.snapshots import snapshot
from demotic.domain.model import Json
from demotic.domain.states import StateSnapshot
from demotic.ports.checkpoints import StoredCheckpoint

CAPACITY = 8 * 1024 * 1024
"""Bytes of states that are kept for one agent."""

OVERHEAD = 4096
"""Bytes that a state takes beside its values, about."""


class _Shown(NamedTuple):
    made_of: StoredCheckpoint
    state: StateSnapshot
    size: int


class Shown:
    """States that were shown, the most recently asked for, up to `capacity` bytes."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity, self._used = capacity, 0
        self._kept: OrderedDict[tuple[str, str, str], _Shown] = OrderedDict()

    def get(self, thread_id: str, stored: StoredCheckpoint) -> StateSnapshot | None:
        """The state of a checkpoint, if nothing that it is made of is new: a step that is being
        taken adds writes to it, and a deleted thread may come back under its id."""
        key = (thread_id, stored.ns, stored.id)
        shown = self._kept.get(key)
        if shown is None or not _is_same(shown.made_of, stored):
            return None
        self._kept.move_to_end(key)
        return shown.state

    def add(self, thread_id: str, stored: StoredCheckpoint, state: StateSnapshot) -> None:
        """Keep the state of a checkpoint, unless it is made of others' writes, too."""
        size = OVERHEAD + len(state.values) + len(stored.body)
        size += sum(len(write.data) for write in stored.writes)
        if stored.inherited or size > self._capacity // 8:
            return
        key = (thread_id, stored.ns, stored.id)
        if (old := self._kept.pop(key, None)) is not None:
            self._used -= old.size
        self._kept[key] = _Shown(replace(stored, values={}), state, size)
        self._used += size
        while self._used > self._capacity:
            _, oldest = self._kept.popitem(last=False)
            self._used -= oldest.size


def _is_same(one: StoredCheckpoint, other: StoredCheckpoint) -> bool:
    return (
        one.body == other.body
        and one.metadata == other.metadata
        and one.parent_id == other.parent_id
        and list(one.writes) == list(other.writes)
    )


async def history(
    graph: Graph,
    saver: Saver,
    shown: Shown | None,
    thread_id: str,
    *,
    checkpoint: Mapping[str, Json] | None,
    before: Mapping[str, Json] | None,
    metadata: Mapping[str, Json] | None,
    limit: int,
) -> AsyncIterator[StateSnapshot]:
    """A thread's states from a place on. `shown`: those of this very graph, if it stays."""
    place = entry.state_config(thread_id, checkpoint)
    start: RunnableConfig | None = entry.state_config(thread_id, before) if before else None
    filter_ = dict(metadata) if metadata else None
    if shown is None or place["configurable"].get("checkpoint_ns"):  # of a nested agent
        states = graph.aget_state_history(place, filter=filter_, before=start, limit=limit)
        async for state in states:
            yield snapshot(state, thread_id)
        return
    place["configurable"]["checkpoint_ns"] = ""
    async for stored in saver.stored(place, filter=filter_, before=start, limit=limit):
        found = shown.get(thread_id, stored)
        if found is None:
            saved = unpack_tuple(saver.serde, thread_id, stored)
            found = snapshot(await make_snapshot(graph, saved, saver), thread_id)
            shown.add(thread_id, stored, found)
        yield found
