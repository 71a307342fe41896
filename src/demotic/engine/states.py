"""Thread state and history, read and changed through the agent that owns it."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence

from demotic.domain.errors import AgentNotFound, LeaseLost, NoAgent
from demotic.domain.events import CHANGED, Event
from demotic.domain.ids import seq_of
from demotic.domain.lifecycle import Reason, RunState
from demotic.domain.model import (
    Json,
    LeaseKey,
    Outcome,
    Scope,
    StateSnapshot,
    StateUpdate,
    Thread,
    UpdatedState,
)
from demotic.engine.encode import encode
from demotic.engine.follow import Hub
from demotic.engine.patience import patiently
from demotic.engine.worker import Worker
from demotic.ports.agent import Agent
from demotic.ports.clock import Clock
from demotic.ports.storage import Storage

EMPTY = StateSnapshot(
    values=b"{}",
    next=(),
    tasks=(),
    metadata=None,
    created_at=None,
    checkpoint=None,
    parent=None,
    interrupts=(),
)


class States:
    """What callers read of a thread's state, and how they change it."""

    def __init__(
        self,
        storage: Storage,
        agents: Mapping[str, Agent],
        worker: Worker,
        hub: Hub,
        clock: Clock,
    ) -> None:
        self._storage, self._agents = storage, agents
        self._worker, self._hub, self._clock = worker, hub, clock

    async def get(
        self,
        thread_id: str,
        scope: Scope,
        *,
        checkpoint: Mapping[str, Json] | None = None,
        subgraphs: bool = False,
    ) -> StateSnapshot:
        """The state, latest or at a checkpoint. Raises `ThreadNotFound`, `CheckpointNotFound`."""
        thread = await self._storage.get_thread(thread_id, scope=scope)
        if thread.agent is None:
            return EMPTY
        agent = self._agent(thread, thread.agent)
        return await agent.state(thread, checkpoint, subgraphs=subgraphs)

    async def history(
        self,
        thread_id: str,
        scope: Scope,
        *,
        limit: int,
        checkpoint: Mapping[str, Json] | None = None,
        before: Mapping[str, Json] | None = None,
        metadata: Mapping[str, Json] | None = None,
    ) -> Sequence[StateSnapshot]:
        """The states, newest first. Raises `ThreadNotFound`."""
        thread = await self._storage.get_thread(thread_id, scope=scope)
        if thread.agent is None:
            return ()
        found = self._agent(thread, thread.agent).history(
            thread, checkpoint, limit=limit, before=before, metadata=metadata
        )
        return [snapshot async for snapshot in found]

    async def update(
        self, thread_id: str, update: StateUpdate, scope: Scope, *, agent: str | None = None
    ) -> Mapping[str, Json]:
        """Change the state; the checkpoint that this made.

        `agent` is whose state it is on a thread without runs. Raises `ThreadNotFound`,
        `ThreadBusy` while a run is queued or running, `NoAgent`, `BadInput`,
        `CheckpointNotFound`.
        """
        # A caller that goes away must not leave a thread behind that nobody gives back.
        return await asyncio.shield(self._update(thread_id, update, scope, agent))

    async def _update(
        self, thread_id: str, update: StateUpdate, scope: Scope, agent: str | None
    ) -> Mapping[str, Json]:
        thread = await self._storage.get_thread(thread_id, scope=scope)
        owner = self._agent(thread, thread.agent or agent)
        key = await self._storage.begin_write(
            thread_id,
            owner.name,
            scope=scope,
            claimer=self._worker.claimer,
            now_us=self._clock.now_us(),
        )
        try:
            updated = await owner.update(thread, key, update)
        except BaseException:
            with contextlib.suppress(LeaseLost):
                await self._end(key, None)
            raise
        events = _told(key, updated, self._clock.now_us())
        await self._end(key, _left(updated.state), events)
        for event in events:
            self._hub.publish(thread_id, event)
        return updated.checkpoint

    async def _end(self, key: LeaseKey, left: Outcome | None, events: Sequence[Event] = ()) -> None:
        now_us = self._clock.now_us()
        if await patiently(
            lambda: self._storage.end_write(key, left, now_us=now_us, events=events)
        ):
            self._worker.wake()

    def _agent(self, thread: Thread, name: str | None) -> Agent:
        if name is None:
            raise NoAgent(f"Thread {thread.id} belongs to no agent yet: none has run on it.")
        try:
            return self._agents[name]
        except KeyError:
            raise AgentNotFound(
                f"Thread {thread.id} belongs to agent {name!r}, which this server does not host. "
                f"It hosts: {', '.join(sorted(self._agents)) or 'none'}."
            ) from None


def _told(key: LeaseKey, updated: UpdatedState, now_us: int) -> Sequence[Event]:
    """What followers of the thread learn of a change: the state since, and where it is."""
    state = updated.state
    place = {"checkpoint": state.checkpoint, "parent": state.parent, "metadata": state.metadata}
    return [
        Event(seq_of(key.epoch, 0), key.run_id, "values", "", state.values, now_us),
        Event(seq_of(key.epoch, 1), key.run_id, CHANGED, "", encode(place), now_us),
    ]


def _left(state: StateSnapshot) -> Outcome:
    """What a thread shows once its state is this one."""
    return Outcome(
        state=RunState.SUCCEEDED,
        reason=Reason.COMPLETED,
        values=state.values,
        interrupts={task.id: task.interrupts for task in state.tasks if task.interrupts},
        pending=bool(state.next),
    )
