"""The things the engine speaks of. All are immutable; times are microseconds since 1970 (UTC)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from demotic.domain.callbacks import Callback
from demotic.domain.lifecycle import Reason, RunState, ThreadState

Json = Any
"""A value made of dict, list, str, int, float, bool and None."""

Namespace = tuple[str, ...]
"""Where an item of long-term memory is: labels, the outermost first."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls."""

    id: str = ""
    permissions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """What a caller may see and touch: every storage operation on a caller's behalf takes one.

    `filters` must be contained in a row's metadata (`None`: everything is visible). A row
    outside the scope does not exist for the caller. Items have no metadata: they lie in the scope
    by their namespace, which must begin with one of `namespaces` (None: all of them, or none at
    all in a scope that has filters).
    """

    principal: Principal = Principal()
    filters: Mapping[str, Json] | None = None
    namespaces: Sequence[Namespace] | None = None

    @property
    def roots(self) -> Sequence[Namespace]:
        """The namespaces below which the caller's items lie."""
        if self.namespaces is not None:
            return self.namespaces
        return [()] if self.filters is None else []

    def holds(self, namespace: Namespace) -> bool:
        """Whether items under a namespace are in the scope."""
        return any(namespace[: len(root)] == root for root in self.roots)


EVERYTHING = Scope()
"""The scope of the server itself."""


class BusyPolicy(StrEnum):
    """What a new run does on a thread that already has an unfinished one.

    `interrupt` and `rollback` cancel all of them that way and run next.
    """

    REJECT = "reject"
    ENQUEUE = "enqueue"
    INTERRUPT = "interrupt"
    ROLLBACK = "rollback"


class CancelAction(StrEnum):
    """How a run is cancelled: `interrupt` keeps what it has done, `rollback` undoes it and
    deletes the run."""

    INTERRUPT = "interrupt"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAssistant:
    """Settings of an agent to store."""

    id: str
    agent: str
    name: str
    description: str | None = None
    config: Mapping[str, Json] = field(default_factory=dict)
    context: Mapping[str, Json] = field(default_factory=dict)
    metadata: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assistant(NewAssistant):
    """Versioned settings of an agent; what callers address."""

    version: int
    created_us: int
    updated_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantChange:
    """What to change of an assistant: `metadata` is merged, the rest replaced unless None."""

    agent: str | None = None
    name: str | None = None
    description: str | None = None
    config: Mapping[str, Json] | None = None
    context: Mapping[str, Json] | None = None
    metadata: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A run that had not ended; `position` is its place in the order of admission."""

    thread_id: str
    run_id: str
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantQuery:
    """Which assistants to list. `name` matches any part, ignoring case."""

    agent: str | None = None
    name: str | None = None
    metadata: Mapping[str, Json] = field(default_factory=dict)
    limit: int = 10
    offset: int = 0
    sort_by: str = "created"
    descending: bool = True
    count_up_to: int | None = None


class Pruning(StrEnum):
    """What is taken of a thread: all of it, or everything but its latest state."""

    DELETE = "delete"
    KEEP_LATEST = "keep_latest"


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a thread is left alone (microseconds after its last run or change of state), and
    what is taken of it then."""

    length_us: int
    pruning: Pruning = Pruning.DELETE


@dataclass(frozen=True, slots=True, kw_only=True)
class NewThread:
    """A conversation to begin; without a `lifetime` it is kept until it is deleted."""

    id: str
    metadata: Mapping[str, Json] = field(default_factory=dict)
    lifetime: Lifetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A conversation that owns state.

    `values` is the JSON of the state its last run left (None: no run has ended yet); `agent` is
    the agent that last ran on it.
    `interrupts` maps a task id to the questions that task asks. `reason` is why the last run
    on it stopped. `expires_us` is when its lifetime is over; None also after its pruning.
    """

    id: str
    metadata: Mapping[str, Json]
    config: Mapping[str, Json]
    agent: str | None
    state: ThreadState
    values: bytes | None
    interrupts: Mapping[str, Sequence[Json]] | None
    error: Mapping[str, str] | None
    created_us: int
    updated_us: int
    state_updated_us: int
    reason: Reason | None = None
    lifetime: Lifetime | None = None
    expires_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadQuery:
    """Which threads to list. `metadata` and `values` must be contained in the thread's.

    `bare` threads come without their values. `count_up_to`: beyond so many matches (or the end
    of the page) they are not counted; None counts all.
    """

    ids: Sequence[str] | None = None
    metadata: Mapping[str, Json] = field(default_factory=dict)
    values: Mapping[str, Json] = field(default_factory=dict)
    state: ThreadState | None = None
    limit: int = 10
    offset: int = 0
    sort_by: str = "created"
    descending: bool = True
    bare: bool = False
    count_up_to: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A slice of a listing. `total` counts every match, whatever the slice; where the query
    limits the counting, at least so many match."""

    items: Sequence[Any]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What an agent is asked to do.

    `modes` are the kinds of events to record: none for a caller that only wants the outcome.
    `command` holds `resume`, `update` and `goto` as far as given. `checkpoint`
    (`checkpoint_id`, `checkpoint_ns`, `checkpoint_map`) says where to start instead of the
    thread's latest state. `strict`: an answer to a question that nobody asks, or that is not clear,
    refuses the run and changes nothing. `tracing` (`project`, `example`) says where the service
    that traces the agent's runs, if one does, is to keep this one. `forwarded` are answers by
    question that the calling graph was given: those to what the thread asks replace `input`.
    """

    input: Json = None
    command: Mapping[str, Json] | None = None
    checkpoint: Mapping[str, Json] | None = None
    config: Mapping[str, Json] = field(default_factory=dict)
    context: Mapping[str, Json] | None = None
    modes: Sequence[str] = ()
    subgraphs: bool = False
    interrupt_before: str | Sequence[str] | None = None
    interrupt_after: str | Sequence[str] | None = None
    durability: str | None = None
    strict: bool = False
    tracing: Mapping[str, Json] | None = None
    forwarded: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class Idempotency:
    """Makes a request that is sent again the same request: within 24 hours the same `key` (the
    caller's word, qualified by caller and route) with the same `digest` of the body means the
    same run; with another digest it is refused."""

    key: str
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """A request to run an assistant.

    `thread_id` None makes a thread of its own, a temporary one that vanishes with the run's end
    unless `keep_thread`; `thread_metadata` is what that one begins with. With `keep_run` the run
    itself stays readable by its id for as long as the feed of a thread is kept. `delay_s` seconds
    pass before it is ready; meanwhile it holds back no later run. With `spares_waiting`, policy
    reject refuses a thread whose run waits for an answer, too, instead of superseding that run.
    `stamps` asks for facts in the metadata of run and thread: a key to write, and which fact
    (`agent` or `assistant`, their ids). `reply_format` belongs to the dialect that made the
    run: the engine keeps it and never looks, but for its `dialect`, which names the words that
    `callback` is told in. `lifetime` is for a thread that the run makes.
    With `ends_thread` the thread that it names is deleted when the run has ended, unless others
    have a run on it by then; the run stays readable like one that is kept, until the id is used
    for another thread.
    `answers` are ids of questions: the run is admitted only where the thread asks all of them and
    no run is in progress on it, so that a question is answered once. `caller` is the run whose
    agent asks for this one, where that is known: on the same thread, each would wait for the other.
    """

    id: str
    thread_id: str | None
    assistant_id: str
    request: RunRequest
    metadata: Mapping[str, Json] = field(default_factory=dict)
    busy_policy: BusyPolicy = BusyPolicy.ENQUEUE
    create_thread: bool = False
    keep_thread: bool = False
    keep_run: bool = False
    ends_thread: bool = False
    thread_metadata: Mapping[str, Json] = field(default_factory=dict)
    spares_waiting: bool = False
    delay_s: float = 0.0
    idempotency: Idempotency | None = None
    stamps: Mapping[str, str] = field(default_factory=dict)
    reply_format: Mapping[str, Json] = field(default_factory=dict)
    callback: Callback | None = None
    lifetime: Lifetime | None = None
    answers: tuple[str, ...] = ()
    caller: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One request to run an assistant, and how far it has come.

    `temporary` runs own their thread, which is deleted when the run ends; one that `ends_thread`
    takes along what it was made on. `started_us` is when it was first claimed.
    """

    id: str
    thread_id: str
    assistant_id: str
    agent: str
    state: RunState
    reason: Reason | None
    request: RunRequest
    metadata: Mapping[str, Json]
    busy_policy: BusyPolicy
    temporary: bool
    reply_format: Mapping[str, Json]
    attempt: int
    epoch: int
    error: Mapping[str, str] | None
    created_us: int
    updated_us: int
    started_us: int | None = None
    callback: Callback | None = None
    ends_thread: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQuery:
    """Which runs to list, newest first. `metadata` must be contained in the run's; `temporary`
    says whether they own their thread (None: either)."""

    thread_id: str | None = None
    assistant_id: str | None = None
    states: Sequence[RunState] | None = None
    metadata: Mapping[str, Json] = field(default_factory=dict)
    temporary: bool | None = None
    limit: int = 10
    offset: int = 0


@dataclass(frozen=True, slots=True)
class LeaseKey:
    """The fence of one attempt: every write it makes carries this, and a stale one is refused."""

    thread_id: str
    run_id: str
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An attempt that a worker may begin.

    `base` is the thread's latest checkpoint when the run was first claimed, `head` the latest
    now; they differ once the run has committed work of its own. A resumed run begins a new leg:
    `base` is counted from there, and what it wrote up to the epoch `leg` belongs to earlier ones.
    """

    run: Run
    key: LeaseKey
    base: str | None
    head: str | None
    assistant: Assistant
    thread_metadata: Mapping[str, Json]
    leg: int = 0


@dataclass(frozen=True, slots=True)
class Admission:
    """An admitted run; `claim` when the admitting process may begin it at once.

    `displaced` are the runs it cancelled: those still running are to be stopped, of the others
    the followers are to be told. `is_new` is false when the request was admitted before.
    """

    run: Run
    claim: Claim | None
    displaced: Sequence[Run] = ()
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class Claimer:
    """A worker process that asks for work: its name, the agents it hosts, its lease's length."""

    worker: str
    agents: frozenset[str]
    lease_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a leg of a run ended.

    `values` is the JSON of the state it ended in. `interrupts` maps a task id to its questions,
    `shown_interrupts` is the same as the last state event showed it. `pending` tells that the
    thread still has steps to run (it was stopped in front of them).
    """

    state: RunState
    reason: Reason
    values: bytes | None = None
    interrupts: Mapping[str, Sequence[Json]] = field(default_factory=dict)
    shown_interrupts: Sequence[Json] = ()
    error: Mapping[str, str] | None = None
    pending: bool = False

    @property
    def thread_state(self) -> ThreadState:
        """The state in which this outcome leaves the thread."""
        if self.state in (RunState.FAILED, RunState.TIMED_OUT):
            return ThreadState.ERROR
        if self.state is RunState.WAITING or self.pending:
            return ThreadState.INTERRUPTED
        return ThreadState.IDLE


@dataclass(frozen=True, slots=True)
class Finished:
    """What finishing came to: how the leg ended in storage, and whether another run of the
    thread became claimable; `gone`: the thread that others know was deleted with it."""

    outcome: Outcome
    more: bool
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSnapshot:
    """A step that a thread's state is about to take."""

    id: str
    name: str
    path: Sequence[Json]
    error: str | None
    interrupts: Sequence[Json]
    checkpoint: Mapping[str, Json] | None
    state: "StateSnapshot | None"
    result: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class StateSnapshot:
    """A thread's state at one checkpoint. `values` is JSON; the rest is plain data.

    `checkpoint` and `parent` hold `thread_id`, `checkpoint_ns`, `checkpoint_id` and, in nested
    agents, `checkpoint_map`.
    """

    values: bytes
    next: Sequence[str]
    tasks: Sequence[TaskSnapshot]
    metadata: Mapping[str, Json] | None
    created_at: str | None
    checkpoint: Mapping[str, Json] | None
    parent: Mapping[str, Json] | None
    interrupts: Sequence[Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class StateUpdate:
    """A change of a thread's state that no run makes.

    `values` are applied as if the step `as_node` had produced them (None: the last one that ran,
    where that is clear), or `command` (`update`, `goto`) as if it had returned that; at
    `checkpoint` instead of the latest state where it is given.
    """

    values: Json = None
    command: Mapping[str, Json] | None = None
    as_node: str | None = None
    checkpoint: Mapping[str, Json] | None = None


Superstep = Sequence[StateUpdate]
"""Changes that are made at once, each as another step of the agent: one new state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSchemas:
    """JSON schemas of what an agent takes and keeps; None for one that cannot be told."""

    input: Json = None
    output: Json = None
    state: Json = None
    config: Json = None
    context: Json = None


@dataclass(frozen=True, slots=True)
class Size:
    """How many there are of something, and their bytes."""

    count: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadSize:
    """What a thread takes up in the storage, by kind.

    `values` are the parts of its states, each stored once, `documents` the values and outputs
    that are shown of it and its runs.
    """

    checkpoints: Size
    values: Size
    writes: Size
    runs: Size
    events: Size
    documents: Size


@dataclass(frozen=True, slots=True)
class Expired:
    """A thread whose lifetime is over, and what is to be taken of it."""

    thread_id: str
    pruning: Pruning
