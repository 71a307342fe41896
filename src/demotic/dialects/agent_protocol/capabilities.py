"""What agents can do: found out once per agent and configuration, because looking takes long."""

from collections import OrderedDict

import orjson
import structlog

from demotic.dialects.agent_protocol.render import has_messages
from demotic.domain.assistants import Assistant
from demotic.domain.errors import AgentError, AgentNotFound
from demotic.domain.model import Scope
from demotic.engine.core import Engine

log = structlog.get_logger("demotic.agent_protocol")

REMEMBERED = 1000
"""How many answers are kept: each is one bit."""


class Capabilities:
    """Remembers which agents know messages, for as long as the process lives."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, bytes], bool] = OrderedDict()

    async def has_messages(self, engine: Engine, assistant: Assistant, scope: Scope) -> bool:
        """Whether it takes, keeps or gives messages; not known of one that cannot be built now."""
        key = (assistant.agent, orjson.dumps(assistant.config, option=orjson.OPT_SORT_KEYS))
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        try:
            described = await engine.descriptions.schemas(assistant.id, scope)
        except (AgentError, AgentNotFound) as error:
            log.warning("agent cannot be looked at", agent=assistant.agent, error=error.message)
            return False
        self._known[key] = found = has_messages(described.schemas)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return found
