"""What every handler reads of a request."""

from collections.abc import Callable

from starlette.requests import Request

from demotic.engine.core import Engine
from demotic.web.choosing import uuid

FindEngine = Callable[[], Engine]
"""Gives the engine at work; handlers ask for it per request, since it starts after them."""


def assistant_id(request: Request) -> str:
    """The assistant that the path names."""
    return uuid("assistant", request.path_params["assistant_id"])


def thread_id(request: Request) -> str:
    """The thread that the path names."""
    return uuid("thread", request.path_params["thread_id"])


def run_id(request: Request) -> str:
    """The run that the path names."""
    return uuid("run", request.path_params["run_id"])


def cron_id(request: Request) -> str:
    """The cron that the path names."""
    return uuid("cron", request.path_params["cron_id"])


def page_headers(total: int, offset: int, shown: int) -> dict[str, str]:
    """LangGraph API 0.16: where the next page begins, if there is one. The total is exact up to
    10,000; beyond, at least so many match."""
    headers = {"X-Pagination-Total": str(total)}
    if offset + shown < total:
        headers["X-Pagination-Next"] = str(offset + shown)
    return headers
