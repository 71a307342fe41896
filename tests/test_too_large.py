"""Bodies that are too large: refused by every operation that takes one, below every mount."""

import re
from collections.abc import Mapping

import httpx
import pytest

from demotic.dialects.acp.openapi.tables import tables as acp_tables
from demotic.dialects.acp.versions import VERSIONS
from demotic.dialects.langgraph.choices import STAMPS
from demotic.dialects.langgraph.openapi.tables import TABLES
from demotic.dialects.streaming.routes import StreamingDialect
from demotic.engine.core import Engine
from demotic.server import make_app
from demotic.server.app import agent_protocol
from demotic.web.bodies import MAX_BYTES
from demotic.web.openapi.document import Tables
from house import House
from test_make_app import configured, hosting, settings_of

UNKNOWN = "00000000-0000-0000-0000-000000000000"


def no_engine() -> Engine:
    """For dialects whose operations are only listed."""
    raise AssertionError("no request is made here")


DIALECTS: Mapping[str, Tables] = {
    "": TABLES.joined(StreamingDialect(no_engine, STAMPS).tables),
    "/ap": agent_protocol(no_engine).tables,
    **{version.mount: acp_tables(version) for version in VERSIONS},
}
TAKERS = [
    (method, mount + path)
    for mount, tables in DIALECTS.items()
    for (method, path), told in tables.operations.items()
    if told.body is not None or told.value is not None
]


@pytest.mark.requirement("ap.options")
@pytest.mark.requirement("acp.options")
async def test_a_body_that_is_announced_as_too_large_is_refused_everywhere(house: House) -> None:
    app = make_app(hosting(house.engine), configured(), settings_of())
    transport, headers = httpx.ASGITransport(app), {"content-length": str(MAX_BYTES + 1)}
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for method, path in TAKERS:
            address = re.sub(r"{\w+}", UNKNOWN, path)
            answer = await client.request(method, address, content=b"{}", headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large"), path


@pytest.mark.parametrize("mount", DIALECTS)
def test_every_mount_takes_bodies(mount: str) -> None:
    assert len([path for _, path in TAKERS if path.startswith(f"{mount}/")]) > 10
