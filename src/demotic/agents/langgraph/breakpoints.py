"""Breakpoints: where a run is to stop, and whether a lost attempt had stopped there."""

from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.pregel import Pregel

from demotic.agents.langgraph.encoding import encode
from demotic.agents.langgraph.snapshots import pending_interrupts
from demotic.domain.lifecycle import Reason, RunState
from demotic.domain.runs import Claim, Outcome


def nodes(names: Any) -> Any:
    """Breakpoints as LangGraph takes them: a list of node names, `*`, or None."""
    return names if names is None or names == "*" else list(names)


async def stopped_before(
    claim: Claim, graph: Pregel[Any, Any, Any, Any], config: RunnableConfig
) -> Outcome | None:
    """The outcome of a lost attempt that had stopped at a breakpoint, or None.

    Going on with no input would pass the breakpoint in front of which it stopped.
    """
    if claim.run.attempt == 1 or claim.head == claim.base:
        return None
    request = claim.run.request
    state = await graph.aget_state(config)
    before = nodes(request.interrupt_before) or graph.interrupt_before_nodes
    stops = _meets(before, state.next)
    after = nodes(request.interrupt_after) or graph.interrupt_after_nodes
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


def _meets(breakpoints: Any, names: Any) -> bool:
    if breakpoints == "*":
        return bool(names)
    return bool(breakpoints) and not set(breakpoints).isdisjoint(names)
