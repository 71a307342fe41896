"""A client of ACP for every test of the dialect."""

from collections.abc import AsyncIterator

import pytest

from dialects.acp.acp_http import Acp, open_acp


@pytest.fixture
async def acp() -> AsyncIterator[Acp]:
    """A client of an engine with a scripted agent."""
    async with open_acp() as opened:
        yield opened
