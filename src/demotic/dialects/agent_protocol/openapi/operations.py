"""What every operation is for, takes and answers: data, one entry per method and path."""

from collections.abc import Mapping

from demotic.dialects.agent_protocol import wire
from demotic.dialects.agent_protocol.choices import ACTIONS, MAX_LIMIT, MAX_OFFSET
from demotic.dialects.agent_protocol.openapi.answers import JOINED, OUTPUT, STREAM
from demotic.web.idempotency import MAX_KEY
from demotic.web.openapi.describing import (
    TEXT,
    UUID,
    Answer,
    Described,
    Parameter,
    Schema,
    chosen,
    flag,
    listed,
    number,
    one,
    ref,
)

GONE = {204: Answer("It is gone.")}
WAITED = {200: Answer(OUTPUT, ref("RunOutput"))}
KEY = Parameter(
    "Idempotency-Key",
    "For 24 hours the same request with the same key is the same run; another body is refused.",
    {"type": "string", "minLength": 1, "maxLength": MAX_KEY},
    "header",
)
LAST_EVENT = Parameter(
    "Last-Event-ID",
    "An event's id, for what came after it; 0 or -1 for everything.",
    TEXT,
    "header",
)
START = (404, 409)
PAGE = (
    number("limit", "How many at most.", 1, MAX_LIMIT, 10),
    number("offset", "How many to skip.", 0, MAX_OFFSET, 0),
)
RUNS, LATER = "Runs", "Background runs"
_THREAD = "/threads/{thread_id}"
_RUN = "/runs/{run_id}"
_AGENT = "/agents/{agent_id}"

OPERATIONS: Mapping[tuple[str, str], Described] = {
    ("POST", "/agents/search"): Described(
        "Agents",
        "Search agents",
        listed("Agent", "A page of them, newest first."),
        body=wire.AgentSearch,
    ),
    ("GET", _AGENT): Described("Agents", "Show an agent", one("Agent", "The agent."), (404,)),
    ("GET", f"{_AGENT}/schemas"): Described(
        "Agents", "Show an agent's schemas", one("AgentSchemas", "Its schemas."), (404,)
    ),
    ("POST", "/threads"): Described(
        "Threads",
        "Create a thread",
        one("Thread", "The new thread, or the one that is there."),
        (404, 409),
        wire.ThreadCreate,
    ),
    ("POST", "/threads/search"): Described(
        "Threads",
        "Search threads",
        listed("Thread", "A page of them, newest first."),
        body=wire.ThreadSearch,
    ),
    ("GET", _THREAD): Described("Threads", "Show a thread", one("Thread", "As it is."), (404,)),
    ("PATCH", _THREAD): Described(
        "Threads",
        "Change a thread: its metadata and its state",
        one("Thread", "As it is now."),
        (404, 409),
        wire.ThreadPatch,
        detail="The state is not written while a run is in progress (409). On a thread without "
        "runs it belongs to the agent that the metadata name as `agent_id`, else to the default "
        "agent.",
    ),
    ("DELETE", _THREAD): Described(
        "Threads",
        "Delete a thread and all it owns",
        GONE,
        (404,),
        detail="Allowed while it is busy: its run ends.",
    ),
    ("POST", f"{_THREAD}/copy"): Described(
        "Threads",
        "Copy a thread",
        one("Thread", "The new thread: idle, with the same values, metadata and history."),
        (404,),
        detail="Runs stay behind.",
    ),
    ("GET", f"{_THREAD}/history"): Described(
        "Threads",
        "List a thread's states",
        listed("ThreadState", "Newest first."),
        (404,),
        parameters=(
            number("limit", "How many at most.", 1, MAX_LIMIT, 10),
            Parameter("before", "Only states before the checkpoint with this id.", TEXT),
        ),
    ),
    ("GET", f"{_THREAD}/runs"): Described(
        LATER, "List a thread's runs", listed("Run", "Newest first."), (404,), parameters=PAGE
    ),
    ("POST", "/runs"): Described(
        LATER,
        "Start a run in the background",
        one("Run", "The run, which goes on by itself."),
        START,
        wire.RunCreate,
        (KEY,),
        detail="On a busy thread it is refused (409).",
    ),
    ("POST", "/runs/stream"): Described(
        RUNS,
        "Start a run and stream its output",
        {200: Answer(STREAM, TEXT, "text/event-stream")},
        START,
        wire.RunCreate,
        (KEY,),
    ),
    ("POST", "/runs/wait"): Described(
        RUNS, "Start a run and wait for its output", WAITED, START, wire.RunCreate, (KEY,)
    ),
    ("POST", "/runs/search"): Described(
        LATER, "Search runs", listed("Run", "Newest first."), (404,), wire.RunSearch
    ),
    ("GET", _RUN): Described(LATER, "Show a run", one("Run", "As it is."), (404,)),
    ("DELETE", _RUN): Described(
        LATER,
        "Delete a run",
        GONE,
        (404,),
        detail="One that has not ended is refused (422): cancel it first.",
    ),
    ("GET", f"{_RUN}/wait"): Described(
        LATER,
        "Wait for a run's output",
        WAITED,
        (404,),
        detail="A run keeps its own output: later runs on its thread do not change the answer.",
    ),
    ("GET", f"{_RUN}/stream"): Described(
        LATER,
        "Follow a run",
        {200: Answer(JOINED, TEXT, "text/event-stream")},
        (404,),
        parameters=(LAST_EVENT,),
        detail="Shows what comes from now on; with `Last-Event-ID` what came after that event.",
    ),
    ("POST", f"{_RUN}/cancel"): Described(
        LATER,
        "Cancel a run",
        {204: Answer("It is being cancelled; with `wait=true`, it has ended.")},
        (404,),
        parameters=(
            flag("wait", "Answer when the run has ended."),
            chosen("action", "`interrupt` keeps what was done, `rollback` undoes it.", ACTIONS),
        ),
        detail="One that has ended is refused (422).",
    ),
    ("GET", "/openapi.json"): Described(
        "Server", "Show this document", {200: Answer("The document.", {"type": "object"})}
    ),
    ("GET", "/docs"): Described(
        "Server",
        "Show this document as a page",
        {200: Answer("The page.", TEXT, "text/html")},
    ),
}
"""What every operation is; those that are planned are told by `deferred`."""

PATH_PARAMETERS: Mapping[str, tuple[str, Schema]] = {
    "agent_id": ("The agent: its id, or the name of a hosted program.", TEXT),
    "thread_id": ("The thread.", UUID),
    "run_id": ("The run.", UUID),
}

TAGS: Mapping[str, str] = {
    "Agents": "What can be run.",
    "Threads": "Conversations that own state.",
    RUNS: "Requests to run an agent, on a thread or without one, that are waited for.",
    LATER: "Runs that go on by themselves, and what is asked of any run by its id.",
    "Store": "Long-term memory, shared by all threads and by the agents.",
    "Server": "About the server itself.",
}
