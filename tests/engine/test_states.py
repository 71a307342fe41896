"""Changes of a thread's state that no run makes."""

import asyncio

import pytest

from demotic.domain.errors import BadInput, NoAgent, ThreadBusy
from demotic.domain.lifecycle import RunState, ThreadState
from demotic.domain.model import EVERYTHING
from demotic.domain.states import StateUpdate
from house import House


async def test_a_run_that_comes_during_a_change_of_state_waits_for_it(house: House) -> None:
    thread = await house.thread()
    update = StateUpdate(values="gate", as_node="wait")
    changing = asyncio.create_task(
        house.engine.states.update(thread, update, EVERYTHING, agent=house.agent.name)
    )
    await house.agent.arrived("gate")
    with pytest.raises(ThreadBusy):
        await house.engine.states.update(thread, update, EVERYTHING, agent=house.agent.name)
    started = await house.start(thread)
    assert started.run.state is RunState.QUEUED
    assert not house.agent.started
    house.agent.open("gate")
    assert (await changing)["checkpoint_id"] == "written"
    assert (await asyncio.wait_for(started.following.ended(), 5)).outcome is not None


async def test_who_goes_away_during_a_change_leaves_the_thread_free_at_its_end(
    house: House,
) -> None:
    thread = await house.thread()
    update = StateUpdate(values="gate", as_node="wait")
    changing = asyncio.create_task(
        house.engine.states.update(thread, update, EVERYTHING, agent=house.agent.name)
    )
    await house.agent.arrived("gate")
    changing.cancel()
    house.agent.open("gate")
    started = await house.start(thread)
    assert (await asyncio.wait_for(started.following.ended(), 5)).outcome is not None


async def test_a_change_that_is_refused_leaves_the_thread_free_and_as_it_was(house: House) -> None:
    thread = await house.thread()
    before = await house.engine.threads.get(thread, EVERYTHING)
    refused = StateUpdate(values={}, as_node="fail")
    with pytest.raises(BadInput):
        await house.engine.states.update(thread, refused, EVERYTHING, agent=house.agent.name)
    assert await house.engine.threads.get(thread, EVERYTHING) == before


async def test_a_change_tells_by_the_steps_that_are_left_how_the_thread_stands(
    house: House,
) -> None:
    thread = await house.thread()
    with pytest.raises(NoAgent):
        await house.engine.states.update(thread, StateUpdate(), EVERYTHING)
    for as_node, state in (("next", ThreadState.INTERRUPTED), (None, ThreadState.IDLE)):
        update = StateUpdate(values={"x": 1}, as_node=as_node)
        await house.engine.states.update(thread, update, EVERYTHING, agent=house.agent.name)
        shown = await house.engine.threads.get(thread, EVERYTHING)
        assert (shown.state, shown.values, shown.agent) == (state, b'{"x":1}', house.agent.name)
