"""The rarer options of runs: what is ignored is told, what cannot apply is refused."""

from typing import Any, cast

import pytest
from langgraph.types import interrupt

from dialects.langgraph.langgraph_http import STEPS, UNKNOWN, Wire, frames, open_wire, run_body
from house import House
from served import State, chain, served

STARTS = ("/runs", "/runs/stream", "/runs/wait")


@pytest.mark.requirement("langgraph.options.feedback_keys")
@pytest.mark.requirement("langgraph.options.langsmith_tracer")
async def test_what_is_accepted_and_has_no_effect_is_told(wire: Wire) -> None:
    thread = await wire.thread()
    for path in (*STARTS, *(f"/threads/{thread}{start}" for start in STARTS)):
        ignored = run_body(feedback_keys=["k"], langsmith_tracer={"project_name": "p"})
        answer = await wire.ask("POST", path, ignored)
        assert answer.status_code == 200
        assert "feedback" not in answer.text.replace("feedback_keys", "")
        feedback, tracer = answer.headers["warning"].split(", ")
        assert feedback.startswith('299 - "feedback_keys is ignored: ')
        assert tracer.startswith('299 - "langsmith_tracer is ignored: ')
        plain = await wire.ask("POST", path, run_body(feedback_keys=[], langsmith_tracer={}))
        assert "warning" not in plain.headers
    batch = await wire.ask("POST", "/runs/batch", [run_body(), run_body(feedback_keys=["k"])])
    assert "feedback_keys" in batch.headers["warning"]
    assert (await wire.ask("GET", "/info")).json()["flags"]["langsmith"] is False


async def question(state: State) -> State:
    """Asks."""
    return {"log": [f"answer:{interrupt('really?')}"]}


@pytest.mark.requirement("langgraph.options.strict_resume")
async def test_a_strict_resume_that_answers_nothing_fails_and_changes_nothing() -> None:
    async with served(chain(question)) as house, open_wire(cast(House, house)) as wire:
        assert (await wire.ask("GET", "/info")).json()["flags"]["strict_resume"] is True
        thread = await wire.thread()
        runs = f"/threads/{thread}/runs"
        body = {"assistant_id": "graph", "input": {"log": []}}
        await wire.ask("POST", f"{runs}/wait", body)
        before = (await wire.ask("GET", f"/threads/{thread}")).json()
        assert before["status"] == "interrupted"
        wrong = {**body, "input": None, "command": {"resume": {"0" * 32: "x"}}}
        strict = await wire.ask("POST", f"{runs}/stream", {**wrong, "strict_resume": True})
        (*_, (name, data, _)) = frames(strict.text)
        assert (name, data["error"]) == ("error", "UnknownInterruptError")
        after = (await wire.ask("GET", f"/threads/{thread}")).json()
        assert {**after, "updated_at": before["updated_at"]} == before
        (refused, _) = (await wire.ask("GET", runs)).json()
        assert refused["status"] == "error"
        right = {**body, "input": None, "command": {"resume": "yes"}, "strict_resume": True}
        assert (await wire.ask("POST", f"{runs}/wait", right)).json() == {"log": ["answer:yes"]}


@pytest.mark.requirement("langgraph.options.stateless")
async def test_a_stateless_run_honours_what_an_early_body_holds_or_says_why_not(wire: Wire) -> None:
    given = {
        "interrupt_before": ["a"],
        "interrupt_after": "*",
        "multitask_strategy": "reject",
        "command": {"update": {"x": 1}, "goto": "a"},
    }
    body = {"assistant_id": run_body()["assistant_id"], "on_completion": "keep", **given}
    row = (await wire.ask("POST", "/runs", body)).json()
    told = {**row["kwargs"], "multitask_strategy": row["multitask_strategy"]}
    assert {key: told[key] for key in given} == given
    for start in STARTS:
        for place in ({"checkpoint_id": UNKNOWN}, {"checkpoint": {"checkpoint_id": UNKNOWN}}):
            answer = await wire.ask("POST", start, run_body(**place))
            assert answer.status_code == 422
            assert f"`{next(iter(place))}` needs a thread" in answer.json()["detail"]
        resume = await wire.ask("POST", start, {**body, "command": {"resume": 1}})
        assert resume.status_code == 400


@pytest.mark.requirement("langgraph.options.checkpoint_during")
async def test_the_older_form_of_durability_is_read(wire: Wire) -> None:
    thread = await wire.thread()
    cases: list[tuple[dict[str, Any], str]] = [
        ({"checkpoint_during": False}, "exit"),
        ({"checkpoint_during": True}, "async"),
        ({"checkpoint_during": True, "durability": "sync"}, "sync"),
        ({"checkpoint_during": False, "durability": "exit"}, "exit"),
        ({}, "async"),
    ]
    for given, durability in cases:
        row = (await wire.ask("POST", f"/threads/{thread}/runs", run_body(**given))).json()
        assert row["kwargs"]["durability"] == durability
        assert row["kwargs"]["checkpoint_during"] is (durability != "exit")
    contradictions: list[dict[str, Any]] = [
        {"durability": "exit", "checkpoint_during": True},
        {"durability": "sync", "checkpoint_during": False},
    ]
    for given in contradictions:
        answer = await wire.ask("POST", f"/threads/{thread}/runs", run_body(**given))
        assert answer.status_code == 422


@pytest.mark.requirement("langgraph.runs.list.filters")
async def test_runs_are_listed_by_every_status_with_the_fields_that_are_chosen(wire: Wire) -> None:
    thread = await wire.thread()
    path = f"/threads/{thread}/runs"
    ids = {
        "success": await wire.start(thread),
        "error": await wire.start(thread, ["fail", "boom"]),
        "running": await wire.start(thread, ["wait", "gate"]),
        "interrupted": await wire.start(thread),
        "pending": await wire.start(thread),
        "timeout": None,
    }
    await wire.house.agent.arrived("gate")
    await wire.ask("POST", f"{path}/{ids['interrupted']}/cancel")
    for status, id in ids.items():
        rows = (await wire.ask("GET", f"{path}?status={status}&select=run_id")).json()
        assert rows == ([{"run_id": id}] if id else []), status
    for chosen in (
        "select=run_id&select=status",
        "select=run_id,status",
        'select=["run_id","status"]',
    ):
        (row,) = (await wire.ask("GET", f"{path}?status=pending&{chosen}")).json()
        assert row == {"run_id": ids["pending"], "status": "pending"}
    for bad in ("select=bogus", "select=[1]", "status=", "status=bogus", "limit=0", "offset=-1"):
        assert (await wire.ask("GET", f"{path}?{bad}")).status_code == 422, bad
    wire.house.agent.open("gate")


@pytest.mark.requirement("langgraph.runs.stream_by_id.ended")
async def test_a_stateless_run_that_has_ended_can_be_come_back_to_for_a_while(wire: Wire) -> None:
    body = run_body(*STEPS, stream_resumable=True, stream_mode=["values", "custom"])
    first = await wire.ask("POST", "/runs/stream", body)
    place, whole = first.headers["location"], frames(first.text)
    again = await wire.ask("GET", place, headers={"Last-Event-ID": "-1"})
    assert frames(again.text) == whole
    rest = await wire.ask("GET", place, headers={"Last-Event-ID": whole[1][2] or ""})
    assert frames(rest.text) == whole[2:]
    assert frames((await wire.ask("GET", place)).text) == []
    wire.house.clock.advance(3600)
    await wire.house.storage.trim_feed(before_us=0, now_us=wire.house.clock.now_us())
    assert (await wire.ask("GET", place)).status_code == 404
