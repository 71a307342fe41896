"""Fixtures that every rung of the tests shares."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

import wire_log
from house import House, open_house


@pytest.fixture(autouse=True, scope="session")
def wire_logged() -> Iterator[None]:
    """Requests are logged where a variable says so."""
    if folder := os.environ.get(wire_log.VARIABLE):
        with wire_log.logged(Path(folder)):
            yield
    else:
        yield


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """An engine at work on a database in memory."""
    async with open_house() as opened:
        yield opened
