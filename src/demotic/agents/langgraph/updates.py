"""Changes of a thread's state that no run makes, worked out without storing anything."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import merge_configs
from langgraph.types import StateUpdate

from demotic.agents.langgraph import entry
from demotic.agents.langgraph.encoding import said
from demotic.agents.langgraph.factories import Graph
from demotic.agents.langgraph.manifest import pack_metadata
from demotic.domain import states
from demotic.domain.errors import BadInput, CheckpointNotFound, DemoticError
from demotic.domain.model import Json
from demotic.domain.states import Superstep
from demotic.ports.agent import StateChange
from demotic.ports.checkpoints import Checkpoints, Put

OWN_METADATA = frozenset(
    ["source", "step", "parents", "run_id", "thread_id", "counters_since_delta_snapshot", "writes"]
)
"""What LangGraph keeps in a checkpoint's metadata for itself."""


async def apply(
    graph: Graph, config: RunnableConfig, supersteps: Sequence[Superstep]
) -> RunnableConfig:
    """Make supersteps, each on the one before; where the last one's checkpoint is.

    Raises `BadInput`, which tells the superstep where there are several.
    """
    graph = copy.copy(graph)  # with what each checkpoint is to have in its metadata
    graph.config = merge_configs(graph.config, {"metadata": config.get("metadata", {})})
    steps = _Noted([_update(each) for each in superstep] for superstep in supersteps)
    try:
        return await graph.abulk_update_state(config, steps)
    except DemoticError:
        raise
    except Exception as error:
        where = f"supersteps[{steps.at}]: " if len(supersteps) > 1 else ""
        told = f"{type(error).__name__}: {said(error)}"
        message = f"{where}The state cannot be updated like this. {told}"
        raise BadInput(message) from error


class _Noted(list[Sequence[StateUpdate]]):
    """Supersteps that tell which of them was taken last."""

    at = 0

    def __iter__(self) -> Iterator[Sequence[StateUpdate]]:
        for self.at, step in enumerate(super().__iter__()):
            yield step


def _update(update: states.StateUpdate) -> StateUpdate:
    values: Any = update.values if update.command is None else entry.to_command(update.command)
    return StateUpdate(values, update.as_node)


async def annotated(
    checkpoints: Checkpoints, thread_id: str, metadata: Mapping[str, Json]
) -> StateChange:
    """The latest checkpoint with metadata merged into its own."""
    if own := sorted(OWN_METADATA & metadata.keys()):
        raise BadInput(f"`metadata.{own[0]}` is LangGraph's own: leave it out.")
    stored = await checkpoints.get(thread_id, "", None)
    if stored is None:
        raise CheckpointNotFound(f"Thread {thread_id} has no state yet: there is no checkpoint.")
    merged = pack_metadata({**orjson.loads(stored.metadata), **metadata})
    new = replace(stored, metadata=merged, writes=(), values={})
    place = {"checkpoint_id": stored.id, "thread_id": thread_id, "checkpoint_ns": ""}
    return StateChange(checkpoint=place, parts=[Put(new, {})])
