"""Assistants: the settings of agents that callers address."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace

from demotic.domain.assistants import Assistant, AssistantChange, AssistantQuery, NewAssistant
from demotic.domain.errors import AgentNotFound, AssistantExists
from demotic.domain.events import Ended
from demotic.domain.ids import system_assistant_id
from demotic.domain.model import Json, Page, Scope
from demotic.engine.follow import Hub
from demotic.engine.worker import Worker
from demotic.ports.agent import Agent
from demotic.ports.clock import Clock
from demotic.ports.storage import Storage


class Assistants:
    """What callers do with assistants."""

    def __init__(
        self,
        storage: Storage,
        agents: Mapping[str, Agent],
        worker: Worker,
        hub: Hub,
        clock: Clock,
    ) -> None:
        self._storage, self._agents, self._clock = storage, agents, clock
        self._worker, self._hub = worker, hub

    async def ensure_system(self, metadata: Mapping[str, str]) -> None:
        """Give every hosted agent its default assistant, marked by `metadata`."""
        new = [
            NewAssistant(
                id=system_assistant_id(agent.name),
                agent=agent.name,
                name=agent.name,
                description=agent.description,
                metadata=metadata,
            )
            for agent in self._agents.values()
        ]
        await self._storage.ensure_assistants(new, now_us=self._clock.now_us())

    def agent_names(self) -> list[str]:
        """The hosted agents."""
        return sorted(self._agents)

    def are_traced(self) -> bool:
        """Whether a service traces the agents' runs."""
        return any(agent.is_traced for agent in self._agents.values())

    def default_agent(self) -> str | None:
        """The hosted agent that was configured first; None where there is none."""
        return next(iter(self._agents), None)

    async def get(self, assistant_id: str, scope: Scope) -> Assistant:
        """Raises `AssistantNotFound`."""
        return await self._storage.get_assistant(assistant_id, scope=scope)

    async def search(self, query: AssistantQuery, scope: Scope) -> Page:
        """A page of assistants."""
        return await self._storage.search_assistants(query, scope=scope)

    async def all(self, query: AssistantQuery, scope: Scope) -> AsyncIterator[Assistant]:
        """Every assistant that is found, one page of the query's length after the other, for
        callers that choose among them by what the storage does not know."""
        offset, total = query.offset, query.offset + 1
        while offset < total:
            page = await self.search(replace(query, offset=offset), scope)
            for each in page.items:
                yield each
            offset, total = offset + query.limit, page.total

    async def create(
        self, new: NewAssistant, scope: Scope, *, or_existing: bool = False
    ) -> Assistant:
        """Create an assistant. `or_existing`: return the one that is there.

        Raises `AgentNotFound`, `AssistantExists`; where the existing one is outside the scope,
        `AssistantNotFound`.
        """
        self._check_agent(new.agent)
        try:
            return await self._storage.create_assistant(
                new, scope=scope, now_us=self._clock.now_us()
            )
        except AssistantExists:
            if not or_existing:
                raise
            return await self._storage.get_assistant(new.id, scope=scope)

    async def change(self, assistant_id: str, change: AssistantChange, scope: Scope) -> Assistant:
        """Make a new version. Raises `AssistantNotFound`, `AgentNotFound`."""
        if change.agent is not None:
            self._check_agent(change.agent)
        return await self._storage.change_assistant(
            assistant_id, change, scope=scope, now_us=self._clock.now_us()
        )

    async def versions(
        self,
        assistant_id: str,
        scope: Scope,
        *,
        metadata: Mapping[str, Json],
        limit: int,
        offset: int,
    ) -> Sequence[Assistant]:
        """Its versions, newest first. Raises `AssistantNotFound`."""
        return await self._storage.list_assistant_versions(
            assistant_id, metadata=metadata, limit=limit, offset=offset, scope=scope
        )

    async def choose_version(self, assistant_id: str, version: int, scope: Scope) -> Assistant:
        """Make a version the current one. Raises `AssistantNotFound`, `VersionNotFound`."""
        return await self._storage.choose_assistant_version(
            assistant_id, version, scope=scope, now_us=self._clock.now_us()
        )

    async def delete(
        self,
        assistant_id: str,
        scope: Scope,
        *,
        threads: Mapping[str, Json] | None,
        thread_scope: Scope,
    ) -> None:
        """Delete an assistant, and the threads whose metadata contains `threads` (None: none).

        Their unfinished runs end; the followers get `RunNotFound`. Raises `AssistantNotFound`.
        """
        unfinished = await self._storage.delete_assistant(
            assistant_id,
            threads=threads,
            scope=scope,
            thread_scope=thread_scope,
            now_us=self._clock.now_us(),
        )
        for each in unfinished:
            self._worker.lose(each.run_id)
            self._hub.end(each.thread_id, Ended(each.run_id, None))

    def _check_agent(self, name: str) -> None:
        if name not in self._agents:
            raise AgentNotFound(
                f"There is no agent {name!r}. This server hosts: "
                f"{', '.join(self.agent_names()) or 'none'}."
            )
