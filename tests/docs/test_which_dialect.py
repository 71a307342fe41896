"""The page on dialects: each client prints the line that the page shows.

What ACP's official client prints is looked at in tests/process, where it is installed.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from docs.pages import DOCS, blocks, read
from node_packages import beside_scripts, node_packages
from process.serving import Server

FOUND = blocks(read(DOCS / "explanation" / "which-dialect.md"))
[LINE] = [text for language, text in FOUND if language == "text"]
SCRIPTS = [text for language, text in FOUND if language == "python"]
JS = Path(__file__).parents[1] / "process" / "js"
SDK = "@langchain/langgraph-sdk"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that was started where there is no langgraph.json."""
    folder = tmp_path_factory.mktemp("example")
    with Server(folder / "data", graphs=folder) as server:
        yield server


def printed(command: Sequence[str]) -> str:
    """What a program prints."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=40)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("number", range(2), ids=["LangGraph API", "Agent Protocol"])
def test_a_python_client_prints_the_line(number: int, example: Server) -> None:
    assert len(SCRIPTS) == 2
    script = SCRIPTS[number].replace("http://127.0.0.1:2024", example.base_url)
    assert printed([sys.executable, "-c", script]) == LINE


@pytest.mark.node
@pytest.mark.parametrize("package", ["langgraph-sdk-1", "langgraph-sdk-2"])
def test_the_javascript_client_prints_the_line(
    package: str, example: Server, tmp_path: Path
) -> None:
    [script] = [text for language, text in FOUND if language == "js"]
    assert SDK in script
    script = script.replace(SDK, package).replace("http://127.0.0.1:2024", example.base_url)
    (file := tmp_path / "page.mjs").write_text(script)
    (beside := tmp_path / "beside").mkdir()
    [placed] = beside_scripts(node_packages(JS), beside, file)
    assert printed(["node", str(placed)]) == LINE
