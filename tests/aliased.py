"""The whole application around an agent that asks, for tests of what is served at its root."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
from starlette.applications import Starlette

from demotic.server import Hosting, make_app
from demotic.web.custom_app import CustomApp
from dialects.acp import graphs
from dialects.acp.acp_http import open_acp
from test_make_app import client_of, configured, settings_of

ADA = {"input": {"name": "Ada"}}


class Root:
    """A client of every mount."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def ask(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """One request."""
        if body is not None:
            more["json"] = body
        return await self.client.request(method, path, **more)

    async def told(self, method: str, path: str, body: Any = None) -> Any:
        """What a request is answered that succeeds."""
        answer = await self.ask(method, path, body)
        assert answer.status_code < 300, (method, path, answer.text)
        return answer.json() if answer.content else None

    async def paused(self, place: str = "/runs") -> str:
        """The id of a run that has come to its question."""
        run = (await self.told("POST", f"/acp{place}/wait", ADA))["run"]
        assert run["status"] == "interrupted"
        return str(run["run_id"])

    async def thread(self) -> str:
        """A new thread's id."""
        return str((await self.told("POST", "/threads", {}))["thread_id"])


@asynccontextmanager
async def open_root(
    custom: Starlette | None = None,
    settings: Mapping[str, Any] | None = None,
    graph: Any = None,
    **http: Any,
) -> AsyncIterator[Root]:
    """The application around a graph, or around the greeter and its manifest; with a key `http`
    and settings."""
    manifest = None if graph else graphs.MANIFEST
    async with open_acp(graph or graphs.greeter(), manifest=manifest) as acp:
        hosting = Hosting(acp.engine, acp.contracts)
        wrapped = CustomApp(custom) if custom else None
        app = make_app(hosting, configured(**http), settings_of(**(settings or {})), wrapped)
        async with client_of(app) as client:
            yield Root(client)


def holds(whole: Any, part: Any) -> bool:
    """Whether an answer has every field of another one, with the same values."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(
            name in whole and holds(whole[name], value) for name, value in part.items()
        )
    if isinstance(part, list):
        return len(whole) == len(part) and all(map(holds, whole, part))
    return bool(whole == part)
