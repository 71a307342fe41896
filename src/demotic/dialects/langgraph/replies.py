"""The long answers about a run: streams, waits, cancels."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from starlette.responses import Response

from demotic.dialects.langgraph import render
from demotic.dialects.langgraph.compat import Reply
from demotic.dialects.langgraph.errors import NothingToCancel
from demotic.dialects.langgraph.stream import RunStream
from demotic.dialects.langgraph.wire import RunCreate
from demotic.domain.errors import Conflict, NotFound, ThreadNotFound
from demotic.domain.events import Ended
from demotic.domain.lifecycle import LEG_ENDS
from demotic.domain.model import Scope
from demotic.domain.runs import CancelAction, Outcome, Run
from demotic.engine.core import Engine
from demotic.engine.follow import Following
from demotic.engine.runs import Started
from demotic.web.answers import EMPTY_OBJECT
from demotic.web.keepalive import waiting_answer
from demotic.web.sse import sse_answer

NOTHING: Mapping[str, str] = MappingProxyType({})

CANNOT_CANCEL = (
    "No matching runs to cancel. Please verify the thread ID and run IDs are correct, and the "
    "runs haven't been deleted or completed."
)


def done(reply: Reply) -> Response:
    """An answer that tells nothing but that it was done."""
    media = "application/json" if reply.body else None
    return Response(reply.body, reply.status, media_type=media)


def warnings(engine: Engine, *bodies: RunCreate) -> Mapping[str, str]:
    """The header that tells which fields of runs were accepted and have no effect here."""
    if not any(body.feedback_keys or body.langsmith_tracer for body in bodies):
        return NOTHING
    told = []
    if any(body.feedback_keys for body in bodies):
        told.append("feedback_keys is ignored: there is no feedback without LangSmith")
    if any(body.langsmith_tracer for body in bodies) and not engine.assistants.are_traced():
        told.append("langsmith_tracer is ignored: LANGSMITH_TRACING is not on")
    return {"Warning": ", ".join(f'299 - "{text}"' for text in told)} if told else NOTHING


def location(run: Run) -> str:
    """A run's address; relative and without a mount's prefix, as the SDKs join it to their base."""
    return f"/runs/{run.id}" if run.temporary else thread_location(run)


def thread_location(run: Run) -> str:
    """A run's address under its thread; LangGraph API 0.16 names it for every wait and join."""
    return f"/threads/{run.thread_id}/runs/{run.id}"


def stream_headers(run: Run) -> dict[str, str]:
    """Where the run and its stream are."""
    return {"Location": f"{location(run)}/stream", "Content-Location": location(run)}


def wait_headers(run: Run) -> dict[str, str]:
    """Where the run and its result are."""
    address = thread_location(run)
    return {"Location": f"{address}/join", "Content-Location": address}


def stream(engine: Engine, started: Started, warnings: Mapping[str, str]) -> Response:
    """The stream of a run that was just started."""
    run = started.run
    rendering = RunStream(run, engine.runs.outcome, render.shown_modes(run))
    return sse_answer(started.following, rendering, {**stream_headers(run), **warnings})


def join_stream(
    engine: Engine,
    run: Run,
    modes: Sequence[str] | None,
    after: int | None,
    *,
    cancels: bool,
) -> Response:
    """The stream of a run that exists; `modes` None: those it was started with. `cancels`: the
    run ends when the last follower leaves and it was one of these.

    A follower of mode `messages` needs what came before its place to tell the message so far.
    """
    shown = render.shown_modes(run) if modes is None else modes
    accumulates = "messages" in shown
    from_start = after is not None and accumulates
    following = engine.runs.follow(run, after=0 if from_start else after, cancels=cancels)
    joins_late = after is None and accumulates and run.state not in LEG_ENDS
    rendering = RunStream(
        run,
        engine.runs.outcome,
        shown,
        shows_start=modes is None,
        after=after or 0,
        earlier=engine.runs.follow(run, after=0) if joins_late else None,
    )
    return sse_answer(following, rendering, stream_headers(run))


def wait(
    engine: Engine,
    run: Run,
    following: Following,
    scope: Scope,
    warnings: Mapping[str, str] = NOTHING,
) -> Response:
    """The result of a run, when it is there."""
    headers = {**wait_headers(run), **warnings}
    return waiting_answer(following, RunResult(engine, run, scope), headers)


class RunResult:
    """What wait and join answer when the run has ended."""

    def __init__(self, engine: Engine, run: Run, scope: Scope) -> None:
        self._engine, self._run, self._scope = engine, run, scope
        self._was_over = run.state in LEG_ENDS

    async def ended(self, ended: Ended) -> bytes:
        """The values, the error or the interrupts."""
        outcome = await self._engine.runs.outcome(self._run, ended)
        values = await self._values_left(outcome)
        return render.wait_json(outcome, was_over=self._was_over, values=values)

    def broken(self, error: Exception) -> bytes:
        """What went wrong, as the run's own errors are told."""
        return render.error_json(*render.reading_error(error))

    async def _values_left(self, outcome: Outcome) -> bytes | None:
        """The thread's values, for a run that ended without any: cancelled before it began."""
        if outcome.values is not None or render.failure(outcome):
            return None
        try:
            return (await self._engine.threads.get(self._run.thread_id, self._scope)).values
        except ThreadNotFound:
            return None


async def cancel(
    engine: Engine,
    run: Run,
    action: CancelAction,
    scope: Scope,
    *,
    wait: bool,
    cancelling: Reply,
) -> Response:
    """Cancel a run; with `wait` the answer's body comes when it has ended."""
    try:
        await engine.runs.cancel(run.thread_id, run.id, action, scope, wait=False)
    except Conflict:
        raise NothingToCancel(CANNOT_CANCEL) from None
    if not wait:
        return done(cancelling)
    following = engine.runs.follow(run, after=None)
    return waiting_answer(following, Acknowledged(), wait_headers(run))


class Acknowledged:
    """What a cancel answers when the run has ended (LangGraph API 0.16, observed: `{}`)."""

    async def ended(self, ended: Ended) -> bytes:
        """It has."""
        return EMPTY_OBJECT

    def broken(self, error: Exception) -> bytes:
        """A run that is gone has ended too."""
        if isinstance(error, NotFound):
            return EMPTY_OBJECT
        return render.error_json(*render.reading_error(error))
