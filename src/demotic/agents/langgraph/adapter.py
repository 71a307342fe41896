"""The LangGraph adapter: runs graphs as agents of the engine."""

import copy
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from importlib.metadata import version
from typing import Any, NamedTuple, cast

from langchain_core.runnables import RunnableConfig
from langgraph.errors import GraphDrained, UnknownInterruptError
from langgraph.runtime import RunControl
from langgraph.store.base import BaseStore
from langgraph_sdk.runtime import AccessContext

from demotic.agents.langgraph import entry, introspection, updates
from demotic.agents.langgraph.blocks import content_blocks
from demotic.agents.langgraph.breakpoints import nodes, stopped_before
from demotic.agents.langgraph.buffer import BufferedCheckpoints
from demotic.agents.langgraph.encoding import encode, plain, said
from demotic.agents.langgraph.events import Events
from demotic.agents.langgraph.exits import EXITS, AgentExited, keep_serving
from demotic.agents.langgraph.factories import Factory, Graph, Use
from demotic.agents.langgraph.history import Shown
from demotic.agents.langgraph.history import history as shown_history
from demotic.agents.langgraph.internals import CONFIG_KEY_STRICT_RESUME
from demotic.agents.langgraph.manifest import unpack_writes
from demotic.agents.langgraph.measuring import channel_sizes
from demotic.agents.langgraph.reading import answering, check_is_there, latest, read_state
from demotic.agents.langgraph.saver import Saver
from demotic.agents.langgraph.serde import StrictSerializer, graph_types
from demotic.agents.langgraph.snapshots import address, pending_interrupts
from demotic.agents.langgraph.staging import StagedCheckpoints
from demotic.agents.langgraph.tracing import is_traced, traced
from demotic.domain.assistants import AgentSchemas
from demotic.domain.errors import (
    AgentError,
    CheckpointNotFound,
    DemoticError,
    LeaseLost,
    NotBuilt,
)
from demotic.domain.lifecycle import Reason, RunState
from demotic.domain.model import Json, Size
from demotic.domain.runs import Claim, Outcome
from demotic.domain.states import StateSnapshot, Superstep
from demotic.domain.threads import Thread
from demotic.ports.agent import Attempt, StateChange
from demotic.ports.checkpoints import Checkpoints, StoredCheckpoint, StoredWrite

VERSIONS = {"langgraph_version": version("langgraph")}

OF_THE_RUN = (AgentError, NotBuilt, CheckpointNotFound)
"""Errors that are a run's, or its factory's, and not the server's."""

BEFORE_ALL = (UnknownInterruptError, CheckpointNotFound)
"""Errors that come before anything is written: the thread stays as it was."""


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

    A graph's own checkpointer and store, if any, are replaced by the server's. `serde` is strict:
    the types that a graph declares are allowed in addition.
    """

    def __init__(
        self,
        name: str,
        graph: Graph | Factory,
        checkpoints: Checkpoints,
        serde: StrictSerializer,
        *,
        store: BaseStore,
        description: str | None = None,
    ) -> None:
        self._name, self._description = name, description
        self._checkpoints, self._serde, self._store = checkpoints, serde, store
        self._shown = Shown()
        self._made = graph if isinstance(graph, Factory) else self._prepare(graph)

    @property
    def name(self) -> str:
        """The graph's id, from configuration."""
        return self._name

    @property
    def description(self) -> str | None:
        """What it does, from configuration."""
        return self._description

    @property
    def is_traced(self) -> bool:
        """See the port: LangChain's own variables decide."""
        return is_traced()

    async def run(self, attempt: Attempt) -> Outcome | None:
        """See the port."""
        keep_serving()
        claim = attempt.claim
        config = entry.run_config(claim, VERSIONS)
        events = Events(claim.run, attempt.sink)
        use = Use("threads.create_run", self._store, config, entry.run_context(claim))
        try:
            async with self._open(use) as opened:
                return await self._run(attempt, opened, config, events)
        except GraphDrained:
            return None
        except (LeaseLost, DemoticError) as error:
            if isinstance(error, OF_THE_RUN):
                return _failed(error, events)
            raise
        except EXITS as exit:  # of its factory
            return _failed(AgentExited(exit), events)
        except Exception as error:
            return _failed(error, events)

    async def interrupted(self, attempt: Attempt) -> Outcome:
        """See the port."""
        run, reason = attempt.claim.run, Reason.USER_CANCEL
        if _is_in_memory(attempt.claim):
            return Outcome(state=RunState.CANCELLED, reason=reason, values=b"{}")
        config = entry.run_config(attempt.claim, VERSIONS)
        try:
            async with self._told("threads.read", config) as opened:
                state = await latest(opened.graph, run.thread_id)
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
        place = entry.addressed(thread, checkpoint)
        async with self._told("threads.read", entry.thread_config(thread)) as opened:
            return await read_state(opened.graph, thread.id, place, subgraphs=subgraphs)

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
            states = shown_history(
                opened.graph,
                opened.saver,
                None if isinstance(self._made, Factory) else self._shown,
                thread.id,
                checkpoint=entry.addressed(thread, checkpoint),
                before=before,
                metadata=metadata,
                limit=limit,
            )
            async for state in states:
                yield state

    async def update(
        self,
        thread: Thread,
        supersteps: Sequence[Superstep],
        checkpoint: Mapping[str, Json] | None,
    ) -> StateChange:
        """See the port."""
        config = entry.update_config(thread, self._name, checkpoint)
        async with self._told("threads.update", entry.thread_config(thread)) as opened:
            if (checkpoint or {}).get("checkpoint_id"):
                await read_state(opened.graph, thread.id, checkpoint, subgraphs=False)
            staged = StagedCheckpoints(self._checkpoints)
            graph = opened.bound(opened.saver.staging(staged, thread.id))
            written = await updates.apply(graph, config, supersteps)
            state = await read_state(graph, thread.id, None, subgraphs=False)
        place = address(written, thread.id) or {}
        return StateChange(checkpoint=place, parts=staged.parts, state=state)

    async def annotate(self, thread: Thread, metadata: Mapping[str, Json]) -> StateChange:
        """See the port."""
        return await updates.annotated(self._checkpoints, thread.id, metadata)

    async def sizes(self, thread: Thread) -> Mapping[str, Size]:
        """See the port."""
        return channel_sizes(await self._checkpoints.outline(thread.id))

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
        update = {"checkpointer": saver, "store": self._store}
        return _Opened(graph.copy(update=update), saver)

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
                opened = await stack.enter_async_context(
                    self._open(Use(access, self._store, config))
                )
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
        buffer = BufferedCheckpoints() if _is_in_memory(attempt.claim) else None
        if buffer is not None:
            saver = Saver(buffer, serde=opened.saver.serde, key=attempt.key)
        else:
            is_empty = attempt.claim.run.attempt == 1 and attempt.claim.head is None
            saver = opened.saver.bound(attempt.key, is_empty=is_empty)
        graph = opened.bound(saver)
        if paused := await stopped_before(attempt.claim, graph, config):
            return paused
        with traced(attempt.claim.run.request.tracing):
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
        claim = await answering(graph, attempt.claim)
        request = claim.run.request
        if claim.run.attempt == 1:
            given = entry.request_input(request, is_empty=claim.head is None)
        else:
            read = _Reader(graph)
            given = entry.remaining_input(claim, await self._stored(attempt), read)
        if claim.head == claim.base and request.checkpoint:
            addressed = entry.state_config(claim.run.thread_id, request.checkpoint)
            await check_is_there(graph, addressed)
            config["configurable"].update(addressed["configurable"])
        if request.strict:
            config["configurable"][CONFIG_KEY_STRICT_RESUME] = True
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
        if _is_in_memory(attempt.claim):
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


def _completed(events: Events) -> Outcome:
    return Outcome(state=RunState.SUCCEEDED, reason=Reason.COMPLETED, values=events.values())


def _failed(error: Exception, events: Events) -> Outcome:
    told = {"error": type(error).__name__, "message": said(error)}
    try:
        values = events.values() if events.saw_values else None
    except TypeError:  # the state itself is what cannot be shown
        values = None
    # LangGraph refuses an answer, where it is asked to be strict, before it writes anything.
    refused = isinstance(error, BEFORE_ALL) and not events.saw_values
    reason = Reason.REFUSED if refused else Reason.ERROR
    return Outcome(state=RunState.FAILED, reason=reason, values=values, error=told)


def _is_in_memory(claim: Claim) -> bool:
    """Whether the run's state is kept in memory: it is temporary and has not paused yet."""
    return claim.run.temporary and claim.head is None


def _durability(claim: Claim) -> str | None:
    """How often to save. A temporary run's state lies in memory: only a pause has it saved."""
    if claim.run.request.durability is None and claim.run.temporary:
        return "exit"
    return claim.run.request.durability
