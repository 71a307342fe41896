"""Calls every method of a generated Agent Protocol client against a server; run as a program.

    python ap_client_walk.py BASE_URL VARIANT

The client is the package `ap_client`, on the path. VARIANT is the suffix of its methods: empty,
`_with_http_info` or `_without_preload_content`. The server serves the graphs of tests/process.
Prints the names of the methods that were called.
"""

import importlib
import json
import sys
from typing import Any

APIS = ("AgentsApi", "ThreadsApi", "RunsApi", "BackgroundRunsApi", "StoreApi")
UNKNOWN = "00000000-0000-0000-0000-000000000000"


class Client:
    """A generated client: every answer as plain data, whatever the variant."""

    def __init__(self, base_url: str, variant: str) -> None:
        package: Any = importlib.import_module("ap_client")
        self.models, self._variant = package, variant
        self.exceptions = importlib.import_module("ap_client.exceptions")
        configuration = package.Configuration(host=base_url)
        transport = package.ApiClient(configuration)
        self.apis = [getattr(package, name)(transport) for name in APIS]
        self.called: set[str] = set()

    def methods(self) -> set[str]:
        """Every operation that the client knows."""
        names = {name for api in self.apis for name in dir(api) if name[0] != "_"}
        return {n for n in names if f"{n}_with_http_info" in names}

    def call(self, name: str, *arguments: Any, **options: Any) -> Any:
        """Call a method in the variant."""
        (api,) = (each for each in self.apis if hasattr(each, name))
        self.called.add(name)
        answer = getattr(api, name + self._variant)(*arguments, **options, _request_timeout=20.0)
        if self._variant == "_with_http_info":
            return plain(answer.data)
        if self._variant == "_without_preload_content":
            return self._read(answer)
        return plain(answer)

    def refused(self, name: str, *arguments: Any, **options: Any) -> int:
        """The status with which a call is refused."""
        try:
            self.call(name, *arguments, **options)
        except self.exceptions.ApiException as error:
            assert "detail" in str(error.body) and error.status, error
            return int(error.status)
        raise AssertionError(f"{name} was not refused")

    def make(self, shape: str, **fields: Any) -> Any:
        """A body."""
        return getattr(self.models, shape).from_dict(fields)

    def _read(self, answer: Any) -> Any:
        body = answer.read().decode()
        if answer.status >= 400:
            error = self.exceptions.ApiException(status=answer.status, reason=answer.reason)
            error.body = body
            raise error
        return json.loads(body) if "json" in answer.headers.get("content-type", "") else body


def plain(answer: Any) -> Any:
    """A model as plain data."""
    if isinstance(answer, list):
        return [plain(each) for each in answer]
    return json.loads(answer.to_json()) if hasattr(answer, "to_json") else answer


def agents(client: Client) -> None:
    """What can be run."""
    found = client.call("search_agents", client.make("SearchAgentsRequest", name="chat"))
    assert [each["name"] for each in found] == ["chat"]
    chat = client.call("get_agent", found[0]["agent_id"])
    assert chat["capabilities"] == {"ap.io.messages": True, "ap.io.streaming": True}
    assert client.call("get_agent_schemas", "chat")["agent_id"] == chat["agent_id"]
    assert client.refused("get_agent", "none") == 404


def threads(client: Client) -> None:
    """A conversation and what is done with its thread."""
    made = client.call("create_thread", client.make("ThreadCreate", metadata={"walk": True}))
    id = made["thread_id"]
    again = client.make("ThreadCreate", thread_id=id)
    assert client.refused("create_thread", again) == 409
    said = [{"role": "user", "content": "Hi"}]
    run = client.make("RunCreate", thread_id=id, agent_id="chat", messages=said)
    output = client.call("create_and_wait_run", run)
    assert [each["role"] for each in output["messages"]] == ["user", "assistant"]
    assert client.call("get_thread", id)["messages"] == output["messages"]
    added = [{"role": "user", "content": "and?"}]
    patch = client.make("ThreadPatch", messages=added, metadata={"more": 1})
    patched = client.call("patch_thread", id, patch)
    assert (len(patched["messages"]), patched["metadata"]["more"]) == (3, 1)
    history = client.call("get_thread_history", id, limit=2)
    assert [len(each["messages"]) for each in history] == [3, 2]
    search = client.make("ThreadSearchRequest", metadata={"walk": True}, limit=1)
    (found,) = client.call("search_threads", search)
    copy = client.call("copy_thread", id)
    assert copy["messages"] == patched["messages"] == found["messages"]
    for each in (id, copy["thread_id"]):
        client.call("delete_thread", each)
        assert client.refused("get_thread", each) == 404
    assert client.refused("copy_thread", id) == 404


def runs(client: Client) -> None:
    """Runs in the background and streams."""
    shape = "RunStream" if hasattr(client.models, "RunStream") else "RunCreate"
    thread = client.call("create_thread", client.make("ThreadCreate"))["thread_id"]
    body = {"thread_id": thread, "agent_id": "echo", "input": {"items": ["x"]}}
    made = client.call("create_run", client.make(shape, **body))
    output = client.call("wait_run", made["run_id"])
    assert output["values"] == {"items": ["x", "a", "b"]}
    client.call("create_and_wait_run", client.make("RunCreate", **body))
    assert client.call("wait_run", made["run_id"])["values"] == output["values"]
    client.call("get_run", made["run_id"])
    if "search_runs" in client.methods():
        search = client.make("RunSearchRequest", thread_id=thread, status="success")
        found = client.call("search_runs", search)
    else:
        found = client.call("search_thread_runs", thread, limit=10, offset=0)
    assert [each["run_id"] for each in found][-1] == made["run_id"]
    streamed = client.call("create_and_stream_run", client.make(shape, **body))
    assert streamed.startswith("event: metadata") and "event: values" in streamed
    assert client.call("stream_run", made["run_id"]).startswith("event: values")
    busy(client, shape, thread)
    client.call("delete_run", made["run_id"])
    assert client.refused("get_run", made["run_id"]) == 404
    assert client.refused("wait_run", UNKNOWN) == 404


def busy(client: Client, shape: str, thread: str) -> None:
    """What is refused while a run is in progress, and its end."""
    slow = {"thread_id": thread, "agent_id": "slow", "input": {"n": 2000}}
    run = client.call("create_run", client.make(shape, **slow))["run_id"]
    assert client.refused("create_run", client.make(shape, **slow)) == 409
    assert client.refused("delete_run", run) == 422
    client.call("cancel_run", run, wait=True, action="interrupt")
    assert client.refused("cancel_run", run) == 422
    assert client.call("wait_run", run)["run"].get("status") in ("error", None)


def items(client: Client) -> None:
    """What is remembered beyond threads."""
    place = ["walk", "ann"]
    value = {"colour": "blue"}
    put = client.make("StorePutRequest", namespace=place, key="k", value=value)
    client.call("put_item", put)
    assert client.call("get_item", "k", namespace=place)["value"] == value
    search = {"namespace_prefix": ["walk"], "filter": value}
    found = client.call("search_items", client.make("StoreSearchRequest", **search))
    assert [each["key"] for each in found["items"]] == ["k"]
    listed = client.make("StoreListNamespacesRequest", prefix=["walk"])
    assert client.call("list_namespaces", listed) == [place]
    gone = client.make("StoreDeleteRequest", namespace=place, key="k")
    client.call("delete_item", gone)
    assert client.refused("delete_item", gone) == 404
    assert client.refused("get_item", "k", namespace=place) == 404


def aliases(client: Client, mount: Client) -> None:
    """What the root serves, of a run that was started at the mount."""
    agents(client)
    thread = mount.call("create_thread", mount.make("ThreadCreate"))["thread_id"]
    said = [{"role": "user", "content": "Hi"}]
    asked = mount.make("RunCreate", thread_id=thread, agent_id="chat", messages=said)
    made = mount.call("create_and_wait_run", asked)
    run = made["run"]["run_id"]
    assert client.call("wait_run", run)["messages"] == made["messages"]
    assert client.call("get_run", run) == mount.call("get_run", run)
    if "search_runs" in client.methods():
        search = client.make("RunSearchRequest", thread_id=thread, status="success")
        assert [each["run_id"] for each in client.call("search_runs", search)] == [run]
    assert client.refused("cancel_run", run) == 422
    client.call("delete_run", run)
    assert client.refused("get_run", run) == 404


def main() -> None:
    """Walk, and tell what was called; a place that is no mount of the protocol is a root."""
    url, variant = sys.argv[1:]
    client = Client(url, variant)
    if not url.endswith("/ap"):
        aliases(client, Client(f"{url}/ap", variant))
    else:
        for tour in (agents, threads, runs, items):
            tour(client)
    sys.stdout.write(json.dumps({"called": sorted(client.called), "all": sorted(client.methods())}))


if __name__ == "__main__":
    main()
