"""A client that openapi-generator makes of the root's document, against a real server.

Optional: see `client_generator`.
"""

import json
from pathlib import Path

import httpx
import pytest

from client_generator import python_client, run
from process.serving import Server

pytestmark = pytest.mark.timeout(150, func_only=True)

SCRIPT = """
import json, sys
from lg_client import ApiClient, Configuration, RunCreate, ThreadCreate
from lg_client import AliasesApi, RunsOnAThreadApi, ThreadsApi, WebhooksApi

client = ApiClient(Configuration(host=sys.argv[1]))
thread = ThreadsApi(client).post_threads(ThreadCreate()).thread_id
asked = RunCreate.from_dict({"assistant_id": "echo", "input": {"items": ["x"]}})
runs = RunsOnAThreadApi(client)
values = runs.post_threads_thread_id_runs_wait(thread, asked)
[run] = runs.get_threads_thread_id_runs(thread)
shown = AliasesApi(client).get_runs_run_id_wait(run.run_id)
told = WebhooksApi(client).get_webhooks_deliveries()
print(json.dumps([values, run.status, shown.to_dict(), told], default=str))
"""


def test_a_client_of_the_roots_document_works(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        document = httpx.get(f"{server.base_url}/openapi.json").json()
        client = python_client(document, tmp_path / "client", "lg_client")
        values, status, shown, told = json.loads(run(client, "-c", SCRIPT, server.base_url))
    assert (values, status, told) == ({"items": ["x", "a", "b"]}, "success", [])
    assert shown["values"] == shown["output"]["values"] == values
    assert shown["run"]["creation"]["input"] == {"items": ["x"]}
    assert shown["run"]["metadata"]
