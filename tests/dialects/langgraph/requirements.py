"""What the LangGraph dialect promises: one entry per operation built, and its finer behaviours.

What LangGraph API 0.16 offers beyond is in `DEFERRED`. `test_manifest` checks that each promise
has a test and each test of a promise has an entry.
"""

from demotic.dialects.langgraph import deferred
from dialects.langgraph import (
    requirements_app,
    requirements_batches,
    requirements_compat,
    requirements_crons,
    requirements_options,
    requirements_runs,
    requirements_store,
    requirements_streams,
    requirements_thread_stream,
    requirements_threads,
    requirements_webhooks,
)
from dialects.langgraph.promises import API, Requirement, operation

_THREAD = "/threads/{thread_id}"
_RUN = f"{_THREAD}/runs/{{run_id}}"

REQUIREMENTS: dict[str, Requirement] = {
    **requirements_store.REQUIREMENTS,
    "langgraph.ok": operation("GET", "/ok", "tells that the server, and the storage, is up"),
    "langgraph.info": operation("GET", "/info", "tells versions and honest feature flags"),
    "langgraph.metrics": operation(
        "GET", "/metrics", "tells of the queue, the worker and every answered request"
    ),
    "langgraph.metrics.text": Requirement(
        f"{API}, GET /metrics, format", "Prometheus' text format is the default; both tell the same"
    ),
    "langgraph.document": operation(
        "GET", "/openapi.json", "describes every operation, field and status"
    ),
    "langgraph.document.true": Requirement(
        "Demotic", "whatever is sent that the document allows, the answer is one it tells of"
    ),
    "langgraph.docs": operation("GET", "/docs", "shows the document; loads nothing"),
    "langgraph.home": operation("GET", "/", "a sign of life; a page for browsers"),
    "langgraph.assistants.search": operation(
        "POST", "/assistants/search", "finds assistants page by page"
    ),
    "langgraph.assistants.get": operation(
        "GET", "/assistants/{assistant_id}", "finds an assistant by its UUID"
    ),
    "langgraph.assistants.create": operation(
        "POST", "/assistants", "creates an assistant once, of a graph that is there"
    ),
    "langgraph.assistants.change": operation(
        "PATCH", "/assistants/{assistant_id}", "changes an assistant: always a new version"
    ),
    "langgraph.assistants.delete": operation(
        "DELETE", "/assistants/{assistant_id}", "deletes an assistant with its versions"
    ),
    "langgraph.assistants.count": operation("POST", "/assistants/count", "counts assistants"),
    "langgraph.assistants.versions": operation(
        "POST", "/assistants/{assistant_id}/versions", "lists versions, newest first"
    ),
    "langgraph.assistants.latest": operation(
        "POST", "/assistants/{assistant_id}/latest", "makes a version the current one"
    ),
    "langgraph.assistants.latest.forms": Requirement(
        f"{API}, observed: body; document: query", "the version is in the body or in the query"
    ),
    "langgraph.assistants.versions.numbers": Requirement(
        f"{API}, observed",
        "a change merges metadata into the version that counts, and gets the number after the last",
    ),
    "langgraph.assistants.names": Requirement(
        f"{API}, observed",
        "a graph's name stands for its assistant in runs and drawings, and is 422 elsewhere",
    ),
    "langgraph.assistants.search.name": Requirement(
        f"{API}, AssistantSearchRequest.name", "a part of the name in any case finds it"
    ),
    "langgraph.assistants.settings": Requirement(
        f"{API}, Assistant.context",
        "the assistant's context counts where a run says nothing else; a change does at once",
    ),
    "langgraph.assistants.context": Requirement(
        f"{API}, observed", "`config.configurable` and `context` mirror each other; both are 400"
    ),
    "langgraph.assistants.delete_threads": Requirement(
        f"{API}, delete_threads", "an assistant goes with its threads, whose runs end"
    ),
    "langgraph.assistants.gone": Requirement(
        "Demotic", "runs of an assistant whose graph is gone are refused with the graphs there are"
    ),
    "langgraph.assistants.system": Requirement(
        f"{API}, observed", "a changed system assistant stays changed when the server restarts"
    ),
    "langgraph.assistants.schemas": operation(
        "GET", "/assistants/{assistant_id}/schemas", "tells schemas; null for what has none"
    ),
    "langgraph.assistants.graph": operation(
        "GET", "/assistants/{assistant_id}/graph", "draws the graph, subgraphs as deep as asked"
    ),
    "langgraph.assistants.subgraphs": operation(
        "GET", "/assistants/{assistant_id}/subgraphs", "tells the schemas of subgraphs"
    ),
    "langgraph.assistants.subgraph": operation(
        "GET", "/assistants/{assistant_id}/subgraphs/{namespace}", "tells those of one subgraph"
    ),
    "langgraph.threads.update": operation(
        "POST", f"{_THREAD}/state", "changes the state; 409 while a run is in progress"
    ),
    "langgraph.threads.update_without_runs": Requirement(
        f"{API}, metadata.graph_id", "a thread without runs says whose state it is"
    ),
    "langgraph.threads.config": Requirement(
        f"{API}, Thread.config", "a thread keeps the configuration of its latest run"
    ),
    "langgraph.stream.looking_on": Requirement(
        f"{API}, stream modes events, debug, tasks, checkpoints",
        "they are served, with subgraphs, and never fail a run",
    ),
    "langgraph.threads.create": operation("POST", "/threads", "creates a thread once"),
    "langgraph.threads.get": operation("GET", _THREAD, "shows a thread"),
    "langgraph.threads.search": operation("POST", "/threads/search", "finds threads by page"),
    "langgraph.threads.count": operation("POST", "/threads/count", "counts threads"),
    "langgraph.threads.change": operation("PATCH", _THREAD, "merges metadata, busy or not"),
    "langgraph.threads.copy": operation(
        "POST", f"{_THREAD}/copy", "copies a thread with its history; 409 for no thread"
    ),
    "langgraph.threads.cancel_error": Requirement(
        f"{API}, observed", "a thread whose run was cancelled tells so in `error`"
    ),
    "langgraph.threads.delete": operation("DELETE", _THREAD, "deletes a thread, busy or not"),
    "langgraph.threads.state": operation("GET", f"{_THREAD}/state", "shows the latest state"),
    "langgraph.threads.state_of": operation(
        "GET", f"{_THREAD}/state/{{checkpoint_id}}", "shows the state at a checkpoint"
    ),
    "langgraph.threads.state_at": operation(
        "POST", f"{_THREAD}/state/checkpoint", "shows the state at a checkpoint in a namespace"
    ),
    "langgraph.threads.history": operation("GET", f"{_THREAD}/history", "lists past states"),
    "langgraph.threads.search_history": operation(
        "POST", f"{_THREAD}/history", "lists past states by metadata and checkpoint"
    ),
    "langgraph.runs.create": operation("POST", f"{_THREAD}/runs", "starts a run"),
    "langgraph.runs.stream": operation(
        "POST", f"{_THREAD}/runs/stream", "starts a run and streams it"
    ),
    "langgraph.runs.wait": operation(
        "POST", f"{_THREAD}/runs/wait", "starts a run and answers its result with 200"
    ),
    "langgraph.runs.list": operation("GET", f"{_THREAD}/runs", "lists runs, newest first"),
    "langgraph.runs.get": operation("GET", _RUN, "shows a run"),
    "langgraph.runs.delete": operation("DELETE", _RUN, "deletes a run, ended or not"),
    "langgraph.runs.join": operation("GET", f"{_RUN}/join", "answers a run's result"),
    "langgraph.runs.join_stream": operation(
        "GET", f"{_RUN}/stream", "streams what comes from now on"
    ),
    "langgraph.runs.cancel": operation("POST", f"{_RUN}/cancel", "cancels a run, and may wait"),
    "langgraph.runs.create_stateless": operation("POST", "/runs", "starts a stateless run"),
    "langgraph.runs.stream_stateless": operation(
        "POST", "/runs/stream", "starts a stateless run and streams it"
    ),
    "langgraph.runs.wait_stateless": operation(
        "POST", "/runs/wait", "starts a stateless run and answers its result"
    ),
    "langgraph.runs.stream_by_id": operation(
        "GET", "/runs/{run_id}/stream", "streams the run that `Location` of /runs/stream names"
    ),
    "langgraph.runs.if_not_exists": Requirement(
        f"{API}, RunCreateStateful.if_not_exists", "a run may create its thread"
    ),
    "langgraph.runs.reject": Requirement(
        f"{API}, RunCreateStateful.multitask_strategy", "409 on a busy thread, or wait in line"
    ),
    "langgraph.runs.interrupt": Requirement(
        f"{API}, RunCreateStateful.multitask_strategy interrupt",
        "all runs in progress are interrupted and the new one goes on from where they stopped",
    ),
    "langgraph.runs.rollback": Requirement(
        f"{API}, RunCreateStateful.multitask_strategy rollback",
        "all runs in progress vanish and the new one starts from the state before them",
    ),
    "langgraph.runs.after_seconds": Requirement(
        f"{API}, RunCreateStateful.after_seconds", "a run waits its time; its thread is busy"
    ),
    "langgraph.runs.keep": Requirement(
        f"{API}, RunCreateStateless.on_completion keep", "a stateless run may leave its thread"
    ),
    "langgraph.runs.forwarded_answers": Requirement(
        "langgraph 1.2, RemoteGraph: `__pregel_resume_map` in a forwarded `config.configurable`",
        "what a calling graph was answered goes to the questions that this thread asks",
    ),
    "langgraph.runs.caller": Requirement(
        "Demotic", "a run that its caller would wait for forever, and it for the caller, is refused"
    ),
    "langgraph.threads.calling_place": Requirement(
        "langgraph 1.2, RemoteGraph.get_state of a node",
        "the namespace of the calling node is the latest state of the thread",
    ),
    "langgraph.runs.idempotency": Requirement(
        "Demotic, header Idempotency-Key", "the same request sent again is the same run"
    ),
    "langgraph.stream.cancel_on_disconnect": Requirement(
        f"{API}, on_disconnect cancel and cancel_on_disconnect",
        "a run ends with the last connection that was to end it",
    ),
    "langgraph.stream.error": Requirement(
        f"{API}, observed", "a failed run's stream ends with one `error` event, also when late"
    ),
    "langgraph.stream.replay": Requirement(
        f"{API}, stream_resumable and Last-Event-ID", "a resumable run is replayed from any event"
    ),
    "langgraph.stream.messages": Requirement(
        f"{API}, stream mode messages", "`messages/partial` holds the whole message so far"
    ),
    "langgraph.stream.disconnect": Requirement(
        f"{API}, on_disconnect continue", "a run goes on when its client goes away"
    ),
    "langgraph.errors.body": Requirement(
        f"{API}, ErrorResponse", "errors are JSON with `detail`, naming the field and the fix"
    ),
    "langgraph.errors.bad_input": Requirement(
        "Demotic", "whatever is sent, the answer is a clear 4xx and the server goes on"
    ),
    "langgraph.errors.table": Requirement(
        f"{API}, observed statuses", "every engine error has a status and a code"
    ),
    "langgraph.planned": Requirement(
        "Demotic", "what is planned answers 501; nothing is accepted and ignored"
    ),
    **requirements_app.REQUIREMENTS,
    **requirements_runs.REQUIREMENTS,
    **requirements_streams.REQUIREMENTS,
    **requirements_batches.REQUIREMENTS,
    **requirements_compat.REQUIREMENTS,
    **requirements_crons.REQUIREMENTS,
    **requirements_options.REQUIREMENTS,
    "langgraph.sdk": Requirement("langgraph-sdk (Python) 0.4", "the official client works"),
    **requirements_webhooks.REQUIREMENTS,
    **requirements_threads.REQUIREMENTS,
    **requirements_thread_stream.REQUIREMENTS,
}

DEFERRED: dict[tuple[str, str], str] = {
    (each.method, each.path): f"planned: {each.name}" for each in deferred.OPERATIONS
}
"""Operations that are not built, and why."""
