"""What the LangGraph dialect promises of threads kept small and of changes of their states."""

from dialects.langgraph.promises import API, Requirement, operation

_THREAD = "/threads/{thread_id}"
SDK = "langgraph-sdk (Python) 0.4"

REQUIREMENTS: dict[str, Requirement] = {
    "langgraph.threads.prune": operation(
        "POST", "/threads/prune", "deletes threads, or all but their latest states; counts them"
    ),
    "langgraph.threads.prune.busy": Requirement(
        "Demotic", "a busy thread is not pruned and does not count"
    ),
    "langgraph.threads.storage": operation(
        "GET", f"{_THREAD}/storage", "tells what a thread takes up, by kind and by channel"
    ),
    "langgraph.threads.patch_state": Requirement(
        "LangGraph API 0.1.0, PATCH /threads/{thread_id}/state",
        "merges metadata into the latest checkpoint; the state, its questions and its id stay",
        ("PATCH", f"{_THREAD}/state"),
    ),
    "langgraph.threads.create.race": Requirement(
        "Demotic", "of creates at once with one id one wins; the others are 409, or get that one"
    ),
    "langgraph.threads.busy": Requirement(
        f"{API}, observed",
        "a thread is busy from the creation of a run, delayed or not, and its state cannot be "
        "changed; once that run is cancelled it is idle",
    ),
    "langgraph.threads.question": Requirement(
        f"{API}, observed",
        "a thread that asks is interrupted, with its questions by task; a change of its state "
        "leaves it so",
    ),
    "langgraph.threads.cancelled": Requirement(
        f"{API}, observed",
        "an interrupted run's thread keeps what was done and goes on from there; a rolled back "
        "run's is as before",
    ),
    "langgraph.threads.state.forms": Requirement(
        f"{API}, ThreadState, observed; LangGraph API 0.1.0, ThreadState",
        "a state has its checkpoint and its parent as objects and as ids",
    ),
    "langgraph.threads.update.forms": Requirement(
        f"{API}, observed; LangGraph API 0.1.0, Config",
        "`checkpoint` or `checkpoint_id` says where; the answer has the place in every form",
    ),
    "langgraph.threads.history.page": Requirement(
        f"{API}, document; LangGraph API 0.1.0, before",
        "ten states unless `limit` says otherwise, earlier than an id or a checkpoint",
    ),
    "langgraph.threads.subgraphs": Requirement(
        f"{API}, subgraphs",
        "a task has the place of its inner state, or with `subgraphs` the state; the place leads "
        "to that state and its history",
    ),
    "langgraph.threads.search.no_values": Requirement(
        "Demotic, where the recorded server fails",
        "threads without values are left out where values are wanted",
    ),
    "langgraph.threads.ttl": Requirement(
        f"{API}, ThreadCreate.ttl and ThreadPatch.ttl",
        "a thread may have a lifetime: minutes, or minutes and a strategy",
    ),
    "langgraph.threads.ttl.default": Requirement(
        f"{API}, checkpointer.ttl", "the server's default is that of threads that name none"
    ),
    "langgraph.threads.ttl.sweep": Requirement(
        f"{API}, checkpointer.ttl",
        "a thread whose time is over is deleted or pruned; runs and changes start it anew, and "
        "a busy thread stays",
    ),
    "langgraph.threads.include": Requirement(
        f"{API}, GET /threads/{{thread_id}}, include", "`ttl` is shown on request"
    ),
    "langgraph.threads.minimal": Requirement(
        f"{SDK}, threads.update(return_minimal=True)", "`Prefer: return=minimal` answers 204"
    ),
    "langgraph.threads.supersteps": Requirement(
        f"{API}, ThreadCreate.supersteps",
        "a thread begins with states, with all of them or not at all",
    ),
    "langgraph.threads.bulk_update": Requirement(
        "Demotic, POST /threads/{thread_id}/state, supersteps",
        "several updates are made at once, all or none",
    ),
    "langgraph.threads.update_whole": Requirement(
        "Demotic", "an update that fails leaves nothing behind, whatever it had written"
    ),
    "langgraph.threads.readable": Requirement(
        "Demotic", "a state stays readable although a node wrote what a reducer cannot take"
    ),
    "langgraph.threads.state_select": Requirement(
        f"{SDK}, threads.get_state(select) and get_history(select)",
        "fields of a state are selected, of its values single keys",
    ),
    "langgraph.threads.search.filters": Requirement(
        f"{API}, ThreadSearchRequest",
        "ids, metadata, values and status narrow each other; every sort key; selected fields",
    ),
    "langgraph.threads.search.extract": Requirement(
        f"{API}, ThreadSearchRequest.extract", "up to ten paths into each thread, in `extracted`"
    ),
    "langgraph.threads.search.total": Requirement(
        f"{API}, X-Pagination-Total; Demotic, where the recorded total is a guess",
        "exact up to 10,000, then a lower bound; X-Pagination-Next wherever there is more",
    ),
    "langgraph.threads.copy.shown": Requirement(
        "Demotic, where the recorded server shows neither",
        "a copy shows the values and the configuration of its source",
    ),
    "langgraph.threads.copy.equal": Requirement(
        f"{API}, POST /threads/{{thread_id}}/copy",
        "a copy has an equal history of its own; only the thread's id differs",
    ),
}
"""Joined into `requirements`."""
