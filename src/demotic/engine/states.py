"""Thread state and history, read through the agent that owns it."""

from collections.abc import Mapping, Sequence

from demotic.domain.errors import AgentNotFound
from demotic.domain.model import Json, Scope, StateSnapshot, Thread
from demotic.ports.agent import Agent
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
    """What callers read of a thread's state."""

    def __init__(self, storage: Storage, agents: Mapping[str, Agent]) -> None:
        self._storage, self._agents = storage, agents

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
        agent = self._agent(thread)
        return await agent.state(thread_id, checkpoint, subgraphs=subgraphs)

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
        found = self._agent(thread).history(
            thread_id, checkpoint, limit=limit, before=before, metadata=metadata
        )
        return [snapshot async for snapshot in found]

    def _agent(self, thread: Thread) -> Agent:
        try:
            return self._agents[thread.agent or ""]
        except KeyError:
            raise AgentNotFound(
                f"Thread {thread.id} belongs to agent {thread.agent!r}, which this server does "
                f"not host. It hosts: {', '.join(sorted(self._agents)) or 'none'}."
            ) from None
