"""What the engine runs: anything that turns a request into events and an outcome."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from demotic.domain.assistants import AgentSchemas
from demotic.domain.model import Json, Size
from demotic.domain.runs import Claim, LeaseKey, Outcome
from demotic.domain.states import StateSnapshot, Superstep
from demotic.domain.threads import Thread
from demotic.ports.checkpoints import Change


class Sink(Protocol):
    """Where an attempt's events go."""

    def emit(self, kind: str, ns: str, data: bytes) -> None:
        """Record an event (JSON, encoded); it reaches followers at once. Never blocks.

        `ns` is the nested agent's namespace, parts joined by `|`, empty for the root.
        """
        ...

    async def settle(self) -> None:
        """Wait while too much is unwritten: call it between events."""
        ...


class Drain:
    """Asks a running attempt to stop at its next safe point; may be set from any thread."""

    __slots__ = ("_callbacks", "requested")

    def __init__(self) -> None:
        self.requested = False
        self._callbacks: list[Drained] = []

    def on_request(self, callback: "Drained") -> None:
        """Call `callback` when the stop is requested (at once if it already was)."""
        self._callbacks.append(callback)
        if self.requested:
            callback()

    def request(self) -> None:
        """Ask for the stop."""
        self.requested = True
        for callback in self._callbacks:
            callback()


class Drained(Protocol):
    """Called once when a drain is requested."""

    def __call__(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a run by one worker."""

    claim: Claim
    sink: Sink
    drain: Drain = field(default_factory=Drain)

    @property
    def key(self) -> LeaseKey:
        """The fence that every write of this attempt carries."""
        return self.claim.key


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChange:
    """What a change of a thread's state comes to; nothing of it is stored yet.

    `checkpoint` is where the new state will be, `state` what the thread's latest state will be
    (None: what it is), `parts` what there is to store.
    """

    checkpoint: Mapping[str, Json]
    parts: Sequence[Change]
    state: StateSnapshot | None = None


class Agent(Protocol):
    """A hosted program."""

    @property
    def name(self) -> str:
        """Its id, from configuration."""
        ...

    @property
    def description(self) -> str | None:
        """What it does, for people."""
        ...

    @property
    def is_traced(self) -> bool:
        """Whether a service traces its runs, so that `RunRequest.tracing` counts."""
        ...

    async def run(self, attempt: Attempt) -> Outcome | None:
        """Run the attempt to its end; None when it stopped because a drain was requested.

        The agent's own exception becomes an outcome (`failed`, with `error` holding the class
        name and the message; reason `refused` where it has changed nothing and the thread is to
        stay as it was); storage and fence errors are raised. A cancelled attempt raises
        `asyncio.CancelledError`.
        """
        ...

    async def interrupted(self, attempt: Attempt) -> Outcome:
        """The outcome of an attempt that was cancelled: where it left the thread."""
        ...

    async def state(
        self, thread: Thread, checkpoint: Mapping[str, Json] | None, *, subgraphs: bool
    ) -> StateSnapshot:
        """The thread's state, latest or at a checkpoint. Raises `CheckpointNotFound`."""
        ...

    def history(
        self,
        thread: Thread,
        checkpoint: Mapping[str, Json] | None,
        *,
        limit: int,
        before: Mapping[str, Json] | None,
        metadata: Mapping[str, Json] | None,
    ) -> AsyncIterator[StateSnapshot]:
        """The thread's states, newest first."""
        ...

    async def update(
        self,
        thread: Thread,
        supersteps: Sequence[Superstep],
        checkpoint: Mapping[str, Json] | None,
    ) -> StateChange:
        """Work out what the thread's state is after one superstep or several, each on the one
        before; the first at `checkpoint` or on the latest state. The thread need not exist yet.

        Stores nothing. Raises `BadInput` for what the agent cannot take, `CheckpointNotFound`.
        """
        ...

    async def annotate(self, thread: Thread, metadata: Mapping[str, Json]) -> StateChange:
        """Work out the latest checkpoint with `metadata` merged into its own; the state stays.

        Stores nothing. Raises `BadInput` for metadata that is the agent's own,
        `CheckpointNotFound` for a thread without a state.
        """
        ...

    async def sizes(self, thread: Thread) -> Mapping[str, Size]:
        """Of each part of the thread's state: how many versions of it are stored, and their
        bytes. What parts share counts for each."""
        ...

    def blocks(self, message: Mapping[str, Json]) -> Sequence[Json]:
        """The content of a message, or of a piece of one, as this agent's `messages` events hold
        it, in standard content blocks: `text`, `reasoning`, `tool_call_chunk`, `image`, …

        For content that only the agent's framework can read. What it cannot read either comes
        as `non_standard`.
        """
        ...

    async def schemas(self, config: Mapping[str, Json]) -> AgentSchemas:
        """What it takes and keeps, when configured like this."""
        ...

    async def drawing(self, config: Mapping[str, Json], *, depth: int | bool) -> Json:
        """Its steps as `{nodes, edges}`; nested agents are opened up to `depth` (True: all)."""
        ...

    async def parts(
        self, config: Mapping[str, Json], namespace: str | None, *, deep: bool
    ) -> Mapping[str, AgentSchemas]:
        """Its nested agents by namespace, the one named or all; `deep`: theirs, too."""
        ...
