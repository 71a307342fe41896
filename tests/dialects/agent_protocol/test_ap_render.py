"""From engine to wire words; no server."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from demotic.dialects.agent_protocol import render
from demotic.domain.assistants import AgentSchemas
from demotic.domain.errors import RunNotFound, StorageUnavailable
from demotic.domain.lifecycle import Reason, RunState, ThreadState
from demotic.domain.runs import Outcome, RunRequest
from demotic.domain.states import StateSnapshot
from demotic.engine.states import EMPTY
from dialects.agent_protocol.ap_samples import (
    ASSISTANT,
    CANCELLED,
    DONE,
    FAILED,
    MOMENT,
    RUN,
    SHOWN,
    THREAD,
    WAITING,
)

SAID = {"role": "user", "content": "Hi"}
YES = {"role": "assistant", "content": "Yes", "id": "m"}


def told(outcome: Outcome) -> Any:
    """What a wait answers, without the run."""
    body = orjson.loads(render.outcome_json(RUN, outcome))
    del body["run"]
    return body


def test_an_agent() -> None:
    shown = render.agent_json(ASSISTANT, has_messages=True)
    assert shown == {
        "agent_id": "assistant",
        "name": "Echo",
        "metadata": {"m": 1},
        "capabilities": {"ap.io.messages": True, "ap.io.streaming": True},
    }
    described = replace(ASSISTANT, description="Repeats.")
    assert render.agent_json(described, has_messages=False)["description"] == "Repeats."


def test_schemas_that_cannot_be_told_are_empty_or_left_out() -> None:
    told = render.schemas_json("a", AgentSchemas())
    assert told == {"agent_id": "a", "input_schema": {}, "output_schema": {}}
    known = AgentSchemas(input={"a": 1}, output={"b": 1}, state={"c": 1}, context={"d": 1})
    assert render.schemas_json("a", known) == {
        "agent_id": "a",
        "input_schema": {"a": 1},
        "output_schema": {"b": 1},
        "state_schema": {"c": 1},
        "config_schema": {"d": 1},
    }
    assert render.schemas_json("a", replace(known, config={"e": 1}))["config_schema"] == {"e": 1}


@pytest.mark.parametrize(
    ("schemas", "known"),
    [
        (AgentSchemas(), False),
        (AgentSchemas(input={"type": "string"}), False),
        (AgentSchemas(state={"properties": {"items": {}}}), False),
        (AgentSchemas(state={"properties": {"messages": {}}}), True),
        (AgentSchemas(input={"properties": {"messages": {}}}), True),
        (AgentSchemas(output={"properties": {"messages": {}}}), True),
    ],
)
def test_an_agent_knows_messages_where_its_schemas_name_them(
    schemas: AgentSchemas, known: bool
) -> None:
    assert render.has_messages(schemas) is known


def test_a_thread() -> None:
    bare = {
        "thread_id": "thread",
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "metadata": {"a": 1},
        "status": "idle",
        "values": {},
    }
    assert render.thread_json(THREAD) == bare
    values = b'{"x":1,"messages":[{"type":"human","content":"Hi"}]}'
    told = render.thread_json(replace(THREAD, values=values, state=ThreadState.INTERRUPTED))
    assert told == {**bare, "status": "interrupted", "values": {"x": 1}, "messages": [SAID]}


def test_a_state() -> None:
    snapshot = StateSnapshot(
        values=b'{"x":1,"messages":[]}',
        next=(),
        tasks=(),
        metadata={"step": 1},
        created_at=MOMENT,
        checkpoint={"thread_id": "thread", "checkpoint_ns": "", "checkpoint_id": "c"},
        parent=None,
        interrupts=(),
    )
    assert render.state_json(snapshot) == {
        "checkpoint": {"checkpoint_id": "c"},
        "values": {"x": 1},
        "messages": [],
        "metadata": {"step": 1},
    }
    assert "metadata" not in render.state_json(EMPTY)


@pytest.mark.requirement("ap.runs.metadata")
def test_a_run_tells_what_it_was_asked_for() -> None:
    assert render.run_json(RUN) == {
        "run_id": "run",
        "thread_id": "thread",
        "agent_id": "assistant",
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "status": "pending",
        "metadata": {"m": 1},
        "input": {"x": 1},
        "messages": [SAID],
        "config": {"tags": ["t"]},
        "stream_mode": ["values", "messages"],
        "on_completion": "keep",
        "on_disconnect": "cancel",
        "if_not_exists": "reject",
    }
    bare = replace(RUN, metadata={}, request=RunRequest(), reply_format={})
    assert render.run_json(bare)["metadata"] == {}
    assert not {"input", "messages", "config"} & set(render.run_json(bare))


def test_modes_that_were_not_named_are_not_told() -> None:
    unnamed = replace(RUN, reply_format={**RUN.reply_format, "stream_mode": None})
    assert "stream_mode" not in render.run_json(unnamed)
    assert render.shown_modes(unnamed) == ["values"]
    assert render.shown_modes(RUN) == ["values", "messages"]


def test_messages_alone_leave_no_input() -> None:
    request = RunRequest(input={"messages": [SAID]})
    shown = render.run_json(replace(RUN, request=request))
    assert ("input" in shown, shown["messages"]) == (False, [SAID])


def test_a_run_that_another_dialect_resumed_has_no_input_any_more() -> None:
    resumed = replace(RUN, request=RunRequest(command={"resume": "yes"}))
    assert not {"input", "messages"} & set(render.run_json(resumed))


@pytest.mark.parametrize(
    ("modes", "shown"),
    [
        (["values"], ["values"]),
        (["debug", "updates", "custom"], ["updates", "custom"]),
        (["debug"], ["values"]),
        ([], ["values"]),
    ],
)
def test_a_run_of_another_dialect_is_shown_in_this_ones_words(
    modes: list[str], shown: list[str]
) -> None:
    request = RunRequest(input={"messages": ["x"]}, modes=modes)
    foreign = replace(RUN, reply_format={"dialect": "other", "stream_mode": 1}, request=request)
    told = render.run_json(foreign)
    assert ("stream_mode" in told, told["input"]) == (False, {"messages": ["x"]})
    assert render.shown_modes(foreign) == shown
    assert (told["on_disconnect"], told["on_completion"]) == ("continue", "keep")
    assert render.run_json(replace(foreign, temporary=True))["on_completion"] == "delete"


@pytest.mark.requirement("ap.runs.status")
@pytest.mark.parametrize(
    ("state", "status"),
    [
        (RunState.QUEUED, "pending"),
        (RunState.RUNNING, "pending"),
        (RunState.WAITING, "interrupted"),
        (RunState.SUCCEEDED, "success"),
        (RunState.FAILED, "error"),
        (RunState.CANCELLED, "error"),
        (RunState.TIMED_OUT, "timeout"),
    ],
)
def test_the_states_of_runs_in_the_protocols_words(state: RunState, status: str) -> None:
    assert render.run_json(replace(RUN, state=state))["status"] == status


def test_what_a_run_came_to() -> None:
    assert told(DONE) == {"values": {"x": 1}, "messages": [YES]}
    assert told(WAITING) == {"values": {"x": ["a"], "__interrupt__": SHOWN}}
    error = {"error": "ValueError", "message": "boom"}
    assert told(FAILED) == {"values": {"__error__": error}}
    assert told(CANCELLED) == {"values": {}}
    assert told(replace(DONE, values=b'"text"')) == {"values": {"__root__": "text"}}
    kept = replace(FAILED, values=b'{"x":1}')
    assert told(kept) == {"values": {"x": 1, "__error__": error}}


def test_a_failure_without_words_still_tells_of_itself() -> None:
    outcome = Outcome(state=RunState.TIMED_OUT, reason=Reason.TIME_LIMIT)
    message = "The run ended as timed_out."
    assert render.failure(outcome) == {"error": "RunError", "message": message}
    assert render.failure(CANCELLED) is None


def test_the_last_state_of_a_stream() -> None:
    assert orjson.loads(render.values_json(DONE)) == {"x": 1, "messages": [YES]}
    assert orjson.loads(render.values_json(WAITING)) == {"x": ["a"], "__interrupt__": SHOWN}
    assert render.values_json(replace(DONE, values=b'"text"')) == b'"text"'
    assert render.values_json(CANCELLED) == b""


@pytest.mark.parametrize(
    ("error", "message"),
    [(RunNotFound("Run 1 not found"), "Run 1 not found"), (StorageUnavailable("/var/x"), None)],
)
def test_a_run_that_is_gone_while_it_is_waited_for(error: Exception, message: str | None) -> None:
    body = orjson.loads(render.gone_json(RUN, error))
    assert (body["run"]["run_id"], body["run"]["status"]) == ("run", "error")
    said = body["values"]["__error__"]
    assert said["error"] == type(error).__name__
    assert said["message"] == (message or "The storage cannot be used.")
