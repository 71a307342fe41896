"""What agents tell of themselves, configured as an assistant configures them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from demotic.domain.assistants import AgentSchemas, Assistant
from demotic.domain.errors import AgentNotFound
from demotic.domain.model import Json, Scope
from demotic.ports.agent import Agent
from demotic.ports.storage import Storage


@dataclass(frozen=True, slots=True)
class Described:
    """An assistant's schemas, and the agent that they are of."""

    agent: str
    schemas: AgentSchemas


class Descriptions:
    """What callers learn of the agent behind an assistant. Methods that name an assistant raise
    `AssistantNotFound`, and `AgentNotFound` where this server does not host the agent."""

    def __init__(self, storage: Storage, agents: Mapping[str, Agent]) -> None:
        self._storage, self._agents = storage, agents

    async def schemas(self, assistant_id: str, scope: Scope) -> Described:
        """What it takes and keeps."""
        assistant, agent = await self._find(assistant_id, scope)
        return Described(agent.name, await agent.schemas(assistant.config))

    async def schemas_of(self, assistant: Assistant) -> AgentSchemas:
        """What an assistant that was found before takes and keeps."""
        return await self._agent(assistant).schemas(assistant.config)

    async def drawing(self, assistant_id: str, scope: Scope, *, depth: int | bool) -> Json:
        """Its steps, nested agents opened up to `depth`."""
        assistant, agent = await self._find(assistant_id, scope)
        return await agent.drawing(assistant.config, depth=depth)

    async def parts(
        self, assistant_id: str, scope: Scope, *, namespace: str | None = None, deep: bool = False
    ) -> Mapping[str, AgentSchemas]:
        """The schemas of its nested agents by namespace, of one or all; `deep`: theirs, too."""
        assistant, agent = await self._find(assistant_id, scope)
        return await agent.parts(assistant.config, namespace, deep=deep)

    def blocks(self, agent: str, message: Mapping[str, Json]) -> Sequence[Json]:
        """The content of a message that an agent recorded, in standard content blocks; none for
        an agent that this server does not host."""
        found = self._agents.get(agent)
        return found.blocks(message) if found else ()

    async def _find(self, assistant_id: str, scope: Scope) -> tuple[Assistant, Agent]:
        assistant = await self._storage.get_assistant(assistant_id, scope=scope)
        return assistant, self._agent(assistant)

    def _agent(self, assistant: Assistant) -> Agent:
        agent = self._agents.get(assistant.agent)
        if agent is None:
            raise AgentNotFound(
                f"Assistant {assistant.id} runs agent {assistant.agent!r}, which this server does "
                f"not host. It hosts: {', '.join(sorted(self._agents)) or 'none'}."
            )
        return agent
