"""Bodies that clients of the Agent Protocol and of ACP both read: the fields of the one beside
those of the other. Where both have a field, it says the same."""

from typing import Any

import orjson
from msgspec import Struct

from demotic.dialects.acp import render as acp_render
from demotic.dialects.acp.contracts import Contracts
from demotic.dialects.acp.descriptors import agent_json, card
from demotic.dialects.acp.manifest import Manifest
from demotic.dialects.acp.replies import RunResult
from demotic.dialects.acp.versions import NEWEST
from demotic.dialects.agent_protocol import render
from demotic.dialects.agent_protocol.capabilities import Capabilities
from demotic.dialects.agent_protocol.replies import RunOutput
from demotic.domain.assistants import Assistant
from demotic.domain.events import Ended
from demotic.domain.model import Scope
from demotic.domain.runs import Run
from demotic.engine.core import Engine


class AgentSearch(Struct):
    """Agent Protocol 0.1.6, body of POST /agents/search, and ACP 0.2.3, AgentSearchRequest."""

    name: str | None = None
    version: str | None = None
    metadata: dict[str, Any] | None = None
    limit: int | None = None
    offset: int | None = None


def matches(assistant: Assistant, manifest: Manifest, wanted: AgentSearch) -> bool:
    """Whether an agent has the name and the version that are searched for.

    In the Agent Protocol a name is a part of the agent's, in any case; in ACP it is the whole of
    what the manifest calls it.
    """
    ref = card(assistant, manifest)["ref"]
    if wanted.version not in (None, ref["version"]):
        return False
    name = wanted.name or ""
    return name == ref["name"] or name.casefold() in assistant.name.casefold()


class Union:
    """How agents are told."""

    def __init__(self, contracts: Contracts, capabilities: Capabilities) -> None:
        self._contracts, self._capabilities = contracts, capabilities

    async def agent_json(
        self, engine: Engine, assistant: Assistant, scope: Scope
    ) -> dict[str, Any]:
        """Agent of Agent Protocol 0.1.6 and of ACP 0.2.3; `metadata` holds those of both."""
        known = await self._capabilities.has_messages(engine, assistant, scope)
        ap = render.agent_json(assistant, has_messages=known)
        acp = agent_json(assistant, self._contracts.manifest(assistant.agent))
        return {**acp, **ap, "metadata": {**ap["metadata"], **acp["metadata"]}}


def run_json(run: Run) -> dict[str, Any]:
    """Run of Agent Protocol 0.1.6 and RunStateless of ACP 0.2.3."""
    return {**acp_render.run_json(run, NEWEST, stateful=False), **render.run_json(run)}


class BothResults:
    """RunWaitResponse of Agent Protocol 0.1.6 and RunWaitResponseStateless of ACP 0.2.3."""

    def __init__(self, acp: RunResult, ap: RunOutput) -> None:
        self._acp, self._ap = acp, ap

    async def ended(self, ended: Ended) -> bytes:
        """The run as this leg left it, its output, values and messages."""
        return _joined(await self._acp.ended(ended), await self._ap.ended(ended))

    def broken(self, error: Exception) -> bytes:
        """What went wrong, as the run's own errors are told."""
        return _joined(self._acp.broken(error), self._ap.broken(error))


def _joined(acp: bytes, ap: bytes) -> bytes:
    of_acp, of_ap = orjson.loads(acp), orjson.loads(ap)
    return orjson.dumps({**of_acp, **of_ap, "run": {**of_ap["run"], **of_acp["run"]}})
