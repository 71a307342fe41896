"""Runs by their ids survive a killed process: a real server."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from process.serving import Server


def told(client: httpx.Client, method: str, path: str, body: Any = None) -> Any:
    """The JSON of a request that succeeds."""
    answer = client.request(method, path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.requirement("ap.runs.survive")
def test_background_runs_end_and_answer_their_own_output_after_a_crash(tmp_path: Path) -> None:
    body: dict[str, Any] = {"agent_id": "slow", "input": {"n": 20}}
    with Server(tmp_path) as server, httpx.Client(base_url=f"{server.base_url}/ap") as client:
        thread = told(client, "POST", "/threads")["thread_id"]
        done = told(client, "POST", "/runs/wait", {"agent_id": "echo", "input": {"items": ["x"]}})
        alone = told(client, "POST", "/runs", body)["run_id"]
        onto = told(client, "POST", "/runs", {**body, "thread_id": thread})["run_id"]
        server.kill()
        server.start()
        assert told(client, "GET", f"/runs/{done['run']['run_id']}/wait") == done
        for run in (alone, onto):
            answer = told(client, "GET", f"/runs/{run}/wait")
            assert answer["run"]["status"] == "success"
            assert answer["values"]["items"] == ["ticked", "done"]
        told(client, "POST", "/runs/wait", {**body, "input": {"n": 0}, "thread_id": thread})
        server.kill()
        server.start()
        assert told(client, "GET", f"/runs/{onto}/wait") == answer
        gone = client.get(f"/threads/{told(client, 'GET', f'/runs/{alone}')['thread_id']}")
        assert gone.status_code == 404
        streamed = client.get(f"/runs/{onto}/stream")
        assert streamed.text.startswith("event: values")
