"""Assistants: the settings of agents that callers address."""

from collections.abc import Mapping

from demotic.domain.ids import system_assistant_id
from demotic.domain.model import Assistant, AssistantQuery, NewAssistant, Page, Scope
from demotic.ports.agent import Agent
from demotic.ports.clock import Clock
from demotic.ports.storage import Storage


class Assistants:
    """What callers do with assistants."""

    def __init__(self, storage: Storage, agents: Mapping[str, Agent], clock: Clock) -> None:
        self._storage, self._agents, self._clock = storage, agents, clock

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

    async def get(self, assistant_id: str, scope: Scope) -> Assistant:
        """Raises `AssistantNotFound`."""
        return await self._storage.get_assistant(assistant_id, scope=scope)

    async def search(self, query: AssistantQuery, scope: Scope) -> Page:
        """A page of assistants."""
        return await self._storage.search_assistants(query, scope=scope)
