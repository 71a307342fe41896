"""Thread state and history, read and changed through the agent that owns it."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from demotic.domain.errors import AgentNotFound, LeaseLost, NoAgent, ThreadExists, ThreadNotFound
from demotic.domain.events import CHANGED, Event
from demotic.domain.ids import seq_of
from demotic.domain.lifecycle import Reason, RunState, ThreadState
from demotic.domain.model import Json, Scope
from demotic.domain.runs import LeaseKey, Outcome
from demotic.domain.states import StateSnapshot, StateUpdate, Superstep
from demotic.domain.threads import Lifetime, NewThread, Thread
from demotic.engine.encode import encode
from demotic.engine.follow import Hub
from demotic.engine.holdings import Holdings
from demotic.engine.patience import patiently
from demotic.engine.worker import Worker
from demotic.ports.agent import Agent, StateChange
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
        holdings: Holdings,
        clock: Clock,
        *,
        lifetime: Lifetime | None,
    ) -> None:
        self._storage, self._agents, self._lifetime = storage, agents, lifetime
        self._worker, self._hub = worker, hub
        self._holdings, self._clock = holdings, clock

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
        """Change the state; the checkpoint that this made. As `update_all` with one change."""
        return await self.update_all(
            thread_id, [[update]], scope, checkpoint=update.checkpoint, agent=agent
        )

    async def update_all(
        self,
        thread_id: str,
        supersteps: Sequence[Superstep],
        scope: Scope,
        *,
        checkpoint: Mapping[str, Json] | None = None,
        agent: str | None = None,
    ) -> Mapping[str, Json]:
        """Make supersteps, all or none, the first at `checkpoint` or on the latest state; the
        checkpoint of the last.

        `agent` is whose state it is on a thread without runs. Raises `ThreadNotFound`,
        `ThreadBusy` while a run is queued or running, `NoAgent`, `BadInput`,
        `CheckpointNotFound`.
        """

        async def work_out(owner: Agent, thread: Thread) -> StateChange:
            return await owner.update(thread, supersteps, checkpoint)

        return await self._change(thread_id, scope, agent, work_out)

    async def annotate(
        self, thread_id: str, metadata: Mapping[str, Json], scope: Scope
    ) -> Mapping[str, Json]:
        """Merge metadata into the latest checkpoint's; where that is.

        Raises as `update_all`, and `CheckpointNotFound` for a thread without a state.
        """

        async def work_out(owner: Agent, thread: Thread) -> StateChange:
            return await owner.annotate(thread, metadata)

        return await self._change(thread_id, scope, None, work_out)

    async def create(
        self,
        new: NewThread,
        supersteps: Sequence[Superstep],
        scope: Scope,
        *,
        agent: str | None,
        or_existing: bool = False,
    ) -> Thread:
        """Create a thread of `agent` with a state: it is there with all supersteps or not at all.

        `or_existing`: return the one that is there, as it is. Raises `ThreadExists`, `NoAgent`,
        `AgentNotFound`, `BadInput`.
        """
        with contextlib.suppress(ThreadNotFound):
            existing = await self._storage.get_thread(new.id, scope=scope)
            if or_existing:
                return existing
            raise ThreadExists(f"Thread with ID {new.id} already exists")
        new = replace(new, lifetime=new.lifetime or self._lifetime)
        thread = _unborn(new, self._clock.now_us())
        owner = self._agent(thread, agent)
        change = await owner.update(thread, supersteps, None)
        assert change.state is not None, "an update leaves a state"
        try:
            return await self._storage.create_with_state(
                new,
                owner.name,
                _left(change.state),
                change.parts,
                scope=scope,
                now_us=self._clock.now_us(),
            )
        except ThreadExists:  # meanwhile
            if not or_existing:
                raise
            return await self._storage.get_thread(new.id, scope=scope)

    async def _change(
        self,
        thread_id: str,
        scope: Scope,
        agent: str | None,
        work_out: Callable[[Agent, Thread], Awaitable[StateChange]],
    ) -> Mapping[str, Json]:
        """Hold the thread, work out the change, store it whole."""
        # A caller that goes away must not leave a thread behind that nobody gives back.
        return await asyncio.shield(self._hold(thread_id, scope, agent, work_out))

    async def _hold(
        self,
        thread_id: str,
        scope: Scope,
        agent: str | None,
        work_out: Callable[[Agent, Thread], Awaitable[StateChange]],
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
        with self._holdings.holding(key):
            try:
                change = await work_out(owner, thread)
            except BaseException:
                with contextlib.suppress(LeaseLost):
                    await self._end(key, None)
                raise
            await self._end(key, change)
        return change.checkpoint

    async def _end(self, key: LeaseKey, change: StateChange | None) -> None:
        """Store a change (None: there is none), give the thread back, and tell its followers."""
        now_us = self._clock.now_us()
        state = change.state if change else None
        left = None if state is None else _left(state)
        events = () if state is None else _told(key, state, now_us)
        parts = change.parts if change else ()
        more = await patiently(
            lambda: self._storage.end_write(key, left, parts=parts, events=events, now_us=now_us)
        )
        for event in events:
            self._hub.publish(key.thread_id, event)
        if more:
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


def _told(key: LeaseKey, state: StateSnapshot, now_us: int) -> Sequence[Event]:
    """What followers of the thread learn of a change: the state since, and where it is."""
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


def _unborn(new: NewThread, now_us: int) -> Thread:
    """A thread as an agent sees it that is to make its first state."""
    return Thread(
        id=new.id,
        metadata=new.metadata,
        config={},
        agent=None,
        state=ThreadState.IDLE,
        values=None,
        interrupts=None,
        error=None,
        created_us=now_us,
        updated_us=now_us,
        state_updated_us=now_us,
    )
