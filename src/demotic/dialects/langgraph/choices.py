"""The names that the wire chooses among, and what each means to the engine; pure data."""

from demotic.domain.lifecycle import RunState, ThreadState
from demotic.domain.model import BusyPolicy, CancelAction

KINDS = {
    "values": "values",
    "updates": "updates",
    "custom": "custom",
    "messages": "messages",
    "messages-tuple": "messages",
    "events": "events",
    "debug": "debug",
    "tasks": "tasks",
    "checkpoints": "checkpoints",
}
"""Stream mode to the kind of event it shows."""

RUN_STATES = {
    "pending": (RunState.QUEUED,),
    "running": (RunState.RUNNING,),
    "success": (RunState.SUCCEEDED, RunState.WAITING),
    "error": (RunState.FAILED,),
    "timeout": (RunState.TIMED_OUT,),
    "interrupted": (RunState.CANCELLED,),
}
"""Status of a run to engine states: a run that waits for an answer is a success here."""

STAMPS = {"graph_id": "agent", "assistant_id": "assistant"}
"""What LangGraph writes into the metadata of threads and runs."""

MAX_LIMIT = 1000
MAX_VERSION = 2**53
MAX_OFFSET = 2**53
MAX_EVENT_ID = 2**53
MAX_DELAY_S = 366 * 86_400

ASSISTANT_SORT = {
    "assistant_id": "id",
    "graph_id": "agent",
    "name": "name",
    "created_at": "created",
    "updated_at": "updated",
}
THREAD_SORT = {
    "thread_id": "id",
    "status": "state",
    "created_at": "created",
    "updated_at": "updated",
    "state_updated_at": "state_updated",
}
SORT_ORDER = {"asc": False, "desc": True}
BUSY = {policy.value: policy for policy in BusyPolicy}
IF_EXISTS = {"raise": False, "do_nothing": True}
IF_NOT_EXISTS = {"reject": False, "create": True}
ON_DISCONNECT = {"continue": False, "cancel": True}
ON_COMPLETION = {"delete": False, "keep": True}
DURABILITY = {"sync": "sync", "async": "async", "exit": "exit"}
THREAD_STATES = {state.value: state for state in ThreadState}
ACTIONS = {action.value: action for action in CancelAction}
