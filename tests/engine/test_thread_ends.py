"""A run that ends its thread, and who follows that thread."""

import asyncio
from collections.abc import Sequence

import pytest

from demotic.domain.errors import ThreadNotFound
from demotic.domain.events import Ended, Event
from demotic.domain.ids import system_assistant_id, uuid7
from demotic.domain.model import EVERYTHING, Json
from demotic.domain.runs import CancelAction, NewRun, RunRequest
from demotic.engine.follow_thread import ThreadFollowing
from demotic.engine.runs import Started
from house import House


async def start(house: House, thread_id: str, *steps: list[Json]) -> Started:
    """Start a run that ends its thread."""
    new = NewRun(
        id=uuid7(house.clock.now_us()),
        thread_id=thread_id,
        assistant_id=system_assistant_id(house.agent.name),
        request=RunRequest(input=list(steps), modes=["custom"]),
        ends_thread=True,
    )
    return await house.engine.runs.start(new, EVERYTHING)


async def told(following: ThreadFollowing) -> Sequence[Event | Ended]:
    """What a follower is told until the thread is gone."""
    found: list[Event | Ended] = []
    with pytest.raises(ThreadNotFound):
        while (got := await following.next(5)) is not None:
            found += [got] if isinstance(got, Ended) else got
    return found


async def test_followers_are_told_of_the_run_to_its_end_and_then_let_go(house: House) -> None:
    thread = await house.thread()
    following = await house.engine.threads.follow(thread, EVERYTHING, after=0)
    started = await start(house, thread, ["emit", "custom", 1])
    seen = await told(following)
    assert [each.kind for each in seen if isinstance(each, Event)] == ["start", "custom", "end"]
    ended = await started.following.ended()
    assert ended is not None and ended.outcome is not None
    following.close()


async def test_followers_are_let_go_where_the_run_ends_without_its_worker(house: House) -> None:
    thread = await house.thread()
    following = await house.engine.threads.follow(thread, EVERYTHING, after=None)
    paused = await start(house, thread, ["pause", "?"])
    await asyncio.wait_for(paused.following.ended(), 5)
    await house.engine.runs.cancel(
        None, paused.run.id, CancelAction.INTERRUPT, EVERYTHING, wait=True, paused=True
    )
    assert isinstance((await told(following))[-1], Ended)
    following.close()
