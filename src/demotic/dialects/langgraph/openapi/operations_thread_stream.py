"""What the operation that follows a thread is for, takes and answers."""

from collections.abc import Mapping

from demotic.dialects.langgraph.thread_stream import MODES
from demotic.web.openapi.describing import TEXT, Answer, Described, Parameter, several

STREAM = (
    "Server-sent events of all the thread's runs. `run_modes` (the default): each run as its own "
    "stream shows it; `lifecycle`: only where runs begin; both show `metadata` with `status` "
    "`run_done` where one ends; `state_update`: changes of the state that no run made. It never "
    "ends by itself."
)
LAST_EVENT = Parameter(
    "Last-Event-ID",
    "An event's id for what came after it, 0 or -1 for everything that is kept; by default only "
    "what comes from now on.",
    TEXT,
    "header",
)

OPERATIONS: Mapping[tuple[str, str], Described] = {
    ("GET", "/threads/{thread_id}/stream"): Described(
        "Threads",
        "Follow a thread",
        {200: Answer(STREAM, TEXT, "text/event-stream", ("Location",))},
        (404,),
        parameters=(
            several("stream_modes", "What to show.", MODES),
            several("stream_mode", "The same, as the Python SDK spells it.", MODES),
            LAST_EVENT,
        ),
    ),
}
