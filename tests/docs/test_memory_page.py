"""The projects on the page about long-term memory do what the page says."""

import subprocess
import sys
from pathlib import Path

import pytest

from docs.pages import DOCS, blocks, read
from process.serving import Server

PAGE = DOCS / "howto" / "long-term-memory.md"
SHOWN_URL = "http://127.0.0.1:2024"


@pytest.mark.parametrize(
    ("part", "key"),
    [(0, "index"), (1, "index"), (0, "path")],
    ids=["from a client", "by meaning", "in a store of one's own"],
)
def test_a_script_of_the_page_prints_what_it_says(part: int, key: str, tmp_path: Path) -> None:
    found = blocks(read(PAGE))
    python = [content for language, content in found if language == "python"]
    agent, embed, stores = (each for each in python if "langgraph_sdk" not in each)
    script = [each for each in python if "langgraph_sdk" in each][part]
    said = [content for language, content in found if language == "text"][part]
    configs = [content for language, content in found if language == "json"]
    (config,) = (each for each in configs if f'"{key}"' in each)
    (tmp_path / "langgraph.json").write_text(config)
    for name, content in (("agent", agent), ("embed", embed), ("stores", stores)):
        (tmp_path / f"{name}.py").write_text(content)
    with Server(tmp_path / "data", graphs=tmp_path) as server:
        done = subprocess.run(
            [sys.executable, "-c", script.replace(SHOWN_URL, server.base_url)],
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert done.returncode == 0, done.stderr
    order = sorted if key == "path" else list  # that store has no order within a second
    assert order(done.stdout.splitlines()) == order(said.splitlines())
