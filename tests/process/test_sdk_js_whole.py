"""Every public method of the clients of the JavaScript SDK is called against a real server.

js/whole.mjs calls them and judges what they give. A method that a later SDK adds fails the test
until the script calls it.
"""

import json
import subprocess
from pathlib import Path

import pytest

from node_packages import beside_scripts, node_packages
from process.serving import Server

pytestmark = [pytest.mark.node, pytest.mark.timeout(40, func_only=True)]

JS = Path(__file__).parent / "js"


@pytest.mark.requirement("langgraph.sdk.js")
@pytest.mark.parametrize(
    ("package", "more"),
    [
        (
            "langgraph-sdk-1",
            {"ThreadsClient.prune", "RunsClient.cancelMany", "ThreadStream.onEvent"},
        ),
        ("langgraph-sdk-2", set()),
    ],
)
def test_every_method_of_the_sdk_is_called(
    package: str, more: set[str], shared_server: Server, tmp_path: Path
) -> None:
    [script] = beside_scripts(node_packages(JS), tmp_path, JS / "whole.mjs")
    command = ["node", str(script), package, shared_server.base_url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["called"] == told["known"]
    assert {
        "AssistantsClient.get",
        "RunsClient.join",
        "CronsClient.create",
        "StoreClient.putItem",
    } | (more) <= set(told["known"])
