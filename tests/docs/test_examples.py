"""The scripts on the pages are run against a real server and print what the pages say."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.pages import DOCS, ROOT, blocks, name_of, read
from process.serving import Server

SHOWN_URL = "http://127.0.0.1:2024"
CLIENT = "from langgraph_sdk import"
BETWEEN = "----- next block -----"

PAGES = [
    ROOT / "README.md",
    DOCS / "quickstart.md",
    DOCS / "howto" / "acp.md",
    DOCS / "howto" / "agent-protocol.md",
    DOCS / "howto" / "human-in-the-loop.md",
]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that was started where there is no langgraph.json."""
    folder = tmp_path_factory.mktemp("example")
    with Server(folder / "data", graphs=folder) as server:
        yield server


def script_of(page: Path) -> tuple[str, list[str | None]]:
    """The page's Python for clients as one script, and what each of its blocks is to print."""
    found = blocks(read(page))
    code: list[str] = []
    expected: list[str | None] = []
    for place, (language, content) in enumerate(found):
        if language == "python" and (CLIENT in content or "client." in content):
            code += [content, f"print({BETWEEN!r})\n"]
            following = found[place + 1] if place + 1 < len(found) else ("", "")
            expected.append(following[1] if following[0] == "text" else None)
    return "\n".join(code), expected


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_scripts_of_a_page_print_what_it_says(page: Path, example: Server) -> None:
    script, expected = script_of(page)
    done = subprocess.run(
        [sys.executable, "-c", script.replace(SHOWN_URL, example.base_url)],
        capture_output=True,
        text=True,
        timeout=40,
    )
    assert done.returncode == 0, done.stderr
    printed = done.stdout.split(f"{BETWEEN}\n")[:-1]
    assert len(printed) == len(expected) > 0
    for real, said in zip(printed, expected, strict=True):
        assert said is None or real == said


def test_the_readme_shows_what_the_server_says_of_itself(example: Server) -> None:
    [said] = [text for _, text in blocks(read(ROOT / "README.md")) if "serves the" in text]
    assert said.replace(SHOWN_URL, example.base_url) in example.log_text()
