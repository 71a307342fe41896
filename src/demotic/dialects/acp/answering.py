"""Answers to interrupts: checked against what the agent expects, and addressed to the question."""

from typing import Any

from demotic.dialects.acp import render
from demotic.dialects.acp.contracts import Contracts
from demotic.dialects.acp.errors import Mismatch
from demotic.dialects.acp.replies import contract_of
from demotic.dialects.acp.schemas import compiled
from demotic.domain.errors import BadInput, NotWaiting
from demotic.domain.lifecycle import RunState
from demotic.domain.model import Json
from demotic.domain.runs import Run
from demotic.engine.core import Engine


async def check_answer(engine: Engine, contracts: Contracts, run: Run, body: Json) -> Json:
    """The answer as the engine takes it: to the one question that the run shows.

    Of several questions the first is shown and answered; the run then asks the next. Raises
    `NotWaiting`, and `Mismatch` for what does not fit.
    """
    outcome = await engine.storage.get_outcome(run.id) if run.state is RunState.WAITING else None
    if outcome is None or outcome.state is not RunState.WAITING:
        raise NotWaiting(f"Run {run.id} is not interrupted: there is nothing to answer.")
    question = render.asked(outcome)
    if question is None:
        if body != {}:
            raise Mismatch("The run stopped at a breakpoint and asks nothing: send {}.")
        return None
    contract = await contract_of(engine, contracts, run)
    contract.check_answer(contract.type_of(question.payload), body)
    _check_own(question.answer, body)
    return {question.id: body}


def _check_own(schema: Any, body: Json) -> None:
    """A question may bring the schema of its answer along (LangGraph 1.2, `response_schema`)."""
    if not isinstance(schema, dict):
        return
    try:
        check = compiled(schema)
    except BadInput:  # the agent's slip, not the caller's
        return
    if check is not None and (misfit := check(body)) is not None:
        place = misfit.place.removeprefix(".")
        where = f"`{place}`" if place else "The request body"
        raise Mismatch(f"{where} does not fit what the question asks for: {misfit.problem}")
