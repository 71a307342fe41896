"""A thread's state: how it is shown, and how it is changed where no run does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from demotic.domain.model import Json


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
