"""Runs over HTTP, in process."""

import asyncio
from typing import Any

import orjson
import pytest

from demotic.domain.assistants import NewAssistant
from demotic.domain.model import EVERYTHING, Scope
from demotic.domain.runs import BusyPolicy, NewRun, RunRequest
from demotic.engine.core import Limits
from demotic.web.callers import SCOPE_KEY
from dialects.agent_protocol.ap_graphs import REPLY, asking, chat
from dialects.agent_protocol.ap_http import (
    AGENT,
    ASSISTANT,
    STEPS,
    UNKNOWN,
    ScriptedWire,
    open_wire,
    run_body,
    serving,
)
from house import open_house

NEW = "01234567-89ab-cdef-0123-456789abcdef"
OTHER = "11111111-1111-1111-1111-111111111111"
ENDED = {"pending", "running"}


async def ended(wire: ScriptedWire, id: str) -> Any:
    """A run once it has ended."""
    await wire.told("GET", f"/runs/{id}/wait")
    return await wire.run(id)


@pytest.mark.requirement("ap.runs.create")
async def test_a_background_run_goes_on_by_itself(wire: ScriptedWire) -> None:
    thread = await wire.thread()
    made = await wire.told(
        "POST", "/runs", run_body(["wait", "gate"], thread_id=thread, metadata={"m": 1})
    )
    assert (made["status"], made["thread_id"], made["agent_id"]) == ("pending", thread, ASSISTANT)
    assert (made["input"], made["metadata"]["m"]) == ([["wait", "gate"]], 1)
    await wire.agent.arrived("gate")
    assert (await wire.run(made["run_id"]))["status"] == "pending"
    wire.agent.open("gate")
    assert (await ended(wire, made["run_id"]))["status"] == "success"


@pytest.mark.requirement("ap.runs.wait")
async def test_a_wait_answers_the_run_and_its_output(wire: ScriptedWire) -> None:
    thread = await wire.thread()
    answer = await wire.told("POST", "/runs/wait", run_body(*STEPS, thread_id=thread))
    assert answer["values"] == {"done": ["emit", "emit", "emit"]}
    assert answer["run"]["status"] == "success"
    assert answer["run"] == await wire.run(answer["run"]["run_id"])
    assert "messages" not in answer


async def test_every_field_may_be_left_out_and_so_may_the_body(wire: ScriptedWire) -> None:
    for body in (b"", b" ", b"{}", b"null"[:0]):
        answer = await wire.client.post("/runs/wait", content=body)
        assert (answer.status_code, answer.json()["run"]["agent_id"]) == (200, ASSISTANT)


@pytest.mark.requirement("ap.runs.stateless")
async def test_without_a_thread_a_run_has_its_own_which_goes_and_the_run_stays(
    wire: ScriptedWire,
) -> None:
    run = (await wire.wait(*STEPS))["run"]
    assert run["on_completion"] == "delete"
    gone = await wire.ask("GET", f"/threads/{run['thread_id']}")
    assert gone.status_code == 404
    assert await wire.run(run["run_id"]) == run
    again = await wire.told("GET", f"/runs/{run['run_id']}/wait")
    assert again == {"run": run, "values": {"done": ["emit", "emit", "emit"]}}
    (found,) = await wire.told("POST", "/runs/search", {"thread_id": run["thread_id"]})
    assert found == run
    kept = (await wire.wait(on_completion="keep"))["run"]
    thread = await wire.told("GET", f"/threads/{kept['thread_id']}")
    assert (thread["status"], thread["values"]) == ("idle", {"done": []})


@pytest.mark.requirement("ap.runs.on_completion")
async def test_a_run_on_a_thread_keeps_it(wire: ScriptedWire) -> None:
    thread = await wire.thread()
    for options in ({}, {"on_completion": "keep"}):
        run = (await wire.wait(thread_id=thread, **options))["run"]
        assert run["on_completion"] == "keep"
        assert (await wire.told("GET", f"/threads/{thread}"))["status"] == "idle"
    unknown = await wire.ask("POST", "/runs", run_body(on_completion="x"))
    assert unknown.status_code == 422


@pytest.mark.requirement("ap.runs.on_completion.named")
async def test_a_run_may_take_the_thread_along_that_it_names(wire: ScriptedWire) -> None:
    thread = await wire.thread(metadata={"a": 1})
    earlier = (await wire.wait(thread_id=thread))["run"]
    ends = {"thread_id": thread, "on_completion": "delete"}
    told = await wire.wait(*STEPS, **ends)
    run = told["run"]
    assert (run["on_completion"], run["thread_id"]) == ("delete", thread)
    assert (await wire.ask("GET", f"/threads/{thread}")).status_code == 404
    assert await wire.told("POST", "/threads/search", {"metadata": {"a": 1}}) == []
    assert await wire.told("GET", f"/runs/{run['run_id']}/wait") == told  # as one without a thread
    assert (await wire.run(earlier["run_id"]))["status"] == "success"
    missing = await wire.ask("POST", "/runs/wait", run_body(**ends))
    assert (missing.status_code, missing.json()["code"]) == (404, "thread_not_found")
    again = await wire.wait(**ends, if_not_exists="create")
    assert again["run"]["status"] == "success"


@pytest.mark.requirement("ap.runs.on_completion.named")
async def test_a_thread_that_a_run_takes_along_waits_for_its_end(wire: ScriptedWire) -> None:
    thread = await wire.thread()
    ends = {"thread_id": thread, "on_completion": "delete"}
    paused = (await wire.wait(["pause", "Go on?"], **ends))["run"]
    assert (await wire.told("GET", f"/threads/{thread}"))["status"] == "interrupted"
    assert (await wire.ask("POST", f"/runs/{paused['run_id']}/cancel")).status_code == 204
    assert (await wire.ask("GET", f"/threads/{thread}")).status_code == 404
    assert (await wire.run(paused["run_id"]))["status"] == "error"


@pytest.mark.requirement("ap.runs.on_completion.others")
async def test_a_thread_that_others_have_a_run_on_stays(wire: ScriptedWire) -> None:
    thread = await wire.thread()
    first = await wire.start(["wait", "gate"], thread_id=thread, on_completion="delete")
    await wire.agent.arrived("gate")
    other = await wire.house.start(thread)
    wire.agent.open("gate")
    assert (await ended(wire, first))["status"] == "success"
    assert (await ended(wire, other.run.id))["status"] == "success"
    assert (await wire.told("GET", f"/threads/{thread}"))["status"] == "idle"


@pytest.mark.requirement("ap.runs.if_not_exists")
async def test_a_missing_thread_is_refused_or_created(wire: ScriptedWire) -> None:
    for options in ({}, {"if_not_exists": "reject"}):
        missing = await wire.ask("POST", "/runs/wait", run_body(thread_id=NEW, **options))
        assert (missing.status_code, missing.json()["code"]) == (404, "thread_not_found")
    run = (await wire.wait(thread_id=NEW, if_not_exists="create"))["run"]
    assert (run["thread_id"], run["if_not_exists"]) == (NEW, "create")
    assert (await wire.told("GET", f"/threads/{NEW}"))["status"] == "idle"


async def test_the_agent_of_a_run_must_be_there(wire: ScriptedWire) -> None:
    for agent in ("none", UNKNOWN):
        for path in ("/runs", "/runs/wait", "/runs/stream"):
            missing = await wire.ask("POST", path, {"agent_id": agent})
            assert (missing.status_code, missing.json()["code"]) == (404, "agent_not_found")


@pytest.mark.requirement("ap.runs.busy")
async def test_on_a_busy_thread_a_run_is_refused(wire: ScriptedWire) -> None:
    thread = await wire.thread()
    await wire.start(["wait", "gate"], thread_id=thread)
    for path in ("/runs", "/runs/wait", "/runs/stream"):
        busy = await wire.ask("POST", path, run_body(thread_id=thread))
        assert (busy.status_code, busy.json()["code"]) == (409, "thread_busy")
    wire.agent.open("gate")
    await wire.wait()


@pytest.mark.requirement("ap.runs.own_output")
async def test_a_run_keeps_its_own_output_also_after_later_runs(wire: ScriptedWire) -> None:
    thread = await wire.thread()
    first = await wire.start(*STEPS, thread_id=thread)
    answer = await wire.told("GET", f"/runs/{first}/wait")
    assert (answer["run"]["status"], answer["values"]["done"]) == ("success", ["emit"] * 3)
    await wire.wait(["emit", "custom", 1], thread_id=thread)
    failed = await wire.wait(["fail", "boom"], thread_id=thread)
    assert failed["run"]["status"] == "error"
    assert await wire.told("GET", f"/runs/{first}/wait") == answer
    assert await wire.run(first) == answer["run"]
    alone = await wire.start(*STEPS)
    told = await wire.told("GET", f"/runs/{alone}/wait")
    await wire.wait()
    assert await wire.told("GET", f"/runs/{alone}/wait") == told


async def test_a_conversation_is_answered_beside_the_values() -> None:
    async with serving(chat) as wire:
        thread = await wire.thread()
        said = [{"role": "human", "content": "Hi", "metadata": {"k": 1}}]
        body = {"messages": said, "input": {"topic": "rain"}, "thread_id": thread}
        answer = await wire.told("POST", "/runs/wait", body)
        assert answer["values"] == {"topic": "rain"}
        assert [(each["role"], each["content"]) for each in answer["messages"]] == [
            ("user", "Hi"),
            ("assistant", REPLY),
        ]
        assert answer["messages"][0]["metadata"] == {"k": 1}
        run, shown = answer["run"], await wire.told("GET", f"/threads/{thread}")
        assert run["input"] == {"topic": "rain"}
        assert run["messages"] == [{"role": "user", "content": "Hi", "metadata": {"k": 1}}]
        assert (shown["values"], shown["messages"]) == (answer["values"], answer["messages"])


@pytest.mark.requirement("ap.runs.interrupted")
async def test_a_paused_run_is_interrupted_and_tells_what_it_asks() -> None:
    async with serving(asking) as wire:
        thread = await wire.thread()
        body: dict[str, Any] = {"thread_id": thread, "input": {"items": ["x"]}}
        answer = await wire.told("POST", "/runs/wait", body)
        run = answer["run"]["run_id"]
        assert answer["run"]["status"] == "interrupted"
        (asked,) = answer["values"].pop("__interrupt__")
        assert (asked["value"], answer["values"]) == ("Go on?", {"items": ["x", "noted"]})
        assert (await wire.told("GET", f"/threads/{thread}"))["status"] == "interrupted"
        (found,) = await wire.told("POST", "/runs/search", {"status": "interrupted"})
        assert found["run_id"] == run
        await wire.told("POST", "/runs/wait", {"thread_id": thread, "input": {"items": ["y"]}})
        superseded = await wire.told("GET", f"/runs/{run}/wait")
        assert superseded["run"]["status"] == "success"
        assert superseded["values"]["items"] == ["x", "noted"]


@pytest.mark.requirement("ap.runs.failed")
async def test_a_failed_run_tells_why(wire: ScriptedWire) -> None:
    answer = await wire.wait(["fail", "boom"])
    error = {"error": "ValueError", "message": "boom"}
    assert (answer["run"]["status"], answer["values"]) == ("error", {"__error__": error})
    id = answer["run"]["run_id"]
    assert await wire.told("GET", f"/runs/{id}/wait") == answer


async def test_a_run_that_takes_too_long_is_a_timeout() -> None:
    async with open_house(limits=Limits(run_s=0.05, grace_s=0.05)) as house:
        async with open_wire(house) as wire:
            answer = await wire.wait(["wait", "gate"])
            assert answer["run"]["status"] == "timeout"
            assert answer["values"]["__error__"]["error"] == "TimeLimitExceeded"
            (found,) = await wire.told("POST", "/runs/search", {"status": "timeout"})
            assert found == answer["run"]


@pytest.mark.requirement("ap.runs.search")
async def test_runs_are_found_newest_first(wire: ScriptedWire) -> None:
    thread = await wire.thread()
    made = [(await wire.wait(thread_id=thread))["run"], (await wire.wait())["run"]]
    assert await wire.told("POST", "/runs/search") == made[::-1]
    assert await wire.told("POST", "/runs/search", {}) == made[::-1]


async def test_runs_are_found_by_what_they_are(wire: ScriptedWire) -> None:
    await wire.house.storage.create_assistant(
        NewAssistant(id=OTHER, agent=AGENT, name="Other"), scope=EVERYTHING, now_us=1
    )
    thread = await wire.thread()
    busy = await wire.start(["wait", "gate"], thread_id=thread)
    await wire.agent.arrived("gate")
    paused = (await wire.wait(["pause", "?"], agent_id=OTHER))["run"]["run_id"]
    failed = (await wire.wait(["fail", "x"], metadata={"m": 1}))["run"]["run_id"]
    for body, ids in (
        ({"status": "pending"}, [busy]),
        ({"status": "error"}, [failed]),
        ({"status": "interrupted"}, [paused]),
        ({"status": "success"}, []),
        ({"status": "timeout"}, []),
        ({"thread_id": thread}, [busy]),
        ({"thread_id": UNKNOWN}, []),
        ({"agent_id": AGENT}, [failed, busy]),
        ({"agent_id": ASSISTANT}, [failed, busy]),
        ({"agent_id": OTHER}, [paused]),
        ({"agent_id": UNKNOWN}, []),
        ({"metadata": {"m": 1}}, [failed]),
        ({"limit": 1}, [failed]),
        ({"limit": 1, "offset": 1}, [paused]),
    ):
        found = await wire.told("POST", "/runs/search", body)
        assert [each["run_id"] for each in found] == ids, body
    wire.agent.open("gate")
    for _ in range(10):
        await wire.wait()
    assert len(await wire.told("POST", "/runs/search", {})) == 10
    for wrong in ({"limit": 0}, {"limit": 1001}, {"offset": -1}, {"status": "running"}):
        assert (await wire.ask("POST", "/runs/search", wrong)).status_code == 422
    assert (await wire.ask("POST", "/runs/search", {"agent_id": "none"})).status_code == 404


@pytest.mark.requirement("ap.runs.get")
async def test_a_run_is_shown_by_its_id_alone(wire: ScriptedWire) -> None:
    run = (await wire.wait(*STEPS, stream_mode=["values", "custom"], config={"tags": ["t"]}))["run"]
    assert run["stream_mode"] == ["values", "custom"]
    assert (run["config"], run["on_disconnect"]) == ({"tags": ["t"]}, "cancel")
    missing = await wire.ask("GET", f"/runs/{UNKNOWN}")
    assert (missing.status_code, missing.json()["code"]) == (404, "run_not_found")
    assert (await wire.ask("GET", "/runs/x")).status_code == 422


@pytest.mark.requirement("ap.runs.join")
async def test_a_run_is_waited_for(wire: ScriptedWire) -> None:
    id = await wire.start(["wait", "gate"], ["emit", "values", 1])
    await wire.agent.arrived("gate")
    waiting = asyncio.create_task(wire.told("GET", f"/runs/{id}/wait"))
    await asyncio.sleep(0)
    wire.agent.open("gate")
    answer = await waiting
    assert (answer["run"]["status"], answer["values"]) == ("success", {"done": ["wait", "emit"]})
    assert (await wire.ask("GET", f"/runs/{UNKNOWN}/wait")).status_code == 404


async def test_a_run_that_is_rolled_back_while_it_is_waited_for_is_an_error(
    wire: ScriptedWire,
) -> None:
    id = await wire.start(["wait", "gate"], thread_id=await wire.thread())
    await wire.agent.arrived("gate")
    async with wire.open("GET", f"/runs/{id}/wait") as waiting:
        cancelled = await wire.ask("POST", f"/runs/{id}/cancel?action=rollback&wait=true")
        assert cancelled.status_code == 204
        body = orjson.loads(await waiting.rest())
    assert (body["run"]["run_id"], body["run"]["status"]) == (id, "error")
    assert body["values"]["__error__"]["error"] == "RunNotFound"


@pytest.mark.requirement("ap.runs.cancel")
async def test_a_cancelled_run_is_an_error_and_its_thread_is_free(wire: ScriptedWire) -> None:
    thread = await wire.thread()
    id = await wire.start(["wait", "gate"], thread_id=thread)
    await wire.agent.arrived("gate")
    cancelled = await wire.ask("POST", f"/runs/{id}/cancel")
    assert (cancelled.status_code, cancelled.content) == (204, b"")
    answer = await wire.told("GET", f"/runs/{id}/wait")
    assert (answer["run"]["status"], answer["values"]) == ("error", {})
    assert (await wire.wait(thread_id=thread))["run"]["status"] == "success"
    assert (await wire.ask("POST", f"/runs/{UNKNOWN}/cancel")).status_code == 404


@pytest.mark.requirement("ap.runs.cancel.parameters")
async def test_a_cancel_may_wait_and_may_undo(wire: ScriptedWire) -> None:
    thread = await wire.thread()
    await wire.wait(thread_id=thread)
    for query, status in (
        ("?wait=true&action=rollback", 404),
        ("?wait=true", 200),
        ("?wait=true&action=interrupt", 200),
    ):
        id = await wire.start(["wait", "gate"], thread_id=thread)
        await wire.agent.arrived("gate")
        assert (await wire.ask("POST", f"/runs/{id}/cancel{query}")).status_code == 204
        assert (await wire.ask("GET", f"/runs/{id}")).status_code == status
        wire.agent.reached.clear()
        if status == 404:
            assert (await wire.told("GET", f"/threads/{thread}"))["values"] == {"done": []}
    for wrong in ("action=x", "wait=perhaps"):
        assert (await wire.ask("POST", f"/runs/{id}/cancel?{wrong}")).status_code == 422


@pytest.mark.requirement("ap.runs.cancel.ended")
async def test_a_run_that_has_ended_is_not_cancelled_but_one_that_asks_is(
    wire: ScriptedWire,
) -> None:
    run = (await wire.wait())["run"]
    refused = await wire.ask("POST", f"/runs/{run['run_id']}/cancel")
    assert (refused.status_code, refused.json()["code"]) == (422, "run_ended")
    assert await wire.run(run["run_id"]) == run
    asks = (await wire.wait(["pause", "?"]))["run"]["run_id"]
    assert (await wire.ask("POST", f"/runs/{asks}/cancel")).status_code == 204
    assert (await wire.run(asks))["status"] == "error"
    assert (await wire.ask("POST", f"/runs/{asks}/cancel")).status_code == 422


@pytest.mark.requirement("ap.runs.delete")
async def test_a_run_is_deleted(wire: ScriptedWire) -> None:
    thread = await wire.thread()
    for options in ({}, {"thread_id": thread}):
        run = (await wire.wait(**options))["run"]["run_id"]
        assert (await wire.ask("DELETE", f"/runs/{run}")).status_code == 204
        for method, path in (
            ("GET", ""),
            ("GET", "/wait"),
            ("GET", "/stream"),
            ("POST", "/cancel"),
            ("DELETE", ""),
        ):
            assert (await wire.ask(method, f"/runs/{run}{path}")).status_code == 404
    assert (await wire.told("GET", f"/threads/{thread}"))["values"] == {"done": []}


@pytest.mark.requirement("ap.runs.delete.active")
async def test_a_run_that_has_not_ended_is_not_deleted(wire: ScriptedWire) -> None:
    id = await wire.start(["wait", "gate"])
    refused = await wire.ask("DELETE", f"/runs/{id}")
    assert (refused.status_code, refused.json()["code"]) == (422, "run_active")
    assert "cancel it first" in refused.json()["message"]
    assert (await wire.run(id))["status"] == "pending"
    await wire.ask("POST", f"/runs/{id}/cancel?wait=true")
    assert (await wire.ask("DELETE", f"/runs/{id}")).status_code == 204


@pytest.mark.requirement("ap.runs.idempotency")
async def test_the_same_request_sent_again_is_the_same_run(wire: ScriptedWire) -> None:
    headers = {"Idempotency-Key": "k"}
    first = (await wire.ask("POST", "/runs", run_body(*STEPS), headers)).json()
    again = (await wire.ask("POST", "/runs", run_body(*STEPS), headers)).json()
    assert first["run_id"] == again["run_id"]
    waited = (await wire.ask("POST", "/runs/wait", run_body(*STEPS), headers)).json()
    assert waited["run"]["run_id"] != first["run_id"]
    other = await wire.ask("POST", "/runs", run_body(), headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    long = await wire.ask("POST", "/runs", run_body(), {"Idempotency-Key": "k" * 256})
    assert long.status_code == 422


@pytest.mark.requirement("ap.runs.config")
async def test_what_only_the_server_sets_is_refused_in_a_config(wire: ScriptedWire) -> None:
    config: dict[str, Any] = {"configurable": {"thread_id": UNKNOWN}}
    refused = await wire.ask("POST", "/runs", run_body(config=config))
    assert refused.status_code == 422
    assert "config.configurable.thread_id" in refused.json()["message"]
    config = {"tags": ["a"], "recursion_limit": 7, "configurable": {"k": 1}}
    assert (await wire.wait(config=config))["run"]["config"] == config


@pytest.mark.requirement("ap.runs.status.never_running")
async def test_a_run_of_another_dialect_is_never_running_here(wire: ScriptedWire) -> None:
    new = NewRun(
        id=NEW,
        thread_id=await wire.thread(),
        assistant_id=ASSISTANT,
        request=RunRequest(input=[["wait", "gate"]], modes=["events"]),
        busy_policy=BusyPolicy.ENQUEUE,
    )
    (await wire.engine.runs.start(new, EVERYTHING)).following.close()
    await wire.agent.arrived("gate")
    shown = await wire.run(NEW)
    assert shown["status"] == "pending"
    wire.agent.open("gate")
    answer = await wire.told("GET", f"/runs/{NEW}/wait")
    assert answer["run"]["status"] == "success"


@pytest.mark.requirement("ap.scope")
async def test_a_caller_sees_what_is_in_its_scope_only(wire: ScriptedWire) -> None:
    inner, owner = wire.app, {"value": "alice"}

    async def scoped(scope: Any, receive: Any, send: Any) -> None:
        scope[SCOPE_KEY] = Scope(filters={"owner": owner["value"]})
        await inner(scope, receive, send)

    wire.use(scoped)
    thread = await wire.thread()
    run = (await wire.wait(thread_id=thread))["run"]["run_id"]
    alone = (await wire.wait())["run"]["run_id"]
    owner["value"] = "bob"
    requests: list[tuple[str, str, Any]] = [
        ("GET", f"/threads/{thread}", None),
        ("POST", "/threads", {"thread_id": thread, "if_exists": "do_nothing"}),
        ("PATCH", f"/threads/{thread}", {"values": {}}),
        ("DELETE", f"/threads/{thread}", None),
        ("POST", f"/threads/{thread}/copy", None),
        ("GET", f"/threads/{thread}/history", None),
        ("GET", f"/threads/{thread}/runs", None),
        ("POST", "/runs", run_body(thread_id=thread)),
        ("POST", "/runs/wait", run_body(thread_id=thread, if_not_exists="create")),
        *((m, f"/runs/{id}{end}", None) for id in (run, alone) for m, end in BY_ID),
    ]
    for method, path, body in requests:
        assert (await wire.ask(method, path, body)).status_code == 404, (method, path)
    assert await wire.told("POST", "/threads/search", {}) == []
    assert await wire.told("POST", "/runs/search", {}) == []
    owner["value"] = "alice"
    found = await wire.told("POST", "/runs/search", {})
    assert {each["run_id"] for each in found} == {run, alone}


BY_ID = [("GET", ""), ("DELETE", ""), ("GET", "/wait"), ("GET", "/stream"), ("POST", "/cancel")]
