"""From engine to wire words; pure. Shapes as Agent Protocol 0.1.6 documents them.

A field without a value is left out: the protocol knows no null but that of a run's `input`,
which means the same as none.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from demotic.dialects.agent_protocol import messages
from demotic.dialects.agent_protocol.choices import DEFAULT_MODES, MODES, RUN_STATUS
from demotic.dialects.agent_protocol.messages import parted
from demotic.domain.assistants import AgentSchemas, Assistant
from demotic.domain.lifecycle import RunState
from demotic.domain.runs import Outcome, Run
from demotic.domain.states import StateSnapshot
from demotic.domain.threads import Thread
from demotic.web.answers import encode, instant
from demotic.web.problems import reading_error

DIALECT = "agent_protocol"
"""How runs of this dialect are marked."""

INTERRUPTS, ERROR = "__interrupt__", "__error__"
"""Among a run's values: what it asks, and why it failed; named as LangGraph names them."""


def agent_json(assistant: Assistant, *, has_messages: bool) -> dict[str, Any]:
    """Agent Protocol 0.1.6, Agent."""
    row = {
        "agent_id": assistant.id,
        "name": assistant.name,
        "description": assistant.description,
        "metadata": assistant.metadata,
        "capabilities": {"ap.io.messages": has_messages, "ap.io.streaming": True},
    }
    return _told(row)


def schemas_json(agent_id: str, schemas: AgentSchemas) -> dict[str, Any]:
    """Agent Protocol 0.1.6, AgentSchema; input and output that cannot be told may be anything."""
    row = {
        "agent_id": agent_id,
        "input_schema": schemas.input or {},
        "output_schema": schemas.output or {},
        "state_schema": schemas.state,
        "config_schema": schemas.config or schemas.context,
    }
    return _told(row)


def has_messages(schemas: AgentSchemas) -> bool:
    """Whether an agent takes, keeps or gives messages under the name that the protocol has."""
    told = (schemas.input, schemas.state, schemas.output)
    return any(messages.KEY in (each or {}).get("properties", ()) for each in told)


def thread_json(thread: Thread) -> dict[str, Any]:
    """Agent Protocol 0.1.6, Thread; one without a state has empty values."""
    state = None if thread.values is None else orjson.loads(thread.values)
    return {
        "thread_id": thread.id,
        "created_at": instant(thread.created_us),
        "updated_at": instant(thread.updated_us),
        "metadata": thread.metadata,
        "status": thread.state,
        **_parted_json(state),
    }


def state_json(state: StateSnapshot) -> dict[str, Any]:
    """Agent Protocol 0.1.6, ThreadState."""
    row = {
        "checkpoint": {"checkpoint_id": (state.checkpoint or {}).get("checkpoint_id")},
        **_parted_json(orjson.loads(state.values)),
        "metadata": state.metadata,
    }
    return _told(row)


def run_json(run: Run) -> dict[str, Any]:
    """Agent Protocol 0.1.6, Run: what was asked for, and how far it has come.

    `stream_mode` is told where it was given: clients that openapi-generator makes of the document
    of August 2026 never return from reading it (two of its shapes have one name).
    """
    own = run.reply_format if run.reply_format.get("dialect") == DIALECT else {}
    row = {
        "run_id": run.id,
        "thread_id": run.thread_id,
        "agent_id": run.assistant_id,
        "created_at": instant(run.created_us),
        "updated_at": instant(run.updated_us),
        "status": RUN_STATUS[run.state],
        "metadata": run.metadata,
        **_asked(run.request.input, has_messages=own.get("has_messages", False)),
        "config": run.request.config or None,
        "webhook": None if run.callback is None else run.callback.url,
        "stream_mode": own.get("stream_mode"),
        "on_completion": own.get("on_completion", "delete" if run.temporary else "keep"),
        "on_disconnect": own.get("on_disconnect", "continue"),
        "if_not_exists": own.get("if_not_exists", "reject"),
    }
    return _told(row)


def _asked(given: Any, *, has_messages: bool) -> dict[str, Any]:
    """A run's input as it was given: messages beside the rest, or among it.

    A run that was resumed by another dialect has no input any more.
    """
    if not has_messages or not isinstance(given, dict):
        return {"input": given}
    rest = {key: value for key, value in given.items() if key != messages.KEY}
    return {"input": rest or None, "messages": given[messages.KEY]}


def shown_modes(run: Run) -> list[str]:
    """The stream modes that a run was started with; of another dialect's run, what it records."""
    if run.reply_format.get("dialect") == DIALECT:
        return list(run.reply_format["stream_mode"] or DEFAULT_MODES)
    return [kind for kind in run.request.modes if kind in MODES] or [*DEFAULT_MODES]


def outcome_json(run: Run, outcome: Outcome) -> bytes:
    """Agent Protocol 0.1.6, RunWaitResponse: the run, and the values and messages it ended with.

    The protocol has no place for what a paused run asks and why a failed one failed: they are
    told among the values.
    """
    state = parted(_state_of(outcome))
    told = told_of(outcome)
    answer: dict[str, Any] = {"run": run_json(run), "values": {**state.values, **told}}
    if state.messages is not None:
        answer["messages"] = state.messages
    return encode(answer)


def gone_json(run: Run, error: Exception) -> bytes:
    """What is told of a run that is waited for and cannot be read any more."""
    name, message = reading_error(error)
    told = {ERROR: {"error": name, "message": message}}
    return encode({"run": {**run_json(run), "status": "error"}, "values": told})


def values_json(outcome: Outcome) -> bytes:
    """The last state of a run as a stream shows it; empty for a run that left none."""
    state = _state_of(outcome)
    if state is None:
        return b""
    asked = {INTERRUPTS: list(outcome.shown_interrupts)} if outcome.shown_interrupts else {}
    shown = messages.with_messages(state)
    return encode({**shown, **asked} if isinstance(shown, dict) else shown)


def told_of(outcome: Outcome) -> dict[str, Any]:
    """What a run asks, or why it failed, as values."""
    told: dict[str, Any] = {}
    if outcome.shown_interrupts:
        told[INTERRUPTS] = list(outcome.shown_interrupts)
    if error := failure(outcome):
        told[ERROR] = error
    return told


def failure(outcome: Outcome) -> Mapping[str, str] | None:
    """What went wrong, if the leg failed. A cancelled run is no failure: its stream just ends."""
    if outcome.state not in (RunState.FAILED, RunState.TIMED_OUT):
        return None
    return outcome.error or {"error": "RunError", "message": f"The run ended as {outcome.state}."}


def _state_of(outcome: Outcome) -> Any:
    return None if outcome.values is None else orjson.loads(outcome.values)


def _parted_json(state: Any) -> dict[str, Any]:
    values, found = parted(state)
    return {"values": values} if found is None else {"values": values, "messages": found}


def _told(row: dict[str, Any]) -> dict[str, Any]:
    """A row without what has no value."""
    return {key: value for key, value in row.items() if value is not None}
