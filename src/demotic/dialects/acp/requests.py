"""What every handler reads of a request."""

from collections.abc import Callable

from starlette.requests import Request

from demotic.engine.core import Engine
from demotic.web.choosing import uuid

FindEngine = Callable[[], Engine]
"""Gives the engine at work; handlers ask for it per request, since it starts after them."""


def agent_id(request: Request) -> str:
    """The agent that the path names."""
    return uuid("agent", request.path_params["agent_id"])


def thread_id(request: Request) -> str:
    """The thread that the path names."""
    return uuid("thread", request.path_params["thread_id"])


def thread_or_none(request: Request) -> str | None:
    """The thread that the path names, if it names one: a run below `/runs` needs none."""
    return thread_id(request) if "thread_id" in request.path_params else None


def run_id(request: Request) -> str:
    """The run that the path names."""
    return uuid("run", request.path_params["run_id"])
