"""What every operation is for, takes and answers: data, one entry per method and path."""

from collections.abc import Mapping

from demotic.dialects.langgraph import render, wire
from demotic.dialects.langgraph.choices import ACTIONS, KINDS, MAX_LIMIT, MAX_OFFSET, RUN_STATES
from demotic.dialects.langgraph.openapi.answers import RESULT, STREAM
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
    several,
)

GONE = {204: Answer("It is gone.")}
COUNT = {200: Answer("How many there are.", {"type": "integer", "minimum": 0})}
RECURSE = flag("recurse", "List the subgraphs of subgraphs, too.")
SCHEMAS = {
    200: Answer(
        "The schemas of each subgraph, by its namespace.",
        {"type": "object", "additionalProperties": ref("GraphSchemas")},
    )
}
PAGE = ("X-Pagination-Total", "X-Pagination-Next")
PLACES = ("Location", "Content-Location")
WARNING = "Warning"
EVENTS = {200: Answer(STREAM, TEXT, "text/event-stream", PLACES)}
WAITED = {200: Answer(RESULT, {}, headers=PLACES)}
STREAMED = {200: EVENTS[200]._replace(headers=(*PLACES, WARNING))}
ENDED = {200: WAITED[200]._replace(headers=(*PLACES, WARNING))}
KEY = Parameter(
    "Idempotency-Key",
    "For 24 hours the same request with the same key is the same run; another body is refused.",
    {"type": "string", "minLength": 1, "maxLength": 255},
    "header",
)
LAST_EVENT = Parameter(
    "Last-Event-ID",
    "Replay a resumable run: an event's id for what came after it, 0 or -1 for everything.",
    TEXT,
    "header",
)
SUBGRAPHS = flag("subgraphs", "Show the states of subgraphs, too.")
SELECT = Parameter(
    "select",
    "Only these fields, or `values.<key>` for a key of the values.",
    {"type": "array", "items": TEXT},
)
LEAVES = flag("cancel_on_disconnect", "Cancel the run when its last such follower leaves.")
MODES = several("stream_mode", "Show only these modes; those of the run by default.", KINDS)
START = (400, 404, 409)
START_ALONE = (400, 404)
NO_THREAD = ("checkpoint", "checkpoint_id", "command.resume")
"""Fields of runs that take a thread."""
CANCEL = (
    chosen("action", "`interrupt` keeps what was done, `rollback` undoes it.", ACTIONS),
    flag("wait", "Answer when the run has ended."),
)
RUN, ALONE, CRONS = "Runs on a thread", "Runs without a thread", "Crons"
_THREAD = "/threads/{thread_id}"
_RUN = f"{_THREAD}/runs/{{run_id}}"
_ASSISTANT = "/assistants/{assistant_id}"

OPERATIONS: Mapping[tuple[str, str], Described] = {
    ("POST", "/assistants"): Described(
        "Assistants",
        "Create an assistant",
        one("Assistant", "The new assistant, or the one that is there."),
        (400, 404, 409),
        wire.AssistantCreate,
    ),
    ("POST", "/assistants/search"): Described(
        "Assistants",
        "Search assistants",
        listed("Assistant", "A page of them, newest first by default.", *PAGE),
        body=wire.AssistantSearch,
    ),
    ("POST", "/assistants/count"): Described(
        "Assistants", "Count assistants", COUNT, body=wire.AssistantCount
    ),
    ("GET", _ASSISTANT): Described(
        "Assistants", "Show an assistant", one("Assistant", "In its current version."), (404,)
    ),
    ("PATCH", _ASSISTANT): Described(
        "Assistants",
        "Change an assistant",
        one("Assistant", "In its new version."),
        (400, 404),
        wire.AssistantPatch,
        detail="Makes a new version, even where nothing changes. Metadata is merged.",
    ),
    ("DELETE", _ASSISTANT): Described(
        "Assistants",
        "Delete an assistant",
        GONE,
        (404,),
        parameters=(flag("delete_threads", "Delete its threads, too; their runs end."),),
        detail="With all its versions. Queued runs fail when their turn comes.",
    ),
    ("POST", f"{_ASSISTANT}/versions"): Described(
        "Assistants",
        "List an assistant's versions",
        listed("Assistant", "Newest first; each with the time it was made."),
        (404,),
        wire.AssistantVersions,
    ),
    ("POST", f"{_ASSISTANT}/latest"): Described(
        "Assistants",
        "Choose an assistant's version",
        one("Assistant", "In the version that is now current."),
        (404,),
        wire.AssistantVersion,
        (Parameter("version", "As in the body.", {"type": "integer", "minimum": 1}),),
    ),
    ("GET", f"{_ASSISTANT}/schemas"): Described(
        "Graphs", "Show an assistant's schemas", one("GraphSchemas", "Its graph's schemas."), (404,)
    ),
    ("GET", f"{_ASSISTANT}/graph"): Described(
        "Graphs",
        "Draw an assistant's graph",
        one("Drawing", "The graph."),
        (404,),
        parameters=(
            Parameter(
                "xray",
                "Draw subgraphs, too: true for all, or how deep.",
                {"type": ["boolean", "integer"], "minimum": 0, "maximum": 999, "default": False},
            ),
        ),
        detail="A graph's name will do for the assistant.",
    ),
    ("GET", f"{_ASSISTANT}/subgraphs"): Described(
        "Graphs", "List an assistant's subgraphs", SCHEMAS, (404,), parameters=(RECURSE,)
    ),
    ("GET", f"{_ASSISTANT}/subgraphs/{{namespace}}"): Described(
        "Graphs", "Show a subgraph", SCHEMAS, (404,), parameters=(RECURSE,)
    ),
    ("POST", "/threads"): Described(
        "Threads",
        "Create a thread",
        one("Thread", "The new thread, or the one that is there."),
        (400, 404, 409),
        wire.ThreadCreate,
    ),
    ("POST", "/threads/search"): Described(
        "Threads",
        "Search threads",
        listed("Thread", "A page of them, newest first by default.", *PAGE),
        body=wire.ThreadSearch,
    ),
    ("POST", "/threads/count"): Described("Threads", "Count threads", COUNT, body=wire.ThreadCount),
    ("GET", _THREAD): Described(
        "Threads",
        "Show a thread",
        one("Thread", "As it is."),
        (404,),
        parameters=(several("include", "Show this, too.", ("ttl",)),),
    ),
    ("PATCH", _THREAD): Described(
        "Threads",
        "Change a thread",
        {
            **one("Thread", "As it is now."),
            204: Answer("It is changed (`Prefer: return=minimal`)."),
        },
        (404,),
        wire.ThreadPatch,
        (Parameter("Prefer", "`return=minimal`: no body is answered.", TEXT, "header"),),
        detail="Allowed while it is busy. A `ttl` begins now.",
    ),
    ("DELETE", _THREAD): Described(
        "Threads",
        "Delete a thread and all it owns",
        GONE,
        (404,),
        detail="Allowed while it is busy: its runs end.",
    ),
    ("POST", f"{_THREAD}/copy"): Described(
        "Threads",
        "Copy a thread",
        one("Thread", "The new thread: idle, with the same values, metadata and history."),
        (409,),
        detail="Runs stay behind. Where there is no such thread the answer is 409.",
    ),
    ("GET", f"{_THREAD}/state"): Described(
        "States",
        "Show a thread's latest state",
        one("ThreadState", "The state."),
        (404,),
        parameters=(SUBGRAPHS, SELECT),
    ),
    ("POST", f"{_THREAD}/state"): Described(
        "States",
        "Update a thread's state",
        one("StateAddress", "Where the new state is."),
        (400, 404, 409),
        wire.StateUpdate,
        detail="Refused (409) while a run is in progress. A thread without runs names its graph "
        "in its metadata, as `graph_id` (400 without).",
    ),
    ("GET", f"{_THREAD}/state/{{checkpoint_id}}"): Described(
        "States",
        "Show the state at a checkpoint",
        one("ThreadState", "The state."),
        (404,),
        parameters=(SUBGRAPHS, SELECT),
    ),
    ("POST", f"{_THREAD}/state/checkpoint"): Described(
        "States",
        "Show the state at a checkpoint, also of a subgraph",
        one("ThreadState", "The state."),
        (404,),
        wire.StateAtCheckpoint,
        (SUBGRAPHS,),
    ),
    ("GET", f"{_THREAD}/history"): Described(
        "States",
        "List a thread's states",
        listed("ThreadState", "Newest first."),
        (404,),
        parameters=(
            number("limit", "How many at most.", 1, MAX_LIMIT, 10),
            Parameter("before", "Only states before the checkpoint with this id.", TEXT),
            SELECT,
        ),
    ),
    ("POST", f"{_THREAD}/history"): Described(
        "States",
        "Search a thread's states",
        listed("ThreadState", "Newest first."),
        (404,),
        wire.HistorySearch,
    ),
    ("POST", f"{_THREAD}/runs"): Described(
        RUN,
        "Start a run",
        one("Run", "The run, which goes on by itself.", "Content-Location", WARNING),
        START,
        wire.RunCreate,
        (KEY,),
    ),
    ("POST", f"{_THREAD}/runs/stream"): Described(
        RUN, "Start a run and stream its events", STREAMED, START, wire.RunCreate, (KEY,)
    ),
    ("POST", f"{_THREAD}/runs/wait"): Described(
        RUN, "Start a run and wait for its result", ENDED, START, wire.RunCreate, (KEY,)
    ),
    ("GET", f"{_THREAD}/runs"): Described(
        RUN,
        "List a thread's runs",
        listed("Run", "Newest first."),
        (404,),
        parameters=(
            number("limit", "How many at most.", 1, MAX_LIMIT, 10),
            number("offset", "How many to skip.", 0, MAX_OFFSET, 0),
            chosen("status", "Only runs that stand so.", RUN_STATES),
            several("select", "Only these fields of each row.", render.RUN_FIELDS),
        ),
    ),
    ("GET", _RUN): Described(RUN, "Show a run", one("Run", "As it is."), (404,)),
    ("DELETE", _RUN): Described(
        RUN, "Delete a run", GONE, (404,), detail="One that has not ended is ended first."
    ),
    ("GET", f"{_RUN}/join"): Described(
        RUN, "Wait for a run's result", WAITED, (404,), parameters=(LEAVES,)
    ),
    ("GET", f"{_RUN}/stream"): Described(
        RUN,
        "Follow a run, or replay it",
        EVENTS,
        (404,),
        parameters=(MODES, LEAVES, LAST_EVENT),
        detail="Shows what comes from now on; with `Last-Event-ID` what came before, too.",
    ),
    ("POST", f"{_RUN}/cancel"): Described(
        RUN,
        "Cancel a run",
        {
            202: Answer("It is being cancelled."),
            200: Answer("It has ended (`wait=true`).", {"type": "object"}, headers=PLACES),
        },
        (404,),
        parameters=CANCEL,
        detail="404 also for a run that has ended.",
    ),
    ("POST", "/runs"): Described(
        ALONE,
        "Start a run",
        one("Run", "The run, which goes on by itself.", "Content-Location", WARNING),
        START_ALONE,
        wire.RunCreate,
        (KEY,),
        refused=NO_THREAD,
    ),
    ("POST", "/runs/stream"): Described(
        ALONE,
        "Start a run and stream its events",
        STREAMED,
        START_ALONE,
        wire.RunCreate,
        (KEY,),
        refused=NO_THREAD,
    ),
    ("POST", "/runs/wait"): Described(
        ALONE,
        "Start a run and wait for its result",
        ENDED,
        START_ALONE,
        wire.RunCreate,
        (KEY,),
        refused=NO_THREAD,
    ),
    ("GET", "/runs/{run_id}/stream"): Described(
        ALONE,
        "Follow a run, or replay it",
        EVENTS,
        (404,),
        parameters=(MODES, LEAVES, LAST_EVENT),
        detail="What `Location` of `POST /runs/stream` names.",
    ),
    ("GET", "/ok"): Described(
        "Server",
        "Ask for a sign of life",
        one("Health", "It is up."),
        parameters=(flag("check_db", "Ask the storage, too."),),
    ),
    ("GET", "/info"): Described(
        "Server", "Show versions and abilities", one("Info", "What is there.")
    ),
    ("GET", "/"): Described(
        "Server", "Ask for a sign of life", one("Health", "It is up. A browser gets a page.")
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
    "assistant_id": ("The assistant.", UUID),
    "thread_id": ("The thread.", UUID),
    "run_id": ("The run.", UUID),
    "cron_id": ("The cron.", UUID),
    "checkpoint_id": ("The checkpoint.", TEXT),
    "namespace": ("The subgraph's namespace.", TEXT),
    "graph_id": ("The graph.", TEXT),
}

HEADERS: Mapping[str, tuple[str, Schema]] = {
    "Location": ("Where the result or the stream can be had again.", TEXT),
    "Content-Location": ("Where the run is.", TEXT),
    "Warning": ("Fields that were accepted and have no effect here; absent where none was.", TEXT),
    "X-Pagination-Total": (
        "How many match in all. Exact up to 10,000; beyond, at least so many do.",
        {"type": "integer"},
    ),
    "X-Pagination-Next": ("The next page's `offset`; absent on the last.", {"type": "integer"}),
}

TAGS: Mapping[str, str] = {
    "Assistants": "Settings of graphs, in versions; what runs address.",
    "Graphs": "What an assistant's graph tells of itself.",
    "Threads": "Conversations that own state.",
    "States": "A thread's state, now and before.",
    RUN: "Requests to run an assistant on a thread.",
    ALONE: "Requests to run an assistant on a thread of their own.",
    "Store": "Long-term memory: what all threads share.",
    CRONS: "Runs that start by the clock, on a thread or on one each.",
    "Server": "About the server itself.",
    "Planned": "Not built yet: these answer 501.",
}
