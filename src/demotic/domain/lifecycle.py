"""The run's life as one table: everything that changes a run's state lives here.

Storage asks `advance` before it writes a state; nothing else decides one. The diagram in
the documentation is generated from `TRANSITIONS`.
"""

from enum import StrEnum

from demotic.domain.errors import IllegalTransition


class RunState(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"


class RunEvent(StrEnum):
    """What can happen to a run."""

    CLAIM = "claim"
    RELEASE = "release"
    PAUSE = "pause"
    RESUME = "resume"
    SUPERSEDE = "supersede"
    SUCCEED = "succeed"
    FAIL = "fail"
    CANCEL = "cancel"
    TIME_OUT = "time_out"


class ThreadState(StrEnum):
    """Where a thread stands: what its last run, or the run it waits for, left behind."""

    IDLE = "idle"
    BUSY = "busy"
    INTERRUPTED = "interrupted"
    ERROR = "error"


class Reason(StrEnum):
    """Why a run stopped: finer than its state, so that every dialect can derive its own words."""

    COMPLETED = "completed"
    INTERRUPT = "interrupt"
    BREAKPOINT = "breakpoint"
    SUPERSEDED = "superseded"
    USER_CANCEL = "user_cancel"
    ROLLBACK = "rollback"
    DELETED = "deleted"
    ERROR = "error"
    INVALID_OUTPUT = "invalid_output"
    LOST_WORKER = "lost_worker"
    TIME_LIMIT = "time_limit"
    REFUSED = "refused"


TRANSITIONS: dict[RunState, dict[RunEvent, RunState]] = {
    RunState.QUEUED: {
        RunEvent.CLAIM: RunState.RUNNING,
        RunEvent.CANCEL: RunState.CANCELLED,
        RunEvent.FAIL: RunState.FAILED,
    },
    RunState.RUNNING: {
        RunEvent.SUCCEED: RunState.SUCCEEDED,
        RunEvent.PAUSE: RunState.WAITING,
        RunEvent.FAIL: RunState.FAILED,
        RunEvent.CANCEL: RunState.CANCELLED,
        RunEvent.TIME_OUT: RunState.TIMED_OUT,
        RunEvent.RELEASE: RunState.QUEUED,
    },
    RunState.WAITING: {
        RunEvent.RESUME: RunState.QUEUED,
        RunEvent.SUPERSEDE: RunState.SUCCEEDED,
        RunEvent.CANCEL: RunState.CANCELLED,
    },
}

FINAL = frozenset(RunState) - TRANSITIONS.keys()
"""States that nothing leaves."""

ACTIVE = frozenset({RunState.QUEUED, RunState.RUNNING})
"""States of a run that still holds its thread busy."""

LEG_ENDS = FINAL | {RunState.WAITING}
"""States in which the current leg of a run has ended: a follower stops here."""


def advance(state: RunState, event: RunEvent) -> RunState:
    """The state that follows `event`. Raises `IllegalTransition` where the table has no arrow."""
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        raise IllegalTransition(f"A run that is {state} cannot {event}.") from None


def mermaid() -> str:
    """The table as a Mermaid state diagram, for the documentation."""
    rows = ["stateDiagram-v2", "    [*] --> queued"]
    for state, arrows in TRANSITIONS.items():
        rows += [f"    {state} --> {target}: {event}" for event, target in arrows.items()]
    rows += [f"    {state} --> [*]" for state in RunState if state in FINAL]
    return "\n".join(rows) + "\n"
