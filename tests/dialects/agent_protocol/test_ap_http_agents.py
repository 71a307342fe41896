"""Agents over HTTP, in process."""

from typing import Any

import pytest

from demotic.domain.assistants import NewAssistant
from demotic.domain.ids import system_assistant_id
from demotic.domain.model import EVERYTHING
from demotic.engine.core import Limits, running
from demotic.ports.clock import SystemClock
from demotic.storage.sqlite.database import Database
from demotic.storage.sqlite.storage import SqliteStorage
from demotic.testing.agent import ScriptedAgent
from dialects.agent_protocol.ap_graphs import chat, echo
from dialects.agent_protocol.ap_http import AGENT, ASSISTANT, UNKNOWN, ScriptedWire, Wire, serving

SCRIPTED = {
    "agent_id": ASSISTANT,
    "name": AGENT,
    "description": "A scripted agent",
    "metadata": {"created_by": "system"},
    "capabilities": {"ap.io.messages": False, "ap.io.streaming": True},
}
OTHER = "11111111-1111-1111-1111-111111111111"


async def make(wire: ScriptedWire, id: str = OTHER, agent: str = AGENT) -> None:
    """Another assistant."""
    new = NewAssistant(id=id, agent=agent, name="Helpful", metadata={"team": "blue"})
    await wire.house.storage.create_assistant(new, scope=EVERYTHING, now_us=1)


@pytest.mark.requirement("ap.agents.search")
async def test_agents_are_listed(wire: ScriptedWire) -> None:
    assert await wire.told("POST", "/agents/search", {}) == [SCRIPTED]
    assert await wire.told("POST", "/agents/search") == [SCRIPTED]


@pytest.mark.requirement("ap.agents.search.parameters")
async def test_agents_are_found_by_name_and_metadata_page_by_page(wire: ScriptedWire) -> None:
    await make(wire)
    for body, names in (
        ({}, [AGENT, "Helpful"]),
        ({"name": "HELP"}, ["Helpful"]),
        ({"metadata": {"team": "blue"}}, ["Helpful"]),
        ({"metadata": {"team": "red"}}, []),
        ({"limit": 1}, [AGENT]),
        ({"limit": 1, "offset": 1}, ["Helpful"]),
    ):
        found = await wire.told("POST", "/agents/search", body)
        assert [each["name"] for each in found] == names, body
    refused: list[Any] = [{"limit": 0}, {"limit": 1001}, {"offset": -1}, {"name": 1}]
    for wrong in [*refused, {"metadata": []}]:
        assert (await wire.ask("POST", "/agents/search", wrong)).status_code == 422


@pytest.mark.requirement("ap.agents.get")
async def test_an_agent_is_shown_by_id_or_name(wire: ScriptedWire) -> None:
    await make(wire)
    assert await wire.told("GET", f"/agents/{ASSISTANT}") == SCRIPTED
    assert await wire.told("GET", f"/agents/{AGENT}") == SCRIPTED
    assert (await wire.told("GET", f"/agents/{OTHER}"))["name"] == "Helpful"
    for unknown in (UNKNOWN, "Helpful"):
        missing = await wire.ask("GET", f"/agents/{unknown}")
        assert (missing.status_code, missing.json()["code"]) == (404, "agent_not_found")


@pytest.mark.requirement("ap.agents.schemas")
async def test_an_agent_tells_its_schemas(wire: ScriptedWire) -> None:
    assert await wire.told("GET", f"/agents/{AGENT}/schemas") == {
        "agent_id": ASSISTANT,
        "input_schema": {"type": ["array", "object"]},
        "output_schema": {},
        "state_schema": {"type": "object"},
    }
    assert (await wire.ask("GET", "/agents/none/schemas")).status_code == 404


@pytest.mark.requirement("ap.agents.capabilities")
async def test_agents_say_whether_they_know_messages() -> None:
    for graph, known in ((chat, True), (echo, False)):
        async with serving(graph) as wire:
            shown = await wire.told("GET", "/agents/graph")
            again = (await wire.told("POST", "/agents/search"))[0]
        assert shown == again
        assert shown["capabilities"] == {"ap.io.messages": known, "ap.io.streaming": True}


async def test_an_agent_that_is_not_hosted_any_more_is_listed_all_the_same(
    wire: ScriptedWire,
) -> None:
    await make(wire, agent="gone")
    (gone,) = await wire.told("POST", "/agents/search", {"name": "Helpful"})
    assert gone["capabilities"]["ap.io.messages"] is False
    assert (await wire.ask("GET", f"/agents/{OTHER}/schemas")).status_code == 404
    refused = await wire.ask("POST", "/runs", {"agent_id": OTHER})
    assert refused.status_code == 404


async def test_the_default_agent_is_the_one_that_is_configured_first() -> None:
    agents = {name: ScriptedAgent(name) for name in ("second", "first")}
    database = Database(None)
    async with running(
        SqliteStorage(database),
        agents,
        SystemClock(),
        Limits(),
        worker_name="test",
        system_metadata={},
    ) as engine:
        assert engine.assistants.default_agent() == "second"
        wire = Wire(engine)
        run = (await wire.told("POST", "/runs/wait", {"input": []}))["run"]
        assert run["agent_id"] == system_assistant_id("second")
    database.close()


async def test_schemas_of_a_conversation_name_its_messages() -> None:
    async with serving(chat) as wire:
        shown = await wire.told("GET", "/agents/graph/schemas")
    assert shown["agent_id"] == system_assistant_id("graph")
    assert {"messages", "topic"} <= set(shown["input_schema"]["properties"])
    assert {"messages", "topic"} <= set(shown["state_schema"]["properties"])
