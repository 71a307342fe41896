"""The names that the wire chooses among, and what each means to the engine; pure data."""

from demotic.domain.lifecycle import RunState, ThreadState
from demotic.domain.runs import CancelAction

MODES = {"values": "values", "messages": "messages", "updates": "updates", "custom": "custom"}
"""Stream mode to the kind of event it shows."""

DEFAULT_MODES = ("values",)

RUN_STATUS = {
    RunState.QUEUED: "pending",
    RunState.RUNNING: "pending",
    RunState.WAITING: "interrupted",
    RunState.SUCCEEDED: "success",
    RunState.FAILED: "error",
    RunState.CANCELLED: "error",
    RunState.TIMED_OUT: "timeout",
}
"""Where a run stands, in the protocol's words. `interrupted` means that it waits: a run that was
cancelled waits for nothing, and is an error."""

RUN_STATES = {
    word: tuple(state for state, shown in RUN_STATUS.items() if shown == word)
    for word in ("pending", "error", "success", "timeout", "interrupted")
}
"""Status of a run to engine states."""

THREAD_STATES = {state.value: state for state in ThreadState}
IF_EXISTS = {"raise": False, "do_nothing": True}
IF_NOT_EXISTS = {"reject": False, "create": True}
ON_DISCONNECT = {"cancel": True, "continue": False}
ON_COMPLETION = {"delete": False, "keep": True}
ACTIONS = {action.value: action for action in CancelAction}

OWNERS = ("agent_id", "assistant_id", "graph_id")
"""Metadata of a thread without runs that tells whose state it holds; the second and third are
what LangGraph's clients write."""

MAX_LIMIT = 1000
MAX_OFFSET = 2**53
MAX_EVENT_ID = 2**53
