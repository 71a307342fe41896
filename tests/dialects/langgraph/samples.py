"""Runs, threads and outcomes that several tests render."""

from demotic.domain.lifecycle import Reason, RunState, ThreadState
from demotic.domain.runs import BusyPolicy, Outcome, Run, RunRequest
from demotic.domain.threads import Thread

MOMENT_US = 1_795_333_776_617_561
MOMENT = "2026-11-22T07:49:36.617561+00:00"

RUN = Run(
    id="run",
    thread_id="thread",
    assistant_id="assistant",
    agent="echo",
    state=RunState.QUEUED,
    reason=None,
    request=RunRequest(input={"x": 1}, config={"tags": ["t"], "configurable": {"k": 1}}),
    metadata={"m": 1},
    busy_policy=BusyPolicy.ENQUEUE,
    temporary=False,
    reply_format={
        "dialect": "langgraph",
        "stream_mode": ["values", "messages"],
        "subgraphs": False,
        "resumable": True,
        "durability": "exit",
    },
    attempt=0,
    epoch=0,
    error=None,
    created_us=MOMENT_US,
    updated_us=MOMENT_US,
)
THREAD = Thread(
    id="thread",
    metadata={"a": 1},
    config={},
    agent=None,
    state=ThreadState.IDLE,
    values=None,
    interrupts=None,
    error=None,
    created_us=MOMENT_US,
    updated_us=MOMENT_US,
    state_updated_us=MOMENT_US,
)

SHOWN = [{"value": "?", "id": "i", "response_schema": None}]
WAITING = Outcome(
    state=RunState.WAITING,
    reason=Reason.INTERRUPT,
    values=b'{"x":["a"]}',
    interrupts={"task": [{"id": "i", "value": "?"}]},
    shown_interrupts=SHOWN,
)
DONE = Outcome(state=RunState.SUCCEEDED, reason=Reason.COMPLETED, values=b'{"x":1}')
FAILED = Outcome(
    state=RunState.FAILED, reason=Reason.ERROR, error={"error": "ValueError", "message": "boom"}
)
CANCELLED = Outcome(state=RunState.CANCELLED, reason=Reason.USER_CANCEL)
