"""From engine to wire words; pure. Shapes as ACP 0.2.3 documents them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from demotic.dialects.acp import messages
from demotic.dialects.acp.choices import DIALECT, ERROR_CODES, KINDS, RUN_STATUS, UNKNOWN
from demotic.dialects.acp.contracts import Contract, shown
from demotic.dialects.acp.descriptors import BREAKPOINT
from demotic.dialects.acp.versions import Version
from demotic.domain.lifecycle import Reason, RunState
from demotic.domain.model import Json
from demotic.domain.runs import Outcome, Run
from demotic.domain.states import StateSnapshot
from demotic.domain.threads import Thread
from demotic.web.answers import encode, instant, raw

INTERRUPT = "__interrupt__"
"""Where the last `values` event of a run that asks something has its questions."""

BOX = "value"
"""Where ACP before 0.2.3 finds a value that is no object."""


class Asked(NamedTuple):
    """What a waiting run asks first: the question's id, its payload, and the schema that it gives
    for the answer (None: none)."""

    id: str
    payload: Json
    answer: Json


def run_json(run: Run, version: Version, *, stateful: bool) -> dict[str, Any]:
    """ACP 0.2.3, RunStateful or RunStateless."""
    row = {
        "run_id": run.id,
        "agent_id": run.assistant_id,
        "created_at": instant(run.created_us),
        "updated_at": instant(run.updated_us),
        "status": RUN_STATUS[run.state],
        "creation": creation_json(run, version, stateful=stateful),
    }
    # A thread that goes with its run is nothing to come back to.
    return row if run.temporary else {"thread_id": run.thread_id, **row}


def creation_json(run: Run, version: Version, *, stateful: bool) -> dict[str, Any]:
    """What a run was asked for: as it was sent, or told from what another dialect asked for."""
    if run.reply_format.get("dialect") == DIALECT:
        told = dict(run.reply_format["creation"])
    else:
        told = _creation_told(run)
    for field in ("on_completion",) if stateful else ("stream_subgraphs", "if_not_exists"):
        told.pop(field, None)
    if version.objects_only:
        told |= {name: boxed(told[name]) for name in ("input",) if name in told}
    return told


def _creation_told(run: Run) -> dict[str, Any]:
    request = run.request
    config = {
        key: request.config[key]
        for key in ("tags", "recursion_limit", "configurable")
        if request.config.get(key)
    }
    told: dict[str, Any] = {
        "agent_id": run.assistant_id,
        "input": request.input,
        "metadata": run.metadata,
        "config": config or None,
        "stream_mode": [kind for kind in KINDS if kind in request.modes] or None,
        "multitask_strategy": run.busy_policy,
    }
    return {key: value for key, value in told.items() if value is not None}


def shown_modes(run: Run) -> list[str]:
    """The stream modes of a run; of another dialect's run, what ACP knows of those it records."""
    if run.reply_format.get("dialect") == DIALECT:
        return list(run.reply_format["stream_mode"])
    return [kind for kind in KINDS if kind in run.request.modes] or ["values"]


def thread_json(thread: Thread, version: Version) -> dict[str, Any]:
    """ACP 0.2.3, Thread: messages lie beside the values. No values before the first run ends."""
    return {
        "thread_id": thread.id,
        "created_at": instant(thread.created_us),
        "updated_at": instant(max(thread.updated_us, thread.state_updated_us)),
        "metadata": thread.metadata,
        "status": thread.state,
        **_state(thread.values, version),
    }


def state_json(state: StateSnapshot, version: Version) -> dict[str, Any]:
    """ACP 0.2.3, ThreadState: messages lie beside the values."""
    return {
        "checkpoint": {"checkpoint_id": (state.checkpoint or {}).get("checkpoint_id")},
        "values": {},
        **_state(state.values, version),
        "metadata": state.metadata or {},
    }


def _state(values: bytes | None, version: Version) -> dict[str, Any]:
    """The values of a thread, and their messages taken out of them."""
    if values is None or values == b"null":
        return {}
    if _may_have_messages(values):
        state = orjson.loads(values)
        found = messages.of_state(state)
        if found is not None:
            rest = {key: value for key, value in state.items() if key != messages.KEY}
            return {"values": rest, "messages": found}
    return {"values": _whole(values, version)}


def _may_have_messages(values: bytes) -> bool:
    return b'"messages":' in values


def _whole(values: bytes, version: Version) -> Any:
    """Values as they are; in a box where the version knows objects only."""
    if version.objects_only and not values.startswith(b"{"):
        return {BOX: raw(values)}
    return raw(values)


def boxed(value: Json) -> Json:
    """A value as ACP before 0.2.3 knows it."""
    return value if isinstance(value, dict) else {BOX: value}


def output_fields(values: bytes | None, contract: Contract, version: Version) -> dict[str, Any]:
    """`values` and `messages` of a result: the whole output, and its messages beside it, too."""
    if values is None or values == b"null":
        return {}
    keys, talks = contract.specs.output_keys, _may_have_messages(values)
    if keys is None and not talks:
        return {"values": _whole(values, version)}
    output = shown(orjson.loads(values), keys)
    found = messages.of_state(output)
    told = {"values": boxed(output) if version.objects_only else output}
    return told if found is None else {**told, "messages": found}


def output_json(
    run_id: str, outcome: Outcome, contract: Contract, version: Version
) -> dict[str, Any]:
    """ACP 0.2.3, RunOutput: a result, an interrupt or an error."""
    if outcome.state is RunState.WAITING:
        return {"type": "interrupt", "interrupt": interrupt_json(outcome, contract)}
    if outcome.state is RunState.SUCCEEDED:
        return {"type": "result", **output_fields(outcome.values, contract, version)}
    return {"type": "error", "run_id": run_id, **error_json(outcome)}


def interrupt_json(outcome: Outcome, contract: Contract) -> dict[str, Any]:
    """What a run asks, under the type of the question; one question at a time."""
    question = asked(outcome)
    if question is None:
        return {BREAKPOINT: {}}
    return {contract.type_of(question.payload): question.payload}


def asked(outcome: Outcome) -> Asked | None:
    """The first question of a waiting run; None where it stopped at a breakpoint."""
    for questions in outcome.interrupts.values():
        for each in questions:
            return Asked(each["id"], each.get("value"), each.get("response_schema"))
    return None


def error_json(outcome: Outcome) -> dict[str, Any]:
    """`errcode` and `description` of a run that came to nothing."""
    return {
        "errcode": ERROR_CODES.get(outcome.reason, UNKNOWN),
        "description": _description(outcome),
    }


def _description(outcome: Outcome) -> str:
    if outcome.error is not None:
        return f"{outcome.error['error']}: {outcome.error['message']}"
    if outcome.state is RunState.CANCELLED:
        rolled_back = outcome.reason is Reason.ROLLBACK
        return "The run was cancelled and undone." if rolled_back else "The run was cancelled."
    return f"The run ended as {outcome.state}."


def gone_json(run_id: str, message: str) -> dict[str, Any]:
    """ACP 0.2.3, RunError: for a run whose result cannot be had any more."""
    return {"type": "error", "run_id": run_id, "errcode": UNKNOWN, "description": message}


def wait_json(run: Mapping[str, Any], output: Mapping[str, Any]) -> bytes:
    """ACP 0.2.3, RunWaitResponseStateful or RunWaitResponseStateless."""
    return encode({"run": run, "output": output})
