"""Streams over HTTP, in process: a scripted agent, a real database in memory."""

from typing import Any

import pytest

from demotic.dialects.acp.contracts import NEUTRAL
from demotic.dialects.acp.stream import HEARTBEAT, RunStream
from demotic.dialects.acp.versions import NEWEST
from demotic.domain.events import END, Ended, Event
from demotic.domain.lifecycle import Reason, RunState
from demotic.domain.model import EVERYTHING
from demotic.domain.runs import Outcome
from demotic.web import sse
from dialects.acp.acp_http import EITHER, STEPS, UNKNOWN, Acp, frames, open_acp, told

BOTH = pytest.mark.parametrize("stateful", [False, True], ids=["stateless", "on_a_thread"])
PAUSE = ["pause", {"question": "ok?"}]
MODES = {"stream_mode": ["values", "custom"]}


@pytest.mark.requirement("acp.runs.stream")
@pytest.mark.requirement("acp.runs.stream_on_thread")
@BOTH
async def test_a_stream_shows_values_by_default_and_ends_with_the_result(
    acp: Acp, stateful: bool
) -> None:
    place = await acp.place(stateful=stateful)
    answer = await acp.ask("POST", f"{place}/stream", {"input": STEPS})
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    stream = frames(answer.content)
    assert told(stream) == [
        ("values", "pending", {"x": 1}),
        ("values", "pending", {"x": 2}),
        ("values", "success", {"done": ["emit", "emit", "emit"]}),
    ]
    assert len({data["run_id"] for _, data in stream}) == 1


@pytest.mark.requirement("acp.stream.ids")
async def test_every_event_has_an_id_and_they_rise_over_the_legs_of_a_run(acp: Acp) -> None:
    place = await acp.place(stateful=True)
    steps = [["emit", "values", {"n": n}] for n in range(50)]
    body = {"input": [*steps, PAUSE], **MODES}
    first = await acp.stream("POST", f"{place}/stream", body)
    run = f"{place}/{first[0][1]['run_id']}"
    again = await acp.stream("GET", f"{run}/stream")
    async with acp.open("GET", f"{run}/stream") as late:
        assert frames(await late.rest())[-1][1] == first[-1][1]
    assert (await acp.ask("POST", run, {"ok": True})).status_code == 200
    second = await acp.stream("GET", f"{run}/stream")
    ids = [id for id, _ in [*first, *again, *second]]
    assert ids == sorted(ids) and len(set(ids)) == len(ids)


@pytest.mark.requirement("acp.stream.custom")
async def test_custom_updates_are_objects_and_are_shown_on_request(acp: Acp) -> None:
    steps = [["emit", "custom", {"a": 1}], ["emit", "custom", "text"], ["emit", "custom", [1]]]
    stream = await acp.stream("POST", "/runs/stream", {"input": steps, "stream_mode": "custom"})
    assert told(stream) == [
        ("custom", "pending", {"a": 1}),
        ("custom", "pending", {"value": "text"}),
        ("custom", "pending", {"value": [1]}),
    ]


@pytest.mark.requirement("acp.stream.interrupt")
async def test_an_interrupt_ends_a_stream_whatever_its_modes(acp: Acp) -> None:
    for mode in ("values", "custom"):
        body = {"input": [PAUSE], "stream_mode": mode}
        [(_, data)] = await acp.stream("POST", "/runs/stream", body)
        assert data == {
            "type": "interrupt",
            "run_id": data["run_id"],
            "status": "interrupted",
            "interrupt": {"interrupt": {"question": "ok?"}},
        }


@pytest.mark.requirement("acp.stream.error")
async def test_an_error_ends_a_stream_whatever_its_modes(acp: Acp) -> None:
    for mode in ("values", "custom"):
        body = {"input": [["fail", "no luck"]], "stream_mode": mode}
        [(_, data)] = await acp.stream("POST", "/runs/stream", body)
        assert data == {
            "type": "error",
            "run_id": data["run_id"],
            "status": "error",
            "errcode": 1,
            "description": "ValueError: no luck",
        }


@pytest.mark.requirement("acp.stream.error")
async def test_a_cancel_and_a_time_limit_are_errors_of_their_own(acp: Acp) -> None:
    run = await acp.start("/runs", ["wait", "never"])
    async with acp.open("GET", f"{run}/stream") as stream:
        await acp.agent.arrived("never")
        await acp.ask("POST", f"{run}/cancel?wait=true")
        assert told(frames(await stream.rest())) == [("error", "error", 3)]
    assert told(await acp.stream("GET", f"{run}/stream")) == [("error", "error", 3)]


@pytest.mark.requirement("acp.runs.join_stream")
@pytest.mark.requirement("acp.runs.join_stream_on_thread")
@BOTH
async def test_a_joined_stream_shows_what_comes_from_now_on(acp: Acp, stateful: bool) -> None:
    place = await acp.place(stateful=stateful)
    steps: list[list[Any]] = [["emit", "values", 1], ["wait", "gate"], ["emit", "values", {"n": 2}]]
    run = await acp.start(place, *steps)
    await acp.agent.arrived("gate")
    async with acp.open("GET", f"{run}/stream") as stream:
        await stream.begun()
        acp.agent.open("gate")
        assert told(frames(await stream.rest())) == [
            ("values", "pending", {"n": 2}),
            ("values", "success", {"done": ["emit", "wait", "emit"]}),
        ]
    late = await acp.stream("GET", f"{run}/stream")
    assert told(late) == [("values", "success", {"done": ["emit", "wait", "emit"]})]
    assert (await acp.ask("GET", f"/runs/{UNKNOWN}/stream")).status_code == 404
    elsewhere = await acp.thread()
    path = f"/threads/{elsewhere}/runs/{run.rpartition('/')[2]}/stream"
    assert (await acp.ask("GET", path)).status_code == 404


@pytest.mark.requirement("acp.stream.replay")
@EITHER
@BOTH
async def test_a_stream_is_taken_up_where_a_client_left_it(acp: Acp, stateful: bool) -> None:
    place = await acp.place(stateful=stateful)
    whole = await acp.stream("POST", f"{place}/stream", {"input": acp.script(*STEPS), **MODES})
    run = f"{place}/{whole[0][1]['run_id']}"
    for position, (id, _) in enumerate(whole[:-1]):
        answer = await acp.ask("GET", f"{run}/stream", headers={"Last-Event-ID": str(id)})
        assert frames(answer.content) == whole[position + 1 :]
    for start in ("0", "-1"):
        answer = await acp.ask("GET", f"{run}/stream", headers={"Last-Event-ID": start})
        assert frames(answer.content) == whole
    wrong = await acp.ask("GET", f"{run}/stream", headers={"Last-Event-ID": "x"})
    assert wrong.status_code == 422 and "Last-Event-ID" in wrong.json()


@pytest.mark.requirement("acp.stream.on_disconnect")
@pytest.mark.parametrize("way", ["stream", "wait"])
async def test_a_run_ends_with_its_client_unless_it_is_to_go_on(acp: Acp, way: str) -> None:
    for options, left in (({}, "error"), ({"on_disconnect": "cancel"}, "error")):
        gate = f"gate-{way}-{len(options)}"
        body = {"input": [["wait", gate]], **options}
        async with acp.open("POST", f"/runs/{way}", body) as answer:
            await acp.agent.arrived(gate)
            if way == "wait":
                await answer.begun()  # only then it is noticed that the client has gone
        id = acp.agent.started[-1]
        assert (await acp.output(f"/runs/{id}"))["errcode"] == 3
        assert await acp.status(f"/runs/{id}") == left
    body = {"input": [["wait", "last"]], "on_disconnect": "continue"}
    async with acp.open("POST", f"/runs/{way}", body) as answer:
        await acp.agent.arrived("last")
        if way == "wait":
            await answer.begun()
    acp.agent.open("last")
    assert (await acp.output(f"/runs/{acp.agent.started[-1]}"))["type"] == "result"


@pytest.mark.requirement("acp.stream.modes")
async def test_a_mode_that_the_descriptor_does_not_list_is_refused() -> None:
    manifest = {"specs": {"capabilities": {"streaming": {"custom": True}}}}
    async with open_acp(manifest=manifest) as acp:
        for way, body in (
            ("/stream", {}),
            ("/stream", {"stream_mode": "values"}),
            ("/wait", {"stream_mode": ["custom", "values"]}),
            ("", {"stream_mode": ["values"]}),
        ):
            answer = await acp.ask("POST", f"/runs{way}", {"input": [], **body})
            assert answer.status_code == 422 and "values" in answer.json()
        assert (await acp.ask("POST", "/runs/wait", {"input": []})).status_code == 200
        assert (await acp.ask("POST", "/runs", {"input": []})).status_code == 200
        script: Any = {"input": STEPS, "stream_mode": "custom"}
        assert told(await acp.stream("POST", "/runs/stream", script)) == [
            ("custom", "pending", {"note": 1})
        ]


@pytest.mark.requirement("acp.stream.modes")
async def test_no_mode_and_null_mean_values(acp: Acp) -> None:
    none: tuple[Any, ...] = (None, [])
    for mode in none:
        stream = await acp.stream("POST", "/runs/stream", {"input": STEPS, "stream_mode": mode})
        assert [kind for kind, _, _ in told(stream)] == ["values"] * 3


@pytest.mark.requirement("acp.stream.heartbeat")
async def test_a_silent_stream_has_comments_without_a_blank_line(acp: Acp) -> None:
    run = await acp.start("/runs", ["emit", "values", {"n": 1}], ["wait", "gate"])
    found = await acp.engine.runs.get(None, run.rpartition("/")[2], EVERYTHING)
    following = acp.engine.runs.follow(found, after=0)
    rendering = RunStream(found, NEUTRAL, acp.engine.runs.outcome, NEWEST)
    chunks = sse.frames(following, rendering, pace_s=0.01, heartbeat=HEARTBEAT)
    whole = b""
    async for chunk in chunks:
        whole += chunk
        if chunk == HEARTBEAT:
            acp.agent.open("gate")
    assert b": hb\n" in whole and b": hb\n\n" not in whole
    assert [status for _, status, _ in told(frames(whole))] == ["pending", "success"]


@pytest.mark.requirement("acp.stream.lines")
async def test_nothing_that_an_agent_says_ends_a_line(acp: Acp) -> None:
    text = "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\r\nh\ni\rj"
    body = {"input": [["emit", "values", {"text": text}]]}
    answer = await acp.ask("POST", "/runs/stream", body)
    assert len(answer.content.decode().splitlines()) == 2 * 4
    assert frames(answer.content)[0][1]["values"] == {"text": text}
    assert b"\r" not in answer.content


@pytest.mark.requirement("acp.stream.deleted")
async def test_a_stream_of_a_run_that_is_deleted_just_ends(acp: Acp) -> None:
    thread = await acp.thread()
    run = await acp.start(f"/threads/{thread}/runs", ["wait", "never"])
    async with acp.open("GET", f"{run}/stream") as stream:
        await stream.begun()
        await acp.agent.arrived("never")
        await acp.ask("DELETE", f"/threads/{thread}", mount="")
        assert await stream.rest() == b""


# Version 0.2.1


@pytest.mark.requirement("acp.0_2_1.ends")
async def test_0_2_1_tells_of_interrupts_and_errors_by_values(acp: Acp) -> None:
    # Started over the newest version: 0.2.1 has objects only, and a script is a list.
    for step, status, values in (
        (PAUSE, "interrupted", {"interrupt": {"question": "ok?"}}),
        (["fail", "no"], "error", {"errcode": 1, "description": "ValueError: no"}),
    ):
        run = await acp.start("/runs", step)
        await acp.output(run)
        old = await acp.stream("GET", f"{run}/stream", mount="/acp/0.2.1")
        assert told(old) == [("values", status, values)]
        [(kind, *_)] = told(await acp.stream("GET", f"{run}/stream"))
        assert kind in ("interrupt", "error")


@pytest.mark.requirement("acp.output.breakpoint")
async def test_a_breakpoint_is_an_interrupt_that_asks_nothing(acp: Acp) -> None:
    id = (await acp.start("/runs")).rpartition("/")[2]
    run = await acp.engine.runs.get(None, id, EVERYTHING)
    stream = RunStream(run, NEUTRAL, acp.engine.runs.outcome, NEWEST)
    stopped = Outcome(state=RunState.WAITING, reason=Reason.BREAKPOINT, pending=True)
    assert await stream.events([Event(7, run.id, END, "", b"{}")]) == b""
    [(at, data)] = frames(await stream.ended(Ended(run.id, stopped)))
    assert (at, data["interrupt"]) == (7, {"breakpoint": {}})
