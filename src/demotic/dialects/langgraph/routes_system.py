"""Handlers about the server itself."""

from html import escape
from importlib.metadata import version

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

import demotic
from demotic.dialects.langgraph import render
from demotic.dialects.langgraph.requests import FindEngine
from demotic.domain.assistants import AssistantQuery
from demotic.web.answers import json_answer
from demotic.web.callers import scope_of
from demotic.web.queries import flag
from demotic.web.routing import Operation

GRAPH_VERSION = version("langgraph")

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Demotic</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 3rem auto; max-width: 42rem }}
code {{ font: .9em ui-monospace, monospace }}
</style>
<h1>Demotic {version}</h1>
<p>The server is up. LangGraph clients connect to this address.</p>
<h2>Assistants</h2>
<ul>
{rows}
</ul>
</html>
"""
ROW = "<li><strong>{name}</strong> <code>{id}</code> {description}</li>"
PAGE_HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
SHOWN = 100  # assistants on the page


class SystemRoutes:
    """`/`, `/ok` and `/info`."""

    def __init__(self, engine: FindEngine) -> None:
        self._engine = engine

    def operations(self) -> list[Operation]:
        """What is served."""
        return [
            Operation("GET", "/ok", self.ok),
            Operation("GET", "/info", self.info),
            Operation("GET", "/", self.home),
        ]

    async def ok(self, request: Request) -> Response:
        """LangGraph API 0.16, GET /ok; `check_db=1` asks the storage too."""
        if not flag(request, "check_db"):
            return json_answer({"ok": True})
        await self._engine().storage.ping()
        return json_answer({"ok": True, "services": {"storage": "ok"}})

    async def info(self, request: Request) -> Response:
        """LangGraph API 0.16, GET /info."""
        engine = self._engine()
        crons, langsmith = engine.schedules.are_on, engine.assistants.are_traced()
        row = render.info_json(demotic.__version__, GRAPH_VERSION, crons=crons, langsmith=langsmith)
        return json_answer(row)

    async def home(self, request: Request) -> Response:
        """LangGraph API 0.16, GET /: a sign of life; for a browser, a page."""
        if "text/html" not in request.headers.get("accept", ""):
            return json_answer({"ok": True})
        query = AssistantQuery(limit=SHOWN, sort_by="name", descending=False)
        page = await self._engine().assistants.search(query, scope_of(request))
        rows = [
            ROW.format(
                name=escape(a.name), id=escape(a.id), description=escape(a.description or "")
            )
            for a in page.items
        ]
        html = PAGE.format(version=escape(demotic.__version__), rows="\n".join(rows))
        return HTMLResponse(html, headers=PAGE_HEADERS)
