"""What the Agent Protocol dialect promises: operations, parameters with their defaults, behaviours.

Sources are Agent Protocol 0.1.6 in its versions of April 2025 and August 2026. What they offer
beyond is in `DEFERRED`; every option, default and status is in `OPTIONS`, made by machine.
`test_ap_manifest` checks that each promise has a test and each test of a promise has an entry.
"""

from demotic.dialects.agent_protocol import deferred
from dialects.agent_protocol.promises import API, EARLY, TODAY, Requirement, operation
from documented import promised

_THREAD = "/threads/{thread_id}"
_RUN = "/runs/{run_id}"
_AGENT = "/agents/{agent_id}"

REQUIREMENTS: dict[str, Requirement] = {
    "ap.streaming.events": operation(
        "POST", f"{_THREAD}/stream", "tells a thread's events, by a filter and from a position on"
    ),
    "ap.streaming.events.sdk": operation(
        "POST", f"{_THREAD}/stream/events", "tells them where the SDKs look", "LangGraph API 0.16"
    ),
    "ap.streaming.commands": operation(
        "POST", f"{_THREAD}/commands", "carries out a command: starts, answers, looks"
    ),
    "ap.streaming.socket": operation(
        "GET", f"{_THREAD}/stream", "upgrades to a WebSocket: commands in, answers and events out"
    ),
    "ap.streaming.socket.sdk": operation(
        "GET", f"{_THREAD}/stream/events", "upgrades where the SDKs look", "LangGraph API 0.16"
    ),
    "ap.streaming.errors": Requirement(
        f"{TODAY}, ErrorResponse", "what is no command's own failure is 404 or 422 in this body"
    ),
    "ap.streaming.guarded": Requirement(
        "Demotic", "API keys, and parts that are switched off, count for its WebSocket, too"
    ),
    "ap.document": operation(
        "GET", "/openapi.json", "describes every operation, field and status", "Demotic"
    ),
    "ap.document.true": Requirement(
        "Demotic", "whatever is sent that the document allows, the answer is one it tells of"
    ),
    "ap.docs": operation("GET", "/docs", "shows the document; loads nothing", "Demotic"),
    "ap.agents.search": operation("POST", "/agents/search", "lists agents page by page"),
    "ap.agents.search.parameters": Requirement(
        f"{API}, POST /agents/search", "name, metadata, limit (10, 1 to 1000), offset (0)"
    ),
    "ap.agents.get": operation("GET", _AGENT, "shows an agent"),
    "ap.agents.schemas": operation("GET", f"{_AGENT}/schemas", "tells what an agent takes"),
    "ap.agents.named": Requirement(
        f"{API}, agent_id", "an agent is named by its id, or by the program for its default one"
    ),
    "ap.agents.capabilities": Requirement(
        f"{API}, Agent.capabilities", "`ap.io.messages` is told from the schemas; all can stream"
    ),
    "ap.threads.create": operation("POST", "/threads", "creates a thread once"),
    "ap.threads.create.parameters": Requirement(
        f"{API}, ThreadCreate", "thread_id (a new one), metadata, if_exists (raise: 409)"
    ),
    "ap.threads.search": operation("POST", "/threads/search", "finds threads, newest first"),
    "ap.threads.search.parameters": Requirement(
        f"{API}, ThreadSearchRequest",
        "metadata, values, status, limit (10, 1 to 1000), offset (0)",
    ),
    "ap.threads.get": operation("GET", _THREAD, "shows a thread and its state"),
    "ap.threads.messages": Requirement(
        f"{API}, Thread.messages", "messages stand beside the values, where there are any"
    ),
    "ap.threads.change": operation(
        "PATCH", _THREAD, "merges metadata, busy or not; writes the state"
    ),
    "ap.threads.change.state": Requirement(
        f"{API}, ThreadPatch.values and messages", "they are added to the state as a step would"
    ),
    "ap.threads.change.checkpoint": Requirement(
        f"{API}, ThreadPatch.checkpoint",
        "the write branches off there; alone it goes back; with metadata only it is ignored",
    ),
    "ap.threads.change.busy": Requirement(
        "Demotic", "the state of a busy thread is not written (409), and nothing is changed"
    ),
    "ap.threads.change.owner": Requirement(
        "Demotic", "a thread without runs says in its metadata whose state it holds"
    ),
    "ap.threads.delete": operation("DELETE", _THREAD, "deletes a thread with its run"),
    "ap.threads.copy": operation(
        "POST", f"{_THREAD}/copy", "copies a thread with its history; 404 for no thread"
    ),
    "ap.threads.history": operation("GET", f"{_THREAD}/history", "lists past states"),
    "ap.threads.history.parameters": Requirement(
        f"{API}, GET {_THREAD}/history", "limit (10), before (a checkpoint's id)"
    ),
    "ap.threads.runs": operation("GET", f"{_THREAD}/runs", "lists a thread's runs", EARLY),
    "ap.threads.runs.parameters": Requirement(
        f"{EARLY}, GET {_THREAD}/runs", "limit (10), offset (0)"
    ),
    "ap.runs.create": operation("POST", "/runs", "starts a run in the background"),
    "ap.runs.stream": operation("POST", "/runs/stream", "starts a run and streams its output"),
    "ap.runs.wait": operation("POST", "/runs/wait", "starts a run and answers it and its output"),
    "ap.runs.search": operation("POST", "/runs/search", "finds runs, newest first", TODAY),
    "ap.runs.search.parameters": Requirement(
        f"{TODAY}, RunSearchRequest",
        "metadata, status, thread_id, agent_id, limit (10, 1 to 1000), offset (0)",
    ),
    "ap.runs.get": operation("GET", _RUN, "shows a run by its id alone"),
    "ap.runs.delete": operation("DELETE", _RUN, "deletes a run"),
    "ap.runs.delete.active": Requirement(
        "Demotic", "a run that has not ended is not deleted: 422, cancel it first"
    ),
    "ap.runs.join": operation("GET", f"{_RUN}/wait", "answers a run and its output"),
    "ap.runs.own_output": Requirement(
        f"{API}, GET {_RUN}/wait", "a run answers its own output, also after later runs"
    ),
    "ap.runs.join_stream": operation("GET", f"{_RUN}/stream", "streams what comes from now on"),
    "ap.runs.cancel": operation("POST", f"{_RUN}/cancel", "cancels a run, which is an error then"),
    "ap.runs.cancel.parameters": Requirement(
        f"{API}, POST {_RUN}/cancel", "wait (false), action (interrupt, or rollback: deleted)"
    ),
    "ap.runs.cancel.ended": Requirement(
        "Demotic", "a run that has ended is not cancelled: 422; one that asks is"
    ),
    "ap.runs.defaults": Requirement(
        f"{API}, RunCreate and RunStream",
        "stream_mode values, on_disconnect cancel, if_not_exists reject",
    ),
    "ap.runs.default_agent": Requirement(
        f"{API}, RunCreate.agent_id", "without it, the first agent that is hosted"
    ),
    "ap.runs.stateless": Requirement(
        f"{API}, RunCreate.thread_id",
        "without it a run has a thread of its own, which goes; the run stays readable",
    ),
    "ap.runs.on_completion": Requirement(
        f"{API}, RunCreate.on_completion", "keep with a thread, else delete, unless it says keep"
    ),
    "ap.runs.on_completion.named": Requirement(
        f"{API}, RunCreate.on_completion delete",
        "a thread that is named goes when the run has ended; its runs stay readable",
    ),
    "ap.runs.on_completion.others": Requirement(
        "Demotic", "a thread that others have a run on by then stays: they did not ask for its end"
    ),
    "ap.runs.if_not_exists": Requirement(
        f"{API}, RunCreate.if_not_exists", "a missing thread is 404, or created"
    ),
    "ap.runs.on_disconnect": Requirement(
        f"{API}, RunCreate.on_disconnect", "a run ends with its client, or goes on"
    ),
    "ap.runs.on_disconnect.background": Requirement(
        f"{API}, on_disconnect of POST /runs",
        "a run that nobody waits for has no client to end with; it tells what it was given",
    ),
    "ap.runs.input": Requirement(
        f"{API}, RunCreate.input and messages", "any JSON; messages are part of it"
    ),
    "ap.runs.config": Requirement(
        f"{API}, RunCreate.config", "tags, recursion_limit, configurable reach the agent"
    ),
    "ap.runs.metadata": Requirement(
        f"{API}, Run.metadata", "it is always there; what has no value is left out"
    ),
    "ap.runs.stream_mode": Requirement(
        f"{API}, RunStream.stream_mode", "values, messages, updates, custom: one or several"
    ),
    "ap.runs.busy": Requirement(f"{API}, README", "no concurrent runs on a thread: 409"),
    "ap.runs.interrupted": Requirement(
        f"{API}, RunStatus interrupted", "a run that waits tells what it asks among its values"
    ),
    "ap.runs.failed": Requirement(
        f"{API}, RunStatus error", "a run that failed tells why among its values; HTTP 200"
    ),
    "ap.runs.status": Requirement(
        f"{API}, RunStatus", "pending, error, success, timeout, interrupted; cancelled is error"
    ),
    "ap.runs.status.never_running": Requirement(
        f"{API}, RunStatus", "a run that runs is pending, whoever started it"
    ),
    "ap.runs.survive": Requirement(
        "Demotic", "runs go on after a crash, and keep answering what they came to"
    ),
    "ap.runs.idempotency": Requirement(
        "Demotic, header Idempotency-Key", "the same request sent again is the same run"
    ),
    "ap.runs.webhook": Requirement(
        f"{API}, RunCreate.webhook", "the Run is POSTed once when the run has finished"
    ),
    "ap.runs.webhook.refused": Requirement(
        "Demotic", "a webhook that must not be called is 422, with the reason"
    ),
    "ap.stream.events": Requirement(
        "Demotic", "`metadata` first, then an event per mode of the agent itself"
    ),
    "ap.stream.ids": Requirement("Demotic", "every event has an id, and they rise"),
    "ap.stream.messages": Requirement(
        f"{API}, Message", "messages in events have the protocol's roles"
    ),
    "ap.stream.heartbeat": Requirement(
        "Demotic", "a silent stream has `: heartbeat` and a blank line every five seconds"
    ),
    "ap.stream.error": Requirement("Demotic", "a failed run's stream ends with `error`"),
    "ap.stream.finished": Requirement(
        "Demotic", "the stream of a run that has ended: its last values, then the end"
    ),
    "ap.stream.replay": Requirement(
        "Demotic, header Last-Event-ID", "a client goes on after the last event it has seen"
    ),
    "ap.stream.accept": Requirement("Demotic", "`Accept` is not looked at"),
    "ap.store.put": operation("PUT", "/store/items", "stores an item: 204"),
    "ap.store.delete": operation("DELETE", "/store/items", "deletes an item; 404 for no item"),
    "ap.store.get": operation("GET", "/store/items", "shows an item; 404 for no item"),
    "ap.store.get.parameters": Requirement(
        f"{API}, GET /store/items", "key, and a label for each `namespace`"
    ),
    "ap.store.search": operation("POST", "/store/items/search", "finds items, latest first"),
    "ap.store.search.parameters": Requirement(
        f"{API}, StoreSearchRequest", "namespace_prefix, filter, limit (10), offset (0)"
    ),
    "ap.store.namespaces": operation(
        "POST", "/store/namespaces", "lists namespaces, as a list of lists"
    ),
    "ap.store.namespaces.parameters": Requirement(
        f"{API}, StoreListNamespacesRequest", "prefix, suffix, max_depth, limit (100), offset (0)"
    ),
    "ap.store.outermost": Requirement(
        f"{API}, StoreDeleteRequest.namespace",
        "it may be left out, but nothing is stored outside of all namespaces: 404",
    ),
    "ap.options": Requirement(
        f"{API}, every parameter, field and status",
        "what is documented is sent and left out, has its effect, and is answered",
    ),
    "ap.messages.roles": Requirement(
        f"{API}, Message.role", "human and ai in, too; user, assistant, system and tool out"
    ),
    "ap.messages.content": Requirement(f"{API}, Message.content", "text, or blocks with a type"),
    "ap.messages.metadata": Requirement(
        f"{API}, Message", "id, metadata and whatever else comes back as it went"
    ),
    "ap.errors.body": Requirement(
        f"{TODAY}, ErrorResponse", "code, message, metadata; `detail` as everywhere"
    ),
    "ap.errors.table": Requirement(
        f"{API}, documented statuses", "every engine error has a status and a code"
    ),
    "ap.errors.unknown_paths": Requirement(
        "Demotic", "paths and methods below the mount that do not exist have the same body"
    ),
    "ap.errors.bad_input": Requirement(
        "Demotic", "whatever is sent, the answer is a clear 4xx and the server goes on"
    ),
    "ap.scope": Requirement("Demotic", "what is outside a caller's scope is not found"),
    "ap.mounts": Requirement(
        "Demotic", "operations shared with another dialect answer in each one's own words"
    ),
    "ap.root": Requirement(
        "Demotic", "paths that LangGraph's API lacks are served at the root, too"
    ),
    "ap.published": Requirement(
        f"{API}, both documents", "answers are what the published schemas say"
    ),
    "ap.clients": Requirement(
        f"{API}, clients that openapi-generator makes of both documents", "they work"
    ),
}

OPTIONS: dict[str, Requirement] = {
    f"ap.options: {name}": Requirement(f"{API}, {name}", promise)
    for name, promise in promised("agent_protocol").items()
}
"""Every option, default and status of every operation, kept by the tests of `ap.options` and of
the operations: `scripts/wire_coverage.py` tells whether each was tried."""

DEFERRED: dict[tuple[str, str], str] = {
    (each.method, each.path): f"planned: {each.name}" for each in deferred.OPERATIONS
}
"""Operations that are not built, and why."""
