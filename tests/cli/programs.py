"""What tests of the command line share: commands that end by themselves, and those that serve."""

import json
import os
import re
import selectors
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from click.testing import CliRunner, Result

from demotic import cli

PATIENCE_S = 40.0
GRAPH = """
from typing import TypedDict
from langgraph.graph import StateGraph

class State(TypedDict):
    n: int

builder = StateGraph(State).add_node("one", lambda state: {}).add_edge("__start__", "one")
graph = builder.compile()
"""

BLOCKING = """
import time
from typing import TypedDict
from langgraph.graph import StateGraph

class State(TypedDict):
    n: int

async def block(state):
    while state["n"]:
        time.sleep(0.05)
    return {}

graph = StateGraph(State).add_node(block).add_edge("__start__", "block").compile()
"""
"""A graph that never stops, and holds up everything, unless `n` is 0."""

IMPATIENT = {"DEMOTIC_STUCK_LIMIT": "1", "DEMOTIC_BLOCKED_SECS": "1"}

DEV = ("dev", "--port", "0", "--no-browser")

posix = pytest.mark.skipif(os.name != "posix", reason="uses POSIX signals")


def run(*args: str) -> Result:
    """The outcome of a command that ends by itself."""
    return CliRunner().invoke(cli.main, args)


def refused(*args: str) -> str:
    """The message of a command that refuses: one error, no traceback."""
    result = run(*args)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return result.stderr


def shell_output(command: str, env: Mapping[str, str]) -> str:
    """What the installed program prints."""
    program = os.path.join(os.path.dirname(sys.executable), command)
    done = subprocess.run(
        [program], env={**os.environ, **env}, capture_output=True, text=True, timeout=PATIENCE_S
    )
    return done.stdout


class Program:
    """A `demotic` in a process of its own; its output is read as it comes."""

    def __init__(self, *args: str, env: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "demotic", *args],
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self._pipe = self.process.stdout
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._pipe, selectors.EVENT_READ)
        self.output = ""

    def until(self, text: str, after: int = 0) -> str:
        """The output, once `text` is in it (behind the first `after` characters)."""
        while text not in self.output[after:]:
            assert self._read(), f"ended without {text!r}:\n{self.output}"
        return self.output[after:]

    def until_end(self) -> str:
        """The output, once every process that can write it has ended."""
        while self._read():
            pass
        return self.output

    def url(self) -> str:
        """Where it serves, once it does."""
        found = re.search(r"URL +(\S+)\n", self.until("langgraph_sdk.get"))
        assert found
        return found[1]

    def stop(self, number: int) -> int:
        """Its exit code after a signal."""
        self.process.send_signal(number)
        self.until_end()
        return self.process.wait(PATIENCE_S)

    def _read(self) -> bool:
        """Take in what there is to read, and wait for it; whether there will be more."""
        deadline = time.monotonic() + PATIENCE_S
        if not self._selector.select(deadline - time.monotonic()):
            raise AssertionError(f"no output for {PATIENCE_S} s after:\n{self.output}")
        chunk = os.read(self._pipe.fileno(), 65536)
        self.output += chunk.decode()
        return bool(chunk)

    def close(self) -> None:
        """End it, whatever it does; what it started ends with it."""
        self.process.kill()
        self.until_end()
        self.process.wait(PATIENCE_S)
        self._selector.close()
        self._pipe.close()


Start = Callable[..., Program]
"""Starts a program that ends with the test."""


def post(url: str, body: object) -> Any:
    """The JSON that a request is answered with."""
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        return json.loads(answer.read())


def get(url: str) -> int:
    """The status of a request."""
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
        status: int = answer.status
    return status
