"""Fixtures that every rung of the tests shares."""

from collections.abc import AsyncIterator

import pytest

from house import House, open_house


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """An engine at work on a database in memory."""
    async with open_house() as opened:
        yield opened
