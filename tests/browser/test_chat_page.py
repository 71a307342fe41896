"""A page with the JavaScript SDK's React hook, in a headless browser, from another origin."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from node_packages import beside_scripts, node_packages
from process.serving import Server

pytestmark = [pytest.mark.node, pytest.mark.timeout(120, func_only=True)]

HERE = Path(__file__).parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PAGE = (
    '<!doctype html><meta charset="utf-8"><title>Chat</title><div id="root"></div>'
    '<script type="module" src="page.js"></script>'
)
DRIVE_S = 90


@pytest.fixture(scope="module")
def browser() -> str:
    """The program of a browser."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("chromium is not installed")
    return found


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder that has the page and the scripts, and where it is served."""
    folder = tmp_path_factory.mktemp("site")
    packages = node_packages(HERE / "js")
    scripts = (HERE / "js" / name for name in ("chat.jsx", "drive.mjs"))
    beside_scripts(packages, folder, *scripts)
    (folder / "index.html").write_text(PAGE)
    bundler = packages / "node_modules/esbuild/bin/esbuild"
    command = ["node", str(bundler), "chat.jsx", "--bundle", "--format=esm", "--jsx=automatic"]
    command += ["--outfile=page.js", '--define:process.env.NODE_ENV="production"']
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    http = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{http.server_port}"
    http.shutdown()
    http.server_close()


def test_the_react_hook_holds_a_conversation_with_a_tool_and_a_question(
    browser: str, site: tuple[Path, str], tmp_path: Path
) -> None:
    folder, address = site
    with Server(tmp_path / "data", graphs=HERE / "project") as server:
        page = f"{address}/index.html?server={server.base_url}"
        picture = tmp_path / "page.png"
        done = subprocess.run(
            ["node", "drive.mjs", browser, page, str(picture)],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=DRIVE_S,
        )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["question"] == report["questionAgain"] == ["Save the demo?Yes"]
    assert report["calls"] == ['save_note({"note":"the demo"})']
    assert report["tools"] == ["the demo: yes"]
    assert report["messages"] == [
        "Remember the demo",
        'save_note({"note":"the demo"})',
        "the demo: yes",
        "All of it is done.",
    ]
    assert len(report["grown"]) > 2, "the answer came as a whole, not word by word"
    assert report["errors"] == []
    assert report["failed"] == [], report["console"]
    assert picture.stat().st_size > 0
