"""Blocking calls of async nodes are reported with file and line, and made all the same."""

import asyncio
import linecache
import os
from pathlib import Path

import pytest

from demotic.agents import blocking
from demotic.agents.blocking import Place, Side, blocking_calls_reported
from served import State, chain, served


async def test_a_node_that_blocks_is_reported_once_with_its_line_and_goes_on() -> None:
    async def blocks(state: State) -> State:
        for _ in range(2):
            os.listdir(".")
        return {"log": ["slept"]}

    def may_block(state: State) -> State:
        os.listdir(".")
        return {"log": ["slept, too"]}

    async def does_not_block(state: State) -> State:
        await asyncio.to_thread(os.listdir, ".")
        return {"log": ["waited"]}

    places: list[Place] = []
    with blocking_calls_reported(places.append):
        async with served(chain(blocks, may_block, does_not_block)) as house:
            outcome = await house.wait(None, input={"log": []})
    assert outcome.values == b'{"log":["slept","slept, too","waited"]}'
    [place] = [each for each in places if each.call == "os.listdir"]
    assert (place.call, Path(place.file).name) == ("os.listdir", "test_blocking.py")
    assert linecache.getline(__file__, place.line).strip() == 'os.listdir(".")'


async def test_nothing_is_watched_afterwards() -> None:
    before = os.listdir
    with blocking_calls_reported(lambda place: None):
        assert os.listdir is not before
    assert os.listdir is before


def test_an_installed_demotic_is_not_taken_for_a_library(monkeypatch: pytest.MonkeyPatch) -> None:
    packages = Path("/env/lib/python3.11/site-packages")
    monkeypatch.setattr(blocking, "PACKAGE", packages / "demotic")
    assert blocking._side(str(packages / "demotic/server/app.py")) is Side.OURS
    assert blocking._side(str(packages / "demotic/example/assistant.py")) is Side.USERS
    assert blocking._side(str(packages / "langgraph/pregel/main.py")) is Side.LIBRARY
