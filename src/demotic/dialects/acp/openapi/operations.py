"""What every operation is for, takes and answers: data, one entry per method and path."""

from collections.abc import Mapping
from typing import Any

from demotic.dialects.acp import wire
from demotic.dialects.acp.choices import ACTIONS, MAX_LIMIT, MAX_OFFSET
from demotic.dialects.acp.openapi.answers import ANY_VALUE, WAITED, stream_words
from demotic.dialects.acp.versions import Version
from demotic.web.openapi.describing import (
    OBJECT,
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
KEY = Parameter(
    "Idempotency-Key",
    "For 24 hours the same request with the same key is the same run; another body is refused.",
    {"type": "string", "minLength": 1, "maxLength": 255},
    "header",
)
LAST_EVENT = Parameter(
    "Last-Event-ID",
    "An event's id: show what came after it, too; 0 or -1: everything.",
    TEXT,
    "header",
)
CANCEL = (
    chosen("action", "`interrupt` keeps what was done, `rollback` undoes it.", ACTIONS),
    flag("wait", "Answer when the run has ended."),
)
PAGE = (
    number("limit", "How many at most.", 1, MAX_LIMIT, 10),
    number("offset", "How many to skip.", 0, MAX_OFFSET, 0),
)
START = (404, 409)
START_ALONE = (404,)  # it has a thread of its own: nothing is in its way
RUN, ALONE = "Thread runs", "Stateless runs"
_THREAD = "/threads/{thread_id}"
_AGENT = "/agents/{agent_id}"


def operations(version: Version) -> Mapping[tuple[str, str], Described]:
    """What every operation is; those that are planned are told by `deferred`."""
    return {
        **_AGENTS,
        **_THREADS,
        **_runs(version, "/runs", ALONE, "RunStateless", wire.RunCreateStateless, START_ALONE),
        **_runs(version, f"{_THREAD}/runs", RUN, "RunStateful", wire.RunCreateStateful, START),
        ("POST", "/runs/search"): Described(
            ALONE,
            "Search runs",
            listed("RunStateless", "A page of them, newest first."),
            (404,),
            wire.RunSearch,
            detail="Runs on threads are found, too. 404: `agent_id` names no agent.",
        ),
        ("GET", f"{_THREAD}/runs"): Described(
            RUN,
            "List a thread's runs",
            listed("RunStateful", "Newest first."),
            (404,),
            parameters=PAGE,
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


_AGENTS: Mapping[tuple[str, str], Described] = {
    ("POST", "/agents/search"): Described(
        "Agents",
        "Search agents",
        listed("Agent", "A page of them, oldest first."),
        body=wire.AgentSearch,
    ),
    ("GET", _AGENT): Described("Agents", "Show an agent", one("Agent", "The agent."), (404,)),
    ("GET", f"{_AGENT}/descriptor"): Described(
        "Agents",
        "Show an agent's descriptor",
        one("AgentDescriptor", "What it takes, gives and asks."),
        (404,),
        detail="From its graph, refined by the graph's manifest.",
    ),
}

_THREADS: Mapping[tuple[str, str], Described] = {
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
        "Change a thread",
        one("Thread", "As it is now."),
        (404, 409),
        wire.ThreadPatch,
        detail="Metadata may be changed while a run is pending, the state may not (409).",
    ),
    ("DELETE", _THREAD): Described(
        "Threads",
        "Delete a thread and all it owns",
        GONE,
        (404,),
        detail="422 while a run on it is pending.",
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
            PAGE[0],
            Parameter("before", "Only states before the checkpoint with this id.", TEXT),
        ),
    ),
}


def _runs(
    version: Version, all: str, tag: str, shape: str, body: Any, errors: tuple[int, ...]
) -> dict[tuple[str, str], Described]:
    """The operations that runs with and without a thread share."""
    each = f"{all}/{{run_id}}"
    events = {200: Answer(stream_words(version), TEXT, "text/event-stream")}
    waited = {200: Answer(WAITED, ref(f"{shape}Waited"))}
    return {
        ("POST", all): Described(
            tag,
            "Start a run",
            one(shape, "The run, which goes on by itself."),
            errors,
            body,
            (KEY,),
        ),
        ("POST", f"{all}/stream"): Described(
            tag, "Start a run and stream its output", events, errors, body, (KEY,)
        ),
        ("POST", f"{all}/wait"): Described(
            tag, "Start a run and wait for its output", waited, errors, body, (KEY,)
        ),
        ("GET", each): Described(tag, "Show a run", one(shape, "As it is."), (404,)),
        ("POST", each): Described(
            tag,
            "Resume an interrupted run",
            one(shape, "The run, which is pending again."),
            (404, 409),
            detail="The body is the answer itself: any JSON but null, which must fit the "
            "`resume_payload` of the interrupt. 409 unless the run is interrupted.",
            value=OBJECT if version.objects_only else ANY_VALUE,
        ),
        ("DELETE", each): Described(
            tag, "Delete a run", GONE, (404,), detail="422 while it is pending: cancel it first."
        ),
        ("GET", f"{each}/wait"): Described(tag, "Wait for a run's output", waited, (404,)),
        ("GET", f"{each}/stream"): Described(
            tag,
            "Follow a run",
            events,
            (404,),
            parameters=(LAST_EVENT,),
            detail="Shows what comes from now on; with `Last-Event-ID` what came before, too.",
        ),
        ("POST", f"{each}/cancel"): Described(
            tag,
            "Cancel a run",
            {204: Answer("It is being cancelled; with `wait=true` it has ended.")},
            (404,),
            parameters=CANCEL,
            detail="An interrupted run, too. 422 for one that has ended.",
        ),
    }


PATH_PARAMETERS: Mapping[str, tuple[str, Schema]] = {
    "agent_id": ("The agent.", UUID),
    "thread_id": ("The thread.", UUID),
    "run_id": ("The run.", UUID),
}

TAGS: Mapping[str, str] = {
    "Agents": "What can be run, and what it promises.",
    "Threads": "Conversations that own state.",
    ALONE: "Runs by their ids alone; those started here have a thread of their own.",
    RUN: "Runs on a thread.",
    "Server": "About the server itself.",
}
