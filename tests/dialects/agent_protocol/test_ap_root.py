"""The Agent Protocol's paths at the root: those that LangGraph's API lacks, in bodies that its
clients read."""

from typing import Any

import pytest

from aliased import Root, holds, open_root
from demotic.domain.ids import system_assistant_id
from dialects.agent_protocol.ap_graphs import chat
from dialects.agent_protocol.ap_http import UNKNOWN

AGENT = system_assistant_id("graph")
HI = {"messages": [{"role": "user", "content": "Hi"}], "metadata": {"a": 1}}
READ = [
    ("POST", "/agents/search", {"name": "GRA", "metadata": {"created_by": "system"}}),
    ("POST", "/agents/search", {"name": "none"}),
    ("POST", "/agents/search", {"metadata": {"created_by": "me"}}),
    ("GET", f"/agents/{AGENT}", None),
    ("GET", "/agents/graph", None),
    ("GET", "/agents/graph/schemas", None),
    ("POST", "/runs/search", {"thread_id": "{thread_id}", "agent_id": "graph"}),
    ("POST", "/runs/search", {"metadata": {"a": 2}}),
    ("GET", "/runs/{run_id}", None),
    ("GET", "/runs/{run_id}/wait", None),
]


async def talked(root: Root) -> dict[str, str]:
    """The ids of a run and its thread, on which a conversation was held."""
    thread = await root.thread()
    run = (await root.told("POST", "/ap/runs/wait", {**HI, "thread_id": thread}))["run"]
    return {"thread_id": thread, "run_id": run["run_id"]}


@pytest.mark.requirement("ap.root")
@pytest.mark.parametrize(("method", "path", "body"), READ)
async def test_the_root_answers_all_that_the_mount_does(method: str, path: str, body: Any) -> None:
    async with open_root(graph=chat) as root:
        ids = await talked(root)
        path = path.format(**ids)
        if body and "thread_id" in body:
            body = {**body, "thread_id": ids["thread_id"]}
        here = await root.told(method, path, body)
        there = await root.told(method, f"/ap{path}", body)
        assert holds(here, there), (here, there)


@pytest.mark.requirement("ap.root")
async def test_pages_of_agents_do_not_overlap() -> None:
    async with open_root(graph=chat) as root:
        for name in ("one", "two"):
            await root.told("POST", "/assistants", {"graph_id": "graph", "name": name})
        pages = [
            await root.told("POST", "/agents/search", {"limit": 1, "offset": n}) for n in range(4)
        ]
        assert [[each["name"] for each in page] for page in pages] == [
            ["graph"],
            ["one"],
            ["two"],
            [],
        ]
        assert (await root.ask("POST", "/agents/search", {"limit": 0})).status_code == 422


@pytest.mark.requirement("ap.root")
async def test_a_run_that_is_gone_cannot_be_had_at_the_root_either() -> None:
    async with open_root(graph=chat) as root:
        run = f"/runs/{(await talked(root))['run_id']}"
        assert (await root.ask("POST", f"{run}/cancel")).json()["code"] == "run_ended"
        assert (await root.ask("DELETE", run)).status_code == 204
        for method, path in (("GET", run), ("GET", f"{run}/wait"), ("DELETE", run)):
            answer = await root.ask(method, path)
            assert (answer.status_code, answer.json()["code"]) == (404, "run_not_found")
        unknown = await root.ask("GET", f"/agents/{UNKNOWN}")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "agent_not_found")
