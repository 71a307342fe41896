"""ACP runs and a server that is killed: what waits can be answered afterwards, what ran goes on."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from process.acp_clients import GRAPHS
from process.serving import Server

PATIENCE_S = 20.0
MODES = {"stream_mode": ["values", "custom"]}


def client_of(server: Server) -> httpx.Client:
    """A client of ACP."""
    return httpx.Client(base_url=f"{server.base_url}/acp", timeout=PATIENCE_S)


def wait(client: httpx.Client, run: str) -> Any:
    """The run and its output."""
    answer = client.get(f"{run}/wait")
    assert answer.status_code == 200, answer.text
    return answer.json()


def until_last_step(client: httpx.Client, run: str) -> None:
    """Wait until the run is in its last step."""
    headers = {"Last-Event-ID": "0"}
    with client.stream("GET", f"{run}/stream", headers=headers) as stream:
        for line in stream.iter_lines():
            if '"update":{"progress":2}' in line:
                return
    raise AssertionError("the run ended without its last step")


@pytest.mark.parametrize("stateful", [False, True], ids=["stateless", "on_a_thread"])
def test_a_run_that_waits_outlives_the_server_and_so_does_its_second_leg(
    stateful: bool, tmp_path: Path
) -> None:
    with Server(tmp_path, graphs=GRAPHS) as server, client_of(server) as client:
        place = "/runs"
        if stateful:
            place = f"/threads/{client.post('/threads', json={}).json()['thread_id']}/runs"
        body = {"agent_id": "greeter", "input": {"name": "Kill"}, **MODES}
        waited = client.post(f"{place}/wait", json=body).json()
        question = {"shout": {"question": "Shout, Kill?"}}
        assert waited["output"] == {"type": "interrupt", "interrupt": question}
        run = f"{place}/{waited['run']['run_id']}"

        server.kill()
        server.start()
        assert wait(client, run) == waited
        found = client.post("/runs/search", json={"status": "interrupted"}).json()
        assert [each["run_id"] for each in found] == [waited["run"]["run_id"]]

        assert client.post(run, json={"shout": True}).json()["status"] == "pending"
        until_last_step(client, run)
        server.kill()
        server.start()
        ended = wait(client, run)
        assert ended["run"]["status"] == "success"
        assert ended["run"]["creation"] == waited["run"]["creation"]
        assert ended["output"] == {"type": "result", "values": {"greeting": "Hello Kill!"}}
        assert client.post(run, json={"shout": True}).status_code == 409
        if stateful:
            thread = client.get(place.removesuffix("/runs")).json()
            assert thread["values"]["steps"] == ["think", "ask", "linger"]


def test_an_answer_that_was_taken_is_not_asked_for_again(tmp_path: Path) -> None:
    with Server(tmp_path, graphs=GRAPHS) as server, client_of(server) as client:
        body = {"agent_id": "greeter", "input": {"name": "Kill"}}
        run = f"/runs/{client.post('/runs/wait', json=body).json()['run']['run_id']}"
        assert client.post(run, json={"shout": False}).status_code == 200
        server.kill()  # whatever the second leg has done by now
        server.start()
        ended = wait(client, run)
        assert ended["output"] == {"type": "result", "values": {"greeting": "Hello Kill."}}
