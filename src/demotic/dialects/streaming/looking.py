"""Commands that look: agent.getTree, state.get, state.listCheckpoints."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from demotic.dialects.streaming import wire
from demotic.dialects.streaming.channels import CHANNELS, SEPARATOR, Path, is_below
from demotic.dialects.streaming.errors import NamespaceNotFound
from demotic.dialects.streaming.starting import Call, Done
from demotic.dialects.streaming.told import Told
from demotic.dialects.streaming.view import View
from demotic.domain.errors import RunNotFound
from demotic.domain.events import Ended
from demotic.domain.model import Json
from demotic.domain.runs import Run
from demotic.domain.states import StateSnapshot
from demotic.web.answers import raw
from demotic.web.queries import bounded

MAX_LIMIT = 1000


async def tree(call: Call, params: Mapping[str, Any]) -> Done:
    """agent.getTree: the nested agents of a run, by default the latest, and how each stands."""
    body = wire.read(params, wire.GetTree)
    run = await _run(call, body.run_id)
    told = await told_of(call, run, frozenset({"lifecycle"}))
    return Done({"tree": tree_of(run, told)})


async def _run(call: Call, run_id: str | None) -> Run:
    if run_id is not None:
        return await call.engine.runs.get(call.thread_id, run_id, call.scope)
    runs = await call.engine.runs.list(call.thread_id, call.scope, limit=1)
    if not runs:
        raise RunNotFound(f"Thread {call.thread_id} has no run.")
    return runs[0]


async def told_of(call: Call, run: Run, channels: frozenset[str]) -> list[Told]:
    """What a run has told so far."""
    following = call.engine.runs.follow(run, after=0)
    view, told = View(call.engine, channels, 0), list[Told]()
    try:
        while (got := await following.next(0)) is not None and not isinstance(got, Ended):
            told += await view.events(got)
    finally:
        following.close()
    return told


def tree_of(run: Run, told: Sequence[Told]) -> dict[str, Json]:
    """The agents by what was told of how they stand (CDDL 0.0.13, AgentTreeNode)."""
    root: dict[str, Json] = {"namespace": [], "status": "started", "graph_name": run.agent}
    nodes: dict[Path, dict[str, Json]] = {(): root}
    for each in told:
        if each.method != "lifecycle":
            continue
        data = orjson.loads(each.data)
        node = nodes.get(each.path)
        if node is None:
            node = nodes[each.path] = {"namespace": [*each.path]}
            nodes[each.path[:-1]].setdefault("children", []).append(node)
        node["status"] = data["event"]
        node["graph_name"] = data.get("graph_name", "")
    return root


async def state(call: Call, params: Mapping[str, Any]) -> Done:
    """state.get: the state of the root agent, or of a nested one while its step is at work."""
    body = wire.read(params, wire.GetState)
    found = await _state(call, tuple(body.namespace or ()))
    values: Json = raw(found.values)
    if body.keys is not None:
        held = orjson.loads(found.values)
        known = held if isinstance(held, dict) else {}
        values = {key: known[key] for key in body.keys if key in known}
    told: dict[str, Json] = {"values": values}
    if found.checkpoint:
        told["checkpoint"] = _reference(found.checkpoint)
    return Done(told)


async def checkpoints(call: Call, params: Mapping[str, Any]) -> Done:
    """state.listCheckpoints: the newest first; `before` is the id of one."""
    body = wire.read(params, wire.ListCheckpoints)
    limit = 10 if body.limit is None else bounded("`limit`", body.limit, 1, MAX_LIMIT)
    place = None
    if body.namespace:
        place = (await _state(call, tuple(body.namespace))).checkpoint
        place = {key: value for key, value in (place or {}).items() if key != "checkpoint_id"}
    before = {**(place or {}), "checkpoint_id": body.before} if body.before else None
    found = await call.engine.states.history(
        call.thread_id, call.scope, limit=limit, checkpoint=place, before=before
    )
    return Done({"checkpoints": [_summary(each) for each in found if each.checkpoint]})


async def _state(call: Call, namespace: Path) -> StateSnapshot:
    """The state of an agent. Raises `NamespaceNotFound` for one that is not at work."""
    if not namespace:
        return await call.engine.states.get(call.thread_id, call.scope)
    root = await call.engine.states.get(call.thread_id, call.scope, subgraphs=True)
    found = _nested(root, namespace)
    if found is None:
        raise NamespaceNotFound(f"No nested agent is at work at {list(namespace)}.")
    return found


def _nested(state: StateSnapshot, namespace: Path) -> StateSnapshot | None:
    for task in state.tasks:
        if task.state is None:
            continue
        ns = str((task.state.checkpoint or {}).get("checkpoint_ns", ""))
        path = tuple(ns.split(SEPARATOR))
        if len(path) == len(namespace) and is_below(path, namespace):
            return task.state
        if deeper := _nested(task.state, namespace):
            return deeper
    return None


def _reference(checkpoint: Mapping[str, Json]) -> dict[str, Json]:
    """CDDL 0.0.13, CheckpointRef."""
    told = {"id": checkpoint["checkpoint_id"]}
    ns = checkpoint.get("checkpoint_ns")
    return {**told, "ns": ns} if ns else told


def _summary(state: StateSnapshot) -> dict[str, Json]:
    """CDDL 0.0.13, CheckpointSummary."""
    metadata = state.metadata or {}
    told: dict[str, Json] = {"id": (state.checkpoint or {})["checkpoint_id"]}
    told["timestamp"] = state.created_at
    told["step"] = metadata.get("step", 0)
    return {**told, "metadata": metadata}


async def reconnection(
    call: Call, run: Run, body: wire.Reconnect, *, restored: bool
) -> dict[str, Json]:
    """What a client that comes back has missed of a run (CDDL 0.0.13, ReconnectResult)."""
    told = await told_of(call, run, frozenset(CHANNELS))
    seen = next((n for n, each in enumerate(told) if each.event_id == body.last_event_id), -1)
    lifecycles = [each for each in told if each.method == "lifecycle"]
    standing = {each.path: orjson.loads(each.data)["event"] for each in lifecycles}
    return {
        "restored": restored,
        "missed_events": len(told) - seen - 1,
        "current_namespaces": [
            {"namespace": [*path], "status": status} for path, status in standing.items()
        ],
    }


async def position_of(call: Call, run: Run, event_id: str | None) -> int | None:
    """The position of an event that a run has told; before its first for one that it has not.
    None where it has told nothing."""
    told = await told_of(call, run, frozenset(CHANNELS))
    found = (each.seq for each in told if each.event_id == event_id)
    return next(found, told[0].seq - 1 if told else None)
