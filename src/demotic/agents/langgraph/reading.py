"""A thread's state as a graph reads it, also where the last step wrote what does not fit in."""

from collections.abc import Mapping
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.types import StateSnapshot

from demotic.agents.langgraph import entry
from demotic.agents.langgraph.factories import Graph
from demotic.agents.langgraph.internals import INTERRUPT
from demotic.agents.langgraph.saver import Saver
from demotic.agents.langgraph.snapshots import snapshot
from demotic.domain import runs, states
from demotic.domain.errors import CheckpointNotFound, DemoticError
from demotic.domain.model import Json


async def read_state(
    graph: Graph, thread_id: str, checkpoint: Mapping[str, Json] | None, *, subgraphs: bool
) -> states.StateSnapshot:
    """The state at a place. Raises `CheckpointNotFound` where a checkpoint is named in vain."""
    config = entry.state_config(thread_id, checkpoint)
    state = await _read(graph, config, subgraphs=subgraphs)
    named = (checkpoint or {}).get("checkpoint_id")
    if state.metadata is None and named:
        raise CheckpointNotFound(f"Checkpoint {named} not found in thread {thread_id}")
    return snapshot(state, thread_id)


async def check_is_there(graph: Graph, config: RunnableConfig) -> None:
    """Raise `CheckpointNotFound` where a checkpoint is named in vain: LangGraph would begin a run
    with an empty state there."""
    place = _configurable(config)
    if "checkpoint_id" not in place:
        return
    if await cast(Saver, graph.checkpointer).aget_tuple(config) is None:
        raise CheckpointNotFound(
            f"Checkpoint {place['checkpoint_id']} not found in thread {place['thread_id']}"
        )


async def latest(graph: Graph, thread_id: str) -> StateSnapshot:
    """The latest state, as LangGraph tells it."""
    return await _read(graph, entry.state_config(thread_id, None), subgraphs=False)


async def answering(graph: Graph, claim: runs.Claim) -> runs.Claim:
    """The claim of a run, which answers what is asked if the calling graph was given answers.

    What was asked counts also where a lost attempt has answered it.
    """
    if not claim.run.request.forwarded or claim.head is None:
        return claim
    config = entry.state_config(claim.run.thread_id, None)
    found = await cast(Saver, graph.checkpointer).aget_tuple(config)
    written = (found.pending_writes if found else None) or ()
    asked = {each.id for _, channel, value in written if channel == INTERRUPT for each in value}
    return entry.with_answers(claim, asked)


async def _read(graph: Graph, config: RunnableConfig, *, subgraphs: bool) -> StateSnapshot:
    try:
        return await graph.aget_state(config, subgraphs=subgraphs)
    except DemoticError:
        raise
    except Exception:
        # LangGraph adds to the latest state what its unfinished step has written. When a reducer
        # cannot take that, the state is the one before the step.
        found = await cast(Saver, graph.checkpointer).aget_tuple(config)
        if found is None or "checkpoint_id" in _configurable(config):
            raise
        return await graph.aget_state(found.config, subgraphs=subgraphs)


def _configurable(config: RunnableConfig) -> dict[str, Any]:
    return config.get("configurable") or {}
