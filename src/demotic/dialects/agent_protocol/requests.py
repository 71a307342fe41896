"""What every handler reads of a request."""

from collections.abc import Callable

from starlette.requests import Request

from demotic.engine.core import Engine
from demotic.web.choosing import uuid

FindEngine = Callable[[], Engine]
"""Gives the engine at work; handlers ask for it per request, since it starts after them."""


def thread_id(request: Request) -> str:
    """The thread that the path names."""
    return uuid("thread", request.path_params["thread_id"])


def run_id(request: Request) -> str:
    """The run that the path names."""
    return uuid("run", request.path_params["run_id"])
