"""Threads: conversations that own state, how they are found, and how long they are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from demotic.domain.lifecycle import Reason, ThreadState
from demotic.domain.model import Json, Size


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
