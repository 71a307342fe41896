"""`demotic dev`: a server that says where it is, answers, and stops."""

import os
import signal
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from cli.programs import DEV, GRAPH, PATIENCE_S, Start, get, posix


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("flags", [["--no-reload"], []])
def test_a_server_says_where_it_is_answers_and_stops_cleanly(
    project: Path, start: Start, number: int, flags: list[str]
) -> None:
    server = start(*DEV, *flags)
    url = server.url()
    assert f"serves {project / 'langgraph.json'}" in server.output
    assert "Agent  mine" in server.output
    assert f"Data   {project / '.demotic'}" in server.output
    assert get(f"{url}/ok") == 200
    assert server.stop(number) == 0
    assert "Traceback" not in server.output


@posix
def test_another_port_is_taken_and_said_where_none_was_asked_for(
    project: Path, start: Start
) -> None:
    with socket.socket() as taken:
        with suppress(OSError):  # another program has it
            taken.bind(("127.0.0.1", 2024))
            taken.listen()
        server = start("dev", "--no-browser", "--no-reload")
        url = server.url()
    port = int(url.rpartition(":")[2])
    assert port > 2024
    assert f"Port 2024 is taken by another program: serving on {port} instead." in server.output
    assert get(f"{url}/ok") == 200


@posix
def test_the_browser_is_opened_once_at_the_server_that_answers(
    project: Path, monkeypatch: pytest.MonkeyPatch, start: Start
) -> None:
    browser = project / "browser"
    browser.write_text('#!/bin/sh\necho "opened $1."\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(browser))
    server = start("dev", "--port", "0")
    url = server.url()
    server.until(f"opened {url}.")
    (project / "agent.py").write_text(GRAPH + "\n")
    server.until("Serving again")
    assert server.stop(signal.SIGINT) == 0
    assert server.output.count(f"opened {url}") == 1


@posix
def test_without_a_configuration_the_example_is_served_and_announced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: Start
) -> None:
    monkeypatch.chdir(tmp_path)
    server = start(*DEV)
    assert get(f"{server.url()}/ok") == 200
    assert f"No langgraph.json found: looked for {tmp_path / 'langgraph.json'}" in server.output
    assert "the packaged EXAMPLE" in server.output
    assert f"Data   {tmp_path / '.demotic' / 'example'}" in server.output
    assert server.stop(signal.SIGTERM) == 0


def test_a_graph_that_cannot_be_imported_ends_the_server_with_the_user_s_line(
    project: Path, start: Start
) -> None:
    (project / "agent.py").write_text("import no_such_thing\n")
    server = start(*DEV, "--no-reload")
    output = server.until_end()
    assert server.process.wait(PATIENCE_S) == 1
    assert output.startswith("Error: Graph 'mine' (./agent.py:graph) cannot be loaded.\n")
    assert f'File "{project / "agent.py"}", line 1' in output
    assert "pip install no-such-thing" in output
    assert "Traceback" not in output


@posix
@pytest.mark.parametrize("flags", [["--no-reload"], []])
def test_ctrl_c_in_a_terminal_reaches_every_process_and_stops_cleanly(
    project: Path, start: Start, flags: list[str]
) -> None:
    server = start(*DEV, *flags)
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
def test_a_second_ctrl_c_stops_at_once(project: Path, start: Start) -> None:
    (project / "agent.py").write_text(STUCK)
    server = start(*DEV)
    server.until("stuck\n")
    server.process.send_signal(signal.SIGINT)
    server.until("still stuck\n")
    assert server.stop(signal.SIGINT) == 0
