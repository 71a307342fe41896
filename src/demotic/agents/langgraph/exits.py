"""Keeps agents from ending the server: `SystemExit` in a node is an error of its run.

An event loop stops when a task raises `SystemExit` or `KeyboardInterrupt`, and LangGraph runs
nodes as tasks. So each is turned into an ordinary exception inside the task.
"""

from typing import Any

from demotic.agents.langgraph.internals import runner

EXITS = (SystemExit, KeyboardInterrupt)
"""What would stop the event loop."""


class AgentExited(Exception):
    """An agent tried to end the process that serves it."""

    def __init__(self, exit: BaseException) -> None:
        super().__init__(f"The agent raised {exit!r}, which would have ended the server.")


def keep_serving() -> None:
    """From now on no node ends the process. Calling it again changes nothing."""
    if runner.arun_with_retry is not _run_kept:
        runner.arun_with_retry = _run_kept


_run = runner.arun_with_retry


async def _run_kept(*args: Any, **kwargs: Any) -> None:
    try:
        await _run(*args, **kwargs)
    except EXITS as exit:
        raise AgentExited(exit) from exit
