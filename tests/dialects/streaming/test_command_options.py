"""Options of commands that start runs: what the agent is asked in the end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from demotic.domain.ids import uuid7
from demotic.domain.runs import BusyPolicy, Run
from demotic.server import make_app
from demotic.testing.agent import ScriptedAgent
from dialects.langgraph.langgraph_http import AGENT, UNKNOWN
from dialects.streaming.streaming_http import Client
from house import open_house
from test_make_app import configured, hosting, settings_of

CONFIG = {
    "tags": ["t"],
    "metadata": {"team": "blue"},
    "recursion_limit": 7,
    "max_concurrency": 3,
    "run_name": "nightly",
    "configurable": {"language": "en"},
}
OPTIONS = {"config": CONFIG, "metadata": {"m": 1}}
TRACER = {"project_name": "nightly", "example_id": UNKNOWN}


class TracedAgent(ScriptedAgent):
    """One whose runs are traced."""

    @property
    def is_traced(self) -> bool:
        """They are."""
        return True


@asynccontextmanager
async def talking_to(agent: ScriptedAgent) -> AsyncIterator[Client]:
    """A client of a server of an agent."""
    async with open_house(agent=agent) as house:
        app = make_app(hosting(house.engine), configured(), settings_of())
        yield Client(app, uuid7(1))


async def asked(agent: ScriptedAgent, count: int) -> Run:
    """What the agent was asked last, once it was asked so often; within 5 s."""
    async with asyncio.timeout(5):
        while True:
            if len(agent.runs) >= count:
                return agent.runs[-1]
            await asyncio.sleep(0)


def start(*steps: list[Any], **options: Any) -> dict[str, Any]:
    """The parameters of run.start."""
    return {"assistant_id": AGENT, "input": [*steps], **options}


@pytest.mark.requirement("streaming.run.start.options")
@pytest.mark.requirement("streaming.input.respond.options")
async def test_every_option_of_a_command_reaches_the_agent() -> None:
    agent = ScriptedAgent()
    async with talking_to(agent) as client:
        await client.ran("run.start", **start(["pause", "really?"], **OPTIONS))
        first = await asked(agent, 1)
        answer = {"interrupt_id": "i1", "response": "yes"}
        more = {"update": {"x": 1}, "goto": "step", "strict_resume": True}
        await client.ran("input.respond", **answer, **more, **OPTIONS)
        second = await asked(agent, 2)
    for run in (first, second):
        assert run.request.config == CONFIG and run.metadata["m"] == 1
    assert second.request.command == {"resume": {"i1": "yes"}, "update": {"x": 1}, "goto": "step"}


@pytest.mark.requirement("streaming.input.respond.bad")
@pytest.mark.parametrize("strict", [True, False, None])
async def test_an_answer_is_strict_whether_it_is_to_be_or_not(strict: bool | None) -> None:
    async with talking_to(ScriptedAgent()) as client:
        await client.ran("run.start", **start(["pause", "really?"]))
        wrong = {"interrupt_id": "i2", "response": "yes", "strict_resume": strict}
        assert await client.error("input.respond", **wrong) == "no_such_interrupt"


@pytest.mark.requirement("streaming.run.start.inject")
@pytest.mark.parametrize("policy", BusyPolicy)
async def test_a_busy_thread_does_what_the_command_says(policy: BusyPolicy) -> None:
    agent = ScriptedAgent()
    async with talking_to(agent) as client:
        running = (await client.result("run.start", **start(["wait", "gate"])))["run_id"]
        await agent.arrived("gate")
        told = await client.command("run.start", **start(multitask_strategy=policy))
        assert (told["type"] == "error") is (policy is BusyPolicy.REJECT)
        if policy in (BusyPolicy.REJECT, BusyPolicy.ENQUEUE):
            agent.open("gate")
        if policy is not BusyPolicy.REJECT:
            assert (await asked(agent, 2)).busy_policy is policy
        await client.ask("GET", f"/runs/{running}/join")
        old = await client.ask("GET", f"/runs/{running}")
    status = "gone" if old.status_code == 404 else old.json()["status"]
    assert status == {"interrupt": "interrupted", "rollback": "gone"}.get(policy, "success")


@pytest.mark.requirement("streaming.run.start.tracing")
async def test_a_trace_goes_where_the_command_says_if_there_is_one() -> None:
    agent = TracedAgent()
    async with talking_to(agent) as client:
        await client.ran("run.start", **start(langsmith_tracer=TRACER))
        run = await asked(agent, 1)
        assert run.request.tracing == {"project": "nightly", "example": UNKNOWN}
        for bad in ({"project_name": 1}, {"example_id": "x"}, 5):
            wrong = start(langsmith_tracer=bad)
            assert await client.error("run.start", **wrong) == "invalid_argument"
        await client.ran("run.start", **start(langsmith_tracer={}))
        assert (await asked(agent, 2)).request.tracing is None
