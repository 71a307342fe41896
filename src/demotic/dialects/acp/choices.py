"""The names that the wire chooses among, and what each means to the engine; pure data."""

from demotic.domain.lifecycle import Reason, RunState, ThreadState
from demotic.domain.runs import BusyPolicy, CancelAction

DIALECT = "acp"
"""What runs of this dialect carry in their `reply_format`."""

KINDS = ("values", "custom")
"""Stream modes; an event's kind has the same name."""

RUN_STATES = {
    "pending": (RunState.QUEUED, RunState.RUNNING),
    "error": (RunState.FAILED, RunState.CANCELLED),
    "success": (RunState.SUCCEEDED,),
    "timeout": (RunState.TIMED_OUT,),
    "interrupted": (RunState.WAITING,),
}
"""Status of a run to engine states. `interrupted` means that it can be resumed: a run that was
cancelled cannot, so it is an error here."""

RUN_STATUS = {state: status for status, states in RUN_STATES.items() for state in states}
"""The same, the other way."""

ERROR_CODES = {
    Reason.ERROR: 1,
    Reason.TIME_LIMIT: 2,
    Reason.USER_CANCEL: 3,
    Reason.ROLLBACK: 3,
    Reason.DELETED: 3,
    Reason.INVALID_OUTPUT: 4,
}
"""Why a run failed to `errcode`, which ACP leaves open; any other reason is `UNKNOWN`."""

UNKNOWN = 0

MAX_LIMIT = 1000
MAX_OFFSET = 2**53
MAX_EVENT_ID = 2**53
MAX_DELAY_S = 366 * 86_400
MAX_WEBHOOK = 65_536  # characters; ACP 0.2.3, RunCreate.webhook

BUSY = {policy.value: policy for policy in BusyPolicy}
IF_EXISTS = {"raise": False, "do_nothing": True}
IF_NOT_EXISTS = {"reject": False, "create": True}
ON_DISCONNECT = {"cancel": True, "continue": False}
ON_COMPLETION = {"delete": False, "keep": True}
THREAD_STATES = {state.value: state for state in ThreadState}
ACTIONS = {action.value: action for action in CancelAction}
