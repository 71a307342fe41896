"""`demotic new`: a project that serves as it is."""

import signal
from pathlib import Path
from typing import Any

import pytest
from langgraph_sdk import get_sync_client
from langgraph_sdk.client import SyncLangGraphClient

from cli.programs import DEV, Start, posix, refused, run

NAMES = {"langgraph.json", "graph.py", "README.md", ".env.example", ".env", ".gitignore"}


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new project, which is the current folder."""
    result = run("new", str(tmp_path / "mine"))
    assert result.exit_code == 0
    assert f"cd {tmp_path / 'mine'} && demotic dev" in result.stdout
    monkeypatch.chdir(tmp_path / "mine")
    return tmp_path / "mine"


def test_the_project_is_complete_and_valid(made: Path) -> None:
    assert {each.name for each in made.iterdir()} == NAMES
    result = run("validate", "--no-load")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-1] == "1 graph, 0 warnings, 0 errors"


@posix
def test_the_project_loads_serves_and_asks_before_it_acts(made: Path, start: Start) -> None:
    assert "loaded in" in start("validate").until_end()
    server = start(*DEV)
    with get_sync_client(url=server.url(), api_key=None) as client:
        assert "Tell Ada" in talk(client, "hello")["messages"][-1]["content"]
        [question] = talk(client, "Tell Ada that it rains")["__interrupt__"]
        assert question["value"]["draft"] == {"to": "Ada", "text": "it rains"}
    assert server.stop(signal.SIGINT) == 0
    readme = (made / "README.md").read_text()
    assert "demotic dev" in readme and "demotic validate" in readme


def talk(client: SyncLangGraphClient, text: str) -> Any:
    """What a new thread answers."""
    thread = client.threads.create()["thread_id"]
    said: Any = {"messages": [{"role": "user", "content": text}]}
    return client.runs.wait(thread, "agent", input=said)


def test_a_folder_that_is_not_empty_is_refused_unless_it_is_forced(made: Path) -> None:
    (made / "graph.py").write_text("mine")
    (made / ".env").write_text("SECRET=1")
    message = refused("new")
    assert "is not empty" in message and "--force" in message
    assert (made / "graph.py").read_text() == "mine"
    assert run("new", "--force").exit_code == 0
    assert (made / "graph.py").read_text() != "mine"
    assert (made / ".env").read_text() == "SECRET=1"
