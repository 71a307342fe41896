"""Runs over HTTP, in process: a scripted agent, a real database in memory."""

from typing import Any

import pytest

from demotic.domain.lifecycle import RunState
from demotic.domain.model import EVERYTHING
from dialects.acp.acp_http import AGENT, ASSISTANT, EITHER, STEPS, UNKNOWN, Acp, open_acp, told

BOTH = pytest.mark.parametrize("stateful", [False, True], ids=["stateless", "on_a_thread"])
PAUSE = ["pause", {"question": "ok?"}]


@pytest.mark.requirement("acp.runs.create")
@pytest.mark.requirement("acp.runs.get")
@BOTH
async def test_a_run_is_started_and_shown(acp: Acp, stateful: bool) -> None:
    place = await acp.place(stateful=stateful)
    body = {"agent_id": ASSISTANT, "input": [["wait", "gate"]], "metadata": {"a": 1}}
    made = (await acp.ask("POST", place, body)).json()
    assert made["status"] == "pending" and made["agent_id"] == ASSISTANT
    assert ("thread_id" in made) == stateful
    shown = (await acp.ask("GET", f"{place}/{made['run_id']}")).json()
    assert shown["creation"] == made["creation"]
    assert {**shown, "updated_at": made["updated_at"]} == made
    acp.agent.open("gate")
    await acp.output(f"{place}/{made['run_id']}")
    assert await acp.status(f"{place}/{made['run_id']}") == "success"


@pytest.mark.requirement("acp.runs.create_on_thread")
@pytest.mark.requirement("acp.runs.get_on_thread")
async def test_a_run_on_a_thread_is_found_there_and_nowhere_else(acp: Acp) -> None:
    run = await acp.start(await acp.place(stateful=True))
    id = run.rpartition("/")[2]
    assert (await acp.ask("GET", run)).json()["run_id"] == id
    elsewhere = await acp.thread()
    assert (await acp.ask("GET", f"/threads/{elsewhere}/runs/{id}")).status_code == 404
    assert (await acp.ask("POST", f"/threads/{UNKNOWN}/runs", {"input": []})).status_code == 404
    assert (await acp.ask("GET", f"/runs/{id}")).json()["run_id"] == id


@pytest.mark.requirement("acp.runs.creation")
@BOTH
async def test_a_run_tells_what_it_was_asked_for_with_the_defaults_of_the_protocol(
    acp: Acp, stateful: bool
) -> None:
    place = await acp.place(stateful=stateful)
    plain = (await acp.ask("POST", place, {"input": []})).json()["creation"]
    own = {"stream_subgraphs": False, "if_not_exists": "reject"}
    alone = {"on_completion": "delete"}
    assert plain == {
        "on_disconnect": "cancel",
        "multitask_strategy": "reject",
        **(own if stateful else alone),
        "input": [],
    }
    asked = {
        "agent_id": AGENT,
        "input": [],
        "metadata": {"a": {"b": 1}},
        "config": {"tags": ["t"], "recursion_limit": 7, "configurable": {"c": 1}},
        "stream_mode": ["custom"],
        "on_disconnect": "continue",
        "multitask_strategy": "enqueue",
        "after_seconds": 0,
        **({"stream_subgraphs": True, "if_not_exists": "create"} if stateful else {}),
        **({} if stateful else {"on_completion": "keep"}),
    }
    assert (await acp.ask("POST", place, asked)).json()["creation"] == asked


@pytest.mark.requirement("acp.runs.wait")
@pytest.mark.requirement("acp.runs.wait_on_thread")
@pytest.mark.requirement("acp.output.result")
@BOTH
async def test_waiting_for_a_new_run_answers_the_run_and_its_result(
    acp: Acp, stateful: bool
) -> None:
    place = await acp.place(stateful=stateful)
    answer = await acp.ask("POST", f"{place}/wait", {"input": STEPS})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    waited = answer.json()
    assert waited["run"]["status"] == "success"
    assert waited["output"] == {"type": "result", "values": {"done": ["emit", "emit", "emit"]}}


@pytest.mark.requirement("acp.runs.join")
@pytest.mark.requirement("acp.runs.join_on_thread")
@pytest.mark.requirement("acp.runs.own_output")
async def test_a_run_keeps_its_own_output_whatever_later_runs_do(acp: Acp) -> None:
    place = await acp.place(stateful=True)
    first = await acp.start(place, ["emit", "values", 1])
    assert (await acp.output(first))["values"] == {"done": ["emit"]}
    second = await acp.start(place)
    assert (await acp.output(second))["values"] == {"done": []}
    assert (await acp.output(first))["values"] == {"done": ["emit"]}
    assert (await acp.output(f"/runs/{first.rpartition('/')[2]}"))["values"] == {"done": ["emit"]}


@pytest.mark.requirement("acp.runs.kept")
async def test_a_stateless_run_outlives_its_thread(acp: Acp) -> None:
    waited = (await acp.ask("POST", "/runs/wait", {"input": STEPS})).json()
    run = f"/runs/{waited['run']['run_id']}"
    assert (await acp.output(run)) == waited["output"]
    assert (await acp.ask("GET", run)).json() == waited["run"]
    found = (await acp.ask("POST", "/runs/search", {"status": "success"})).json()
    assert [each["run_id"] for each in found] == [waited["run"]["run_id"]]
    assert (await acp.ask("POST", "/threads/search", {})).json() == []
    thread = (await acp.engine.runs.get(None, waited["run"]["run_id"], EVERYTHING)).thread_id
    assert (await acp.ask("GET", f"/threads/{thread}")).status_code == 404


@pytest.mark.requirement("acp.runs.keep")
async def test_a_stateless_run_may_leave_its_thread(acp: Acp) -> None:
    body = {"input": STEPS, "on_completion": "keep"}
    run = (await acp.ask("POST", "/runs/wait", body)).json()["run"]
    thread = (await acp.ask("GET", f"/threads/{run['thread_id']}")).json()
    assert (thread["status"], thread["values"]) == ("idle", {"done": ["emit", "emit", "emit"]})


@pytest.mark.requirement("acp.runs.search")
@EITHER
async def test_runs_are_searched_by_agent_status_and_metadata_newest_first(acp: Acp) -> None:
    ids = []
    for n in range(3):
        run = await acp.start("/runs", metadata={"n": n, "of": {"all": True}})
        await acp.output(run)
        ids.append(run.rpartition("/")[2])
    failed = await acp.start("/runs", ["fail", "no"], metadata={"n": 9})
    await acp.output(failed)
    ids.append(failed.rpartition("/")[2])

    async def found(**query: object) -> list[str]:
        answer = await acp.ask("POST", "/runs/search", query)
        assert answer.status_code == 200, answer.text
        return [each["run_id"] for each in answer.json()]

    assert await found() == ids[::-1]
    assert await found(limit=2) == ids[:1:-1]
    assert await found(limit=2, offset=2) == ids[1::-1]
    assert await found(status="error") == [ids[3]]
    assert await found(status="success", metadata={"n": 1, "of": {"all": True}}) == [ids[1]]
    assert await found(agent_id=ASSISTANT, metadata={"n": 9}) == [ids[3]]
    assert await found(agent_id=AGENT, status="pending") == []
    assert await found(agent_id=UNKNOWN) == []
    for wrong in ({"status": "running"}, {"limit": 0}, {"limit": 1001}, {"offset": -1}):
        assert (await acp.ask("POST", "/runs/search", wrong)).status_code == 422
    assert (await acp.ask("POST", "/runs/search", {"agent_id": "x"})).status_code == 404


@pytest.mark.requirement("acp.runs.list")
@EITHER
async def test_a_threads_runs_are_listed_newest_first(acp: Acp) -> None:
    place = await acp.place(stateful=True)
    runs: list[str] = []
    for _ in range(12):
        run = await acp.start(place)
        await acp.output(run)
        runs.insert(0, run.rpartition("/")[2])

    async def listed(query: str) -> list[str]:
        return [each["run_id"] for each in (await acp.ask("GET", f"{place}{query}")).json()]

    assert await listed("") == runs[:10]
    assert await listed("?limit=2&offset=3") == runs[3:5]
    assert (await acp.ask("GET", f"/threads/{UNKNOWN}/runs")).status_code == 404
    assert (await acp.ask("GET", f"{place}?limit=0")).status_code == 422
    assert (await acp.ask("GET", f"{place}?offset=x")).status_code == 422


@pytest.mark.requirement("acp.runs.default_agent")
async def test_the_agent_is_named_by_id_or_graph_or_not_at_all(acp: Acp) -> None:
    for options in ({}, {"agent_id": AGENT}, {"agent_id": ASSISTANT}, {"agent_id": None}):
        run = (await acp.ask("POST", "/runs/wait", {"input": [], **options})).json()["run"]
        assert run["agent_id"] == ASSISTANT
    for unknown in ("nobody", UNKNOWN):
        answer = await acp.ask("POST", "/runs", {"input": [], "agent_id": unknown})
        assert answer.status_code == 404 and unknown in answer.json()


@pytest.mark.requirement("acp.status")
@BOTH
async def test_a_run_is_pending_until_it_ends_and_never_running(acp: Acp, stateful: bool) -> None:
    place = await acp.place(stateful=stateful)
    queued = await acp.start(place, after_seconds=3600)
    assert await acp.status(queued) == "pending"
    running = await acp.start(await acp.place(stateful=stateful), ["wait", "gate"])
    await acp.agent.arrived("gate")
    id = running.rpartition("/")[2]
    assert (await acp.engine.runs.get(None, id, EVERYTHING)).state is RunState.RUNNING
    assert await acp.status(running) == "pending"
    found = (await acp.ask("POST", "/runs/search", {"status": "pending"})).json()
    assert {each["run_id"] for each in found} == {id, queued.rpartition("/")[2]}
    acp.agent.open("gate")
    paused = await acp.start(await acp.place(stateful=stateful), PAUSE)
    assert (await acp.output(paused))["type"] == "interrupt"
    assert await acp.status(paused) == "interrupted"


@pytest.mark.requirement("acp.output.error")
@BOTH
async def test_an_exception_is_an_output_with_a_code(acp: Acp, stateful: bool) -> None:
    place = await acp.place(stateful=stateful)
    answer = await acp.ask("POST", f"{place}/wait", {"input": [["fail", "no luck"]]})
    run, output = answer.json()["run"], answer.json()["output"]
    assert (answer.status_code, run["status"]) == (200, "error")
    assert output == {
        "type": "error",
        "run_id": run["run_id"],
        "errcode": 1,
        "description": "ValueError: no luck",
    }
    assert (await acp.output(f"{place}/{run['run_id']}")) == output


@pytest.mark.requirement("acp.output.interrupt")
@pytest.mark.requirement("acp.runs.resume")
@pytest.mark.requirement("acp.runs.resume_on_thread")
@BOTH
async def test_an_interrupted_run_is_resumed_under_its_own_id(acp: Acp, stateful: bool) -> None:
    place = await acp.place(stateful=stateful)
    waited = (await acp.ask("POST", f"{place}/wait", {"input": [PAUSE]})).json()
    assert waited["run"]["status"] == "interrupted"
    asked = {"type": "interrupt", "interrupt": {"interrupt": {"question": "ok?"}}}
    assert waited["output"] == asked
    run = f"{place}/{waited['run']['run_id']}"
    assert await acp.output(run) == asked
    resumed = (await acp.ask("POST", run, {"ok": True})).json()
    assert (resumed["run_id"], resumed["status"]) == (waited["run"]["run_id"], "pending")
    assert resumed["creation"] == waited["run"]["creation"]
    assert await acp.output(run) == {"type": "result", "values": {"done": []}}


@pytest.mark.requirement("acp.resume.only_interrupted")
@EITHER
async def test_only_an_interrupted_run_can_be_resumed(acp: Acp) -> None:
    place = await acp.place(stateful=True)
    assert (await acp.ask("POST", f"{place}/{UNKNOWN}", {})).status_code == 404
    assert (await acp.ask("POST", f"/runs/{UNKNOWN}", {})).status_code == 404
    pending = await acp.start(place, ["wait", "gate"])
    assert (await acp.ask("POST", pending, {})).status_code == 409
    acp.agent.open("gate")
    await acp.output(pending)
    answer = await acp.ask("POST", pending, {"ok": True})
    assert answer.status_code == 409 and "not interrupted" in answer.json()


@pytest.mark.requirement("acp.resume.body")
async def test_the_body_of_a_resume_is_the_answer_and_may_be_anything_but_null(acp: Acp) -> None:
    answers: list[Any] = [{}, [], "yes", 1, 0.5, False]
    for answer in answers:
        run = await acp.start("/runs", PAUSE)
        await acp.output(run)
        assert (await acp.ask("POST", run, answer)).status_code == 200
    run = await acp.start("/runs", PAUSE)
    await acp.output(run)
    for nothing in (b"", b"null", b"{"):
        refused = await acp.client.post(f"/acp{run}", content=nothing)
        assert refused.status_code == 422
    assert await acp.status(run) == "interrupted"


@pytest.mark.requirement("acp.resume.superseded")
@pytest.mark.parametrize("by", ["a new run", "a state write"])
async def test_a_run_whose_thread_goes_on_without_an_answer_is_over(acp: Acp, by: str) -> None:
    thread = await acp.thread()
    run = await acp.start(f"/threads/{thread}/runs", PAUSE)
    await acp.output(run)
    if by == "a new run":
        body = {"input": [], "multitask_strategy": "enqueue"}
        answer = await acp.ask("POST", f"/threads/{thread}/runs/wait", body)
    else:
        answer = await acp.ask("PATCH", f"/threads/{thread}", {"values": {"a": 1}})
    assert answer.status_code == 200, answer.text
    assert await acp.status(run) == "success"
    assert (await acp.output(run))["type"] == "result"
    assert (await acp.ask("POST", run, {"ok": True})).status_code == 409


@pytest.mark.requirement("acp.runs.cancel")
@pytest.mark.requirement("acp.runs.cancel_on_thread")
@BOTH
async def test_a_run_is_cancelled_in_whatever_state_and_is_an_error_then(
    acp: Acp, stateful: bool
) -> None:
    cancelled = {"type": "error", "errcode": 3, "description": "The run was cancelled."}
    for steps, options in (
        ([["wait", "never"]], {}),
        ([], {"after_seconds": 3600}),
        ([PAUSE], {}),
    ):
        run = await acp.start(await acp.place(stateful=stateful), *steps, **options)
        if steps == [PAUSE]:
            await acp.output(run)
        answer = await acp.ask("POST", f"{run}/cancel?wait=true")
        assert (answer.status_code, answer.content) == (204, b"")
        assert await acp.status(run) == "error"
        assert {**cancelled, "run_id": run.rpartition("/")[2]} == await acp.output(run)
        assert (await acp.ask("POST", run, {})).status_code == 409
        again = await acp.ask("POST", f"{run}/cancel")
        assert again.status_code == 422 and "has ended" in again.json()


@pytest.mark.requirement("acp.cancel.parameters")
@EITHER
@BOTH
async def test_a_cancel_may_wait_and_may_undo(acp: Acp, stateful: bool) -> None:
    run = await acp.start(await acp.place(stateful=stateful), ["wait", "never"])
    await acp.agent.arrived("never")
    assert (await acp.ask("POST", f"{run}/cancel?action=kill")).status_code == 422
    assert (await acp.ask("POST", f"{run}/cancel?wait=perhaps")).status_code == 422
    assert (await acp.ask("POST", f"{run}/cancel")).status_code == 204
    assert (await acp.output(run))["errcode"] == 3
    undone = await acp.start(await acp.place(stateful=stateful), ["wait", "ever"])
    await acp.agent.arrived("ever")
    answer = await acp.ask("POST", f"{undone}/cancel?action=rollback&wait=true")
    assert answer.status_code == 204
    assert (await acp.ask("GET", undone)).status_code == 404
    nothing = f"{undone.rpartition('/')[0]}/{UNKNOWN}"
    assert (await acp.ask("POST", f"{nothing}/cancel")).status_code == 404


@pytest.mark.requirement("acp.cancel.waiters")
async def test_who_waits_for_a_run_that_is_undone_or_deleted_learns_of_it(acp: Acp) -> None:
    place = await acp.place(stateful=True)
    run = await acp.start(place, ["wait", "never"])
    async with acp.open("GET", f"{run}/wait") as waiting:
        await waiting.begun()
        await acp.agent.arrived("never")
        await acp.ask("POST", f"{run}/cancel?action=rollback&wait=true")
        assert b'"errcode":3' in await waiting.rest()
    run = await acp.start(place, ["wait", "never2"])
    async with acp.open("GET", f"{run}/wait") as waiting:
        await waiting.begun()
        await acp.agent.arrived("never2")
        thread = place.removesuffix("/runs")
        assert (await acp.ask("DELETE", thread, mount="")).status_code == 204  # LangGraph's may
        assert b'"errcode":0' in await waiting.rest()


@pytest.mark.requirement("acp.runs.delete")
@pytest.mark.requirement("acp.runs.delete_on_thread")
@BOTH
async def test_a_run_is_deleted_once_it_has_ended(acp: Acp, stateful: bool) -> None:
    run = await acp.start(await acp.place(stateful=stateful), ["wait", "gate"])
    refused = await acp.ask("DELETE", run)
    assert refused.status_code == 422 and "cancel it first" in refused.json()
    acp.agent.open("gate")
    await acp.output(run)
    assert (await acp.ask("DELETE", run)).status_code == 204
    assert (await acp.ask("GET", run)).status_code == 404
    assert (await acp.ask("DELETE", run)).status_code == 404
    interrupted = await acp.start(await acp.place(stateful=stateful), PAUSE)
    await acp.output(interrupted)
    assert (await acp.ask("DELETE", interrupted)).status_code == 204


@pytest.mark.requirement("acp.runs.multitask")
async def test_a_run_starts_on_an_idle_thread_only_unless_it_says_otherwise(acp: Acp) -> None:
    place = await acp.place(stateful=True)
    first = await acp.start(place, ["wait", "gate"])
    bodies: list[Any] = [{"input": []}, {"input": [], "multitask_strategy": "reject"}]
    for body in bodies:
        for way in ("", "/wait", "/stream"):
            assert (await acp.ask("POST", f"{place}{way}", body)).status_code == 409
    queued = await acp.start(place, multitask_strategy="enqueue")
    assert await acp.status(queued) == "pending"
    acp.agent.open("gate")
    assert (await acp.output(queued))["type"] == "result"
    interrupting = await acp.start(place, ["wait", "second"])
    await acp.agent.arrived("second")
    last = await acp.start(place, multitask_strategy="interrupt")
    assert (await acp.output(last))["type"] == "result"
    assert (await acp.output(interrupting))["errcode"] == 3
    undone = await acp.start(place, ["wait", "third"])
    await acp.agent.arrived("third")
    last = await acp.start(place, multitask_strategy="rollback")
    await acp.output(last)
    assert (await acp.ask("GET", undone)).status_code == 404
    assert (await acp.output(first))["type"] == "result"


@pytest.mark.requirement("acp.runs.multitask_interrupted")
async def test_a_thread_whose_run_is_interrupted_is_not_idle(acp: Acp) -> None:
    place = await acp.place(stateful=True)
    waiting = await acp.start(place, PAUSE)
    await acp.output(waiting)
    refused = await acp.ask("POST", place, {"input": []})
    assert refused.status_code == 409
    assert await acp.status(waiting) == "interrupted"
    answer = await acp.ask("POST", place, {"input": [], "multitask_strategy": "interrupt"})
    assert answer.status_code == 200
    assert await acp.status(waiting) == "success"


@pytest.mark.requirement("acp.runs.if_not_exists")
async def test_a_run_may_create_its_thread(acp: Acp) -> None:
    thread = "0198c5a2-7b1e-7cc0-a2b4-5d6e7f809112"
    assert (await acp.ask("POST", f"/threads/{thread}/runs", {"input": []})).status_code == 404
    body = {"input": [], "if_not_exists": "create"}
    answer = await acp.ask("POST", f"/threads/{thread}/runs/wait", body)
    assert answer.json()["run"]["thread_id"] == thread
    assert (await acp.ask("GET", f"/threads/{thread}")).status_code == 200


@pytest.mark.requirement("acp.runs.after_seconds")
async def test_a_run_waits_its_time_and_its_thread_is_busy(acp: Acp) -> None:
    thread = await acp.thread()
    run = await acp.start(f"/threads/{thread}/runs", after_seconds=3600)
    assert await acp.status(run) == "pending"
    assert (await acp.ask("GET", f"/threads/{thread}")).json()["status"] == "busy"
    at_once = await acp.start("/runs", after_seconds=-5)
    assert (await acp.output(at_once))["type"] == "result"
    for wrong in (366 * 86_400 + 1, "5", 0.5):
        answer = await acp.ask("POST", "/runs", {"input": [], "after_seconds": wrong})
        assert answer.status_code == 422 and "after_seconds" in answer.json()


@pytest.mark.requirement("acp.runs.config")
async def test_the_configuration_reaches_the_agent(acp: Acp) -> None:
    config = {"tags": ["t"], "recursion_limit": 7, "configurable": {"language": "en"}}
    run = await acp.start("/runs", config=config)
    request = (await acp.engine.runs.get(None, run.rpartition("/")[2], EVERYTHING)).request
    assert request.config == config
    assert request.context == {"language": "en"}
    for wrong, field in (
        ({"tags": "t"}, "config.tags"),
        ({"recursion_limit": 0}, "recursion_limit"),
        ({"configurable": {"thread_id": "x"}}, "thread_id"),
        ({"configurable": "x"}, "configurable"),
    ):
        answer = await acp.ask("POST", "/runs", {"input": [], "config": wrong})
        assert answer.status_code == 422 and field in answer.json()


@pytest.mark.requirement("acp.runs.idempotency")
@BOTH
async def test_the_same_request_sent_again_is_the_same_run(acp: Acp, stateful: bool) -> None:
    place, key = await acp.place(stateful=stateful), {"Idempotency-Key": "k"}
    first = await acp.ask("POST", f"{place}/wait", {"input": STEPS}, key)
    again = await acp.ask("POST", f"{place}/wait", {"input": STEPS}, key)
    assert again.json() == first.json()
    other = await acp.ask("POST", f"{place}/wait", {"input": []}, key)
    assert other.status_code == 422


@pytest.mark.requirement("acp.runs.choices")
@pytest.mark.parametrize(
    ("field", "value", "stateful"),
    [
        ("stream_mode", "updates", False),
        ("stream_mode", ["values", "nope"], True),
        ("on_disconnect", "stay", False),
        ("multitask_strategy", "wait", True),
        ("on_completion", "archive", False),
        ("if_not_exists", "ignore", True),
        ("webhook", "not-a-url", False),
        ("webhook", "", True),
        ("webhook", "ftp://example.com/x", True),
    ],
)
async def test_what_is_no_choice_is_refused_by_the_name_of_the_field(
    acp: Acp, field: str, value: object, stateful: bool
) -> None:
    place = await acp.place(stateful=stateful)
    answer = await acp.ask("POST", place, {"input": [], field: value})
    assert answer.status_code == 422 and field in answer.json()


@pytest.mark.requirement("acp.runs.empty")
async def test_a_body_may_be_left_out_where_every_field_is_optional() -> None:
    async with open_acp(manifest={"specs": {"input": {}}}) as acp:
        for path in ("/agents/search", "/threads", "/threads/search", "/runs/search", "/runs"):
            answer = await acp.client.post(f"/acp{path}")
            assert answer.status_code == 200, (path, answer.text)


async def test_told_reads_what_a_stream_tells(acp: Acp) -> None:
    stream = await acp.stream("POST", "/runs/stream", {"input": STEPS})
    assert told(stream)[0] == ("values", "pending", {"x": 1})
