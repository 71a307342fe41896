"""From wire to engine words."""

from typing import Any

import pytest

from demotic.dialects.langgraph import translate, wire
from demotic.dialects.langgraph.errors import Contradiction
from demotic.domain.callbacks import Callback
from demotic.domain.errors import BadInput
from demotic.domain.ids import system_assistant_id
from demotic.domain.lifecycle import RunState
from demotic.domain.runs import BusyPolicy, CancelAction, NewRun
from demotic.web.answers import encode
from demotic.web.bodies import decode

RUN = "01a2023b-6529-77e7-ac09-6b019ef562a1"
THREAD = "01a2023b-64e9-7287-b6db-ed3fee48bd55"
OTHER = "b2fa941f-1485-4093-8bee-e6974e468c07"
GRAPHS = ["agent", "echo"]


def new_run(**body: Any) -> NewRun:
    """The run on a thread that a body asks for."""
    return translated(body)


def translated(
    body: dict[str, Any], *, thread_id: str | None = THREAD, waits: bool = False
) -> NewRun:
    """The run that a body asks for."""
    read = decode(encode({"assistant_id": "echo", **body}), wire.RunCreate)
    return translate.new_run(read, run_id=RUN, thread_id=thread_id, graphs=GRAPHS, waits=waits)


@pytest.mark.requirement("langgraph.runs.defaults")
def test_a_bare_run_has_langgraphs_defaults() -> None:
    run = new_run(input={"x": 1})
    assert (run.id, run.thread_id) == (RUN, THREAD)
    assert run.assistant_id == system_assistant_id("echo")
    assert run.request.input == {"x": 1}
    assert list(run.request.modes) == ["values"]
    assert run.busy_policy is BusyPolicy.ENQUEUE
    assert run.request.durability is None
    assert not run.create_thread
    assert run.stamps == {"graph_id": "agent", "assistant_id": "assistant"}
    assert run.reply_format == {
        "dialect": "langgraph",
        "stream_mode": ["values"],
        "subgraphs": False,
        "resumable": False,
        "durability": "async",
    }


def test_null_counts_as_absent() -> None:
    nulls: dict[str, None] = dict.fromkeys(wire.RunCreate.__struct_fields__[1:])
    assert new_run(**nulls) == new_run()


@pytest.mark.requirement("langgraph.assistants.names")
@pytest.mark.parametrize(
    ("given", "expected"),
    [("agent", "fe096781-5601-53d2-b2f6-0d3403f7e9ca"), (OTHER, OTHER), (OTHER.upper(), OTHER)],
)
def test_an_assistant_is_named_by_id_or_by_graph(given: str, expected: str) -> None:
    assert new_run(assistant_id=given).assistant_id == expected


def test_an_unknown_name_of_an_assistant_lists_the_graphs() -> None:
    with pytest.raises(BadInput, match="registered graphs: agent, echo"):
        new_run(assistant_id="nope")


@pytest.mark.parametrize(
    ("given", "shown", "kinds"),
    [
        ("values", ["values"], ["values"]),
        (["updates", "values", "updates"], ["updates", "values"], ["updates", "values"]),
        (["messages", "messages-tuple"], ["messages", "messages-tuple"], ["messages"]),
        ([], ["values"], ["values"]),
        ("custom", ["custom"], ["custom"]),
    ],
)
def test_stream_modes_become_kinds_of_events(
    given: Any, shown: list[str], kinds: list[str]
) -> None:
    run = new_run(stream_mode=given)
    assert run.reply_format["stream_mode"] == shown
    assert list(run.request.modes) == kinds


def test_who_only_waits_records_nothing_unless_asked() -> None:
    assert list(translated({}, waits=True).request.modes) == []
    assert list(translated({"stream_mode": "updates"}, waits=True).request.modes) == ["updates"]


@pytest.mark.parametrize("mode", ["events", "debug", "tasks", "checkpoints"])
def test_modes_that_look_on_are_recorded_as_they_are(mode: str) -> None:
    assert list(new_run(stream_mode=["values", mode]).request.modes) == sorted(["values", mode])


def test_an_unknown_stream_mode_lists_the_known_ones() -> None:
    with pytest.raises(BadInput, match="`stream_mode` must be one of values, updates.*'bogus'"):
        new_run(stream_mode="bogus")


def test_a_webhook_is_called_back_when_the_run_ends() -> None:
    assert new_run().callback is None
    assert new_run(webhook="https://a.example/").callback == Callback("https://a.example/")


def test_a_stateless_run_may_keep_its_thread() -> None:
    assert translated({"on_completion": "keep"}, thread_id=None).keep_thread
    assert not translated({"on_completion": "delete"}, thread_id=None).keep_thread


@pytest.mark.requirement("langgraph.runs.after_seconds")
@pytest.mark.parametrize(("given", "delay_s"), [(None, 0), (2.5, 2.5), (-3, 0)])
def test_a_delay_below_none_is_none(given: float | None, delay_s: float) -> None:
    assert new_run(after_seconds=given).delay_s == delay_s


def test_a_delay_has_a_limit() -> None:
    with pytest.raises(BadInput, match="`after_seconds` must be at most"):
        new_run(after_seconds=1e9)


def test_an_idempotency_key_is_qualified_by_caller_and_route() -> None:
    assert translate.idempotency(None, "", "/runs", b"{}") is None
    made = {
        translate.idempotency("k", caller, route, body)
        for caller, route, body in (("a", "/r", b"1"), ("b", "/r", b"1"), ("a", "/s", b"1"))
    }
    assert len({each.key for each in made if each}) == 3
    for key in ("", "k" * 256):
        with pytest.raises(BadInput, match="Idempotency-Key"):
            translate.idempotency(key, "", "/runs", b"{}")


@pytest.mark.requirement("langgraph.runs.defaults")
@pytest.mark.parametrize(
    "option",
    [
        {"webhook": None},
        {"after_seconds": 0},
        {"feedback_keys": []},
        {"multitask_strategy": "enqueue"},
        {"on_disconnect": "continue"},
        {"strict_resume": False},
    ],
)
def test_options_given_with_their_default_are_fine(option: dict[str, Any]) -> None:
    assert new_run(**option) == new_run()


@pytest.mark.parametrize(
    "field", ["multitask_strategy", "on_disconnect", "if_not_exists", "durability"]
)
def test_an_unknown_choice_names_the_field_and_the_known_ones(field: str) -> None:
    with pytest.raises(BadInput, match=f"`{field}` must be one of .*not 'bogus'"):
        new_run(**{field: "bogus"})


def test_choices_reach_the_engine() -> None:
    run = new_run(
        multitask_strategy="reject",
        if_not_exists="create",
        stream_subgraphs=True,
        stream_resumable=True,
        durability="sync",
        interrupt_before="*",
        interrupt_after=["a"],
        context={"c": 1},
        metadata={"m": 1},
    )
    assert run.busy_policy is BusyPolicy.REJECT
    assert run.create_thread
    assert run.metadata == {"m": 1}
    request = run.request
    assert (request.subgraphs, request.durability, request.context) == (True, "sync", {"c": 1})
    assert (request.interrupt_before, request.interrupt_after) == ("*", ["a"])
    assert (run.reply_format["resumable"], run.reply_format["subgraphs"]) == (True, True)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"checkpoint_during": False}, "exit"),
        ({"checkpoint_during": True}, None),
        ({"durability": "exit", "checkpoint_during": False}, "exit"),
        ({"durability": "async", "checkpoint_during": True}, "async"),
    ],
)
def test_checkpoint_during_is_an_older_word_for_durability(
    given: dict[str, Any], expected: str | None
) -> None:
    assert new_run(**given).request.durability == expected


def test_durability_and_its_older_word_may_not_contradict() -> None:
    with pytest.raises(BadInput, match="contradict"):
        new_run(durability="sync", checkpoint_during=False)


@pytest.mark.requirement("langgraph.runs.command")
@pytest.mark.parametrize(
    "command",
    [
        {"resume": "yes"},
        {"resume": {"a": 1}},
        {"resume": False},
        {"update": {"x": 1}, "goto": "a"},
        {"goto": {"node": "a", "input": 1}},
        {"goto": ["a", {"node": "b", "input": None}]},
    ],
)
def test_a_command_is_passed_on(command: dict[str, Any]) -> None:
    request = new_run(command=command).request
    assert (request.command, request.input) == (command, None)


@pytest.mark.parametrize("command", [{}, {"resume": None, "update": None}])
def test_a_command_that_says_nothing_is_none(command: dict[str, Any]) -> None:
    request = new_run(command=command, input={"x": 1}).request
    assert (request.command, request.input) == (None, {"x": 1})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"command": {"goto": 1}}, "`command.goto` must be"),
        ({"command": {"goto": [{"input": 1}]}}, "`command.goto` must be"),
        ({"command": {"graph": "__parent__"}}, "knows resume, update and goto; not 'graph'"),
        ({"command": {"resume": 1}, "input": {"x": 1}}, "either `input` or `command`"),
        ({"interrupt_before": "a"}, "`interrupt_before` must be"),
    ],
)
def test_contradictory_and_malformed_fields_are_bad_input(
    body: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        new_run(**body)


def test_an_empty_input_beside_a_command_is_tolerated() -> None:
    assert new_run(command={"resume": 1}, input={}).request.command == {"resume": 1}


@pytest.mark.requirement("langgraph.runs.stateless_resume")
def test_a_stateless_run_cannot_resume() -> None:
    with pytest.raises(Contradiction, match="must provide a thread_id when resuming"):
        translated({"command": {"resume": 1}}, thread_id=None)
    bodies: list[dict[str, Any]] = [
        {"checkpoint_id": "c"},
        {"checkpoint": {}},
    ]
    for body in bodies:
        with pytest.raises(BadInput, match="needs a thread"):
            translated(body, thread_id=None)


def test_a_stateless_run_may_update_and_jump() -> None:
    command = {"update": {"a": 1}, "goto": "b"}
    assert translated({"command": command}, thread_id=None).request.command == command


def test_a_resume_may_be_strict_and_a_trace_may_be_named() -> None:
    assert new_run(strict_resume=True).request.strict
    tracer = {"project_name": "p", "example_id": THREAD}
    assert new_run(langsmith_tracer=tracer).request.tracing == {"project": "p", "example": THREAD}
    assert new_run(langsmith_tracer={}).request.tracing is None
    for bad in ({"project_name": 1}, {"example_id": "x"}, {"example_id": 1}):
        with pytest.raises(BadInput, match=f"langsmith_tracer.{next(iter(bad))}"):
            new_run(langsmith_tracer=bad)


@pytest.mark.requirement("langgraph.runs.context")
def test_configurable_and_context_exclude_each_other() -> None:
    with pytest.raises(Contradiction, match="Cannot specify both configurable and context"):
        new_run(config={"configurable": {"a": 1}}, context={"b": 1})
    assert new_run(config={"configurable": {}}, context={"b": 1}).request.context == {"b": 1}


@pytest.mark.parametrize(
    "key",
    [
        "thread_id",
        "run_id",
        "checkpoint_id",
        "checkpoint_ns",
        "checkpoint_map",
        "langgraph_auth_user",
        "langgraph_auth_permissions",
        "__pregel_send",
        "__after_seconds__",
    ],
)
def test_what_the_server_sets_cannot_be_set_by_clients(key: str) -> None:
    with pytest.raises(BadInput, match=f"`config.configurable.{key}` is set by the server"):
        new_run(config={"configurable": {key: OTHER}})


def test_the_paths_own_thread_id_is_harmless() -> None:
    config = {"configurable": {"thread_id": THREAD, "mine": 1}}
    assert new_run(config=config).request.config == {"configurable": {"mine": 1}}


def test_reserved_keys_that_remote_graph_forwards_are_left_out() -> None:
    metadata = {"langgraph_checkpoint_ns": "n:1", "langgraph_step": 1}
    forwarded = {
        "run_id": OTHER,
        "__pregel_resuming": True,
        "langgraph_auth_user_id": "",
        "mine": 1,
    }
    config = {"metadata": metadata, "configurable": forwarded, "recursion_limit": 5}
    assert new_run(config=config).request.config == {
        "metadata": metadata,
        "recursion_limit": 5,
        "configurable": {"mine": 1},
    }


@pytest.mark.parametrize(
    "config",
    [
        {"tags": "a"},
        {"tags": [1]},
        {"recursion_limit": "5"},
        {"recursion_limit": 0},
        {"recursion_limit": True},
        {"configurable": []},
        {"metadata": 1},
        {"run_name": 1},
    ],
)
def test_a_config_of_wrong_types_is_bad_input(config: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="`config."):
        new_run(config=config)


@pytest.mark.requirement("langgraph.runs.checkpoint")
def test_a_run_starts_from_a_checkpoint_in_either_form() -> None:
    start = {"checkpoint_id": "c1"}
    assert new_run(checkpoint_id="c1").request.checkpoint == start
    both: dict[str, Any] = {
        "checkpoint": {"checkpoint_id": "c1", "checkpoint_ns": "n"},
        "checkpoint_id": "c1",
    }
    assert new_run(**both).request.checkpoint == {"checkpoint_id": "c1", "checkpoint_ns": "n"}
    own: dict[str, Any] = {"checkpoint": {"thread_id": THREAD, "checkpoint_ns": ""}}
    assert new_run(**own).request.checkpoint == {"checkpoint_ns": ""}
    with pytest.raises(BadInput, match="differ"):
        new_run(checkpoint={"checkpoint_id": "c2"}, checkpoint_id="c1")
    with pytest.raises(BadInput, match="must be the thread of the path"):
        new_run(checkpoint={"thread_id": OTHER, "checkpoint_id": "c1"})


def test_assistant_searches_translate_their_words() -> None:
    query = translate.assistant_query(wire.AssistantSearch(graph_id="g", sort_by="graph_id"))
    assert (query.agent, query.sort_by, query.descending) == ("g", "agent", True)


@pytest.mark.parametrize(
    ("status", "states"),
    [
        (None, None),
        ("pending", (RunState.QUEUED,)),
        ("success", (RunState.SUCCEEDED, RunState.WAITING)),
        ("interrupted", (RunState.CANCELLED,)),
    ],
)
def test_a_status_means_engine_states(status: str | None, states: object) -> None:
    assert translate.run_states(status) == states


@pytest.mark.requirement("langgraph.runs.cancel.action")
def test_cancelling_interrupts_by_default() -> None:
    assert translate.cancel_action(None) is CancelAction.INTERRUPT
    assert translate.cancel_action("rollback") is CancelAction.ROLLBACK
    with pytest.raises(BadInput):
        translate.cancel_action("bogus")


@pytest.mark.parametrize(
    ("header", "resumable", "expected"),
    [
        (None, True, None),
        ("-1", True, 0),
        ("0", True, 0),
        ("1234", True, 1234),
        ("1234", False, None),
        ("bogus", False, None),
    ],
)
def test_only_resumable_runs_are_replayed(
    header: str | None, resumable: bool, expected: int | None
) -> None:
    assert translate.replay_from(header, resumable=resumable) == expected


@pytest.mark.parametrize("header", ["bogus", "-2", "1-0", "99999999999999999999", "²"])
def test_a_last_event_id_of_another_server_is_bad_input(header: str) -> None:
    with pytest.raises(BadInput, match="Last-Event-ID"):
        translate.replay_from(header, resumable=True)


@pytest.mark.requirement("langgraph.threads.history.page")
def test_history_takes_before_as_id_or_object() -> None:
    for before in ("c1", {"checkpoint_id": "c1", "thread_id": THREAD}):
        body = decode(encode({"before": before}), wire.HistorySearch)
        assert translate.history(body, THREAD) == {
            "limit": 10,
            "before": {"checkpoint_id": "c1"},
            "metadata": None,
            "checkpoint": None,
        }


def test_selecting_an_unknown_field_is_bad_input() -> None:
    assert translate.selected(["a"], ["a", "b"]) == ["a"]
    assert translate.selected([], ["a"]) is None
    with pytest.raises(BadInput, match="`select` knows a, b; not 'c'"):
        translate.selected(["c"], ["a", "b"])
