"""Handlers for the OpenAPI document and its page."""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from demotic.web.answers import json_answer
from demotic.web.deferral import Deferred
from demotic.web.openapi.document import Tables, document
from demotic.web.openapi.page import page
from demotic.web.routing import Operation

PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
}


class DocumentRoutes:
    """`/openapi.json` and `/docs`; `built` gives every operation of the dialect, `extend` adds
    what is served beside it."""

    def __init__(
        self,
        tables: Tables,
        built: Callable[[], Iterable[Operation]],
        planned: Iterable[Deferred] = (),
        extend: Callable[[dict[str, Any]], dict[str, Any]] = lambda document: document,
    ) -> None:
        self._tables, self._built, self._planned = tables, built, planned
        self._extend = extend

    def operations(self) -> list[Operation]:
        """What is served."""
        return [
            Operation("GET", "/openapi.json", self.show),
            Operation("GET", "/docs", self.page),
        ]

    @cached_property
    def document(self) -> dict[str, Any]:
        """The document, made when it is first asked for."""
        operations = [(each.method, each.path) for each in self._built()]
        return self._extend(document(self._tables, operations, self._planned))

    @cached_property
    def _page(self) -> bytes:
        return page(self.document).encode()

    async def show(self, request: Request) -> Response:
        """The document."""
        return json_answer(self.document)

    async def page(self, request: Request) -> Response:
        """The same for people."""
        return HTMLResponse(self._page, headers=PAGE_HEADERS)
