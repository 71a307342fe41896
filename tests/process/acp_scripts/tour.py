"""The tour: every operation of an ACP client, called by the names that ACP's documents give them.

A program that has a client brings it along as a `Client`.
"""

import json
from abc import ABC, abstractmethod
from typing import Any

UNKNOWN = "00000000-0000-7000-8000-000000000000"
VARIANTS = ("plain", "_with_http_info", "_without_preload_content")
STREAMS = ("create_and_stream", "stream_")
QUESTION = {"shout": {"question": "Shout, Ada?"}}
ADA = {"name": "Ada"}


class Client(ABC):
    """Calls operations in one variant; remembers which."""

    checks_ids = False
    """Whether what is no id never leaves the client."""

    def __init__(self, url: str, variant: str, models: Any) -> None:
        self.variant, self._models = variant, models
        self.strict = url.rstrip("/").endswith("0.2.1")
        self.called: set[str] = set()

    def make(self, shape: str, **fields: Any) -> Any:
        """A body."""
        return getattr(self._models, shape).from_dict(fields)

    @abstractmethod
    def ask(self, name: str, *arguments: Any, **options: Any) -> tuple[int, Any]:
        """Status and content of an answer, as plain data; of a stream, its events once each."""

    @abstractmethod
    def close(self) -> None:
        """Let go of connections."""

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
    everybody = client.good("search_agents", client.make("AgentSearchRequest"))
    assert len(everybody) == 2, everybody
    wanted = client.make("AgentSearchRequest", name="org.example.greeter", version="1.2.0")
    [greeter] = client.good("search_agents", wanted)
    id: str = greeter["agent_id"]
    assert client.good("get_agent_by_id", id) == greeter
    descriptor = client.good("get_acp_descriptor_by_id", id)
    assert descriptor["metadata"] == greeter["metadata"]
    assert descriptor["specs"]["interrupts"][0]["interrupt_type"] == "shout"
    client.bad(404, "get_agent_by_id", UNKNOWN)
    client.bad(404, "get_acp_descriptor_by_id", UNKNOWN)
    if not client.checks_ids:
        client.bad(422, "get_acp_descriptor_by_id", "x")
    return id


def threads(client: Client) -> None:
    """Every operation on threads."""
    made = client.good("create_thread", client.make("ThreadCreate", metadata={"a": 1}))
    id = made["thread_id"]
    assert made["status"] == "idle" and made["metadata"] == {"a": 1}
    client.bad(409, "create_thread", client.make("ThreadCreate", thread_id=id))
    again = client.good(
        "create_thread", client.make("ThreadCreate", thread_id=id, if_exists="do_nothing")
    )
    assert again["thread_id"] == id
    found = client.good(
        "search_threads", client.make("ThreadSearchRequest", metadata={"a": 1}, limit=1)
    )
    assert found[0]["thread_id"] == id
    patch = client.make("ThreadPatch", metadata={"b": 2}, values={"name": "Hi"})
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
    if not client.checks_ids:
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
    at = () if thread is None else (thread,)

    def new(**fields: Any) -> Any:
        return client.make(
            "RunCreateStateless" if thread is None else "RunCreateStateful", **fields
        )

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
    query = client.make("RunSearchRequest", status="interrupted", metadata={"n": 1})
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
    new = create(stream_mode=["values", "custom"])
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


def everything(client: Client) -> list[str]:
    """Call every operation; their names."""
    agent = agents(client)
    threads(client)
    runs(client, agent, None)
    thread = client.good("create_thread", client.make("ThreadCreate"))["thread_id"]
    runs(client, agent, thread)
    client.close()
    return sorted(client.called)


def aliases(root: Client, mount: Client) -> list[str]:
    """Call what the root serves of ACP, on runs that are started at the mount; their names."""
    wanted = root.make("AgentSearchRequest", name="org.example.greeter", version="1.2.0")
    [greeter] = root.good("search_agents", wanted)
    agent = greeter["agent_id"]
    assert root.good("get_agent_by_id", agent)["metadata"] == greeter["metadata"]
    descriptor = root.good("get_acp_descriptor_by_id", agent)
    assert descriptor["specs"]["interrupts"][0]["interrupt_type"] == "shout"
    alone = mount.make("RunCreateStateless", agent_id=agent, input=ADA, metadata={"root": 1})
    run = mount.good("create_and_wait_for_stateless_run_output", alone)["run"]["run_id"]
    query = root.make("RunSearchRequest", status="interrupted", metadata={"root": 1})
    [found] = root.good("search_stateless_runs", query)
    assert found["creation"]["input"] == ADA and found["run_id"] == run
    answered(root, "stateless", run)
    thread = mount.good("create_thread", mount.make("ThreadCreate"))["thread_id"]
    on_thread = mount.make("RunCreateStateful", agent_id=agent, input=ADA)
    made = mount.good("create_and_wait_for_thread_run_output", thread, on_thread)
    answered(root, "thread", thread, made["run"]["run_id"])
    later = mount.make("RunCreateStateless", agent_id=agent, input=ADA, after_seconds=3600)
    waiting = mount.good("create_stateless_run", later)["run_id"]
    root.good("cancel_stateless_run", waiting, wait=True)
    assert root.good("get_stateless_run", waiting)["status"] == "error"
    root.good("delete_stateless_run", waiting)
    return sorted(root.called)


def answered(client: Client, word: str, *here: str) -> None:
    """A run that asks is answered."""
    asked = client.good(f"wait_for_{word}_run_output", *here)
    assert asked["output"] == {"type": "interrupt", "interrupt": QUESTION}
    assert asked["run"]["status"] == "interrupted"
    assert client.good(f"resume_{word}_run", *here, {"shout": True})["status"] == "pending"
    told = client.good(f"wait_for_{word}_run_output", *here)["output"]
    assert (told["type"], told["values"]["greeting"]) == ("result", "Hello Ada!")
