"""The long answers about a run: streams and waits."""

from dataclasses import replace

from starlette.responses import Response

from demotic.dialects.acp import render
from demotic.dialects.acp.contracts import NEUTRAL, Contract, Contracts
from demotic.dialects.acp.stream import HEARTBEAT, RunStream
from demotic.dialects.acp.versions import Version
from demotic.domain.errors import AgentError, NotFound
from demotic.domain.events import Ended
from demotic.domain.model import EVERYTHING, Scope
from demotic.domain.runs import Run
from demotic.engine.core import Engine
from demotic.engine.follow import Following
from demotic.web.keepalive import waiting_answer
from demotic.web.problems import reading_error
from demotic.web.sse import sse_answer


async def contract_of(engine: Engine, contracts: Contracts, run: Run) -> Contract:
    """What a run's agent promises; nothing, where the agent is gone."""
    try:
        assistant = await engine.assistants.get(run.assistant_id, EVERYTHING)
        return await contracts.of(assistant)
    except (NotFound, AgentError):
        return NEUTRAL


def stream(
    engine: Engine, run: Run, following: Following, contract: Contract, version: Version
) -> Response:
    """What a follower of a run gets."""
    rendering = RunStream(run, contract, engine.runs.outcome, version)
    return sse_answer(following, rendering, {}, heartbeat=HEARTBEAT)


def wait(following: Following, result: "RunResult") -> Response:
    """The result of a run, when it is there."""
    return waiting_answer(following, result, {})


class RunResult:
    """What a wait answers when the run's leg has ended."""

    def __init__(
        self,
        engine: Engine,
        run: Run,
        contract: Contract,
        version: Version,
        scope: Scope,
        *,
        stateful: bool,
    ) -> None:
        self._engine, self._run, self._contract = engine, run, contract
        self._version, self._scope, self._stateful = version, scope, stateful

    async def ended(self, ended: Ended) -> bytes:
        """The run as this leg left it, and its output."""
        outcome = await self._engine.runs.outcome(self._run, ended)
        try:
            run = await self._engine.runs.get(None, self._run.id, self._scope)
        except NotFound:  # it was rolled back, or is deleted already
            run = self._run
        # Somebody may have resumed it since: this tells of the leg that was waited for.
        run = replace(run, state=outcome.state, reason=outcome.reason)
        output = render.output_json(run.id, outcome, self._contract, self._version)
        return render.wait_json(self._run_json(run), output)

    def broken(self, error: Exception) -> bytes:
        """What went wrong, as an output of type `error`."""
        output = render.gone_json(self._run.id, ": ".join(reading_error(error)))
        return render.wait_json({**self._run_json(self._run), "status": "error"}, output)

    def _run_json(self, run: Run) -> dict[str, object]:
        return render.run_json(run, self._version, stateful=self._stateful)
