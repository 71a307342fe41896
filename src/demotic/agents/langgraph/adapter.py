"""The LangGraph adapter: runs a compiled graph as an agent of the engine."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from importlib.metadata import version
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.errors import GraphDrained
from langgraph.pregel import Pregel
from langgraph.runtime import RunControl

from demotic.agents.langgraph import entry
from demotic.agents.langgraph.buffer import BufferedCheckpoints
from demotic.agents.langgraph.encoding import encode, plain
from demotic.agents.langgraph.events import Events
from demotic.agents.langgraph.manifest import unpack_writes
from demotic.agents.langgraph.saver import Saver
from demotic.agents.langgraph.snapshots import pending_interrupts, snapshot
from demotic.domain.errors import CheckpointNotFound, DemoticError, LeaseLost
from demotic.domain.lifecycle import Reason, RunState
from demotic.domain.model import Json, Outcome, StateSnapshot
from demotic.ports.agent import Attempt
from demotic.ports.checkpoints import Checkpoints, StoredCheckpoint, StoredWrite

VERSIONS = {"langgraph_version": version("langgraph")}


class LangGraphAgent:
    """A compiled LangGraph graph as an agent.

    The graph's own checkpointer, if any, is replaced by the server's.
    """

    def __init__(
        self,
        name: str,
        graph: Pregel[Any, Any, Any, Any],
        checkpoints: Checkpoints,
        serde: SerializerProtocol,
        *,
        description: str | None = None,
    ) -> None:
        self._name, self._description = name, description
        self._checkpoints, self._serde = checkpoints, serde
        self._saver = Saver(checkpoints, serde=serde)
        self._graph = graph
        self._reader = graph.copy(update={"checkpointer": self._saver})

    @property
    def name(self) -> str:
        """The graph's id, from configuration."""
        return self._name

    @property
    def description(self) -> str | None:
        """What it does, from configuration."""
        return self._description

    async def run(self, attempt: Attempt) -> Outcome | None:
        """See the port."""
        temporary = attempt.claim.run.temporary
        buffer = BufferedCheckpoints() if temporary else None
        if buffer is not None:
            saver = Saver(buffer, serde=self._serde, key=attempt.key)
        else:
            saver = self._saver.bound(attempt.key)
        graph = self._graph.copy(update={"checkpointer": saver})
        config = entry.run_config(attempt.claim, VERSIONS)
        events = Events(attempt.claim.run.request, attempt.sink)
        try:
            if paused := await self._paused_already(attempt, graph, config):
                return paused
            await self._stream(attempt, graph, config, events)
        except GraphDrained:
            return None
        except (LeaseLost, DemoticError):
            raise
        except Exception as error:
            return _failed(error, events)
        if not events.stopped:
            return _completed(events)
        outcome = await self._paused(graph, config, events)
        if buffer is not None:
            await buffer.flush(self._checkpoints, attempt.key)
        return outcome

    async def interrupted(self, attempt: Attempt) -> Outcome:
        """See the port."""
        run = attempt.claim.run
        reason = Reason.USER_CANCEL
        if run.temporary:
            return Outcome(state=RunState.CANCELLED, reason=reason, values=b"{}")
        state = await self._reader.aget_state(entry.state_config(run.thread_id, None))
        return Outcome(
            state=RunState.CANCELLED,
            reason=reason,
            values=encode(state.values) if state.values else None,
            interrupts=pending_interrupts(state),
            pending=bool(state.next),
        )

    async def state(
        self, thread_id: str, checkpoint: Mapping[str, Json] | None, *, subgraphs: bool
    ) -> StateSnapshot:
        """See the port."""
        config = entry.state_config(thread_id, checkpoint)
        state = await self._reader.aget_state(config, subgraphs=subgraphs)
        if state.metadata is None and (checkpoint or {}).get("checkpoint_id"):
            raise CheckpointNotFound(
                f"Checkpoint {checkpoint['checkpoint_id'] if checkpoint else ''} not found "
                f"in thread {thread_id}"
            )
        return snapshot(state, thread_id)

    async def history(
        self,
        thread_id: str,
        checkpoint: Mapping[str, Json] | None,
        *,
        limit: int,
        before: Mapping[str, Json] | None,
        metadata: Mapping[str, Json] | None,
    ) -> AsyncIterator[StateSnapshot]:
        """See the port."""
        states = self._reader.aget_state_history(
            entry.state_config(thread_id, checkpoint),
            filter=dict(metadata) if metadata else None,
            before=entry.state_config(thread_id, before) if before else None,
            limit=limit,
        )
        async for state in states:
            yield snapshot(state, thread_id)

    async def _stream(
        self,
        attempt: Attempt,
        graph: Pregel[Any, Any, Any, Any],
        config: RunnableConfig,
        events: Events,
    ) -> None:
        claim = attempt.claim
        request = claim.run.request
        if claim.run.attempt == 1:
            given = entry.request_input(request)
        else:
            given = entry.remaining_input(claim, await self._stored(attempt), self._read_write)
        if claim.head == claim.base and request.checkpoint:
            addressed = entry.state_config(claim.run.thread_id, request.checkpoint)
            config["configurable"].update(addressed["configurable"])
        control = RunControl()
        attempt.drain.on_request(control.request_drain)
        stream = graph.astream(
            given,
            config,
            context=entry.run_context(claim),
            stream_mode=events.graph_modes,
            subgraphs=request.subgraphs,
            interrupt_before=_nodes(request.interrupt_before),
            interrupt_after=_nodes(request.interrupt_after),
            durability=cast(Any, request.durability),
            control=control,
        )
        async for chunk in stream:
            events.take(cast(tuple[Any, ...], chunk))
            await attempt.sink.settle()

    def _read_write(self, checkpoint: StoredCheckpoint, write: StoredWrite) -> Any:
        ((_, _, value),) = unpack_writes(self._serde, replace(checkpoint, writes=[write]))
        return value

    async def _stored(self, attempt: Attempt) -> list[StoredCheckpoint]:
        if attempt.claim.run.temporary:
            return []
        found = await self._checkpoints.list(attempt.key.thread_id, None)
        return [checkpoint for _, checkpoint in found]

    async def _paused_already(
        self,
        attempt: Attempt,
        graph: Pregel[Any, Any, Any, Any],
        config: RunnableConfig,
    ) -> Outcome | None:
        """The outcome of a lost attempt that had stopped at a breakpoint, or None.

        Going on with no input would pass the breakpoint in front of which it stopped.
        """
        claim = attempt.claim
        if claim.run.attempt == 1 or claim.head == claim.base:
            return None
        request = claim.run.request
        state = await graph.aget_state(config)
        before = _nodes(request.interrupt_before) or graph.interrupt_before_nodes
        stops = _meets(before, state.next)
        after = _nodes(request.interrupt_after) or graph.interrupt_after_nodes
        if not stops and after and state.parent_config:
            previous = await graph.aget_state(state.parent_config)
            stops = bool(state.next) and _meets(after, [task.name for task in previous.tasks])
        if not stops:
            return None
        return Outcome(
            state=RunState.WAITING,
            reason=Reason.BREAKPOINT,
            values=encode(state.values),
            interrupts=pending_interrupts(state),
            pending=bool(state.next),
        )

    async def _paused(
        self, graph: Pregel[Any, Any, Any, Any], config: RunnableConfig, events: Events
    ) -> Outcome:
        state = await graph.aget_state(
            {"configurable": {"thread_id": config["configurable"]["thread_id"]}}
        )
        interrupts = pending_interrupts(state)
        return Outcome(
            state=RunState.WAITING,
            reason=Reason.INTERRUPT if events.shown_interrupts else Reason.BREAKPOINT,
            values=events.values(),
            interrupts=interrupts,
            shown_interrupts=plain(events.shown_interrupts),
            pending=True,
        )


def _completed(events: Events) -> Outcome:
    return Outcome(state=RunState.SUCCEEDED, reason=Reason.COMPLETED, values=events.values())


def _failed(error: Exception, events: Events) -> Outcome:
    told = {"error": type(error).__name__, "message": str(error)}
    try:
        values = events.values() if events.saw_values else None
    except TypeError:  # the state itself is what cannot be shown
        values = None
    return Outcome(state=RunState.FAILED, reason=Reason.ERROR, values=values, error=told)


def _nodes(names: Any) -> Any:
    """Breakpoints as LangGraph takes them: a list of node names, `*`, or None."""
    return names if names is None or names == "*" else list(names)


def _meets(breakpoints: Any, names: Any) -> bool:
    if breakpoints == "*":
        return bool(names)
    return bool(breakpoints) and not set(breakpoints).isdisjoint(names)
