"""What agents promise, and what happens where something does not fit."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from demotic.config import GraphSpec
from demotic.dialects.acp.versions import VERSIONS, Version
from demotic.domain.ids import system_assistant_id
from demotic.domain.model import EVERYTHING
from demotic.server import engine_of, make_app
from dialects.acp import graphs
from dialects.acp.acp_http import EITHER, UNKNOWN, Acp, open_acp, told
from test_make_app import client_of, configured, settings_of

GREETER = system_assistant_id("graph")
ADA = {"name": "Ada"}
BOTH = pytest.mark.parametrize("stateful", [False, True], ids=["stateless", "on_a_thread"])


async def descriptor(acp: Acp) -> Any:
    """The descriptor of the only agent."""
    answer = await acp.ask("GET", f"/agents/{GREETER}/descriptor")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def paused(acp: Acp, place: str = "/runs", body: Any = None) -> str:
    """The path of a run that has come to its question."""
    waited = (
        await acp.ask("POST", f"{place}/wait", {"input": ADA} if body is None else body)
    ).json()
    assert waited["run"]["status"] == "interrupted", waited
    return f"{place}/{waited['run']['run_id']}"


# The descriptor


@pytest.mark.requirement("acp.agents.descriptor")
@pytest.mark.requirement("acp.descriptor.derived")
async def test_without_a_manifest_the_graph_itself_is_described() -> None:
    async with open_acp(graphs.greeter()) as acp:
        told = await descriptor(acp)
    ref = {"name": "graph", "version": "1.0.0"}
    assert told["metadata"] == {"ref": ref, "description": ""}
    specs = told["specs"]
    assert specs["capabilities"] == {
        "threads": True,
        "interrupts": True,
        "callbacks": True,
        "streaming": {"values": True, "custom": True},
    }
    assert specs["input"]["properties"] == {"name": {"title": "Name", "type": "string"}}
    assert specs["output"]["properties"]["greeting"]["type"] == ["string", "null"]
    assert set(specs["thread_state"]["properties"]) == {"name", "greeting", "steps"}
    assert set(specs["config"]["properties"]) == {"language"}
    assert specs["custom_streaming_update"] == {"type": "object"}
    assert specs["interrupts"] == [
        {"interrupt_type": "interrupt", "interrupt_payload": {}, "resume_payload": {}}
    ]


@pytest.mark.requirement("acp.descriptor.manifest")
async def test_a_manifest_refines_every_part_of_the_descriptor() -> None:
    async with open_acp(graphs.greeter(), manifest=graphs.MANIFEST) as acp:
        assert await descriptor(acp) == graphs.MANIFEST
        [agent] = (await acp.ask("POST", "/agents/search", {})).json()
        assert agent == {"agent_id": GREETER, "metadata": graphs.MANIFEST["metadata"]}


@pytest.mark.requirement("acp.descriptor.manifest")
async def test_a_manifest_may_say_little() -> None:
    manifest = {"metadata": {"description": "Greets."}, "specs": {"interrupts": [graphs.SHOUT]}}
    async with open_acp(graphs.greeter(), manifest=manifest) as acp:
        told = await descriptor(acp)
    ref = {"name": "graph", "version": "1.0.0"}
    assert told["metadata"] == {"ref": ref, "description": "Greets."}
    assert told["specs"]["interrupts"] == [graphs.SHOUT]
    assert "name" in told["specs"]["input"]["properties"]


@pytest.mark.requirement("acp.descriptor.capabilities")
async def test_an_agent_can_do_less() -> None:
    capabilities = {"threads": False, "interrupts": False, "callbacks": False, "streaming": {}}
    manifest = {"specs": {"capabilities": capabilities}}
    async with open_acp(graphs.greeter(), manifest=manifest) as acp:
        specs = (await descriptor(acp))["specs"]
        streaming = {"values": False, "custom": False}
        assert specs["capabilities"] == {**capabilities, "streaming": streaming}
        assert not {"thread_state", "custom_streaming_update", "interrupts"} & specs.keys()
        thread = await acp.thread()
        body = {"input": ADA}
        on_thread = await acp.ask("POST", f"/threads/{thread}/runs", body)
        assert on_thread.status_code == 422 and "threads" in on_thread.json()
        streamed = await acp.ask("POST", "/runs/stream", body)
        assert streamed.status_code == 422 and "stream_mode" in streamed.json()
        called_back = await acp.ask("POST", "/runs", {**body, "webhook": "https://example.org"})
        assert called_back.status_code == 422
        assert (await acp.ask("POST", "/runs/wait", body)).status_code == 200


@pytest.mark.requirement("acp.agents.get")
@EITHER
async def test_an_agent_is_shown(acp: Acp) -> None:
    [found] = (await acp.ask("POST", "/agents/search", {})).json()
    assert (await acp.ask("GET", f"/agents/{found['agent_id']}")).json() == found
    for path in (f"/agents/{UNKNOWN}", f"/agents/{UNKNOWN}/descriptor"):
        assert (await acp.ask("GET", path)).status_code == 404
    assert (await acp.ask("GET", "/agents/nobody")).status_code == 422


@pytest.mark.requirement("acp.agents.search")
@pytest.mark.parametrize("spoken", VERSIONS, ids=lambda spoken: spoken.name)
async def test_agents_are_searched_by_whole_name_and_version_oldest_first(spoken: Version) -> None:
    async with open_acp(graphs.greeter(), manifest=graphs.MANIFEST, version=spoken) as acp:
        made = [
            (
                await acp.ask("POST", "/assistants", {"graph_id": "graph", "name": name}, mount="")
            ).json()["assistant_id"]
            for name in ("a", "b", "a")
        ]

        async def found(**query: Any) -> list[str]:
            answer = await acp.ask("POST", "/agents/search", query)
            assert answer.status_code == 200, answer.text
            return [each["agent_id"] for each in answer.json()]

        assert await found() == [GREETER, *made]
        assert await found(limit=2, offset=1) == made[:2]
        assert await found(name="a") == [made[0], made[2]]
        assert await found(name="a", limit=1, offset=1) == [made[2]]
        assert await found(version="1.2.0") == [GREETER]
        assert await found(name="org.example.greeter", version="1.2.0") == [GREETER]
        assert await found(name="org.example") == []
        assert await found(version="1.0.0", limit=1000) == made
        for wrong in ({"limit": 0}, {"limit": 1001}, {"offset": -1}, {"name": 1}):
            assert (await acp.ask("POST", "/agents/search", wrong)).status_code == 422


@pytest.mark.requirement("acp.agents.search")
async def test_another_version_of_an_assistant_is_another_version_of_the_agent() -> None:
    async with open_acp(graphs.greeter()) as acp:
        await acp.ask("PATCH", f"/assistants/{GREETER}", {"name": "renamed"}, mount="")
        ref = (await descriptor(acp))["metadata"]["ref"]
        assert ref == {"name": "renamed", "version": "2.0.0"}


# Input, configuration and answers


@pytest.mark.requirement("acp.input.validated")
@BOTH
@pytest.mark.parametrize("way", ["", "/wait", "/stream"])
async def test_input_that_does_not_fit_is_refused_by_its_place(stateful: bool, way: str) -> None:
    async with open_acp(graphs.greeter()) as acp:
        place = await acp.place(stateful=stateful)
        answer = await acp.ask("POST", f"{place}{way}", {"input": {"name": 3}})
        assert answer.status_code == 422
        assert answer.json().startswith("`input.name` does not fit the agent's descriptor (input)")
        whole = await acp.ask("POST", f"{place}{way}", {"input": "Ada"})
        assert whole.status_code == 422 and whole.json().startswith("`input` does not fit")


@pytest.mark.requirement("acp.input.validated")
async def test_a_manifests_input_is_demanded_whole() -> None:
    async with open_acp(graphs.greeter(), manifest=graphs.MANIFEST) as acp:
        for wrong in ({}, {"name": ""}):
            answer = await acp.ask("POST", "/runs", {"input": wrong})
            assert answer.status_code == 422 and "name" in answer.json()
        left_out = await acp.ask("POST", "/runs", {})
        assert left_out.status_code == 422 and '"name" is a required property' in left_out.json()


@pytest.mark.requirement("acp.input.messages")
async def test_messages_are_taken_in_the_forms_that_graphs_take() -> None:
    async with open_acp(graphs.chat()) as acp:
        assert "AIMessage" not in str((await descriptor(acp))["specs"])
        for message in (
            {"role": "user", "content": "hi"},
            {"type": "human", "content": "hi"},
            {"role": "user", "content": [{"type": "text", "text": "hi"}], "id": "1"},
        ):
            answer = await acp.ask("POST", "/runs/wait", {"input": {"messages": [message]}})
            assert answer.json()["output"]["type"] == "result", answer.text
        wrong = await acp.ask("POST", "/runs/wait", {"input": {"messages": [{"role": "user"}]}})
        assert wrong.status_code == 422 and "input.messages[0]" in wrong.json()


@pytest.mark.requirement("acp.config.validated")
async def test_configuration_that_does_not_fit_is_refused_by_its_place() -> None:
    async with open_acp(graphs.greeter(), manifest=graphs.MANIFEST) as acp:
        for good in ({}, {"language": "fr"}, {"other": 1}):
            body = {"input": ADA, "config": {"configurable": good}}
            assert (await acp.ask("POST", "/runs", body)).status_code == 200
        body = {"input": ADA, "config": {"configurable": {"language": "de"}}}
        answer = await acp.ask("POST", "/runs", body)
        assert answer.status_code == 422 and "`config.configurable.language`" in answer.json()


@pytest.mark.requirement("acp.resume.validated")
@BOTH
async def test_an_answer_that_does_not_fit_is_refused_and_the_run_still_waits(
    stateful: bool,
) -> None:
    async with open_acp(graphs.greeter(), manifest=graphs.MANIFEST) as acp:
        run = await paused(acp, await acp.place(stateful=stateful))
        for wrong, place in (({"shout": 1}, "`shout`"), ({}, "The request body"), ("x", "body")):
            answer = await acp.ask("POST", run, wrong)
            assert answer.status_code == 422 and place in answer.json()
        assert await acp.status(run) == "interrupted"
        assert (await acp.ask("POST", run, {"shout": True})).status_code == 200
        assert (await acp.output(run))["values"] == {"greeting": "Hello Ada!"}


@pytest.mark.requirement("acp.resume.validated")
async def test_a_question_may_bring_the_schema_of_its_answer_along() -> None:
    async with open_acp(graphs.cited()) as acp:
        run = await paused(acp, body={"input": {}})
        wrong = await acp.ask("POST", run, "three")
        assert wrong.status_code == 422 and "what the question asks for" in wrong.json()
        assert (await acp.ask("POST", run, 3)).status_code == 200
        assert (await acp.output(run))["values"] == {"log": [3]}


# Interrupts


@pytest.mark.requirement("acp.interrupt.type")
async def test_the_first_schema_that_a_question_fits_names_its_type() -> None:
    any_object = {**graphs.SHOUT, "interrupt_type": "other", "interrupt_payload": {}}
    no_object = {**graphs.SHOUT, "interrupt_type": "text", "interrupt_payload": {"type": "string"}}
    for interrupts, expected in (
        ([graphs.SHOUT, any_object], "shout"),
        ([any_object, graphs.SHOUT], "other"),
        ([no_object, any_object], "other"),
        ([no_object], "interrupt"),
    ):
        manifest = {"specs": {"interrupts": interrupts}}
        async with open_acp(graphs.greeter(), manifest=manifest) as acp:
            run = await paused(acp)
            question = {"question": "Shout, Ada?"}
            interrupt = {"type": "interrupt", "interrupt": {expected: question}}
            assert await acp.output(run) == interrupt
            [(_, event)] = await acp.stream("GET", f"{run}/stream")
            assert event["interrupt"] == {expected: question}


@pytest.mark.requirement("acp.interrupt.several")
async def test_of_several_questions_one_is_asked_at_a_time() -> None:
    async with open_acp(graphs.asks_twice()) as acp:
        run = await paused(acp, body={"input": {}})
        for side in ("left", "right"):
            output = await acp.output(run)
            assert output["interrupt"] == {"interrupt": {"side": side}}
            answer = {"answered": side, "0123456789abcdef0123456789abcdef": 1}
            assert (await acp.ask("POST", run, answer)).status_code == 200
        log = (await acp.output(run))["values"]["log"]
        assert [(side, answer["answered"]) for side, answer in log] == [
            ("left", "left"),
            ("right", "right"),
        ]


@pytest.mark.requirement("acp.output.breakpoint")
async def test_a_run_that_stopped_at_a_breakpoint_goes_on_with_an_empty_answer() -> None:
    async with open_acp(graphs.stops()) as acp:
        run = await paused(acp, body={"input": {}})
        assert (await acp.output(run))["interrupt"] == {"breakpoint": {}}
        assert (await acp.ask("POST", run, {"a": 1})).status_code == 422
        assert (await acp.ask("POST", run, {})).status_code == 200
        assert (await acp.output(run))["values"] == {"log": ["one", "two"]}


# Output


@pytest.mark.requirement("acp.output.validated")
@BOTH
async def test_an_output_that_does_not_fit_makes_the_run_an_error(stateful: bool) -> None:
    async with open_acp(graphs.greeter(), manifest=graphs.MANIFEST) as acp:
        place = await acp.place(stateful=stateful)
        run = await paused(acp, place, {"input": {"name": "A" * 20}})
        async with acp.open("GET", f"{run}/stream?") as stream:
            await stream.rest()
        await acp.ask("POST", run, {"shout": True})
        output = await acp.output(run)
        assert output["errcode"] == 4
        assert output["description"].startswith(
            "InvalidOutput: `output.greeting` does not fit the agent's descriptor: "
        )
        assert await acp.status(run) == "error"
        found = (await acp.ask("POST", "/runs/search", {"status": "error"})).json()
        assert [each["run_id"] for each in found] == [run.rpartition("/")[2]]
        assert [status for _, status, _ in told(await acp.stream("GET", f"{run}/stream"))] == [
            "error"
        ]
        if stateful:
            thread = (await acp.ask("GET", place.removesuffix("/runs"))).json()
            assert thread["status"] == "error"


@pytest.mark.requirement("acp.output.validated")
async def test_a_graph_that_breaks_its_own_types_is_an_error_too() -> None:
    async with open_acp(graphs.breaks()) as acp:
        for given, fits in (("text", True), (None, True), (3, False)):
            waited = await acp.ask("POST", "/runs/wait", {"input": {"given": given}})
            output = waited.json()["output"]
            assert output["type"] == ("result" if fits else "error"), (given, output)
            if not fits:
                assert output["errcode"] == 4 and "`output.taken`" in output["description"]


@pytest.mark.requirement("acp.output.validated")
async def test_runs_of_other_dialects_promise_nothing() -> None:
    async with open_acp(graphs.breaks()) as acp:
        body = {"assistant_id": "graph", "input": {"given": 3}}
        answer = await acp.ask("POST", "/runs/wait", body, mount="")
        assert answer.json() == {"given": 3, "taken": 3}


@pytest.mark.requirement("acp.output.keys")
async def test_a_result_holds_the_agents_output_and_nothing_else_of_its_state() -> None:
    async with open_acp(graphs.greeter()) as acp:
        run = await paused(acp, await acp.place(stateful=True))
        await acp.ask("POST", run, {"shout": False})
        assert (await acp.output(run))["values"] == {"greeting": "Hello Ada."}
        thread = (await acp.ask("GET", run.partition("/runs")[0])).json()
        assert thread["values"] == {
            "name": "Ada",
            "greeting": "Hello Ada.",
            "steps": ["think", "ask"],
        }


@pytest.mark.requirement("acp.output.messages")
async def test_a_results_messages_lie_beside_its_whole_values() -> None:
    async with open_acp(graphs.chat()) as acp:
        body = {"input": {"messages": [{"role": "user", "content": "hi", "id": "1"}]}}
        output = (await acp.ask("POST", "/runs/wait", body)).json()["output"]
        messages = [
            {"role": "user", "content": "hi", "id": "1"},
            {"role": "assistant", "content": "You said: hi", "id": "answer-hi"},
        ]
        assert output["messages"] == messages
        assert [m["type"] for m in output["values"]["messages"]] == ["human", "ai"]
        stream = await acp.stream("POST", "/runs/stream", body)
        assert [data["messages"] for _, data in stream] == [messages[:1], messages, messages]


@pytest.mark.requirement("acp.output.any")
async def test_values_may_be_any_json_and_in_0_2_1_are_objects() -> None:
    async with open_acp(graphs.shorten) as acp:
        waited = (await acp.ask("POST", "/runs/wait", {"input": "four"})).json()
        assert waited["output"] == {"type": "result", "values": 4}
        run = f"/runs/{waited['run']['run_id']}"
        old = (await acp.ask("GET", f"{run}/wait", mount="/acp/0.2.1")).json()
        assert old["output"]["values"] == {"value": 4}
        assert old["run"]["creation"]["input"] == {"value": "four"}
        [(_, event)] = await acp.stream("GET", f"{run}/stream", mount="/acp/0.2.1")
        assert event["values"] == {"value": 4}


@pytest.mark.requirement("acp.0_2_1.objects")
async def test_0_2_1_takes_objects_only() -> None:
    async with open_acp(graphs.shorten) as acp:
        refused = await acp.ask("POST", "/runs", {"input": "four"}, mount="/acp/0.2.1")
        assert refused.status_code == 422 and "0.2.1" in refused.json()
    async with open_acp(graphs.greeter()) as acp:
        run = await paused(acp)
        refused = await acp.ask("POST", run, "yes", mount="/acp/0.2.1")
        assert refused.status_code == 422 and "0.2.1" in refused.json()
        answered = await acp.ask("POST", run, {"shout": True}, mount="/acp/0.2.1")
        assert answered.status_code == 200


@pytest.mark.requirement("acp.stream.subgraphs")
async def test_what_subgraphs_say_is_shown_on_request() -> None:
    async with open_acp(graphs.outer()) as acp:
        place = await acp.place(stateful=True)
        body: dict[str, Any] = {"input": {}, "stream_mode": ["values", "custom"]}
        plain = told(await acp.stream("POST", f"{place}/stream", body))
        whole = told(
            await acp.stream("POST", f"{place}/stream", {**body, "stream_subgraphs": True})
        )
        assert [data for kind, _, data in plain if kind == "custom"] == [{"from": "outer"}]
        customs = [data for kind, _, data in whole if kind == "custom"]
        assert customs == [{"from": "inner"}, {"from": "outer"}]
        assert len(whole) > len(plain)


# Contracts are kept


@pytest.mark.requirement("acp.contracts.kept")
async def test_a_contract_is_made_once_per_version_of_an_agent() -> None:
    async with open_acp(graphs.greeter()) as acp:
        assistant = await acp.engine.assistants.get(GREETER, EVERYTHING)
        first = await acp.contracts.of(assistant)
        assert await acp.contracts.of(assistant) is first
        assert await acp.contracts.of(replace(assistant, version=2)) is not first


async def test_a_manifest_is_read_once_for_what_is_shown_and_for_what_is_checked(
    tmp_path: Path,
) -> None:
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(graphs.MANIFEST))
    config = replace(configured(), graphs={"graph": GraphSpec("", acp=file)})
    settings = settings_of(data_dir=tmp_path)
    async with engine_of(config, settings, {"graph": graphs.greeter()}) as hosting:
        file.unlink()
        async with client_of(make_app(hosting, config, settings)) as client:
            shown = (await client.get(f"/acp/agents/{GREETER}/descriptor")).json()
            assert shown["metadata"] == graphs.MANIFEST["metadata"]
            made = await client.post("/acp/runs/wait", json={"input": {"name": "A" * 20}})
            place = f"/acp/runs/{made.json()['run']['run_id']}"
            assert (await client.post(place, json={"shout": True})).status_code == 200
            output = (await client.get(f"{place}/wait")).json()["output"]
    assert (output["type"], output["errcode"]) == ("error", 4)
