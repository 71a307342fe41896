"""How an attempt enters its graph: the configuration, and what of the request is still to send."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

from langchain_core.runnables import RunnableConfig
from langgraph.errors import EmptyInputError
from langgraph.types import Command, Send

from demotic.agents.langgraph.internals import INTERRUPT, NULL_TASK_ID, RESUME
from demotic.domain.configs import calling_place
from demotic.domain.model import Json
from demotic.domain.runs import Claim, RunRequest
from demotic.domain.threads import Thread
from demotic.ports.checkpoints import StoredCheckpoint, StoredWrite

LIMITS = ("recursion_limit", "max_concurrency")

ReadWrite = Callable[[StoredCheckpoint, StoredWrite], Any]
"""Decodes the value of a write that was read back with a checkpoint."""


def run_config(claim: Claim, versions: Mapping[str, str]) -> RunnableConfig:
    """The configuration a run is invoked with: the assistant's, then the request's, then what
    the server decides (which nothing overrides)."""
    run, assistant = claim.run, claim.assistant
    ours, theirs = assistant.config, run.request.config
    identity = {"thread_id": run.thread_id, "run_id": run.id}
    metadata = {
        **(ours.get("metadata") or {}),
        **run.metadata,
        **(theirs.get("metadata") or {}),
        "run_attempt": run.attempt,
        **versions,
        **identity,
    }
    config: RunnableConfig = {
        "configurable": {
            **(ours.get("configurable") or {}),
            **(theirs.get("configurable") or {}),
            "graph_id": run.agent,
            "assistant_id": assistant.id,
            **identity,
        },
        "metadata": metadata,
        "tags": [*(ours.get("tags") or []), *(theirs.get("tags") or [])],
        "run_id": UUID(run.id),
        "run_name": theirs.get("run_name") or ours.get("run_name") or run.agent,
    }
    limits = {key: theirs.get(key) or ours.get(key) for key in LIMITS}
    given = {key: limit for key, limit in limits.items() if limit is not None}
    return cast(RunnableConfig, {**config, **given})


def state_config(thread_id: str, checkpoint: Mapping[str, Json] | None) -> RunnableConfig:
    """The configuration that addresses a thread's state, latest or at a checkpoint."""
    configurable: dict[str, Json] = {"thread_id": thread_id, "checkpoint_ns": ""}
    for key in ("checkpoint_id", "checkpoint_ns", "checkpoint_map"):
        if checkpoint and checkpoint.get(key) is not None:
            configurable[key] = checkpoint[key]
    return {"configurable": configurable}


def thread_config(thread: Thread) -> RunnableConfig:
    """The configuration that a factory is given to look at a thread: that of its last run."""
    configurable = {**(thread.config.get("configurable") or {}), "thread_id": thread.id}
    return cast(RunnableConfig, {**thread.config, "configurable": configurable})


def assistant_config(config: Mapping[str, Json]) -> RunnableConfig:
    """The configuration that a factory is given to describe an assistant."""
    return cast(RunnableConfig, {**config, "configurable": dict(config.get("configurable") or {})})


def update_config(
    thread: Thread, agent: str, checkpoint: Mapping[str, Json] | None
) -> RunnableConfig:
    """The configuration of a change of state: where it applies, and what it leaves a note of."""
    config = state_config(thread.id, checkpoint)
    config["metadata"] = {"graph_id": agent, "thread_id": thread.id}
    return config


def addressed(thread: Thread, checkpoint: Mapping[str, Json] | None) -> Mapping[str, Json] | None:
    """The place in this thread that is meant by an address.

    A graph that has this one as its node, by RemoteGraph, looks for its state at the node's own
    namespace: that is the latest state here, as long as the last run was that node's.
    """
    called_from = calling_place(thread.config)
    if checkpoint is None or called_from is None or checkpoint.get("checkpoint_id") is not None:
        return checkpoint
    return None if checkpoint.get("checkpoint_ns") == called_from else checkpoint


def run_context(claim: Claim) -> Mapping[str, Json]:
    """The static context of a run: the assistant's, overlaid with the request's.

    Empty where none was given, so that LangGraph makes one of the graph's own defaults.
    """
    return {**claim.assistant.context, **(claim.run.request.context or {})}


def request_input(request: RunRequest, *, is_empty: bool) -> Any:
    """What a first attempt sends into the graph.

    An answer to a thread that has no state is the caller's mistake: LangGraph itself would begin
    at the start with it, LangGraph API 0.16 fails the run (observed).
    """
    if request.command is None:
        return request.input
    if is_empty and request.command.get("resume") is not None:
        raise EmptyInputError("There is nothing to resume: the thread has no state.")
    return to_command(request.command)


def with_answers(claim: Claim, asked: Collection[str]) -> Claim:
    """The claim of a run whose forwarded answers are sent, as far as the thread asks for them.

    An answer to nothing that is asked belongs to another agent of the calling graph.
    """
    request = claim.run.request
    answers = {id: each for id, each in (request.forwarded or {}).items() if id in asked}
    if not answers:
        return claim
    answering = replace(request, input=None, command={"resume": answers})
    return replace(claim, run=replace(claim.run, request=answering))


def remaining_input(claim: Claim, stored: Sequence[StoredCheckpoint], read: ReadWrite) -> Any:
    """What a later attempt still has to send; None where everything is stored.

    Once the run has committed a checkpoint it goes on from there with no input. Before that, a
    command whose writes lie on a checkpoint is not sent again, and of a map of answers only
    those that no task has taken yet. `stored` are the thread's checkpoints, `read` decodes a
    write's value.
    """
    request = claim.run.request
    if claim.head != claim.base:
        return None
    if request.command is None:
        return request.input
    command = dict(request.command)
    ours = [
        (c, w) for c in stored for w in c.writes if w.run_id == claim.run.id and w.epoch > claim.leg
    ]
    answers = command.get("resume")
    if any(w.task_id == NULL_TASK_ID for _, w in ours):
        command = {"resume": answers} if _is_map(answers) else {}
    if answers is not None and _is_map(answers):
        taken = _answered(stored, {w.task_id for _, w in ours if w.channel == RESUME}, read)
        left = {key: answer for key, answer in answers.items() if key not in taken}
        command = {**command, "resume": left} if left else _without(command, "resume")
    return to_command(command) if command else None


def to_command(command: Mapping[str, Json]) -> Command[Any]:
    """A LangGraph command from its JSON form."""
    update = command.get("update")
    if isinstance(update, list) and all(isinstance(p, list) and len(p) == 2 for p in update):
        update = [tuple(pair) for pair in update]
    goto = command.get("goto")
    targets = goto if isinstance(goto, list) else [goto] if goto else []
    return Command(
        update=update,
        resume=command.get("resume"),
        goto=[Send(t["node"], t.get("input")) if isinstance(t, dict) else t for t in targets],
    )


def _is_map(resume: Any) -> bool:
    hexadecimal = set("0123456789abcdef")
    return (
        isinstance(resume, dict)
        and bool(resume)
        and all(isinstance(k, str) and len(k) == 32 and hexadecimal.issuperset(k) for k in resume)
    )


def _answered(stored: Sequence[StoredCheckpoint], tasks: set[str], read: ReadWrite) -> set[str]:
    """Ids of the questions that the given tasks had asked."""
    return {
        interrupt.id
        for checkpoint in stored
        for write in checkpoint.writes
        if write.channel == INTERRUPT and write.task_id in tasks
        for interrupt in read(checkpoint, write)
    }


def _without(command: dict[str, Json], key: str) -> dict[str, Json]:
    return {k: v for k, v in command.items() if k != key}
