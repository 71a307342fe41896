"""The names that the wire chooses among, and what each means to the engine; pure data."""

from demotic.domain.lifecycle import RunState, ThreadState
from demotic.domain.runs import BusyPolicy, CancelAction
from demotic.domain.threads import Pruning

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

CANCELLED_STATES = {
    "pending": (RunState.QUEUED,),
    "running": (RunState.RUNNING,),
    "all": (RunState.QUEUED, RunState.RUNNING),
}
"""Which runs a cancel by status means."""

STAMPS = {"graph_id": "agent", "assistant_id": "assistant"}
"""What LangGraph writes into the metadata of threads and runs."""

METRIC_FORMATS = ("prometheus", "json")
"""How the figures of the server can be had; the first is the default."""

MAX_LIMIT = 1000
MAX_COUNT = 10_000  # up to which a search counts what it finds
MAX_EXTRACTED = 10  # paths of a search
MAX_TTL_MINUTES = 100 * 366 * 1440
MAX_VERSION = 2**53
MAX_OFFSET = 2**53
MAX_EVENT_ID = 2**53
MAX_BATCH = 1000  # runs that are named in one request
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
CRON_SORT = {
    "cron_id": "id",
    "assistant_id": "assistant",
    "thread_id": "thread",
    "next_run_date": "next",
    "end_time": "end",
    "created_at": "created",
    "updated_at": "updated",
}
STATE_FIELDS = (
    "values",
    "next",
    "tasks",
    "metadata",
    "created_at",
    "checkpoint",
    "parent_checkpoint",
    "interrupts",
    "checkpoint_id",
    "parent_checkpoint_id",
)
SORT_ORDER = {"asc": False, "desc": True}
BUSY = {policy.value: policy for policy in BusyPolicy}
IF_EXISTS = {"raise": False, "do_nothing": True}
IF_NOT_EXISTS = {"reject": False, "create": True}
ON_DISCONNECT = {"continue": False, "cancel": True}
ON_COMPLETION = {"delete": False, "keep": True}
DURABILITY = {"sync": "sync", "async": "async", "exit": "exit"}
THREAD_STATES = {state.value: state for state in ThreadState}
PRUNINGS = {pruning.value: pruning for pruning in Pruning}
ACTIONS = {action.value: action for action in CancelAction}
