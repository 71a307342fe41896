"""The LangGraph adapter: runs graphs as agents of the engine."""

import copy
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from importlib.metadata import version
from typing import Any, NamedTuple, cast

from langchain_core.runnables import RunnableConfig
from langgraph.errors import GraphDrained
from langgraph.runtime import RunControl
from langgraph_sdk.runtime import AccessContext

from demotic.agents.langgraph import entry, introspection
from demotic.agents.langgraph.blocks import content_blocks
from demotic.agents.langgraph.breakpoints import nodes, stopped_before
from demotic.agents.langgraph.buffer import BufferedCheckpoints
from demotic.agents.langgraph.encoding import encode, plain, said
from demotic.agents.langgraph.events import Events
from demotic.agents.langgraph.exits import EXITS, AgentExited, keep_serving
from demotic.agents.langgraph.factories import Factory, Graph, Use
from demotic.agents.langgraph.manifest import unpack_writes
from demotic.agents.langgraph.saver import Saver
from demotic.agents.langgraph.serde import StrictSerializer, graph_types
from demotic.agents.langgraph.snapshots import address, pending_interrupts, snapshot
from demotic.domain.errors import (
    AgentError,
    BadInput,
    CheckpointNotFound,
    DemoticError,
    LeaseLost,
    NotBuilt,
)
from demotic.domain.lifecycle import Reason, RunState
from demotic.domain.model import (
    AgentSchemas,
    Claim,
    Json,
    LeaseKey,
    Outcome,
    StateSnapshot,
    StateUpdate,
    Thread,
    UpdatedState,
)
from demotic.ports.agent import Attempt
from demotic.ports.checkpoints import Checkpoints, StoredCheckpoint, StoredWrite

VERSIONS = {"langgraph_version": version("langgraph")}


class _Opened(NamedTuple):
    """A graph that reads any thread's state, and the saver it reads with."""

    graph: Graph
    saver: Saver

    def bound(self, saver: Saver) -> Graph:
        """The graph with a saver of its own."""
        # As `graph.copy(update=...)`, which also validates the graph anew, for each run.
        graph = copy.copy(self.graph)
        graph.checkpointer = saver
        return graph


class LangGraphAgent:
    """A LangGraph graph, or a factory of graphs, as an agent.

    A graph's own checkpointer, if any, is replaced by the server's. `serde` is strict: the types
    that a graph declares are allowed in addition.
    """

    def __init__(
        self,
        name: str,
        graph: Graph | Factory,
        checkpoints: Checkpoints,
        serde: StrictSerializer,
        *,
        description: str | None = None,
    ) -> None:
        self._name, self._description = name, description
        self._checkpoints, self._serde = checkpoints, serde
        self._made = graph if isinstance(graph, Factory) else self._prepare(graph)

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
        keep_serving()
        claim = attempt.claim
        config = entry.run_config(claim, VERSIONS)
        events = Events(claim.run, attempt.sink)
        use = Use("threads.create_run", config, entry.run_context(claim))
        try:
            async with self._open(use) as opened:
                return await self._run(attempt, opened, config, events)
        except GraphDrained:
            return None
        except (LeaseLost, DemoticError) as error:
            if isinstance(error, (AgentError, NotBuilt)):  # its factory's, not the server's
                return _failed(error, events)
            raise
        except EXITS as exit:  # of its factory
            return _failed(AgentExited(exit), events)
        except Exception as error:
            return _failed(error, events)

    async def interrupted(self, attempt: Attempt) -> Outcome:
        """See the port."""
        run, reason = attempt.claim.run, Reason.USER_CANCEL
        if run.temporary:
            return Outcome(state=RunState.CANCELLED, reason=reason, values=b"{}")
        config = entry.run_config(attempt.claim, VERSIONS)
        try:
            async with self._told("threads.read", config) as opened:
                state = await opened.graph.aget_state(entry.state_config(run.thread_id, None))
        except AgentError:  # its factory makes no graph to look with: the run ends all the same
            return Outcome(state=RunState.CANCELLED, reason=reason)
        return Outcome(
            state=RunState.CANCELLED,
            reason=reason,
            values=encode(state.values) if state.values else None,
            interrupts=pending_interrupts(state),
            pending=bool(state.next),
        )

    async def state(
        self, thread: Thread, checkpoint: Mapping[str, Json] | None, *, subgraphs: bool
    ) -> StateSnapshot:
        """See the port."""
        async with self._told("threads.read", entry.thread_config(thread)) as opened:
            return await _state(opened.graph, thread.id, checkpoint, subgraphs=subgraphs)

    async def history(
        self,
        thread: Thread,
        checkpoint: Mapping[str, Json] | None,
        *,
        limit: int,
        before: Mapping[str, Json] | None,
        metadata: Mapping[str, Json] | None,
    ) -> AsyncIterator[StateSnapshot]:
        """See the port."""
        async with self._told("threads.read", entry.thread_config(thread)) as opened:
            states = opened.graph.aget_state_history(
                entry.state_config(thread.id, checkpoint),
                filter=dict(metadata) if metadata else None,
                before=entry.state_config(thread.id, before) if before else None,
                limit=limit,
            )
            async for state in states:
                yield snapshot(state, thread.id)

    async def update(self, thread: Thread, key: LeaseKey, update: StateUpdate) -> UpdatedState:
        """See the port."""
        config = entry.update_config(thread, self._name, update.checkpoint)
        async with self._told("threads.update", entry.thread_config(thread)) as opened:
            if (update.checkpoint or {}).get("checkpoint_id"):
                await _state(opened.graph, thread.id, update.checkpoint, subgraphs=False)
            graph = opened.bound(opened.saver.bound(key))
            try:
                written = await graph.aupdate_state(config, update.values, update.as_node)
            except DemoticError:
                raise
            except Exception as error:
                told = f"{type(error).__name__}: {error}"
                raise BadInput(f"The state cannot be updated like this. {told}") from error
            state = await _state(graph, thread.id, None, subgraphs=False)
        return UpdatedState(address(written, thread.id) or {}, state)

    def blocks(self, message: Mapping[str, Json]) -> Sequence[Json]:
        """See the port."""
        return content_blocks(message)

    async def schemas(self, config: Mapping[str, Json]) -> AgentSchemas:
        """See the port."""
        async with self._told("assistants.read", entry.assistant_config(config)) as opened:
            return introspection.schemas(opened.graph)

    async def drawing(self, config: Mapping[str, Json], *, depth: int | bool) -> Json:
        """See the port."""
        configured = entry.assistant_config(config)
        async with self._told("assistants.read", configured) as opened:
            return await introspection.drawing(opened.graph, configured, depth)

    async def parts(
        self, config: Mapping[str, Json], namespace: str | None, *, deep: bool
    ) -> Mapping[str, AgentSchemas]:
        """See the port."""
        async with self._told("assistants.read", entry.assistant_config(config)) as opened:
            return await introspection.subgraphs(opened.graph, namespace, deep)

    def _prepare(self, graph: Graph) -> _Opened:
        serde = self._serde.with_msgpack_allowlist(graph_types(graph))
        saver = Saver(self._checkpoints, serde=serde)
        return _Opened(graph.copy(update={"checkpointer": saver}), saver)

    @asynccontextmanager
    async def _open(self, use: Use) -> AsyncIterator[_Opened]:
        """The graph for one use."""
        if not isinstance(self._made, Factory):
            yield self._made
            return
        async with self._made.open(use) as graph:
            yield self._prepare(graph)

    @asynccontextmanager
    async def _told(self, access: AccessContext, config: RunnableConfig) -> AsyncIterator[_Opened]:
        """The graph for a look; an error of its factory's own is an `AgentError` that says so."""
        async with AsyncExitStack() as stack:
            try:
                opened = await stack.enter_async_context(self._open(Use(access, config)))
            except DemoticError:
                raise
            except (Exception, *EXITS) as error:
                raise AgentError(
                    f"The factory of graph '{self._name}' failed for {access}: "
                    f"{type(error).__name__}: {error}"
                ) from error
            yield opened

    async def _run(
        self, attempt: Attempt, opened: _Opened, config: RunnableConfig, events: Events
    ) -> Outcome:
        buffer = BufferedCheckpoints() if attempt.claim.run.temporary else None
        if buffer is not None:
            saver = Saver(buffer, serde=opened.saver.serde, key=attempt.key)
        else:
            is_empty = attempt.claim.run.attempt == 1 and attempt.claim.head is None
            saver = opened.saver.bound(attempt.key, is_empty=is_empty)
        graph = opened.bound(saver)
        if paused := await stopped_before(attempt.claim, graph, config):
            return paused
        await self._stream(attempt, graph, config, events)
        if not events.stopped:
            return _completed(events)
        outcome = await self._paused(graph, config, events)
        if buffer is not None:
            await buffer.flush(self._checkpoints, attempt.key)
        return outcome

    async def _stream(
        self, attempt: Attempt, graph: Graph, config: RunnableConfig, events: Events
    ) -> None:
        claim = attempt.claim
        request = claim.run.request
        if claim.run.attempt == 1:
            given = entry.request_input(request)
        else:
            read = _Reader(graph)
            given = entry.remaining_input(claim, await self._stored(attempt), read)
        if claim.head == claim.base and request.checkpoint:
            addressed = entry.state_config(claim.run.thread_id, request.checkpoint)
            config["configurable"].update(addressed["configurable"])
        control = RunControl()
        attempt.drain.on_request(control.request_drain)
        options: dict[str, Any] = {
            "context": entry.run_context(claim),
            "stream_mode": events.graph_modes,
            "subgraphs": request.subgraphs,
            "interrupt_before": nodes(request.interrupt_before),
            "interrupt_after": nodes(request.interrupt_after),
            "durability": _durability(claim),
            "control": control,
        }
        if events.show_everything:
            async for event in graph.astream_events(given, config, version="v2", **options):
                events.take_event(event)
                await attempt.sink.settle()
            return
        async for chunk in graph.astream(given, config, **options):
            events.take(cast(tuple[Any, ...], chunk))
            await attempt.sink.settle()

    async def _stored(self, attempt: Attempt) -> list[StoredCheckpoint]:
        if attempt.claim.run.temporary:
            return []
        found = await self._checkpoints.list(attempt.key.thread_id, None)
        return [checkpoint for _, checkpoint in found]

    async def _paused(self, graph: Graph, config: RunnableConfig, events: Events) -> Outcome:
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


class _Reader:
    """Decodes the value of a write with the serializer of a graph's saver."""

    def __init__(self, graph: Graph) -> None:
        self._serde = cast(Saver, graph.checkpointer).serde

    def __call__(self, checkpoint: StoredCheckpoint, write: StoredWrite) -> Any:
        ((_, _, value),) = unpack_writes(self._serde, replace(checkpoint, writes=[write]))
        return value


async def _state(
    graph: Graph, thread_id: str, checkpoint: Mapping[str, Json] | None, *, subgraphs: bool
) -> StateSnapshot:
    """The state at a place. Raises `CheckpointNotFound` where a checkpoint is named in vain."""
    config = entry.state_config(thread_id, checkpoint)
    state = await graph.aget_state(config, subgraphs=subgraphs)
    named = (checkpoint or {}).get("checkpoint_id")
    if state.metadata is None and named:
        raise CheckpointNotFound(f"Checkpoint {named} not found in thread {thread_id}")
    return snapshot(state, thread_id)


def _completed(events: Events) -> Outcome:
    return Outcome(state=RunState.SUCCEEDED, reason=Reason.COMPLETED, values=events.values())


def _failed(error: Exception, events: Events) -> Outcome:
    told = {"error": type(error).__name__, "message": said(error)}
    try:
        values = events.values() if events.saw_values else None
    except TypeError:  # the state itself is what cannot be shown
        values = None
    return Outcome(state=RunState.FAILED, reason=Reason.ERROR, values=values, error=told)


def _durability(claim: Claim) -> str | None:
    """How often to save. A temporary run's state lies in memory: only a pause has it saved."""
    if claim.run.request.durability is None and claim.run.temporary:
        return "exit"
    return claim.run.request.durability
