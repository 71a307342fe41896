"""Variables of other agent servers: which are not honoured yet, and which are not needed here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that other agent servers read. A name that ends with `*` means all that begin so.

    `instead` is what happens here. It is warned of unless it is `expected`, or the value is one
    of the `harmless` ones, which ask for what happens anyway.
    """

    name: str
    instead: str
    harmless: tuple[str, ...] = ()
    expected: bool = False

    def names_in(self, environ: Mapping[str, str]) -> Iterator[str]:
        """The variables with a value that this is about."""
        stem = self.name.rstrip("*")
        for name in sorted(environ):
            found = name.startswith(stem) if stem != self.name else name == self.name
            if found and environ[name].strip():
                yield name

    def matters(self, value: str) -> bool:
        """Whether a value asks for something that does not happen."""
        return not self.expected and value.strip().lower() not in self.harmless


OFF = ("0", "false", "no", "off")
ON = ("1", "true", "yes", "on")
IN_DATA_DIR = "state is kept in the data directory"
NO_POOL = "there is no PostgreSQL pool"
NO_REDIS = "no Redis is needed"
METRICS = "metrics are at GET /metrics, on the server's own port"
NO_TRACES = "the server itself sends no traces"
NO_AUTH = "every request is accepted"
IS_TRACED = "LangChain reads it and traces the runs"

VARIABLES = (
    Variable("DATABASE_URI", IN_DATA_DIR),
    Variable("POSTGRES_URI", IN_DATA_DIR),
    Variable("POSTGRES_URI_CUSTOM", IN_DATA_DIR),
    Variable("LS_DEFAULT_CHECKPOINTER_BACKEND", IN_DATA_DIR, ("default",)),
    Variable("LS_MONGODB_URI", IN_DATA_DIR),
    Variable("LANGGRAPH_POSTGRES_POOL_MAX_SIZE", NO_POOL),
    Variable("LANGGRAPH_CHECKPOINTER_POSTGRES_POOL_*", NO_POOL),
    Variable("LS_CHECKPOINT_DELETE", "checkpoints are deleted with their thread"),
    Variable(
        "BG_JOB_MAX_RETRIES",
        "a run fails when its process died three times without progress",
        ("3",),
    ),
    Variable("BG_JOB_ISOLATED_LOOPS", "all runs share one event loop", OFF),
    Variable(
        "RESUMABLE_STREAM_TTL_SECONDS",
        "DEMOTIC_EVENT_RETENTION_SECS sets for how long events can be replayed",
    ),
    Variable("MAX_STREAM_CHUNK_SIZE_BYTES", "an event may have any size"),
    Variable("LANGGRAPH_AUTH_TYPE", NO_AUTH, ("noop",)),
    Variable("LANGSMITH_AUTH_*", NO_AUTH),
    Variable("LANGGRAPH_AES_*", "data is stored unencrypted"),
    Variable(
        "LANGGRAPH_STRICT_MSGPACK",
        "restoring is always strict; checkpointer.serde.allowed_msgpack_modules lists types",
        ON,
    ),
    Variable("LS_APM_OTEL_ENABLED", NO_TRACES, OFF),
    Variable("LS_OTEL_INSTRUMENT", NO_TRACES, OFF),
    Variable("OTEL_EXPORTER_OTLP_*", NO_TRACES),
    Variable("DD_API_KEY", NO_TRACES),
    Variable("LSD_PROM_METRICS_ENABLED", METRICS, OFF),
    Variable("LSD_PROM_METRICS_PORT", METRICS),
    Variable("EXPOSE_INTERNAL_METRICS_PROMETHEUS", "all metrics there are are published", OFF),
    Variable("METRIC_PREFIX", "names of metrics begin with lg_api_", ("lg_api_",)),
    Variable("LS_RATE_LIMITS", "the rate of requests is not limited"),
    Variable("A2A_*", "A2A is not served"),
    Variable("ALLOW_PRIVATE_NETWORK", "allowed origins may always", expected=True),
    Variable("CHECKPOINT_BATCH_DELAY", "writes are always batched", expected=True),
    Variable("CHECKPOINT_MAX_BATCH_SIZE", "writes are always batched", expected=True),
    Variable("CRON_SCHEDULER_BATCH_SIZE", "all runs that are due start together", expected=True),
    Variable(
        "LANGGRAPH_DEFAULT_RECURSION_LIMIT",
        "LangGraph reads it: the steps that a run may take",
        expected=True,
    ),
    Variable("LANGGRAPH_CLOUD_LICENSE_KEY", "no licence is needed", expected=True),
    Variable("LANGSMITH_API_KEY", IS_TRACED, expected=True),
    Variable("LANGSMITH_ENDPOINT", IS_TRACED, expected=True),
    Variable("LANGSMITH_PROJECT", IS_TRACED, expected=True),
    Variable("LANGSMITH_TRACING", IS_TRACED, expected=True),
    Variable("MIGRATIONS_PATH", "the schema is part of the package", expected=True),
    Variable("REDIS_*", NO_REDIS, expected=True),
)
"""What is read by other agent servers and not here."""


def variable_warnings(environ: Mapping[str, str]) -> Iterator[str]:
    """What to say of the variables that are set and not honoured."""
    for variable in VARIABLES:
        for name in variable.names_in(environ):
            if variable.matters(environ[name]):
                yield f"{name} is not honoured yet: {variable.instead}."
