"""Calls every method of the client that openapi-generator makes of the API 0.1.0; run as a program.

    python walk_0_1_0.py BASE_URL

The client is the package `client`, on the path. The server serves the graphs of tests/process with
`--compat 0.1.0`. Prints the methods that were called, and those that the client knows, as JSON.
"""

import importlib
import json
import re
import sys
from typing import Any

UNKNOWN = "00000000-0000-0000-0000-000000000000"
DONE = {"items": ["in", "a", "b"]}
ECHO = {"assistant_id": "echo", "input": {"items": ["in"]}}
SLOW = {"assistant_id": "slow", "input": {"n": 9000}}


class Walker:
    """A generated client: models by name and their fields, answers as plain data."""

    def __init__(self, base_url: str) -> None:
        self._package: Any = importlib.import_module("client")
        self._exceptions = importlib.import_module("client.exceptions")
        transport = self._package.ApiClient(self._package.Configuration(host=base_url))
        names = [name for name in vars(self._package) if name.endswith("Api")]
        self._apis = [getattr(self._package, name)(transport) for name in names]
        self.called: set[str] = set()

    def known(self) -> set[str]:
        """Every operation."""
        names = {name for api in self._apis for name in dir(api) if name[0] != "_"}
        return {name for name in names if f"{name}_with_http_info" in names}

    def call(self, method: str, shape: str = "", body: Any = None, /, **parameters: Any) -> Any:
        """What a method gives; `shape` is the model of its body."""
        (api,) = (each for each in self._apis if hasattr(each, method))
        self.called.add(method)
        if shape:
            name = re.sub(r"(?<!^)(?=[A-Z])", "_", shape).lower()
            parameters[name] = getattr(self._package, shape).from_dict(body)
        return plain(getattr(api, method)(**parameters, _request_timeout=20.0))

    def refused(self, method: str, *body: Any, **parameters: Any) -> tuple[int, Any]:
        """The status with which a call is refused, and the places that it is for: the client reads
        a 422 as the list that the document tells."""
        try:
            self.call(method, *body, **parameters)
        except self._exceptions.ApiException as error:
            if error.status != 422:
                assert isinstance(json.loads(error.body)["detail"], str), error
                return error.status, None
            return error.status, [each["loc"] for each in plain(error.data)["detail"]]
        raise AssertionError(f"{method} was not refused")


def plain(answer: Any) -> Any:
    """A model as plain data."""
    if isinstance(answer, list):
        return [plain(each) for each in answer]
    return json.loads(answer.to_json()) if hasattr(answer, "to_json") else answer


def assistants(walker: Walker) -> None:
    """What can be run."""
    create, read = "create_assistant_assistants_post", "get_assistant_assistants_assistant_id_get"
    body = {"graph_id": "echo", "metadata": {"walk": 1}, "config": {"tags": ["t"]}}
    made = walker.call(create, "AssistantCreate", body)
    id = made["assistant_id"]
    again = {"graph_id": "echo", "assistant_id": id}
    assert walker.refused(create, "AssistantCreate", again) == (409, None)
    assert walker.call(read, assistant_id=id) == made
    find = "search_assistants_assistants_search_post"
    assert walker.call(find, "SearchRequest", {"metadata": {"walk": 1}, "limit": 5}) == [made]
    change = "patch_assistant_assistants_assistant_id_patch"
    changed = walker.call(change, "AssistantPatch", {"config": {"tags": ["u"]}}, assistant_id=id)
    assert changed["config"]["tags"] == ["u"]
    drawn = walker.call("get_assistant_graph_assistants_assistant_id_graph_get", assistant_id=id)
    assert drawn["nodes"] and drawn["edges"]
    told = walker.call("get_assistant_schemas_assistants_assistant_id_schemas_get", assistant_id=id)
    assert told["graph_id"] == "echo" and "items" in told["state_schema"]["properties"]
    delete = "delete_assistant_assistants_assistant_id_delete"
    assert walker.call(delete, assistant_id=id) == {}
    assert walker.refused(read, assistant_id=id) == (404, None)


def new_thread(walker: Walker, **fields: Any) -> str:
    """A thread's id."""
    return str(walker.call("create_thread_threads_post", "ThreadCreate", fields)["thread_id"])


def threads(walker: Walker) -> None:
    """A thread, and what is done with it."""
    create, read = "create_thread_threads_post", "get_thread_threads_thread_id_get"
    id = new_thread(walker, metadata={"walk": 1})
    assert walker.refused(create, "ThreadCreate", {"thread_id": id}) == (409, None)
    change = "patch_thread_threads_thread_id_patch"
    changed = walker.call(change, "ThreadPatch", {"metadata": {"more": 1}}, thread_id=id)
    assert changed["metadata"] == {"walk": 1, "more": 1}
    assert walker.call(read, thread_id=id) == changed
    find = "search_threads_threads_search_post"
    assert walker.call(find, "SearchRequest", {"metadata": {"walk": 1}}) == [changed]
    states(walker, id)
    assert walker.call("delete_thread_threads_thread_id_delete", thread_id=id) == {}
    assert walker.refused(read, thread_id=id) == (404, None)


def states(walker: Walker, thread: str) -> None:
    """What a run leaves, and what changes it."""
    now = "get_latest_thread_state_threads_thread_id_state_get"
    none = walker.call(now, thread_id=thread)
    assert (none["values"], none["checkpoint_id"], none["metadata"]) == ({}, "", {})
    wait = "wait_run_threads_thread_id_runs_wait_post"
    assert walker.call(wait, "RunCreate", ECHO, thread_id=thread) == DONE
    state = walker.call(now, thread_id=thread)
    history = walker.call("get_thread_history_threads_thread_id_history_get", thread_id=thread)
    assert (len(history), history[0], state["values"]) == (4, state, DONE)
    parents = [each["parent_checkpoint_id"] for each in history]
    assert parents == [*(each["checkpoint_id"] for each in history[1:]), ""]
    second = history[1]["checkpoint_id"]
    find = "get_thread_history_post_threads_thread_id_history_post"
    search = {"limit": 1, "before": second}
    assert walker.call(find, "ThreadStateSearch", search, thread_id=thread) == history[2:3]
    read = "get_thread_state_at_checkpoint_threads_thread_id_state_checkpoint_id_get"
    assert walker.call(read, thread_id=thread, checkpoint_id=second) == history[1]
    update = {"values": {"items": ["u"]}, "as_node": "b", "checkpoint_id": second}
    write = "update_thread_state_threads_thread_id_state_post"
    config = walker.call(write, "ThreadStateUpdate", update, thread_id=thread)
    annotate = "patch_thread_state_threads_thread_id_state_patch"
    patch = {"metadata": {"mark": 1}}
    assert walker.call(annotate, "ThreadStatePatch", patch, thread_id=thread) == config
    state = walker.call(now, thread_id=thread)
    assert state["checkpoint_id"] == config["configurable"]["checkpoint_id"]
    assert (state["values"], state["metadata"]["mark"]) == ({"items": ["in", "a", "u"]}, 1)


def runs(walker: Walker) -> None:
    """Runs on a thread."""
    thread = new_thread(walker)
    read = "get_run_http_threads_thread_id_runs_run_id_get"
    create = "create_run_threads_thread_id_runs_post"
    made = walker.call(create, "RunCreate", ECHO, thread_id=thread)
    which = {"thread_id": thread, "run_id": made["run_id"]}
    assert made["multitask_strategy"] == "reject"
    assert walker.call("join_run_http_threads_thread_id_runs_run_id_join_get", **which) == DONE
    done = walker.call(read, **which)
    every = "list_runs_http_threads_thread_id_runs_get"
    listed = walker.call(every, thread_id=thread, limit=5, offset=0)
    assert (done["status"], listed) == ("success", [done])
    stream = "stream_run_threads_thread_id_runs_stream_post"
    body = {**ECHO, "stream_mode": ["values", "updates"], "feedback_keys": ["k"]}
    text = walker.call(stream, "RunStream", body, thread_id=thread)
    assert text.startswith("event: metadata") and "event: updates" in text
    busy(walker, thread)
    assert walker.call("delete_run_threads_thread_id_runs_run_id_delete", **which) == {}
    assert walker.refused(read, **which) == (404, None)


def busy(walker: Walker, thread: str) -> None:
    """What is refused while a run is in progress, and its end."""
    create = "create_run_threads_thread_id_runs_post"
    id = walker.call(create, "RunCreate", SLOW, thread_id=thread)["run_id"]
    assert walker.refused(create, "RunCreate", SLOW, thread_id=thread) == (409, None)
    cancel = "cancel_run_http_threads_thread_id_runs_run_id_cancel_post"
    assert walker.call(cancel, thread_id=thread, run_id=id, wait=True) == {}
    read = "get_run_http_threads_thread_id_runs_run_id_get"
    assert walker.call(read, thread_id=thread, run_id=id)["status"] == "interrupted"


def stateless(walker: Walker) -> None:
    """Runs without a thread."""
    wait = "wait_run_stateless_runs_wait_post"
    assert walker.call(wait, "RunCreate", ECHO) == DONE
    stopped = walker.call(wait, "RunCreate", {**ECHO, "interrupt_after": ["a"]})
    assert stopped["items"] == ["in", "a"]
    text = walker.call("stream_run_stateless_runs_stream_post", "RunStream", ECHO)
    assert text.startswith("event: metadata") and '"b"' in text
    refused = walker.refused(wait, "RunCreate", {**ECHO, "checkpoint_id": UNKNOWN})
    assert refused == (422, [["body", "checkpoint_id"]])


def crons(walker: Walker) -> None:
    """The document forgets that a cron has a schedule, and so does the client."""
    body = {"assistant_id": UNKNOWN, "input": {"items": ["in"]}}
    of_thread = "create_thread_cron_threads_thread_id_runs_crons_post"
    unscheduled = (422, [["body", "schedule"]])
    thread = new_thread(walker)
    assert walker.refused(of_thread, "CronCreate", body, thread_id=thread) == unscheduled
    assert walker.refused("create_cron_runs_crons_post", "CronCreate", body) == unscheduled
    delete = "delete_cron_runs_crons_cron_id_delete"
    assert walker.refused(delete, cron_id=UNKNOWN) == (404, None)


def main() -> None:
    """Walk, and tell what was called."""
    walker = Walker(sys.argv[1])
    for tour in (assistants, threads, runs, stateless, crons):
        tour(walker)
    told = {"called": sorted(walker.called), "all": sorted(walker.known())}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
