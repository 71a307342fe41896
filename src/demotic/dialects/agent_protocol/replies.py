"""The long answers about a run: streams and waits."""

from starlette.responses import Response

from demotic.dialects.agent_protocol import render
from demotic.dialects.agent_protocol.stream import RunStream
from demotic.domain.events import Ended
from demotic.domain.lifecycle import LEG_ENDS
from demotic.domain.model import Scope
from demotic.domain.runs import Run
from demotic.engine.core import Engine
from demotic.engine.follow import Following
from demotic.engine.runs import Started
from demotic.web.keepalive import waiting_answer
from demotic.web.sse import sse_answer


def stream(engine: Engine, started: Started) -> Response:
    """The stream of a run that was just started."""
    run = started.run
    rendering = RunStream(run, engine.runs.outcome, render.shown_modes(run))
    return sse_answer(started.following, rendering, {})


def join_stream(engine: Engine, run: Run, after: int | None) -> Response:
    """The stream of a run that exists: what comes from now on, or after an event."""
    following = engine.runs.follow(run, after=after)
    was_over = after is None and run.state in LEG_ENDS
    modes = render.shown_modes(run)
    rendering = RunStream(run, engine.runs.outcome, modes, was_over=was_over, after=after)
    return sse_answer(following, rendering, {})


def wait(engine: Engine, run: Run, following: Following, scope: Scope) -> Response:
    """The output of a run, when it is there."""
    return waiting_answer(following, RunOutput(engine, run, scope), {})


class RunOutput:
    """What a wait answers when the run has ended: that run's own output, whatever became of its
    thread since."""

    def __init__(self, engine: Engine, run: Run, scope: Scope) -> None:
        self._engine, self._run, self._scope = engine, run, scope

    async def ended(self, ended: Ended) -> bytes:
        """The run as it stands now, its values and messages."""
        outcome = await self._engine.runs.outcome(self._run, ended)
        run = await self._engine.runs.get(None, self._run.id, self._scope)
        return render.outcome_json(run, outcome)

    def broken(self, error: Exception) -> bytes:
        """What went wrong, as the run's own errors are told."""
        return render.gone_json(self._run, error)
