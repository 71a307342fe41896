"""What the ACP dialect promises: one entry per operation, and its finer behaviours.

`test_manifest` checks that each promise has a test and each test of a promise has an entry, and
that statuses, parameters, fields and defaults are those of the document that is served. What that
document tells of each of these is in `OPTIONS`, made by machine.
"""

from typing import Any

from demotic.dialects.acp.versions import VERSIONS
from dialects.acp.promises import API, Requirement, operation
from documented import promised

_THREAD = "/threads/{thread_id}"
_RUNS = f"{_THREAD}/runs"
_RUN = f"{_RUNS}/{{run_id}}"

PAGE = {"limit": 10, "offset": 0}
RUN_FIELDS: dict[str, Any] = {
    "agent_id": None,
    "input": None,
    "metadata": None,
    "config": None,
    "webhook": None,
    "stream_mode": None,
    "on_disconnect": "cancel",
    "multitask_strategy": "reject",
    "after_seconds": None,
}
STATELESS = {**RUN_FIELDS, "on_completion": "delete"}
STATEFUL = {**RUN_FIELDS, "stream_subgraphs": False, "if_not_exists": "reject"}
CANCEL = {"wait": False, "action": None}

REQUIREMENTS: dict[str, Requirement] = {
    "acp.agents.search": operation(
        "POST",
        "/agents/search",
        "finds agents by whole name and version, page by page",
        *(200, 422),
        fields={"name": None, "version": None, **PAGE},
    ),
    "acp.agents.get": operation("GET", "/agents/{agent_id}", "shows an agent", 200, 404),
    "acp.agents.descriptor": operation(
        "GET",
        "/agents/{agent_id}/descriptor",
        "tells what an agent takes, gives and asks",
        *(200, 404, 422),
    ),
    "acp.threads.create": operation(
        "POST",
        "/threads",
        "creates a thread once",
        *(200, 409, 422),
        fields={"thread_id": None, "metadata": None, "if_exists": "raise"},
    ),
    "acp.threads.search": operation(
        "POST",
        "/threads/search",
        "finds threads by metadata, values and status, page by page",
        *(200, 422),
        fields={"metadata": None, "values": None, "status": None, **PAGE},
    ),
    "acp.threads.get": operation("GET", _THREAD, "shows a thread", 200, 404, 422),
    "acp.threads.patch": operation(
        "PATCH",
        _THREAD,
        "merges metadata, busy or not, and changes the state",
        *(200, 404, 422),
        fields={"checkpoint": None, "metadata": None, "values": None, "messages": None},
    ),
    "acp.threads.delete": operation(
        "DELETE", _THREAD, "deletes a thread unless a run of it is pending", 204, 404, 422
    ),
    "acp.threads.copy": operation(
        "POST", f"{_THREAD}/copy", "copies a thread with its history", 200, 404, 422
    ),
    "acp.threads.history": operation(
        "GET",
        f"{_THREAD}/history",
        "lists past states, newest first",
        *(200, 404, 422),
        query={"limit": 10, "before": None},
    ),
    "acp.runs.create": operation(
        "POST", "/runs", "starts a run", *(200, 404, 422), fields=STATELESS
    ),
    "acp.runs.create_on_thread": operation(
        "POST", _RUNS, "starts a run on a thread", *(200, 404, 409, 422), fields=STATEFUL
    ),
    "acp.runs.stream": operation(
        "POST",
        "/runs/stream",
        "starts a run and streams its output",
        *(200, 404, 422),
        fields=STATELESS,
    ),
    "acp.runs.stream_on_thread": operation(
        "POST",
        f"{_RUNS}/stream",
        "starts a run on a thread and streams its output",
        *(200, 404, 409, 422),
        fields=STATEFUL,
    ),
    "acp.runs.wait": operation(
        "POST",
        "/runs/wait",
        "starts a run and answers it with its output",
        *(200, 404, 422),
        fields=STATELESS,
    ),
    "acp.runs.wait_on_thread": operation(
        "POST",
        f"{_RUNS}/wait",
        "starts a run on a thread and answers it with its output",
        *(200, 404, 409, 422),
        fields=STATEFUL,
    ),
    "acp.runs.search": operation(
        "POST",
        "/runs/search",
        "finds runs by agent, status and metadata, page by page",
        *(200, 422),
        fields={"agent_id": None, "status": None, "metadata": None, **PAGE},
    ),
    "acp.runs.list": operation(
        "GET", _RUNS, "lists a thread's runs, newest first", *(200, 404, 422), query=PAGE
    ),
    "acp.runs.get": operation("GET", "/runs/{run_id}", "shows a run", 200, 404, 422),
    "acp.runs.get_on_thread": operation("GET", _RUN, "shows a run of a thread", 200, 404, 422),
    "acp.runs.resume": operation(
        "POST", "/runs/{run_id}", "resumes an interrupted run", 200, 404, 409, 422
    ),
    "acp.runs.resume_on_thread": operation(
        "POST", _RUN, "resumes an interrupted run of a thread", 200, 404, 409, 422
    ),
    "acp.runs.delete": operation(
        "DELETE", "/runs/{run_id}", "deletes a run that has ended", 204, 404, 422
    ),
    "acp.runs.delete_on_thread": operation(
        "DELETE", _RUN, "deletes a run of a thread that has ended", 204, 404, 422
    ),
    "acp.runs.join": operation(
        "GET", "/runs/{run_id}/wait", "answers a run with its output", 200, 404, 422
    ),
    "acp.runs.join_on_thread": operation(
        "GET", f"{_RUN}/wait", "answers a run of a thread with its output", 200, 404, 422
    ),
    "acp.runs.join_stream": operation(
        "GET", "/runs/{run_id}/stream", "streams what comes from now on", 200, 404, 422
    ),
    "acp.runs.join_stream_on_thread": operation(
        "GET", f"{_RUN}/stream", "streams what comes from now on", 200, 404, 422
    ),
    "acp.runs.cancel": operation(
        "POST",
        "/runs/{run_id}/cancel",
        "cancels a run, and may wait",
        *(204, 404, 422),
        query=CANCEL,
    ),
    "acp.runs.cancel_on_thread": operation(
        "POST", f"{_RUN}/cancel", "cancels a run, and may wait", *(204, 404, 422), query=CANCEL
    ),
    "acp.document": operation(
        "GET", "/openapi.json", "describes every operation, field and status", 200
    ),
    "acp.docs": operation("GET", "/docs", "shows the document; loads nothing", 200),
    # Agents and what they promise
    "acp.descriptor.derived": Requirement(
        f"{API}, AgentACPDescriptor", "without a manifest the graph itself is described"
    ),
    "acp.descriptor.manifest": Requirement(
        f"{API}, AgentACPDescriptor", "a manifest refines every part of the descriptor"
    ),
    "acp.descriptor.capabilities": Requirement(
        f"{API}, capabilities", "what the descriptor does not list is refused"
    ),
    "acp.manifest.forms": Requirement(
        "AGNTCY manifests", "a manifest and a record around it are read"
    ),
    "acp.manifest.wrong": Requirement(
        "Demotic, graphs.<name>.acp", "what is wrong with a manifest is told by file and place"
    ),
    "acp.manifest.configured": Requirement(
        "Demotic, graphs.<name>.acp", "a manifest is named beside its graph and checked with it"
    ),
    "acp.contracts.kept": Requirement(
        "Demotic", "schemas are compiled once per version of an agent"
    ),
    "acp.input.validated": Requirement(
        f"{API}, RunCreate.input", "input that does not fit the descriptor is refused by its place"
    ),
    "acp.input.messages": Requirement(
        "Demotic", "messages are taken in the forms that graphs take"
    ),
    "acp.config.validated": Requirement(
        f"{API}, RunCreate.config", "so is configuration; none means the defaults"
    ),
    "acp.resume.validated": Requirement(
        f"{API}, ResumePayloadSchema", "so is an answer; the run still waits then"
    ),
    "acp.output.validated": Requirement(
        f"{API}, OutputSchema", "an output that does not fit makes the run an error"
    ),
    # Runs
    "acp.runs.creation": Requirement(
        f"{API}, Run.creation", "a run tells what it was asked for, with ACP's defaults"
    ),
    "acp.runs.own_output": Requirement(
        f"{API}, GET …/wait", "a run keeps its own output, whatever later runs do"
    ),
    "acp.runs.kept": Requirement(
        f"{API}, on_completion delete", "a stateless run stays readable when its thread is gone"
    ),
    "acp.runs.keep": Requirement(
        f"{API}, on_completion keep", "a stateless run may leave its thread"
    ),
    "acp.runs.default_agent": Requirement(
        f"{API}, RunCreate.agent_id", "without `agent_id` the first graph runs"
    ),
    "acp.runs.multitask": Requirement(
        f"{API}, multitask_strategy", "409 on a busy thread by default; or queue, or displace"
    ),
    "acp.runs.multitask_interrupted": Requirement(
        f"{API}, multitask_strategy", "a thread whose run is interrupted is not idle"
    ),
    "acp.runs.multitask_alone": Requirement(
        f"{API}, RunCreateStateless.multitask_strategy",
        "any choice will do: beside a run with a thread of its own, nothing is in the way",
    ),
    "acp.runs.on_disconnect_background": Requirement(
        f"{API}, on_disconnect of POST /runs and POST /threads/{{thread_id}}/runs",
        "a run that nobody waits for has no client to end with; it tells what it was given",
    ),
    "acp.runs.if_not_exists": Requirement(f"{API}, if_not_exists", "a run may create its thread"),
    "acp.runs.after_seconds": Requirement(
        f"{API}, after_seconds", "a run waits its time; its thread is busy"
    ),
    "acp.runs.config": Requirement(
        f"{API}, RunCreate.config", "tags, limit and settings reach the agent"
    ),
    "acp.runs.choices": Requirement(
        f"{API}, enums of RunCreate", "what is no choice is refused by the name of the field"
    ),
    "acp.runs.empty": Requirement(
        "Demotic", "a body may be left out where every field is optional"
    ),
    "acp.runs.idempotency": Requirement(
        "Demotic, header Idempotency-Key", "the same request sent again is the same run"
    ),
    "acp.status": Requirement(
        f"{API}, RunStatus", "queued and running are `pending`; `running` never leaves"
    ),
    "acp.resume.only_interrupted": Requirement(
        f"{API}, 409 of resume", "only an interrupted run can be resumed"
    ),
    "acp.resume.body": Requirement(
        f"{API}, ResumePayloadSchema", "the body is the answer: any JSON but null"
    ),
    "acp.resume.superseded": Requirement(
        "Demotic", "a run whose thread goes on without an answer is a success and cannot be resumed"
    ),
    "acp.cancel.parameters": Requirement(
        f"{API}, wait and action of cancel", "a cancel may wait, and may undo"
    ),
    "acp.cancel.waiters": Requirement(
        "Demotic", "who waits for a run that is undone or deleted learns of it"
    ),
    # Output
    "acp.output.result": Requirement(f"{API}, RunResult", "a success is an output with values"),
    "acp.output.interrupt": Requirement(
        f"{API}, RunInterrupt", "an interrupt is an output with the question under its type"
    ),
    "acp.output.error": Requirement(
        f"{API}, RunError", "a failure is an output with a documented code"
    ),
    "acp.output.breakpoint": Requirement(
        "Demotic", "a breakpoint is an interrupt that asks nothing and goes on with {}"
    ),
    "acp.output.keys": Requirement(
        f"{API}, OutputSchema", "a result holds the agent's output, not the rest of its state"
    ),
    "acp.output.messages": Requirement(
        f"{API}, RunResult.messages", "messages lie beside the values, which are whole"
    ),
    "acp.output.any": Requirement(
        f"{API}, OutputSchema", "values may be any JSON; objects in 0.2.1"
    ),
    "acp.interrupt.type": Requirement(
        f"{API}, interrupts", "the first schema that a question fits names its type"
    ),
    "acp.interrupt.several": Requirement("Demotic", "of several questions one is asked at a time"),
    # Streams
    "acp.stream.ids": Requirement(
        f"{API}, RunOutputStream.id", "ids are unique and rise, over all legs of a run"
    ),
    "acp.stream.modes": Requirement(
        f"{API}, stream_mode", "null means values; what the descriptor lacks is refused"
    ),
    "acp.stream.custom": Requirement(
        f"{API}, CustomRunResultUpdate", "custom updates are objects, shown on request"
    ),
    "acp.stream.interrupt": Requirement(
        f"{API}, ValueRunInterruptUpdate", "an interrupt ends a stream, whatever its modes"
    ),
    "acp.stream.error": Requirement(
        f"{API}, ValueRunErrorUpdate", "an error ends a stream, whatever its modes"
    ),
    "acp.stream.subgraphs": Requirement(
        f"{API}, stream_subgraphs", "what subgraphs say is shown on request"
    ),
    "acp.stream.replay": Requirement(
        "Demotic, Last-Event-ID", "a stream is taken up where a client left it"
    ),
    "acp.stream.on_disconnect": Requirement(
        f"{API}, on_disconnect", "a run ends with its client unless it is to go on"
    ),
    "acp.stream.heartbeat": Requirement(
        "agntcy-acp 1.5.2, observed", "heartbeats are comments without a blank line"
    ),
    "acp.stream.lines": Requirement(
        "agntcy-acp 1.5.2, observed", "nothing that an agent says ends a line"
    ),
    "acp.stream.deleted": Requirement("Demotic", "a deleted run's stream just ends"),
    # Threads
    "acp.threads.messages": Requirement(
        f"{API}, Thread.messages", "a thread's messages are taken out of its values"
    ),
    "acp.threads.messages_in": Requirement(
        f"{API}, ThreadPatch.messages", "what is no message is refused by its place"
    ),
    "acp.threads.patch_state": Requirement(
        f"{API}, ThreadPatch", "values and messages change the state, from any checkpoint"
    ),
    "acp.threads.owner": Requirement(
        "Demotic", "the state of a thread without runs is the default agent's"
    ),
    # Version 0.2.1
    "acp.0_2_1.ends": Requirement(
        "ACP 0.2.1, StreamEventPayload", "interrupts and errors are `values` events by status"
    ),
    "acp.0_2_1.objects": Requirement(
        "ACP 0.2.1, InputSchema and others", "input and answers are objects"
    ),
    "acp.options": Requirement(
        f"{API} and 0.2.1, every parameter, field and status",
        "what is documented is sent and left out, has its effect, and is answered",
    ),
    # The whole
    "acp.statuses": Requirement(
        f"{API}, responses", "every operation answers each status that ACP documents for it"
    ),
    "acp.errors.body": Requirement(
        f"{API}, ErrorResponse", "404, 409 and 422 are JSON strings, other errors objects"
    ),
    "acp.errors.table": Requirement("Demotic", "every engine error has a status and a code"),
    "acp.errors.bad_input": Requirement(
        "Demotic", "whatever is sent, the answer is a clear 4xx and the server goes on"
    ),
    "acp.errors.unknown": Requirement(
        "Demotic", "unknown paths below the mount are answered as ACP's errors are"
    ),
    "acp.mounts": Requirement(
        "Demotic", "what ACP and LangGraph's API share is answered by each mount in its own words"
    ),
    "acp.root": Requirement(
        "Demotic", "paths that LangGraph's API lacks are served at the root, too"
    ),
    "acp.threads.shared": Requirement(
        "Demotic", "one thread goes from dialect to dialect, and each tells its own status of it"
    ),
    "acp.runs.callbacks": Requirement(
        "ACP 0.2.3, RunCreate.webhook", "every change of a run's status is told, with the whole run"
    ),
    "acp.runs.callbacks.refused": Requirement(
        "Demotic", "an address that must not be called is refused when the run is started"
    ),
    "acp.document.true": Requirement(
        "Demotic", "whatever is sent that the document allows, the answer is one it tells of"
    ),
    "acp.clients": Requirement(
        "ACP 0.2.1 and 0.2.3",
        "clients that are generated from the published documents and from ours work",
    ),
    "acp.published": Requirement(
        "ACP 0.2.1, 0.2.2 and 0.2.3", "answers are valid by the published documents"
    ),
}

OPTIONS: dict[str, Requirement] = {
    f"acp.options: {version.name} {name}": Requirement(f"ACP {version.name}, {name}", promise)
    for version in VERSIONS
    for name, promise in promised(f"acp-{version.name}").items()
}
"""Every option, default and status of every operation, kept by the tests of `acp.options` and of
the operations: `scripts/wire_coverage.py` tells whether each was tried."""
