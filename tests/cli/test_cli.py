"""The command line, as a person meets it: help, refusals, a server that starts, reloads, stops."""

import json
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from watchfiles import Change

import demotic
from demotic import cli
from demotic.config import SETTINGS

PATIENCE_S = 40.0
GRAPH = """
from typing import TypedDict
from langgraph.graph import StateGraph

class State(TypedDict):
    n: int

builder = StateGraph(State).add_node("one", lambda state: {}).add_edge("__start__", "one")
graph = builder.compile()
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a graph and a configuration, which is the current one."""
    (tmp_path / "agent.py").write_text(GRAPH)
    (tmp_path / "langgraph.json").write_text(json.dumps({"graphs": {"mine": "./agent.py:graph"}}))
    monkeypatch.chdir(tmp_path)
    for setting in SETTINGS:
        monkeypatch.delenv(setting.env, raising=False)
    return tmp_path


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


def test_the_version_is_shown() -> None:
    assert run("--version").stdout == f"demotic {demotic.__version__}\n"


def test_help_names_every_flag_of_the_settings() -> None:
    text = run("dev", "--help").stdout
    flags = {each.flag for each in SETTINGS if each.flag}
    assert flags | {"--config", "--no-browser", "--no-reload", "--insecure"} <= set(
        re.findall(r"--[a-z-]+", text)
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", ""])
def test_a_host_that_others_can_reach_is_refused_with_the_reason(project: Path, host: str) -> None:
    message = refused("dev", "--host", host)
    assert "there is no authentication yet" in message
    assert "--insecure" in message


def test_a_host_that_does_not_exist_is_refused(project: Path) -> None:
    assert "there is no such address" in refused("dev", "--host", "256.1.1.1.invalid")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_hosts_of_this_machine_pass(host: str) -> None:
    if host == "::1" and not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    cli._check_host(host)


def test_a_port_that_is_taken_is_named_with_the_flag(project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        message = refused("dev", "--no-browser", "--port", str(port))
    assert f"Error: Port {port} on 127.0.0.1 is taken" in message
    assert "--port" in message


def test_an_address_of_another_machine_cannot_be_listened_on(project: Path) -> None:
    message = refused("dev", "--insecure", "--host", "192.0.2.1", "--port", "0")
    assert "Cannot listen on 192.0.2.1" in message


def test_a_configuration_that_was_named_must_exist(project: Path) -> None:
    assert f"no configuration file {project / 'x.json'}" in refused("dev", "-c", "x.json")
    (project / "sub").mkdir()
    assert str(project / "sub" / "langgraph.json") in refused("dev", "-c", "sub")


def test_a_broken_configuration_is_one_message(project: Path) -> None:
    (project / "langgraph.json").write_text("{")
    message = refused("dev")
    assert message.startswith(f"Error: {project / 'langgraph.json'}: line 1, column 2: not JSON")


def test_a_variable_of_the_env_file_counts_and_warnings_are_shown(project: Path) -> None:
    (project / ".env").write_text("PORT=none\n")
    keys = {"graphs": {"mine": "./agent.py:graph"}, "env": ".env", "store": {"index": {}}}
    (project / "langgraph.json").write_text(json.dumps(keys))
    assert "Error: PORT: must be a whole number" in refused("dev")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        message = refused("dev", "--port", str(taken.getsockname()[1]))
    assert "Warning: " in message
    assert "store: is not honoured yet" in message


@pytest.mark.parametrize(
    ("name", "matters"),
    [
        ("agent.py", True),
        ("langgraph.json", True),
        (".env", True),
        (".env.local", True),
        ("notes.md", False),
        ("__pycache__/agent.py", False),
        (".venv/lib/x.py", False),
        ("data/demotic.json", False),
    ],
)
def test_changes_of_the_project_s_own_files_matter(
    tmp_path: Path, name: str, matters: bool
) -> None:
    seen = cli._ProjectFilter(ignore_paths=[tmp_path / "data"])
    assert seen(Change.modified, str(tmp_path / name)) is matters


class Dev:
    """A `demotic dev` in a process of its own; its output is read as it comes."""

    def __init__(self, *args: str) -> None:
        command = [sys.executable, "-m", "demotic", "dev", "--port", "0", *args]
        self.process = subprocess.Popen(
            command,
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
        found = re.search(r"URL +(\S+)\n", self.until("langgraph_sdk"))
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


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Closes what a test opens."""
    with ExitStack() as stack:
        yield stack


def start(stack: ExitStack, *args: str) -> Dev:
    """A `demotic dev` that ends with the test."""
    server = Dev("--no-browser", *args)
    stack.callback(server.close)
    return server


def get(url: str) -> int:
    """The status of a request."""
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
        status: int = answer.status
    return status


posix = pytest.mark.skipif(os.name != "posix", reason="uses POSIX signals")


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("flags", [["--no-reload"], []])
def test_a_server_says_where_it_is_answers_and_stops_cleanly(
    project: Path, stack: ExitStack, number: int, flags: list[str]
) -> None:
    server = start(stack, *flags)
    url = server.url()
    assert f"serves {project / 'langgraph.json'}" in server.output
    assert "Agent  mine" in server.output
    assert f"Data   {project / '.demotic'}" in server.output
    assert get(f"{url}/ok") == 200
    assert server.stop(number) == 0
    assert "Traceback" not in server.output


@posix
def test_the_browser_is_opened_once_at_the_server_that_answers(
    project: Path, monkeypatch: pytest.MonkeyPatch, stack: ExitStack
) -> None:
    browser = project / "browser"
    browser.write_text('#!/bin/sh\necho "opened $1."\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(browser))
    server = Dev()
    stack.callback(server.close)
    url = server.url()
    server.until(f"opened {url}.")
    (project / "agent.py").write_text(GRAPH + "\n")
    server.until("Serving again")
    assert server.stop(signal.SIGINT) == 0
    assert server.output.count(f"opened {url}") == 1


@posix
def test_without_a_configuration_the_example_is_served_and_announced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stack: ExitStack
) -> None:
    monkeypatch.chdir(tmp_path)
    server = start(stack)
    assert get(f"{server.url()}/ok") == 200
    assert f"No langgraph.json found: looked for {tmp_path / 'langgraph.json'}" in server.output
    assert "the packaged EXAMPLE" in server.output
    assert f"Data   {tmp_path / '.demotic' / 'example'}" in server.output
    assert server.stop(signal.SIGTERM) == 0


def test_a_graph_that_cannot_be_imported_ends_the_server_with_the_user_s_line(
    project: Path, stack: ExitStack
) -> None:
    (project / "agent.py").write_text("import no_such_thing\n")
    server = start(stack, "--no-reload")
    output = server.until_end()
    assert server.process.wait(PATIENCE_S) == 1
    assert output.startswith("Error: Graph 'mine' (./agent.py:graph) cannot be loaded.\n")
    assert f'File "{project / "agent.py"}", line 1' in output
    assert "pip install no-such-thing" in output
    assert "Traceback" not in output


@posix
def test_a_change_restarts_and_broken_code_makes_requests_wait_for_the_next_save(
    project: Path, stack: ExitStack
) -> None:
    server = start(stack)
    url = server.url()
    before = len(server.output)
    (project / "agent.py").write_text("import no_such_thing\n")
    said = server.until("Waiting for a change", before)
    assert "agent.py changed: restarting" in said
    assert said.count("cannot be loaded") == 1
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(get, f"{url}/ok")
        (project / "agent.py").write_text(GRAPH)
        server.until("Serving again: mine", before)
        assert waiting.result(PATIENCE_S) == 200
    assert server.stop(signal.SIGINT) == 0


@posix
def test_broken_code_at_the_start_is_served_once_it_is_mended(
    project: Path, stack: ExitStack
) -> None:
    (project / "agent.py").write_text("graph = 1 +\n")
    server = start(stack)
    assert "SyntaxError" in server.until("Waiting for a change")
    (project / "agent.py").write_text(GRAPH)
    assert get(f"{server.url()}/ok") == 200


@posix
@pytest.mark.parametrize("flags", [["--no-reload"], []])
def test_ctrl_c_in_a_terminal_reaches_every_process_and_stops_cleanly(
    project: Path, stack: ExitStack, flags: list[str]
) -> None:
    server = start(stack, *flags)
    server.url()
    os.killpg(server.process.pid, signal.SIGINT)
    assert "Traceback" not in server.until_end()
    assert server.process.wait(PATIENCE_S) == 0


STUCK = """
import threading
print("stuck", flush=True)
while True:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        print("still stuck", flush=True)
"""


@posix
def test_a_second_ctrl_c_stops_at_once(project: Path, stack: ExitStack) -> None:
    (project / "agent.py").write_text(STUCK)
    server = start(stack)
    server.until("stuck\n")
    server.process.send_signal(signal.SIGINT)
    server.until("still stuck\n")
    assert server.stop(signal.SIGINT) == 0


@posix
def test_the_serving_process_ends_with_the_one_that_watches(
    project: Path, stack: ExitStack
) -> None:
    server = start(stack)
    server.url()
    server.process.kill()
    server.until_end()  # the output ends when nobody is left to write it
