"""Long-term memory on a real server, by the JavaScript SDK and by graphs."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from process import test_sdk_js
from process.serving import Server
from process.test_store_served import MEMORY

packages = test_sdk_js.packages  # the fixture: the SDK's versions, installed

pytestmark = [pytest.mark.node, pytest.mark.timeout(60, func_only=True)]


@pytest.mark.parametrize("package", ["langgraph-sdk-1", "langgraph-sdk-2"])
def test_every_method_of_the_store_does_what_it_says(
    package: str, packages: Path, tmp_path: Path
) -> None:
    (tmp_path / "node_modules").symlink_to(packages / "node_modules")
    script = shutil.copy(test_sdk_js.JS / "store.mjs", tmp_path)
    with Server(tmp_path / "data", graphs=MEMORY) as server:
        command = ["node", str(script), package, server.base_url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    check(json.loads(done.stdout))


def check(got: dict[str, Any]) -> None:
    """What the script must have got."""
    root = got["root"]
    item = got["item"]
    assert (item["namespace"], item["key"]) == ([root, "ada"], "likes")
    assert item["value"] == {"text": "pear", "n": 1}
    assert item["createdAt"] == item["created_at"]  # the SDK gives it both names
    assert got["missing"] is None or "value" not in got["missing"]
    assert [each["key"] for each in got["filtered"]["items"]] == ["other"]
    near = [(each["key"], each["score"]) for each in got["near"]["items"]]
    assert near == [("likes", 1), ("likes", 0)]
    assert got["namespaces"] == {"namespaces": [[root, "ada"], [root, "bob"]]}
    assert got["suffix"] == {"namespaces": [[root, "bob"]]}
    assert got["emptied"] == {"namespaces": [[root, "ada"]]}
    assert got["recalled"]["found"] == []
    assert got["found"]["found"] == ["stored"]
    assert got["remembered"]["value"] == {"text": "apple"}
    assert "a.b" in got["dotted"]
