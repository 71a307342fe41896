"""From engine to wire words."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from demotic.dialects.langgraph import render
from demotic.domain.assistants import Assistant
from demotic.domain.callbacks import Callback
from demotic.domain.lifecycle import Reason, RunState, ThreadState
from demotic.domain.runs import Outcome, RunRequest
from demotic.domain.states import StateSnapshot, TaskSnapshot
from demotic.web.answers import encode
from dialects.langgraph.samples import (
    CANCELLED,
    DONE,
    FAILED,
    MOMENT,
    MOMENT_US,
    RUN,
    SHOWN,
    THREAD,
    WAITING,
)


def read(value: Any) -> Any:
    """What a client reads."""
    return orjson.loads(encode(value))


def test_times_are_utc_with_microseconds() -> None:
    assert render.instant(MOMENT_US) == MOMENT
    assert render.instant(1_780_272_000_000_000) == "2026-06-01T00:00:00.000000+00:00"


def test_an_assistant_is_rendered_as_langgraph_does() -> None:
    assistant = Assistant(
        id="id",
        agent="echo",
        name="echo",
        metadata={"created_by": "system"},
        version=1,
        created_us=MOMENT_US,
        updated_us=MOMENT_US,
    )
    shown = render.assistant_json(assistant)
    assert tuple(shown) == render.ASSISTANT_FIELDS
    assert read(shown) == {
        "assistant_id": "id",
        "graph_id": "echo",
        "config": {},
        "context": {},
        "metadata": {"created_by": "system"},
        "name": "echo",
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "version": 1,
        "description": None,
    }


def test_a_new_thread_has_neither_error_nor_interrupts() -> None:
    assert read(render.thread_json(THREAD)) == {
        "thread_id": "thread",
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "state_updated_at": MOMENT,
        "metadata": {"a": 1},
        "status": "idle",
        "config": {},
        "values": None,
    }


def test_a_thread_that_was_run_on_shows_what_the_run_left() -> None:
    interrupts = {"task": [{"id": "i", "value": "?"}]}
    thread = replace(
        THREAD, state=ThreadState.INTERRUPTED, values=b'{"x":["hi"]}', interrupts=interrupts
    )
    shown = read(render.thread_json(thread))
    assert shown["values"] == {"x": ["hi"]}
    assert (shown["status"], shown["interrupts"], shown["error"]) == (
        "interrupted",
        interrupts,
        None,
    )


@pytest.mark.requirement("langgraph.statuses")
@pytest.mark.parametrize(
    ("state", "status"),
    [
        (RunState.QUEUED, "pending"),
        (RunState.RUNNING, "running"),
        (RunState.WAITING, "success"),
        (RunState.SUCCEEDED, "success"),
        (RunState.FAILED, "error"),
        (RunState.CANCELLED, "interrupted"),
        (RunState.TIMED_OUT, "timeout"),
    ],
)
def test_every_run_state_has_a_status(state: RunState, status: str) -> None:
    assert render.run_json(replace(RUN, state=state))["status"] == status


def test_a_run_tells_what_it_was_asked_for() -> None:
    shown = render.run_json(RUN)
    assert tuple(shown) == render.RUN_FIELDS
    assert read(shown["kwargs"]) == {
        "input": {"x": 1},
        "command": None,
        "config": {
            "tags": ["t"],
            "configurable": {
                "k": 1,
                "run_id": "run",
                "thread_id": "thread",
                "graph_id": "echo",
                "assistant_id": "assistant",
            },
            "metadata": {"m": 1},
        },
        "context": {},
        "stream_mode": ["values", "messages"],
        "interrupt_before": None,
        "interrupt_after": None,
        "webhook": None,
        "feedback_keys": None,
        "temporary": False,
        "subgraphs": False,
        "resumable": True,
        "checkpoint_during": False,
        "durability": "exit",
    }


@pytest.mark.requirement("langgraph.webhooks.shown")
def test_a_run_tells_its_webhook() -> None:
    run = replace(RUN, callback=Callback("https://a.example/"))
    assert render.run_json(run)["kwargs"]["webhook"] == "https://a.example/"


def test_a_run_of_another_dialect_shows_the_modes_it_records() -> None:
    request = RunRequest(modes=("messages", "values"))
    run = replace(RUN, reply_format={}, request=request)
    assert render.shown_modes(run) == ["messages-tuple", "values"]
    assert not render.is_resumable(run)


def test_selected_fields_are_shown_alone() -> None:
    assert render.only({"a": 1, "b": 2}, ["b", "missing"]) == {"b": 2}
    assert render.only({"a": 1}, None) == {"a": 1}


def test_an_empty_state_is_rendered_as_langgraph_does() -> None:
    empty = StateSnapshot(
        values=b"{}",
        next=(),
        tasks=(),
        metadata=None,
        created_at=None,
        checkpoint=None,
        parent=None,
        interrupts=(),
    )
    assert encode(render.state_json(empty)) == (
        b'{"values":{},"next":[],"tasks":[],"metadata":null,"created_at":null,"checkpoint":null,'
        b'"parent_checkpoint":null,"interrupts":[],"checkpoint_id":null,"parent_checkpoint_id":null}'
    )


@pytest.mark.requirement("langgraph.threads.state.forms")
def test_a_state_shows_both_forms_of_its_checkpoint_and_nested_states() -> None:
    place = {"thread_id": "t", "checkpoint_ns": "", "checkpoint_id": "c2"}
    inner = StateSnapshot(
        values=b'{"y":1}',
        next=(),
        tasks=(),
        metadata={},
        created_at=MOMENT,
        checkpoint={**place, "checkpoint_ns": "n"},
        parent=None,
        interrupts=(),
    )
    task = TaskSnapshot(
        id="task",
        name="ask",
        path=("__pregel_pull", "ask"),
        error=None,
        interrupts=[{"id": "i", "value": "?"}],
        checkpoint=None,
        state=inner,
        result=None,
    )
    outer = replace(
        inner,
        next=("ask",),
        tasks=(task,),
        checkpoint=place,
        parent={**place, "checkpoint_id": "c1"},
    )
    shown = read(render.state_json(outer))
    assert (shown["checkpoint_id"], shown["parent_checkpoint_id"]) == ("c2", "c1")
    assert shown["checkpoint"] == place
    assert shown["tasks"][0] == {
        "id": "task",
        "name": "ask",
        "path": ["__pregel_pull", "ask"],
        "error": None,
        "interrupts": [{"id": "i", "value": "?"}],
        "checkpoint": None,
        "state": read(render.state_json(inner)),
        "result": None,
    }


@pytest.mark.requirement("langgraph.runs.result")
@pytest.mark.parametrize(
    ("outcome", "was_over", "expected"),
    [
        (DONE, False, {"x": 1}),
        (DONE, True, {"x": 1}),
        (WAITING, False, {"x": ["a"], "__interrupt__": SHOWN}),
        (WAITING, True, {"__interrupt__": [{"id": "i", "value": "?"}]}),
        (replace(WAITING, interrupts={}, shown_interrupts=()), True, {"x": ["a"]}),
        (FAILED, False, {"__error__": {"error": "ValueError", "message": "boom"}}),
        (FAILED, True, {"__error__": {"error": "ValueError", "message": "boom"}}),
        (CANCELLED, False, {}),
        (replace(CANCELLED, error={"error": "UserInterrupt", "message": ""}), False, {}),
        (replace(CANCELLED, values=b'{"x":2}'), True, {"x": 2}),
    ],
)
def test_what_wait_and_join_answer(outcome: Outcome, was_over: bool, expected: object) -> None:
    assert orjson.loads(render.wait_json(outcome, was_over=was_over)) == expected


@pytest.mark.requirement("langgraph.runs.result")
def test_the_threads_values_stand_in_for_a_run_that_left_none() -> None:
    assert render.wait_json(CANCELLED, was_over=True, values=b'{"x":3}') == b'{"x":3}'


@pytest.mark.requirement("langgraph.statuses")
def test_a_run_out_of_time_is_an_error() -> None:
    outcome = Outcome(state=RunState.TIMED_OUT, reason=Reason.TIME_LIMIT)
    assert orjson.loads(render.wait_json(outcome, was_over=False))["__error__"]["error"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (b"{}", {"__interrupt__": SHOWN}),
        (b' { "x" : 1 } ', {"x": 1, "__interrupt__": SHOWN}),
        (b"[1]", {"__interrupt__": SHOWN}),
        (b"null", {"__interrupt__": SHOWN}),
    ],
)
def test_interrupts_are_spliced_into_values(values: bytes, expected: object) -> None:
    assert orjson.loads(render.with_interrupts(values, SHOWN)) == expected


def test_values_without_interrupts_are_left_as_they_are() -> None:
    assert render.with_interrupts(b'{ "x":1}', []) == b'{ "x":1}'
