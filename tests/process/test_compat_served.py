"""A real server that is asked to be like an earlier version, and the Python SDK beside it."""

from pathlib import Path

import httpx
import pytest

from process.clients import client_of, notes
from process.serving import Server

pytestmark = pytest.mark.timeout(40, func_only=True)


@pytest.mark.requirement("langgraph.compat.served")
@pytest.mark.parametrize(
    ("options", "env"), [(("--compat", "2024"), {}), ((), {"DEMOTIC_COMPAT": "0.1.0"})]
)
async def test_a_server_has_the_ways_of_the_version_it_is_told(
    options: tuple[str, ...], env: dict[str, str], tmp_path: Path
) -> None:
    with Server(tmp_path, options=options, env=env) as server:
        async with httpx.AsyncClient(base_url=server.base_url) as http:
            thread = (await http.post("/threads", json={})).json()["thread_id"]
            gone = await http.delete(f"/threads/{thread}")
            assert (gone.status_code, gone.json()) == (200, {})
            bad = (await http.get("/threads/nope")).json()
            assert isinstance(bad["detail"], list if env else str)
        async with client_of(server) as client:
            made = await client.threads.create()
            waited = await client.runs.wait(made["thread_id"], "echo", input=notes("in"))
            assert waited == {"items": ["in", "a", "b"]}
            await client.threads.delete(made["thread_id"])
