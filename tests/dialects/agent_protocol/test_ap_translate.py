"""From wire to engine words; no server."""

from typing import Any

import pytest

from demotic.dialects.agent_protocol import translate
from demotic.dialects.agent_protocol.wire import (
    AgentSearch,
    Checkpoint,
    RunCreate,
    RunSearch,
    ThreadCreate,
    ThreadPatch,
    ThreadSearch,
)
from demotic.domain.assistants import AssistantQuery
from demotic.domain.callbacks import Callback
from demotic.domain.errors import AssistantNotFound, BadInput
from demotic.domain.ids import system_assistant_id
from demotic.domain.lifecycle import RunState, ThreadState
from demotic.domain.runs import BusyPolicy, CancelAction, NewRun, RunQuery
from demotic.domain.states import StateUpdate
from demotic.domain.threads import NewThread, ThreadQuery

ID = "0198C5A2-7B1E-7cc0-a2b4-5d6e7f809112"
HOSTED = ["a", "b"]
SAID = [{"role": "human", "content": "Hi"}]
TAKEN = [{"role": "user", "content": "Hi"}]


def run(**body: Any) -> NewRun:
    """What a body asks for."""
    waits = body.pop("waits", False)
    return translate.new_run(RunCreate(**body), run_id="run", assistant_id="assistant", waits=waits)


@pytest.mark.requirement("ap.agents.named")
def test_an_agent_is_named_by_its_id_or_by_the_program() -> None:
    assert translate.agent_id("a", HOSTED) == system_assistant_id("a")
    assert translate.agent_id(ID, HOSTED) == ID.lower()
    with pytest.raises(AssistantNotFound, match="'c'.*: a, b"):
        translate.agent_id("c", HOSTED)


@pytest.mark.requirement("ap.runs.default_agent")
def test_without_a_name_it_is_the_default_agent() -> None:
    assert translate.chosen_agent(None, HOSTED, "b") == system_assistant_id("b")
    assert translate.chosen_agent("a", HOSTED, "b") == system_assistant_id("a")
    with pytest.raises(AssistantNotFound, match="hosts no agent"):
        translate.chosen_agent(None, [], None)


def test_searches_have_the_documented_defaults() -> None:
    assert translate.agent_query(AgentSearch()) == AssistantQuery(limit=10, offset=0)
    assert translate.thread_query(ThreadSearch()) == ThreadQuery(limit=10, offset=0)
    assert translate.run_query(RunSearch(), HOSTED) == RunQuery(limit=10, offset=0)


def test_a_search_of_agents() -> None:
    body = AgentSearch(name="x", metadata={"a": 1}, limit=1000, offset=5)
    query = AssistantQuery(name="x", metadata={"a": 1}, limit=1000, offset=5)
    assert translate.agent_query(body) == query


def test_a_search_of_threads() -> None:
    body = ThreadSearch(metadata={"a": 1}, values={"b": 2}, status="busy", limit=1, offset=5)
    assert translate.thread_query(body) == ThreadQuery(
        metadata={"a": 1}, values={"b": 2}, state=ThreadState.BUSY, limit=1, offset=5
    )


@pytest.mark.requirement("ap.runs.search.parameters")
@pytest.mark.parametrize(
    ("status", "states"),
    [
        ("pending", {RunState.QUEUED, RunState.RUNNING}),
        ("error", {RunState.FAILED, RunState.CANCELLED}),
        ("success", {RunState.SUCCEEDED}),
        ("timeout", {RunState.TIMED_OUT}),
        ("interrupted", {RunState.WAITING}),
    ],
)
def test_a_search_of_runs(status: str, states: set[RunState]) -> None:
    body = RunSearch(
        metadata={"a": 1}, status=status, thread_id=ID, agent_id="a", limit=3, offset=4
    )
    query = translate.run_query(body, HOSTED)
    assert set(query.states or ()) == states
    assert (query.thread_id, query.assistant_id) == (ID.lower(), system_assistant_id("a"))
    assert (query.metadata, query.limit, query.offset) == ({"a": 1}, 3, 4)


@pytest.mark.parametrize(
    "query",
    [
        lambda: translate.limit(0),
        lambda: translate.limit(1001),
        lambda: translate.offset(-1),
        lambda: translate.thread_query(ThreadSearch(status="running")),
        lambda: translate.run_query(RunSearch(status="running"), HOSTED),
        lambda: translate.run_query(RunSearch(thread_id="x"), HOSTED),
    ],
)
def test_what_a_search_cannot_mean_is_refused(query: Any) -> None:
    with pytest.raises(BadInput):
        query()


@pytest.mark.requirement("ap.threads.create.parameters")
def test_a_new_thread() -> None:
    assert translate.new_thread(ThreadCreate(), "fresh") == (NewThread(id="fresh"), False)
    body = ThreadCreate(thread_id=ID, metadata={"a": 1}, if_exists="do_nothing")
    new = NewThread(id=ID.lower(), metadata={"a": 1})
    assert translate.new_thread(body, "fresh") == (new, True)
    assert translate.new_thread(ThreadCreate(if_exists="raise"), "fresh")[1] is False
    for wrong in (ThreadCreate(thread_id="x"), ThreadCreate(if_exists="x")):
        with pytest.raises(BadInput):
            translate.new_thread(wrong, "fresh")


@pytest.mark.parametrize(
    ("body", "update"),
    [
        (ThreadPatch(), None),
        (ThreadPatch(metadata={"a": 1}), None),
        (ThreadPatch(metadata={}, checkpoint=Checkpoint("c")), None),
        (ThreadPatch(checkpoint=Checkpoint("c")), StateUpdate(checkpoint={"checkpoint_id": "c"})),
        (ThreadPatch(values={"x": 1}), StateUpdate(values={"x": 1})),
        (ThreadPatch(values={}), StateUpdate(values={})),
        (ThreadPatch(messages=SAID), StateUpdate(values={"messages": TAKEN})),
        (
            ThreadPatch(
                values={"x": 1}, messages=SAID, checkpoint=Checkpoint("c"), metadata={"a": 1}
            ),
            StateUpdate(values={"x": 1, "messages": TAKEN}, checkpoint={"checkpoint_id": "c"}),
        ),
    ],
)
def test_what_a_patch_writes_into_the_state(body: ThreadPatch, update: StateUpdate | None) -> None:
    assert translate.state_update(body) == update


@pytest.mark.parametrize(
    ("metadata", "owner"),
    [
        ({}, None),
        ({"agent_id": "a"}, "a"),
        ({"graph_id": "g"}, "g"),
        ({"assistant_id": "i", "graph_id": "g"}, "i"),
        ({"agent_id": 1, "graph_id": "g"}, "g"),
    ],
)
def test_metadata_tell_whose_state_a_thread_holds(
    metadata: dict[str, Any], owner: str | None
) -> None:
    assert translate.owner(metadata) == owner


@pytest.mark.requirement("ap.runs.defaults")
def test_a_run_has_the_documented_defaults() -> None:
    new = run()
    assert (new.thread_id, new.keep_thread, new.keep_run) == (None, False, True)
    assert (new.create_thread, new.busy_policy) == (False, BusyPolicy.REJECT)
    assert (new.request.input, new.request.modes, new.metadata) == (None, ["values"], {})
    assert translate.cancels_on_disconnect(RunCreate()) is True
    assert new.reply_format == {
        "dialect": "agent_protocol",
        "stream_mode": None,
        "on_completion": "delete",
        "on_disconnect": "cancel",
        "if_not_exists": "reject",
        "has_messages": False,
    }


def test_a_run_on_a_thread_keeps_it() -> None:
    new = run(thread_id=ID)
    assert (new.thread_id, new.keep_thread) == (ID.lower(), True)
    assert new.reply_format["on_completion"] == "keep"


def test_what_a_run_asks_for_reaches_the_engine() -> None:
    new = run(
        thread_id=ID,
        input={"x": 1},
        metadata={"m": 1},
        config={"tags": ["t"], "recursion_limit": 5, "configurable": {"k": 1}, "other": 1},
        stream_mode=["updates", "values", "updates"],
        on_completion="keep",
        on_disconnect="continue",
        if_not_exists="create",
    )
    assert (new.request.input, new.metadata, new.create_thread) == ({"x": 1}, {"m": 1}, True)
    assert new.request.config == {
        "tags": ["t"],
        "recursion_limit": 5,
        "configurable": {"k": 1},
    }
    assert (new.request.context, new.request.modes) == ({"k": 1}, ["updates", "values"])
    assert translate.cancels_on_disconnect(RunCreate(on_disconnect="continue")) is False


@pytest.mark.requirement("ap.runs.input")
@pytest.mark.parametrize(
    ("body", "given"),
    [
        ({}, None),
        ({"input": None}, None),
        ({"input": "text"}, "text"),
        ({"input": [1]}, [1]),
        ({"input": 1.5}, 1.5),
        ({"input": False}, False),
        ({"messages": SAID}, {"messages": TAKEN}),
        ({"input": {"x": 1}, "messages": SAID}, {"x": 1, "messages": TAKEN}),
        ({"input": {"x": 1}, "messages": []}, {"x": 1, "messages": []}),
        ({"input": {"messages": SAID}}, {"messages": SAID}),
    ],
)
def test_messages_are_part_of_the_input(body: dict[str, Any], given: Any) -> None:
    assert run(**body).request.input == given


def test_a_webhook_is_told_the_end_only() -> None:
    assert run().callback is None
    assert run(webhook="https://a.example/x").callback == Callback("https://a.example/x")


def test_a_wait_records_only_what_is_named() -> None:
    assert run(waits=True).request.modes == []
    assert run(waits=True, stream_mode="custom").request.modes == ["custom"]
    assert run(stream_mode=[]).request.modes == ["values"]


@pytest.mark.parametrize(
    "body",
    [
        {"thread_id": "x"},
        {"stream_mode": "events"},
        {"stream_mode": ["values", "x"]},
        {"on_completion": "x"},
        {"on_disconnect": "x"},
        {"if_not_exists": "x"},
        {"input": "text", "messages": SAID},
        {"input": {"messages": []}, "messages": SAID},
        {"messages": [{"role": "x", "content": ""}]},
        {"config": {"recursion_limit": 0}},
        {"config": {"configurable": {"thread_id": "x"}}},
        {"config": {"configurable": {"__secret": 1}}},
    ],
)
def test_what_a_run_cannot_mean_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        run(**body)
        translate.cancels_on_disconnect(RunCreate(**body))


@pytest.mark.parametrize(
    ("body", "keeps", "ends"),
    [
        ({}, False, False),
        ({"on_completion": "delete"}, False, False),
        ({"on_completion": "keep"}, True, False),
        ({"thread_id": ID}, True, False),
        ({"thread_id": ID, "on_completion": "keep"}, True, False),
        ({"thread_id": ID, "on_completion": "delete"}, False, True),
    ],
)
def test_what_becomes_of_the_thread(body: dict[str, Any], keeps: bool, ends: bool) -> None:
    new = run(**body)
    assert (new.keep_thread, new.ends_thread, new.keep_run) == (keeps, ends, True)


@pytest.mark.parametrize(
    ("header", "after"), [(None, None), ("0", 0), ("-1", 0), (" 7 ", 7), (str(2**53), 2**53)]
)
def test_where_a_joined_stream_begins(header: str | None, after: int | None) -> None:
    assert translate.replay_from(header) == after


@pytest.mark.parametrize("header", ["", "x", "1.5", "-2", str(2**53 + 1), "٣"])
def test_an_event_id_that_is_none_is_refused(header: str) -> None:
    with pytest.raises(BadInput, match="Last-Event-ID"):
        translate.replay_from(header)


def test_how_a_run_is_cancelled() -> None:
    assert translate.cancel_action(None) is CancelAction.INTERRUPT
    assert translate.cancel_action("rollback") is CancelAction.ROLLBACK
    with pytest.raises(BadInput):
        translate.cancel_action("x")
