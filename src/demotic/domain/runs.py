"""Runs: what is asked of an agent, who works on it, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from demotic.domain.assistants import Assistant
from demotic.domain.callbacks import Callback
from demotic.domain.lifecycle import Reason, RunState, ThreadState
from demotic.domain.model import Json
from demotic.domain.threads import Lifetime


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


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A run that had not ended; `position` is its place in the order of admission."""

    thread_id: str
    run_id: str
    position: int = 0


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
    agent waits for this one, where that is known: on the same thread, each waits for the other.
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
