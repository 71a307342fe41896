"""What the operation is for that shows figures of the server."""

from collections.abc import Mapping

from demotic.dialects.langgraph.choices import METRIC_FORMATS
from demotic.web.openapi.describing import (
    TEXT,
    Answer,
    Described,
    Parameter,
    Schema,
    described,
    ref,
    shape,
)

COUNT: Schema = {"type": "integer", "minimum": 0}
SECONDS: Schema = {"type": ["number", "null"], "minimum": 0}

REQUESTS = shape(
    "How often a request was answered so.",
    ("method", "path", "status", "count"),
    method=described(TEXT, "`(other)` for one that HTTP does not define."),
    path=described(TEXT, "That of the route, with its mount; `(other)` where none was found."),
    status=described({"type": "integer"}, "The answer's."),
    count=described({"type": "integer", "minimum": 1}, "Since the server started."),
)

COMPONENTS: Mapping[str, Schema] = {
    "Metrics": shape(
        "Figures of the server.",
        ("queue", "api", "workers"),
        queue=shape(
            "The queue. Waits count from when a run could have begun; null where none waits.",
            (
                "n_pending",
                "pending_runs_wait_time_max_secs",
                "pending_runs_wait_time_med_secs",
                "pending_unblocked_runs_wait_time_max_secs",
                "n_running",
            ),
            n_pending=described(COUNT, "Runs that are queued, delayed ones among them."),
            pending_runs_wait_time_max_secs=described(SECONDS, "The longest wait."),
            pending_runs_wait_time_med_secs=described(SECONDS, "The median wait."),
            pending_unblocked_runs_wait_time_max_secs=described(
                SECONDS, "The longest wait of one that no other run of its thread holds up."
            ),
            n_running=described(COUNT, "Runs at work."),
        ),
        api=shape(
            "What was answered, in every protocol.",
            ("http_requests_total",),
            http_requests_total={"type": "array", "items": ref("RequestCount")},
        ),
        workers=shape(
            "The slots for runs.",
            ("max", "active", "available"),
            max=described(COUNT, "All of them."),
            active=described(COUNT, "Those with a run at work."),
            available=described(COUNT, "Those that could take one."),
        ),
    ),
    "RequestCount": REQUESTS,
}

OPERATIONS: Mapping[tuple[str, str], Described] = {
    ("GET", "/metrics"): Described(
        "Server",
        "Show figures of the server",
        {
            200: Answer(
                "The figures, with those of the process in Prometheus' format.",
                TEXT,
                "text/plain",
                also={"application/json": ref("Metrics")},
            )
        },
        parameters=(
            Parameter(
                "format",
                "Prometheus' text format, or JSON.",
                {"type": "string", "enum": list(METRIC_FORMATS), "default": METRIC_FORMATS[0]},
            ),
        ),
    ),
}
