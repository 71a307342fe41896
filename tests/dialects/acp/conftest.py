"""A client of ACP for every test of the dialect."""

from collections.abc import AsyncIterator

import pytest

from demotic.dialects.acp.versions import NEWEST
from dialects.acp.acp_http import Acp, open_acp


@pytest.fixture
async def acp(request: pytest.FixtureRequest) -> AsyncIterator[Acp]:
    """A client of an engine with a scripted agent; of the newest version, unless a test asks for
    others, as `EITHER` does."""
    async with open_acp(version=getattr(request, "param", NEWEST)) as opened:
        yield opened
