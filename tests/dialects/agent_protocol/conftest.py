"""Fixtures of the dialect's tests."""

from collections.abc import AsyncIterator

import pytest

from dialects.agent_protocol.ap_http import ScriptedWire, open_wire
from house import House


@pytest.fixture
async def wire(house: House) -> AsyncIterator[ScriptedWire]:
    """A client of the dialect, with an engine at work behind it."""
    async with open_wire(house) as opened:
        yield opened
