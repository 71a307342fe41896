"""Commands that start a run: run.start, input.respond, input.inject, state.fork."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from demotic.dialects.streaming import translate, wire
from demotic.dialects.streaming.errors import NotSupported
from demotic.dialects.streaming.told import through
from demotic.domain.errors import InterruptNotFound, RunNotFound, ThreadNotFound
from demotic.domain.ids import seq_of
from demotic.domain.lifecycle import ACTIVE, RunState, ThreadState
from demotic.domain.model import Json, Scope
from demotic.domain.runs import NewRun, Run
from demotic.domain.threads import Thread
from demotic.domain.traces import tracing
from demotic.engine.core import Engine

UNTRACED = "`langsmith_tracer` cannot be used: LANGSMITH_TRACING is not on here. Leave it out."


class Call(NamedTuple):
    """Who calls a command, and where."""

    engine: Engine
    thread_id: str
    scope: Scope
    stamps: Mapping[str, str]


class Done(NamedTuple):
    """What a command came to. `position` is where the feed stood before what it has caused; None:
    where it stands now."""

    result: Mapping[str, Json]
    position: int | None = None


async def start(call: Call, params: Mapping[str, Any]) -> Done:
    """run.start: begin; on a thread that asks something, answer; on a busy one, come next."""
    body = wire.read(params, wire.RunStart)
    if body.langsmith_tracer and not call.engine.assistants.are_traced():
        raise NotSupported(UNTRACED)
    while True:
        new = await _to_start(call, body)
        try:
            return await _admitted(call, new)
        except InterruptNotFound:
            continue  # somebody else has answered meanwhile: look again


async def _to_start(call: Call, body: wire.RunStart) -> NewRun:
    config, place = translate.place_of(body.config)
    if place is not None:
        await _find(call, place)
    answers = None
    if place is None and body.input is not None and (asked := await _asked(call)):
        answers = translate.answered_by_input(body.input, asked)
    return translate.new_run(
        run_id=call.engine.runs.new_id(),
        thread_id=call.thread_id,
        assistant=translate.assistant_id(body.assistant_id, call.engine.assistants.agent_names()),
        stamps=call.stamps,
        input=body.input,
        answers=answers,
        config=config,
        metadata=body.metadata,
        checkpoint=place,
        policy=translate.busy_policy(body.multitask_strategy),
        tracing=tracing(body.langsmith_tracer),
        create_thread=True,
    )


async def respond(call: Call, params: Mapping[str, Any]) -> Done:
    """input.respond: answer one question or several in one run."""
    body = wire.read(params, wire.Respond)
    answers = translate.answers(body)
    try:
        asking = await _last_run(call)
    except RunNotFound:
        raise _unknown(next(iter(answers.by_id))) from None
    new = translate.new_run(
        run_id=call.engine.runs.new_id(),
        thread_id=call.thread_id,
        assistant=asking.assistant_id,
        stamps=call.stamps,
        answers=answers,
        config=body.config,
        metadata=body.metadata,
    )
    return (await _admitted(call, new))._replace(result={})


async def inject(call: Call, params: Mapping[str, Any]) -> Done:
    """input.inject: a message for the run in progress; it is taken up when that run is through."""
    body = wire.read(params, wire.Inject)
    if body.namespace:
        raise NotSupported("A message can be given to the root agent only: `namespace` [].")
    message = translate.message(body)
    active = await _last_run(call, *ACTIVE)
    new = translate.new_run(
        run_id=call.engine.runs.new_id(),
        thread_id=call.thread_id,
        assistant=active.assistant_id,
        stamps=call.stamps,
        input=message,
        config=active.request.config,
    )
    return (await _admitted(call, new))._replace(result={})


async def fork(call: Call, params: Mapping[str, Any]) -> Done:
    """state.fork: run on from an earlier checkpoint."""
    body = wire.read(params, wire.Fork)
    place = {"checkpoint_id": body.checkpoint_id}
    await _find(call, place)
    last = await _last_run(call)
    new = translate.new_run(
        run_id=call.engine.runs.new_id(),
        thread_id=call.thread_id,
        assistant=last.assistant_id,
        stamps=call.stamps,
        input=body.input,
        config=body.config,
        checkpoint=place,
    )
    done = await _admitted(call, new)
    return done._replace(result={**done.result, "thread_id": call.thread_id})


async def _find(call: Call, place: Mapping[str, Json]) -> None:
    """Raise `CheckpointNotFound` unless the checkpoint is there: a run from none would begin
    with an empty state."""
    await call.engine.states.get(call.thread_id, call.scope, checkpoint=place)


async def _admitted(call: Call, new: NewRun) -> Done:
    """Admit a run. Its events lie above the position that is told."""
    before = through((await call.engine.threads.span(call.thread_id)).last)
    started = await call.engine.runs.start(new, call.scope)
    started.following.close()
    run = started.run
    position = seq_of(run.epoch, 0) - 1 if run.state is RunState.RUNNING else before
    return Done({"run_id": run.id}, position)


async def _asked(call: Call) -> list[str]:
    """The ids of what the thread asks."""
    try:
        thread = await call.engine.threads.get(call.thread_id, call.scope)
    except ThreadNotFound:
        return []
    return asked_by(thread) if thread.state is ThreadState.INTERRUPTED else []


def asked_by(thread: Thread) -> list[str]:
    """The ids of what a thread asks."""
    asked = (thread.interrupts or {}).values()
    return [each["id"] for questions in asked for each in questions]


async def _last_run(call: Call, *states: RunState) -> Run:
    """The thread's newest run, in one of the states. Raises `RunNotFound`, `ThreadNotFound`."""
    runs = await call.engine.runs.list(call.thread_id, call.scope, states=states or None, limit=1)
    if not runs:
        told = f" that is {' or '.join(states)}" if states else ""
        raise RunNotFound(f"Thread {call.thread_id} has no run{told}.")
    return runs[0]


def _unknown(id: str) -> InterruptNotFound:
    return InterruptNotFound(f"Unknown or already-consumed interrupt: {id}")
