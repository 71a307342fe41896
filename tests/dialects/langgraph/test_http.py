"""The dialect over HTTP, in process: a scripted agent, a real database in memory."""

import pytest

from dialects.langgraph.langgraph_http import (
    AGENT,
    ASSISTANT,
    STEPS,
    UNKNOWN,
    Wire,
    frames,
    run_body,
)

# The server


@pytest.mark.requirement("langgraph.ok")
async def test_ok_tells_that_the_server_is_up_and_on_request_that_the_storage_is(
    wire: Wire,
) -> None:
    assert (await wire.ask("GET", "/ok")).json() == {"ok": True}
    assert (await wire.ask("GET", "/ok?check_db=1")).json()["ok"] is True
    assert (await wire.ask("GET", "/ok?check_db=perhaps")).status_code == 422
    await wire.house.storage.close()
    assert (await wire.ask("GET", "/ok?check_db=1")).status_code == 503


@pytest.mark.requirement("langgraph.info")
async def test_info_tells_versions_and_what_is_there(wire: Wire) -> None:
    info = (await wire.ask("GET", "/info")).json()
    assert info["version"] and info["langgraph_py_version"]
    assert (info["flags"]["assistants"], info["flags"]["crons"]) == (True, True)


@pytest.mark.requirement("langgraph.home")
async def test_the_root_is_a_sign_of_life_and_for_browsers_a_page(wire: Wire) -> None:
    assert (await wire.ask("GET", "/")).json() == {"ok": True}
    page = await wire.ask("GET", "/", headers={"Accept": "text/html,*/*"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert ASSISTANT in page.text and AGENT in page.text


async def test_unknown_paths_and_methods_are_answered_in_json(wire: Wire) -> None:
    assert (await wire.ask("GET", "/nope")).json()["detail"] == "Not Found"
    wrong = await wire.ask("PUT", "/threads", {})
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    assert wrong.json()["detail"] == "Method Not Allowed"


@pytest.mark.requirement("langgraph.errors.body")
async def test_malformed_bodies_are_refused_in_words(wire: Wire) -> None:
    thread = await wire.thread()
    answer = await wire.client.post("/threads", content=b"{")
    assert answer.status_code == 422
    assert answer.json()["detail"] == "Invalid JSON in request body"
    missing = await wire.ask("POST", f"/threads/{thread}/runs", {})
    assert missing.status_code == 422
    assert missing.json()["detail"] == "The field `assistant_id` is required: add it."


@pytest.mark.requirement("langgraph.planned")
async def test_planned_operations_say_so(wire: Wire) -> None:
    for method, path in [("POST", "/mcp/"), ("POST", "/ui/agent")]:
        answer = await wire.ask(method, path)
        assert answer.status_code == 501, path
        assert "Not built yet, but planned" in answer.json()["detail"]
        assert answer.json()["code"] == "not_built"


# Assistants


@pytest.mark.requirement("langgraph.assistants.search")
async def test_every_agent_has_a_system_assistant(wire: Wire) -> None:
    answer = await wire.ask("POST", "/assistants/search", {"metadata": {"created_by": "system"}})
    assert answer.headers["x-pagination-total"] == "1"
    assert [each["assistant_id"] for each in answer.json()] == [ASSISTANT]
    selected = await wire.ask("POST", "/assistants/search", {"select": ["graph_id"]})
    assert selected.json() == [{"graph_id": AGENT}]
    assert (await wire.ask("POST", "/assistants/search")).status_code == 200


@pytest.mark.requirement("langgraph.assistants.get")
async def test_an_assistant_is_found_by_its_uuid_only(wire: Wire) -> None:
    assert (await wire.ask("GET", f"/assistants/{ASSISTANT}")).json()["graph_id"] == AGENT
    assert (await wire.ask("GET", f"/assistants/{UNKNOWN}")).status_code == 404
    named = await wire.ask("GET", f"/assistants/{AGENT}")
    assert named.status_code == 422
    assert named.json()["detail"] == "Invalid assistant ID: must be a UUID"


# Threads


@pytest.mark.requirement("langgraph.threads.create")
async def test_a_thread_is_created_once(wire: Wire) -> None:
    created = (await wire.ask("POST", "/threads", {"metadata": {"a": 1}})).json()
    assert (created["status"], created["metadata"], created["values"]) == ("idle", {"a": 1}, None)
    body = {"thread_id": created["thread_id"]}
    again = await wire.ask("POST", "/threads", body)
    assert (again.status_code, again.json()["code"]) == (409, "thread_exists")
    existing = await wire.ask("POST", "/threads", {**body, "if_exists": "do_nothing"})
    assert existing.json() == created
    assert (await wire.ask("POST", "/threads", {"thread_id": "nope"})).status_code == 422
    assert (await wire.ask("POST", "/threads")).status_code == 200


@pytest.mark.requirement("langgraph.threads.get")
async def test_a_thread_is_found_by_its_uuid(wire: Wire) -> None:
    thread = await wire.thread()
    assert (await wire.ask("GET", f"/threads/{thread}")).json()["thread_id"] == thread
    assert (await wire.ask("GET", f"/threads/{thread.upper()}")).status_code == 200
    assert (await wire.ask("GET", f"/threads/{UNKNOWN}")).status_code == 404
    malformed = await wire.ask("GET", "/threads/nope")
    assert malformed.status_code == 422
    assert malformed.json()["detail"] == "Invalid thread ID: must be a UUID"


@pytest.mark.requirement("langgraph.threads.search")
async def test_threads_are_searched_page_by_page(wire: Wire) -> None:
    threads = [await wire.thread() for _ in range(3)]
    first = await wire.ask("POST", "/threads/search", {"limit": 2, "select": ["thread_id"]})
    assert first.json() == [{"thread_id": threads[2]}, {"thread_id": threads[1]}]
    assert first.headers["x-pagination-total"] == "3"
    assert first.headers["x-pagination-next"] == "2"
    rest = await wire.ask("POST", "/threads/search", {"limit": 2, "offset": 2})
    assert [each["thread_id"] for each in rest.json()] == [threads[0]]
    assert "x-pagination-next" not in rest.headers


@pytest.mark.requirement("langgraph.done")
@pytest.mark.requirement("langgraph.threads.delete")
async def test_a_thread_is_deleted_even_while_it_is_busy(wire: Wire) -> None:
    thread = await wire.thread()
    await wire.start(thread, ["wait", "gate"])
    await wire.house.agent.arrived("gate")
    deleted = await wire.ask("DELETE", f"/threads/{thread}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await wire.ask("DELETE", f"/threads/{thread}")).status_code == 404


@pytest.mark.requirement("langgraph.threads.state")
async def test_the_state_of_a_thread_without_runs_is_empty(wire: Wire) -> None:
    thread = await wire.thread()
    state = (await wire.ask("GET", f"/threads/{thread}/state?subgraphs=true")).json()
    assert (state["values"], state["checkpoint"], state["checkpoint_id"]) == ({}, None, None)
    assert (await wire.ask("GET", f"/threads/{UNKNOWN}/state")).status_code == 404


@pytest.mark.requirement("langgraph.threads.state_at")
@pytest.mark.requirement("langgraph.threads.state_of")
async def test_the_state_at_an_unknown_checkpoint_is_not_found(wire: Wire) -> None:
    thread = await wire.thread()
    await wire.ask("POST", f"/threads/{thread}/runs/wait", run_body())
    by_path = await wire.ask("GET", f"/threads/{thread}/state/{UNKNOWN}")
    body = {"checkpoint": {"checkpoint_id": UNKNOWN}}
    by_body = await wire.ask("POST", f"/threads/{thread}/state/checkpoint", body)
    for answer in (by_path, by_body):
        assert (answer.status_code, answer.json()["code"]) == (404, "checkpoint_not_found")


@pytest.mark.requirement("langgraph.threads.history")
@pytest.mark.requirement("langgraph.threads.search_history")
async def test_the_history_of_a_thread_without_runs_is_empty(wire: Wire) -> None:
    path = f"/threads/{await wire.thread()}/history"
    assert (await wire.ask("GET", f"{path}?limit=2&before={UNKNOWN}")).json() == []
    assert (await wire.ask("POST", path, {"before": {"checkpoint_id": UNKNOWN}})).json() == []
    assert (await wire.ask("POST", path)).json() == []
    assert (await wire.ask("GET", f"{path}?limit=0")).status_code == 422
    assert (await wire.ask("GET", f"/threads/{UNKNOWN}/history")).status_code == 404


# Runs


@pytest.mark.requirement("langgraph.runs.create")
@pytest.mark.requirement("langgraph.runs.get")
@pytest.mark.requirement("langgraph.runs.join")
async def test_a_run_is_started_joined_and_read(wire: Wire) -> None:
    thread = await wire.thread()
    created = await wire.ask("POST", f"/threads/{thread}/runs", run_body(metadata={"m": 1}))
    run = created.json()
    path = f"/threads/{thread}/runs/{run['run_id']}"
    assert created.headers["content-location"] == path
    assert (run["assistant_id"], run["multitask_strategy"]) == (ASSISTANT, "enqueue")
    assert run["metadata"] == {
        "created_by": "system",
        "graph_id": AGENT,
        "assistant_id": ASSISTANT,
        "m": 1,
    }
    joined = await wire.ask("GET", f"{path}/join")
    assert (joined.status_code, joined.json()) == (200, {"done": []})
    assert joined.headers["location"] == f"{path}/join"
    assert joined.headers["content-location"] == path
    assert (await wire.ask("GET", path)).json()["status"] == "success"


@pytest.mark.requirement("langgraph.runs.wait")
async def test_wait_answers_the_values_the_error_or_the_interrupt(wire: Wire) -> None:
    path = f"/threads/{await wire.thread()}/runs/wait"
    done = await wire.ask("POST", path, run_body(["emit", "values", 1]))
    assert (done.status_code, done.json()) == (200, {"done": ["emit"]})
    assert done.headers["location"].endswith("/join")
    assert "content-length" not in done.headers
    failed = await wire.ask("POST", path, run_body(["fail", "boom"]))
    assert (failed.status_code, failed.json()) == (
        200,
        {"__error__": {"error": "ValueError", "message": "boom"}},
    )
    paused = await wire.ask("POST", path, run_body(["pause", "ok?"]))
    run = paused.headers["content-location"]
    thread = (await wire.ask("GET", run.partition("/runs")[0])).json()
    assert (thread["status"], thread["interrupts"]["task"][0]["value"]) == ("interrupted", "ok?")
    assert (await wire.ask("GET", run)).json()["status"] == "success"
    late = await wire.ask("GET", f"{run}/join")
    assert late.json() == {"__interrupt__": [{"id": "i1", "value": "ok?"}]}


@pytest.mark.requirement("langgraph.runs.stream")
async def test_a_stream_opens_with_metadata_and_shows_the_modes_asked_for(wire: Wire) -> None:
    thread = await wire.thread()
    body = run_body(*STEPS, stream_mode=["values", "custom"])
    answer = await wire.ask("POST", f"/threads/{thread}/runs/stream", body)
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-accel-buffering"] == "no"
    run = answer.headers["content-location"]
    assert answer.headers["location"] == f"{run}/stream"
    assert frames(answer.text) == [
        ("metadata", {"run_id": run.rpartition("/")[2], "attempt": 1}, None),
        ("values", {"x": 1}, None),
        ("custom", 1, None),
        ("values", {"x": 2}, None),
    ]


@pytest.mark.requirement("langgraph.stream.error")
async def test_a_failed_run_ends_its_stream_with_an_error_also_for_who_joins_late(
    wire: Wire,
) -> None:
    thread = await wire.thread()
    answer = await wire.ask("POST", f"/threads/{thread}/runs/stream", run_body(["fail", "boom"]))
    error = ("error", {"error": "ValueError", "message": "boom"}, None)
    assert frames(answer.text)[-1] == error
    late = await wire.ask("GET", answer.headers["location"])
    assert frames(late.text) == [error]


@pytest.mark.requirement("langgraph.runs.stateless_resume")
@pytest.mark.requirement("langgraph.runs.create_stateless")
@pytest.mark.requirement("langgraph.runs.wait_stateless")
@pytest.mark.requirement("langgraph.runs.stream_stateless")
async def test_stateless_runs_leave_no_thread(wire: Wire) -> None:
    waited = await wire.ask("POST", "/runs/wait", run_body())
    assert waited.json() == {"done": []}
    thread = waited.headers["content-location"].partition("/runs")[0]
    assert (await wire.ask("GET", thread)).status_code == 404
    streamed = await wire.ask("POST", "/runs/stream", run_body(*STEPS))
    run = streamed.headers["content-location"]
    assert (run.count("/"), streamed.headers["location"]) == (2, f"{run}/stream")
    assert [name for name, _, _ in frames(streamed.text)] == ["metadata", "values", "values"]
    created = await wire.ask("POST", "/runs", run_body(["wait", "gate"]))
    assert created.json()["kwargs"]["temporary"] is True
    assert created.headers["content-location"] == f"/runs/{created.json()['run_id']}"
    resumed = await wire.ask("POST", "/runs/wait", run_body(command={"resume": 1}))
    assert resumed.status_code == 400


@pytest.mark.requirement("langgraph.runs.unknown")
@pytest.mark.requirement("langgraph.runs.stream_by_id")
async def test_a_stateless_stream_can_be_joined_where_its_location_says(wire: Wire) -> None:
    body = run_body(*STEPS, ["wait", "gate"], ["emit", "values", 3], stream_resumable=True)
    async with wire.open("POST", "/runs/stream", body) as first:
        assert b"metadata" in (await first.chunk() or b"")
        await wire.house.agent.arrived("gate")
        replay = {"Last-Event-ID": "-1"}
        async with wire.open("GET", first.headers["location"], headers=replay) as again:
            await again.chunk()
            wire.house.agent.open("gate")
            assert [data for name, data, _ in frames(await again.rest()) if name == "values"][
                -1:
            ] == [3]
        await first.rest()
    assert (await wire.ask("GET", f"/runs/{UNKNOWN}/stream")).status_code == 404


@pytest.mark.requirement("langgraph.runs.list")
async def test_runs_are_listed_newest_first_by_status(wire: Wire) -> None:
    thread = await wire.thread()
    path = f"/threads/{thread}/runs"
    ids = [await wire.start(thread) for _ in range(3)]
    for id in ids:
        await wire.ask("GET", f"{path}/{id}/join")
    assert [each["run_id"] for each in (await wire.ask("GET", path)).json()] == ids[::-1]
    page = await wire.ask(
        "GET", f"{path}?limit=1&offset=1&select=run_id&select=status&status=success"
    )
    assert page.json() == [{"run_id": ids[1], "status": "success"}]
    assert (await wire.ask("GET", f"{path}?status=error")).json() == []
    assert (await wire.ask("GET", f"{path}?status=bogus")).status_code == 422
    assert (await wire.ask("GET", f"/threads/{UNKNOWN}/runs")).status_code == 404


@pytest.mark.requirement("langgraph.runs.unknown")
async def test_unknown_threads_assistants_and_runs_are_not_found(wire: Wire) -> None:
    thread = await wire.thread()
    for path in ("runs", "runs/stream", "runs/wait"):
        missing = await wire.ask("POST", f"/threads/{UNKNOWN}/{path}", run_body())
        assert (missing.status_code, missing.json()["code"]) == (404, "thread_not_found")
        body = {**run_body(), "assistant_id": UNKNOWN}
        unknown = await wire.ask("POST", f"/threads/{thread}/{path}", body)
        assert (unknown.status_code, unknown.json()["code"]) == (404, "assistant_not_found")
    for path in ("", "/join", "/stream"):
        missing = await wire.ask("GET", f"/threads/{thread}/runs/{UNKNOWN}{path}")
        assert (missing.status_code, missing.json()["code"]) == (404, "run_not_found")


@pytest.mark.requirement("langgraph.runs.if_not_exists")
async def test_a_run_may_create_its_thread(wire: Wire) -> None:
    body = run_body(if_not_exists="create")
    assert (await wire.ask("POST", f"/threads/{UNKNOWN}/runs/wait", body)).status_code == 200
    assert (await wire.ask("GET", f"/threads/{UNKNOWN}")).json()["status"] == "idle"


@pytest.mark.requirement("langgraph.runs.reject")
async def test_a_busy_thread_rejects_or_enqueues(wire: Wire) -> None:
    thread = await wire.thread()
    await wire.start(thread, ["wait", "gate"])
    rejected = run_body(multitask_strategy="reject")
    busy = await wire.ask("POST", f"/threads/{thread}/runs", rejected)
    assert (busy.status_code, busy.json()["code"]) == (409, "thread_busy")
    queued = await wire.start(thread)
    run = (await wire.ask("GET", f"/threads/{thread}/runs/{queued}")).json()
    assert run["status"] == "pending"
    wire.house.agent.open("gate")
    joined = await wire.ask("GET", f"/threads/{thread}/runs/{queued}/join")
    assert joined.json() == {"done": []}


@pytest.mark.requirement("langgraph.done")
@pytest.mark.requirement("langgraph.runs.cancel")
async def test_cancel_answers_at_once_or_when_the_run_has_ended(wire: Wire) -> None:
    thread = await wire.thread()
    path = f"/threads/{thread}/runs"
    first = await wire.start(thread, ["wait", "gate"])
    await wire.house.agent.arrived("gate")
    waited = await wire.ask("POST", f"{path}/{first}/cancel?wait=true&action=interrupt")
    assert (waited.status_code, waited.json()) == (200, {})
    assert waited.headers["location"] == f"{path}/{first}/join"
    assert (await wire.ask("GET", f"{path}/{first}")).json()["status"] == "interrupted"
    second = await wire.start(thread, ["wait", "gate"])
    at_once = await wire.ask("POST", f"{path}/{second}/cancel")
    assert (at_once.status_code, at_once.content) == (202, b"")
    await wire.ask("GET", f"{path}/{second}/join")
    for id in (first, second, UNKNOWN):
        assert (await wire.ask("POST", f"{path}/{id}/cancel")).status_code == 404
    third = await wire.start(thread, ["wait", "gate"])
    undone = await wire.ask("POST", f"{path}/{third}/cancel?wait=true&action=rollback")
    assert (undone.status_code, undone.json()) == (200, {})
    assert (await wire.ask("GET", f"{path}/{third}")).status_code == 404


async def test_a_paused_run_is_a_success_and_cannot_be_cancelled(wire: Wire) -> None:
    path = f"/threads/{await wire.thread()}/runs"
    paused = await wire.ask("POST", f"{path}/wait", run_body(["pause", "ok?"]))
    cancelled = await wire.ask("POST", f"{paused.headers['content-location']}/cancel")
    assert cancelled.status_code == 404


@pytest.mark.requirement("langgraph.done")
@pytest.mark.requirement("langgraph.runs.delete")
async def test_a_run_is_deleted_even_while_it_runs_and_the_thread_is_free(wire: Wire) -> None:
    thread = await wire.thread()
    run = await wire.start(thread, ["wait", "gate"])
    await wire.house.agent.arrived("gate")
    deleted = await wire.ask("DELETE", f"/threads/{thread}/runs/{run}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await wire.ask("GET", f"/threads/{thread}")).json()["status"] == "idle"
    assert (await wire.ask("DELETE", f"/threads/{thread}/runs/{run}")).status_code == 404


async def test_who_waits_for_a_run_that_is_deleted_is_told(wire: Wire) -> None:
    thread = await wire.thread()
    run = await wire.start(thread, ["wait", "gate"])
    await wire.house.agent.arrived("gate")
    async with wire.open("GET", f"/threads/{thread}/runs/{run}/join") as joined:
        async with wire.open("GET", f"/threads/{thread}/runs/{run}/stream") as streamed:
            await joined.begun()
            await streamed.begun()
            await wire.ask("DELETE", f"/threads/{thread}/runs/{run}")
            assert b"RunNotFound" in await joined.rest()
            assert await streamed.rest() == b""


# Changes of state


@pytest.mark.requirement("langgraph.threads.update")
async def test_a_thread_with_a_run_in_progress_refuses_a_change_of_state(wire: Wire) -> None:
    thread = await wire.thread()
    await wire.start(thread, ["wait", "gate"])
    await wire.house.agent.arrived("gate")
    answer = await wire.ask("POST", f"/threads/{thread}/state", {"values": {"x": 1}})
    assert (answer.status_code, answer.json()["code"]) == (409, "thread_busy")
    assert thread in answer.json()["detail"]
