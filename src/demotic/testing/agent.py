"""An agent whose every step a test decides."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace

import orjson

from demotic.domain.assistants import AgentSchemas
from demotic.domain.errors import BadInput, CheckpointNotFound
from demotic.domain.lifecycle import Reason, RunState
from demotic.domain.model import Json, Size
from demotic.domain.runs import Outcome, Run
from demotic.domain.states import StateSnapshot, StateUpdate, Superstep
from demotic.domain.threads import Thread
from demotic.engine.states import EMPTY
from demotic.ports.agent import Attempt, StateChange


class ScriptedAgent:
    """Does what the run's input says: a list of steps, each a list of a word and its arguments, or
    an object that has them as `steps`.

    `["emit", kind, data]` records an event, `["wait", name]` waits until the test calls
    `open(name)`, `["stubborn", name]` does so and ignores being cancelled, `["fail", message]`
    raises, `["pause", question]` ends the leg with an interrupt, `["drain", name]` waits for
    `name` or stops when a drain is requested, `["refuse", message]` fails and changes nothing. The
    state is the list of words done. `runs` is what it was asked, attempt by attempt.
    """

    def __init__(self, name: str = "scripted") -> None:
        self._name = name
        self.started: list[str] = []
        self.runs: list[Run] = []
        self.reached: dict[str, asyncio.Event] = {}
        self._gates: dict[str, asyncio.Event] = {}

    @property
    def name(self) -> str:
        """Its id."""
        return self._name

    @property
    def description(self) -> str | None:
        """What it does."""
        return "A scripted agent"

    @property
    def is_traced(self) -> bool:
        """See the port: no."""
        return False

    def open(self, gate: str) -> None:
        """Let every attempt that waits at the gate, now or later, pass."""
        self._gate(gate).set()

    async def arrived(self, gate: str) -> None:
        """Wait until an attempt has come to the gate (5 s at most)."""
        await asyncio.wait_for(self.reached.setdefault(gate, asyncio.Event()).wait(), 5)

    async def run(self, attempt: Attempt) -> Outcome | None:
        """See the port."""
        self.started.append(attempt.claim.run.id)
        self.runs.append(attempt.claim.run)
        done: list[str] = []
        for word, *arguments in _steps(attempt.claim.run.request.input):
            done.append(word)
            try:
                outcome = await self._step(attempt, word, arguments)
            except ValueError as error:
                told = {"error": type(error).__name__, "message": str(error)}
                return Outcome(state=RunState.FAILED, reason=Reason.ERROR, error=told)
            if outcome is None and word == "drain":
                return None
            if isinstance(outcome, Outcome):
                return outcome
        values = orjson.dumps({"done": done})
        return Outcome(state=RunState.SUCCEEDED, reason=Reason.COMPLETED, values=values)

    async def interrupted(self, attempt: Attempt) -> Outcome:
        """See the port."""
        return Outcome(state=RunState.CANCELLED, reason=Reason.USER_CANCEL, pending=True)

    async def state(
        self, thread: Thread, checkpoint: Mapping[str, Json] | None, *, subgraphs: bool
    ) -> StateSnapshot:
        """See the port: it keeps no state."""
        if checkpoint:
            raise CheckpointNotFound
        return EMPTY

    async def history(
        self,
        thread: Thread,
        checkpoint: Mapping[str, Json] | None,
        *,
        limit: int,
        before: Mapping[str, Json] | None,
        metadata: Mapping[str, Json] | None,
    ) -> AsyncIterator[StateSnapshot]:
        """See the port: it keeps no history."""
        nothing: list[StateSnapshot] = []
        for snapshot in nothing:
            yield snapshot

    async def update(
        self,
        thread: Thread,
        supersteps: Sequence[Superstep],
        checkpoint: Mapping[str, Json] | None,
    ) -> StateChange:
        """See the port: the last values become the state, which nothing keeps.

        `as_node` "wait" waits at the gate that `values` name, "fail" refuses them, "next" leaves
        a step to take.
        """
        last = StateUpdate()
        for last in (update for superstep in supersteps for update in superstep):
            if last.as_node == "wait":
                await self._pass(last.values)
            if last.as_node == "fail":
                raise BadInput("These values do not fit.")
        steps = ["step"] if last.as_node == "next" else []
        state = replace(EMPTY, values=orjson.dumps(last.values), next=steps)
        return StateChange(checkpoint=_written(thread), parts=[], state=state)

    async def annotate(self, thread: Thread, metadata: Mapping[str, Json]) -> StateChange:
        """See the port: it keeps no metadata."""
        return StateChange(checkpoint=_written(thread), parts=[])

    async def sizes(self, thread: Thread) -> Mapping[str, Size]:
        """See the port: it keeps no state."""
        return {}

    def blocks(self, message: Mapping[str, Json]) -> Sequence[Json]:
        """See the port: every block is one that only it understands."""
        return [{"type": "non_standard", "value": each} for each in message["content"]]

    async def schemas(self, config: Mapping[str, Json]) -> AgentSchemas:
        """See the port: what it was configured with, as the schema of its configuration."""
        return AgentSchemas(
            input={"type": ["array", "object"]}, state={"type": "object"}, config=dict(config)
        )

    async def drawing(self, config: Mapping[str, Json], *, depth: int | bool) -> Json:
        """See the port: one node, which tells how deep it was to look."""
        return {"nodes": [{"id": "script", "depth": depth}], "edges": []}

    async def parts(
        self, config: Mapping[str, Json], namespace: str | None, *, deep: bool
    ) -> Mapping[str, AgentSchemas]:
        """See the port: it has one, and that has another."""
        found = ["inner", "inner|deepest"] if deep else ["inner"]
        return {name: AgentSchemas() for name in found if namespace in (None, name)}

    async def _step(
        self, attempt: Attempt, word: str, arguments: list[Json]
    ) -> Outcome | str | None:
        match word, arguments:
            case "emit", [kind, data]:
                attempt.sink.emit(kind, "", orjson.dumps(data))
                await attempt.sink.settle()
            case "wait", [gate]:
                await self._pass(gate)
            case "stubborn", [gate]:
                await self._insist(gate)
            case "drain", [gate]:
                return await self._pass_or_drain(attempt, gate)
            case "fail", [message]:
                raise ValueError(message)
            case "refuse", [message]:
                error = {"error": "Refused", "message": message}
                return Outcome(state=RunState.FAILED, reason=Reason.REFUSED, error=error)
            case "pause", [question]:
                interrupts = {"task": [{"id": "i1", "value": question}]}
                state, reason = RunState.WAITING, Reason.INTERRUPT
                return Outcome(state=state, reason=reason, interrupts=interrupts, pending=True)
            case _:
                raise ValueError(f"There is no step {word} {arguments}.")
        return "done"

    def _gate(self, gate: str) -> asyncio.Event:
        return self._gates.setdefault(gate, asyncio.Event())

    async def _pass(self, gate: str) -> None:
        self.reached.setdefault(gate, asyncio.Event()).set()
        await self._gate(gate).wait()

    async def _insist(self, gate: str) -> None:
        while not self._gate(gate).is_set():
            try:
                await self._pass(gate)
            except asyncio.CancelledError:
                continue

    async def _pass_or_drain(self, attempt: Attempt, gate: str) -> str | None:
        attempt.drain.on_request(self._gate(gate).set)
        await self._pass(gate)
        return None if attempt.drain.requested else "done"


def _steps(given: Json) -> Sequence[list[Json]]:
    return (given.get("steps") if isinstance(given, dict) else given) or []


def _written(thread: Thread) -> Mapping[str, Json]:
    return {"thread_id": thread.id, "checkpoint_id": "written"}
