"""Calls every operation of agntcy-acp's API classes in every variant; run by an interpreter that
has the package.

Arguments: the URL of the mount, and `sync` or `async`. Prints the names of the operations it has
called, by variant.
"""

import asyncio
import inspect
import json
import sys
from importlib import import_module
from typing import Any

acp: Any = import_module("agntcy_acp")
models: Any = import_module("agntcy_acp.models")

UNKNOWN = "00000000-0000-7000-8000-000000000000"
VARIANTS = ("plain", "_with_http_info", "_without_preload_content")
STREAMS = ("create_and_stream", "stream_")
QUESTION = {"shout": {"question": "Shout, Ada?"}}
ADA = {"name": "Ada"}


class Client:
    """Calls operations in one variant; remembers which."""

    def __init__(self, url: str, kind: str, variant: str) -> None:
        self.is_async, self.variant = kind == "async", variant
        self.strict = url.rstrip("/").endswith("0.2.1")
        self.called: set[str] = set()
        self._loop = asyncio.new_event_loop()
        configuration = acp.ApiClientConfiguration(host=url, retries=1)
        if self.is_async:
            self._client = self._run(self._open(configuration))
        else:
            self._client = acp.ACPClient(configuration=configuration)

    def close(self) -> None:
        """Let go of connections."""
        if self.is_async:
            self._run(self._client.api_client.close())

    def ask(self, name: str, *arguments: Any, **options: Any) -> tuple[int, Any]:
        """Status and content of an answer, as plain data; of a stream, its events once each."""
        self.called.add(name)
        is_stream = name.startswith(STREAMS)
        variant = self.variant
        if is_stream and not (variant == "plain" and self._reads_streams(name)):
            variant = "_without_preload_content"  # the others take a whole stream for one event
        call = getattr(self._client, name + ("" if variant == "plain" else variant))
        try:
            if is_stream and variant == "plain":
                return 200, self._events(call(*arguments, **options))
            answer = (
                self._run(call(*arguments, **options))
                if self.is_async
                else call(*arguments, **options)
            )
            return self._read(answer, variant, is_stream)
        except acp.ApiException as error:
            assert isinstance(error.data, (str, type(None))), error.data
            return error.status, error.data

    def good(self, name: str, *arguments: Any, **options: Any) -> Any:
        """What an operation answers that succeeds."""
        status, content = self.ask(name, *arguments, **options)
        assert status in (200, 204), (name, status, content)
        return content

    def bad(self, status: int, name: str, *arguments: Any) -> None:
        """An operation that is refused with a status."""
        found, content = self.ask(name, *arguments)
        assert found == status, (name, found, content)
        assert isinstance(content, str) and content, (name, content)

    def _read(self, answer: Any, variant: str, is_stream: bool) -> tuple[int, Any]:
        if variant == "plain":
            return 200, plain(answer)
        if variant == "_with_http_info":
            return answer.status_code, plain(answer.data)
        # aiohttp's response, or one with urllib3's inside
        body = self._run(answer.read()) if self.is_async else answer.read()
        if is_stream and answer.status == 200:
            return 200, [json.loads(each) for each in raw_events(body)]
        return answer.status, json.loads(body) if body else None

    def _events(self, stream: Any) -> list[Any]:
        """The data of each event, once: the client shows the earlier ones again and again."""
        found = self._run(self._all(stream)) if self.is_async else list(stream)
        by_id = {event.id: plain(event.data) for event in found}
        ids = [int(id) for id in by_id]
        assert ids == sorted(ids), ids
        return list(by_id.values())

    def _reads_streams(self, name: str) -> bool:
        """Whether this version's own call reads a stream event by event."""
        function = inspect.unwrap(getattr(type(self._client), name))
        return inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)

    async def _open(self, configuration: Any) -> Any:
        return acp.AsyncACPClient(configuration=configuration)

    async def _all(self, stream: Any) -> list[Any]:
        return [event async for event in stream]

    def _run(self, awaitable: Any) -> Any:
        return self._loop.run_until_complete(awaitable)


def plain(value: Any) -> Any:
    """A model as plain data."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if getattr(value, "actual_instance", None) is not None:
        return plain(value.actual_instance)
    if not hasattr(value, "to_dict"):
        return value
    return json.loads(json.dumps(value.to_dict(), default=str))


def raw_events(body: bytes) -> list[str]:
    """The data of a stream's events."""
    lines = body.decode().split("\n")
    assert all(line.partition(":")[0] in ("id", "event", "data", "") for line in lines)
    return [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]


def agents(client: Client) -> str:
    """Every operation on agents; the id of the greeter."""
    everybody = client.good("search_agents", models.AgentSearchRequest())
    assert len(everybody) == 2, everybody
    wanted = models.AgentSearchRequest(name="org.example.greeter", version="1.2.0")
    [greeter] = client.good("search_agents", wanted)
    id: str = greeter["agent_id"]
    assert client.good("get_agent_by_id", id) == greeter
    descriptor = client.good("get_acp_descriptor_by_id", id)
    assert descriptor["metadata"] == greeter["metadata"]
    assert descriptor["specs"]["interrupts"][0]["interrupt_type"] == "shout"
    client.bad(404, "get_agent_by_id", UNKNOWN)
    client.bad(404, "get_acp_descriptor_by_id", UNKNOWN)
    client.bad(422, "get_acp_descriptor_by_id", "x")
    return id


def threads(client: Client) -> None:
    """Every operation on threads."""
    made = client.good("create_thread", models.ThreadCreate(metadata={"a": 1}))
    id = made["thread_id"]
    assert made["status"] == "idle" and made["metadata"] == {"a": 1}
    client.bad(409, "create_thread", models.ThreadCreate(thread_id=id))
    again = client.good("create_thread", models.ThreadCreate(thread_id=id, if_exists="do_nothing"))
    assert again["thread_id"] == id
    found = client.good("search_threads", models.ThreadSearchRequest(metadata={"a": 1}, limit=1))
    assert found[0]["thread_id"] == id
    patch = models.ThreadPatch(metadata={"b": 2}, values={"name": "Hi"})
    assert client.good("patch_thread", id, patch)["metadata"] == {"a": 1, "b": 2}
    shown = client.good("get_thread", id)
    assert shown["values"]["name"] == "Hi"
    history = client.good("get_thread_history", id, limit=5)
    assert history[0]["values"]["name"] == "Hi" and history[0]["checkpoint"]["checkpoint_id"]
    copied = client.good("copy_thread", id)
    assert copied["thread_id"] != id and copied["values"] == shown["values"]
    client.good("delete_thread", copied["thread_id"])
    for name in ("get_thread", "copy_thread", "delete_thread", "get_thread_history"):
        client.bad(404, name, copied["thread_id"])
    client.bad(404, "patch_thread", copied["thread_id"], patch)
    client.bad(422, "get_thread", "x")


def ended(client: Client, told: Any, kind: str, payload: Any) -> None:
    """The last event of a stream: as the version tells an interrupt or an error."""
    status = {"interrupt": "interrupted", "error": "error"}[kind]
    assert told["status"] == status, told
    if client.strict:
        assert (told["type"], told["values"]) == ("values", payload), told
    else:
        assert told["type"] == kind, told
        assert kind == "error" or told["interrupt"] == payload, told


def runs(client: Client, agent: str, thread: str | None) -> None:
    """Every operation on runs, without a thread or on one."""
    word = "stateless" if thread is None else "thread"
    new = models.RunCreateStateless if thread is None else models.RunCreateStateful
    at = () if thread is None else (thread,)

    def create(**options: Any) -> Any:
        return new(agent_id=agent, input=ADA, **options)

    run = client.good(f"create_{word}_run", *at, create(metadata={"n": 1}))
    assert run["status"] == "pending" and run["creation"]["input"] == ADA
    here = (*at, run["run_id"])
    waited = client.good(f"wait_for_{word}_run_output", *here)
    assert waited["run"]["status"] == "interrupted"
    assert waited["output"] == {"type": "interrupt", "interrupt": QUESTION}
    assert client.good(f"get_{word}_run", *here)["status"] == "interrupted"
    if thread is not None:
        client.bad(409, "create_thread_run", thread, create())
        client.bad(409, "create_and_wait_for_thread_run_output", thread, create())
        client.bad(409, "create_and_stream_thread_run_output", thread, create())
        found = client.good("list_thread_runs", thread, limit=1)
        assert found[0]["run_id"] == run["run_id"]
        client.bad(404, "list_thread_runs", UNKNOWN)
    query = models.RunSearchRequest(status="interrupted", metadata={"n": 1})
    assert client.good("search_stateless_runs", query)[0]["run_id"] == run["run_id"]
    client.bad(422, f"resume_{word}_run", *here, {"shout": "loud"})
    resumed = client.good(f"resume_{word}_run", *here, {"shout": True})
    assert (resumed["run_id"], resumed["status"]) == (run["run_id"], "pending")
    output = client.good(f"wait_for_{word}_run_output", *here)["output"]
    assert output == {"type": "result", "values": {"greeting": "Hello Ada!"}}
    client.bad(409, f"resume_{word}_run", *here, {"shout": True})
    client.bad(422, f"cancel_{word}_run", *here)
    [last] = client.good(f"stream_{word}_run_output", *here)
    assert (last["status"], last["values"]) == ("success", {"greeting": "Hello Ada!"})
    client.good(f"delete_{word}_run", *here)
    for name in (f"get_{word}_run", f"wait_for_{word}_run_output", f"delete_{word}_run"):
        client.bad(404, name, *here)
    client.bad(404, f"stream_{word}_run_output", *here)
    client.bad(404, f"cancel_{word}_run", *here)
    client.bad(404, f"resume_{word}_run", *here, {"shout": True})
    refused(client, word, new, at)
    streamed(client, word, create, at)
    cancelled(client, word, create, at)


def refused(client: Client, word: str, new: Any, at: tuple[str, ...]) -> None:
    """Runs that cannot be started."""
    for name in (
        f"create_{word}_run",
        f"create_and_wait_for_{word}_run_output",
        f"create_and_stream_{word}_run_output",
    ):
        client.bad(404, name, *at, new(agent_id=UNKNOWN, input=ADA))
        client.bad(422, name, *at, new(input={"name": 3}))


def streamed(client: Client, word: str, create: Any, at: tuple[str, ...]) -> None:
    """A run that is streamed to its question, and from its answer to the end."""
    new = create(stream_mode=models.StreamMode(["values", "custom"]))
    events = client.good(f"create_and_stream_{word}_run_output", *at, new)
    assert {"progress": 1, "text": "a\u2028b"} in [each.get("update") for each in events]
    assert {each["status"] for each in events[:-1]} == {"pending"}
    ended(client, events[-1], "interrupt", QUESTION)
    here = (*at, events[-1]["run_id"])
    client.good(f"resume_{word}_run", *here, {"shout": False})
    events = client.good(f"stream_{word}_run_output", *here)
    assert events[-1]["values"] == {"greeting": "Hello Ada."}
    assert events[-1]["status"] == "success"


def cancelled(client: Client, word: str, create: Any, at: tuple[str, ...]) -> None:
    """Runs that are cancelled: while they wait for an answer, and before they begin."""
    waited = client.good(f"create_and_wait_for_{word}_run_output", *at, create())
    assert waited["output"] == {"type": "interrupt", "interrupt": QUESTION}
    here = (*at, waited["run"]["run_id"])
    client.good(f"cancel_{word}_run", *here, wait=True)
    output = client.good(f"wait_for_{word}_run_output", *here)["output"]
    assert (output["type"], output["errcode"]) == ("error", 3)
    client.bad(409, f"resume_{word}_run", *here, {"shout": True})
    later = client.good(f"create_{word}_run", *at, create(after_seconds=3600))
    here = (*at, later["run_id"])
    client.bad(422, f"delete_{word}_run", *here)
    if at:
        client.bad(422, "delete_thread", *at)
    client.good(f"cancel_{word}_run", *here, action="interrupt")
    [last] = client.good(f"stream_{word}_run_output", *here)
    ended(client, last, "error", {"errcode": 3, "description": "The run was cancelled."})


def everything(url: str, kind: str, variant: str) -> list[str]:
    """Call every operation in one variant."""
    client = Client(url, kind, variant)
    agent = agents(client)
    threads(client)
    runs(client, agent, None)
    runs(client, agent, client.good("create_thread", models.ThreadCreate())["thread_id"])
    client.close()
    return sorted(client.called)


def main(url: str, kind: str) -> None:
    """Call everything in every way."""
    called = {variant: everything(url, kind, variant) for variant in VARIANTS}
    print(json.dumps({"version": acp.ACP_VERSION, "called": called}))


if __name__ == "__main__":
    main(*sys.argv[1:])
