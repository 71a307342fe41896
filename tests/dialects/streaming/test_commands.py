"""Commands over HTTP, in process: each by what it does."""

import asyncio
from typing import Any

import pytest

from dialects.langgraph.langgraph_http import UNKNOWN
from dialects.streaming.streaming_graphs import gated, nested, one, two
from dialects.streaming.streaming_http import Client, data, talking
from served import a, b, chain

IN = {"items": ["in"]}
START = {"assistant_id": "graph", "input": IN}


def says(text: str) -> dict[str, Any]:
    """A message of the user's."""
    return {"role": "user", "content": text}


async def asked(client: Client, **params: Any) -> dict[str, str]:
    """Start a run that asks; the questions' ids by what is asked."""
    _, events = await client.ran("run.start", "input", **{**START, **params})
    return {each["payload"]: each["interrupt_id"] for each in data(events, "input.requested")}


def said(values: Any) -> list[str]:
    """What was said in a conversation."""
    return [each["content"] for each in values["messages"]]


@pytest.mark.requirement("streaming.run.start")
async def test_a_run_is_started_and_its_thread_made_in_either_spelling() -> None:
    async with talking(chain(a)) as client:
        told = await client.command("run.start", assistantId="graph", input={"log": ["in"]})
        events = await client.ended("values", since=told["meta"]["applied_through_seq"])
        assert told["result"].keys() == {"run_id"}
        assert events[0]["event_id"] == f"synth:{told['result']['run_id']}:lc||running"
        assert data(events, "values")[-1] == {"log": ["in", "a"]}
    async with talking(chain(a)) as client:
        await client.ran("run.start", assistant_id="graph", input={"log": ["in"]})
        assert await client.values() == {"log": ["in", "a"]}


@pytest.mark.requirement("streaming.applied")
async def test_nothing_of_what_was_before_lies_above_the_position_in_an_answer() -> None:
    async with talking(one) as client:
        _, events = await client.ran("run.start", "input", **START)
        position = (await client.command("agent.getTree"))["meta"]["applied_through_seq"]
        assert position >= events[-1]["seq"]
        async with client.follow("input", "lifecycle", since=position) as followed:
            run = await client.result("run.start", assistant_id="graph", input="yes")
            assert f"synth:{run['run_id']}" in (await followed.next())["event_id"]


@pytest.mark.requirement("streaming.run.start.options")
async def test_a_run_has_the_config_and_metadata_that_it_is_started_with() -> None:
    async with talking(chain(a)) as client:
        options = {"config": {"tags": ["t"], "configurable": {"k": 1}}, "metadata": {"m": 2}}
        result, _ = await client.ran("run.start", assistant_id="graph", input={}, **options)
        run = await client.get(f"/runs/{result['run_id']}")
        assert run["kwargs"]["config"]["tags"] == ["t"]
        assert run["kwargs"]["config"]["configurable"]["k"] == 1
        assert run["metadata"]["m"] == 2
        unknown = {"assistant_id": "nobody", "input": {}}
        assert await client.error("run.start", **unknown) == "invalid_argument"


@pytest.mark.requirement("streaming.run.start.resume")
async def test_where_the_thread_asks_the_input_of_a_run_is_the_answer() -> None:
    async with talking(one) as client:
        await asked(client)
        await client.ran("run.start", assistant_id="graph", input="yes")
        assert await client.values() == {"items": ["in", "Go on? yes"]}


@pytest.mark.requirement("streaming.run.start.resume.many")
async def test_the_input_answers_several_questions_by_their_ids_only() -> None:
    async with talking(two) as client:
        ids = await asked(client)
        for wrong in ("yes", {"left": 1}, {}):
            told = await client.command("run.start", assistant_id="graph", input=wrong)
            assert told["error"] == "invalid_argument" and ids["Left?"] in told["message"]
        answers = {ids["Left?"]: "l", ids["Right?"]: "r"}
        await client.ran("run.start", assistant_id="graph", input=answers)
        assert sorted((await client.values())["items"]) == ["Left? l", "Right? r", "in"]


@pytest.mark.requirement("streaming.run.start.inject")
async def test_on_a_busy_thread_a_run_comes_next_or_as_it_says() -> None:
    gate = asyncio.Event()
    async with talking(gated(gate)) as client:
        start = {"assistant_id": "graph", "input": {"messages": [says("one")]}}
        first = await client.result("run.start", **start)
        start["input"] = {"messages": [says("two")]}
        refused = await client.command("run.start", **start, multitask_strategy="reject")
        assert refused["error"] == "invalid_argument"
        unknown = await client.error("run.start", **start, multitask_strategy="x")
        assert unknown == "invalid_argument"
        async with client.follow("lifecycle") as followed:
            second = await client.result("run.start", **start)
            assert second != first
            gate.set()
            await followed.until(lambda each: f"{second['run_id']}:lc||completed" in str(each))
        assert said(await client.values()) == ["one", "You said one.", "two", "You said two."]


@pytest.mark.requirement("streaming.run.start.place")
async def test_a_run_begins_at_the_checkpoint_that_its_config_names() -> None:
    async with talking(chain(a, b)) as client:
        await client.ran("run.start", assistant_id="graph", input={"log": ["in"]})
        listed = (await client.result("state.listCheckpoints"))["checkpoints"]
        (place,) = [each["id"] for each in listed if each["step"] == 1]  # a is through
        config = {"configurable": {"checkpoint_id": place}}
        await client.ran("run.start", assistant_id="graph", input=None, config=config)
        assert await client.values() == {"log": ["in", "a", "b"]}
        config = {"configurable": {"checkpoint_id": UNKNOWN}}
        nowhere = await client.error("run.start", **START, config=config)
        assert nowhere == "no_such_checkpoint"


@pytest.mark.requirement("streaming.input.respond.one")
async def test_a_question_is_answered_once() -> None:
    async with talking(one) as client:
        ids = await asked(client)
        answer: dict[str, Any] = {"interrupt_id": ids["Go on?"], "response": None, "namespace": []}
        result, events = await client.ran("input.respond", "input", **answer)
        assert result == {}
        assert data(events, "input.answered") == [{"interrupt_ids": [ids["Go on?"]]}]
        assert await client.values() == {"items": ["in", "Go on? None"]}
        assert await client.error("input.respond", **answer) == "no_such_interrupt"


@pytest.mark.requirement("streaming.input.respond.options")
async def test_an_answer_has_the_config_and_metadata_that_it_is_sent_with() -> None:
    async with talking(one) as client:
        ids = await asked(client)
        options = {"config": {"tags": ["t"]}, "metadata": {"m": 2}}
        answer = {"interruptId": ids["Go on?"], "response": 1, **options}
        await client.ran("input.respond", **answer)
        run = (await client.get("/runs"))[0]
        assert (run["kwargs"]["config"]["tags"], run["metadata"]["m"]) == (["t"], 2)


@pytest.mark.requirement("streaming.input.respond.many")
async def test_several_questions_are_answered_in_one_run() -> None:
    async with talking(two) as client:
        ids = await asked(client)
        entries = [
            {"namespace": [], "interruptId": ids["Left?"], "response": "l"},
            {"namespace": [], "interrupt_id": ids["Right?"], "response": "r"},
        ]
        await client.ran("input.respond", responses=entries)
        assert sorted((await client.values())["items"]) == ["Left? l", "Right? r", "in"]
        assert len(await client.get("/runs")) == 2


@pytest.mark.requirement("streaming.input.respond.many")
async def test_one_of_several_questions_may_be_answered_first() -> None:
    async with talking(two) as client:
        ids = await asked(client)
        first = {"interrupt_id": ids["Left?"], "response": "l"}
        _, events = await client.ran("input.respond", "input", **first)
        assert [each["payload"] for each in data(events, "input.requested")] == ["Right?"]
        assert await client.error("input.respond", **first) == "no_such_interrupt"
        await client.ran("input.respond", interrupt_id=ids["Right?"], response="r")
        assert sorted((await client.values())["items"]) == ["Left? l", "Right? r", "in"]


@pytest.mark.requirement("streaming.input.respond.update")
async def test_an_answer_may_bring_a_change_of_the_state() -> None:
    async with talking(one) as client:
        ids = await asked(client)
        answer = {"interrupt_id": ids["Go on?"], "response": "yes"}
        await client.ran("input.respond", **answer, update={"items": ["more"]})
        assert sorted((await client.values())["items"]) == ["Go on? yes", "in", "more"]


@pytest.mark.requirement("streaming.input.respond.goto")
@pytest.mark.parametrize(
    ("goto", "reached"),
    [
        ("aside", 1),
        ({"node": "aside", "input": {"items": []}}, 1),
        (["aside", {"node": "aside", "input": {"items": []}}], 2),
    ],
)
async def test_an_answer_may_jump_to_steps(goto: Any, reached: int) -> None:
    async with talking(one) as client:
        ids = await asked(client)
        answer = {"interrupt_id": ids["Go on?"], "response": "yes"}
        await client.ran("input.respond", **answer, goto=goto)
        items = (await client.values())["items"]
        assert items.count("aside") == reached and "Go on? yes" in items


@pytest.mark.requirement("streaming.input.respond.bad")
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"interrupt_id": "x"},
        {"interrupt_id": "x", "response": 1, "responses": []},
        {"responses": []},
        {"responses": [{"interrupt_id": "x"}]},
        {"responses": [{"response": 1}]},
        {"responses": [{"interrupt_id": "x", "response": 1}] * 2},
        {"interrupt_id": "x", "response": 1, "goto": {"input": 1}},
        {"interrupt_id": "x", "response": 1, "goto": [1]},
    ],
)
async def test_what_answers_nothing_is_refused(params: dict[str, Any]) -> None:
    async with talking(one) as client:
        await asked(client)
        assert await client.error("input.respond", **params) == "invalid_argument"


@pytest.mark.requirement("streaming.input.inject")
async def test_a_message_reaches_the_agent_after_the_run_in_progress() -> None:
    gate = asyncio.Event()
    async with talking(gated(gate)) as client:
        start = {"assistant_id": "graph", "input": {"messages": [says("one")]}}
        await client.result("run.start", **start)
        async with client.follow("lifecycle", "values") as followed:
            message = {"namespace": [], "message": {**says("two"), "name": "Ann"}}
            assert await client.result("input.inject", **message) == {}
            gate.set()
            await followed.until(lambda each: "You said two." in str(each))
        values = await client.values()
        assert said(values) == ["one", "You said one.", "two", "You said two."]
        assert values["messages"][2]["name"] == "Ann"
        await client.ended()
        assert await client.error("input.inject", **message) == "no_such_run"


async def test_a_message_that_cannot_be_given_is_refused() -> None:
    gate = asyncio.Event()
    async with talking(gated(gate)) as client:
        await client.result("run.start", assistant_id="graph", input={"messages": [says("one")]})
        nothing: list[Any] = [None, {}, {"role": "user"}, {"role": "ai", "content": "x"}]
        for message in (*nothing, {"role": "user", "content": 1}):
            assert await client.error("input.inject", message=message) == "invalid_argument"
        inside = {"namespace": ["inner"], "message": says("two")}
        assert await client.error("input.inject", **inside) == "not_supported"
        gate.set()
        await client.ended()


@pytest.mark.requirement("streaming.agent.tree")
async def test_the_tree_shows_nested_agents_and_how_each_stands() -> None:
    async with talking(nested) as client:
        result, _ = await client.ran("run.start", **START)
        tree = (await client.result("agent.getTree"))["tree"]
        bare = await client.post("/commands", {"id": 1, "method": "agent.getTree"})
        assert bare.json()["result"]["tree"] == tree, "params may be left out"
        assert (tree["namespace"], tree["status"]) == ([], "interrupted")
        assert tree["graph_name"] == "graph"
        (inner,) = tree["children"]
        assert inner["namespace"][0].partition(":")[0] == "inner"
        assert inner["status"] == "interrupted"
        assert (await client.result("agent.getTree", runId=result["run_id"]))["tree"] == tree


@pytest.mark.requirement("streaming.state.get")
async def test_the_state_is_shown_whole_or_by_keys_with_its_checkpoint() -> None:
    async with talking(chain(a)) as client:
        await client.ran("run.start", assistant_id="graph", input={"log": ["in"]})
        found = await client.result("state.get", namespace=[])
        assert found["values"] == {"log": ["in", "a"]}
        newest = (await client.result("state.listCheckpoints"))["checkpoints"][0]
        assert found["checkpoint"] == {"id": newest["id"]}
        some = await client.result("state.get", namespace=[], keys=["log", "none"])
        assert some["values"] == {"log": ["in", "a"]}
        assert (await client.result("state.get", keys=[]))["values"] == {}


@pytest.mark.requirement("streaming.state.get.nested")
@pytest.mark.parametrize("with_task", [False, True])
async def test_the_state_of_an_agent_within_is_shown_while_it_is_at_work(with_task: bool) -> None:
    async with talking(nested) as client:
        await client.ran("run.start", **START)
        namespace = ["inner"]
        if with_task:
            tree = (await client.result("agent.getTree"))["tree"]
            namespace = tree["children"][0]["namespace"]
        found = await client.result("state.get", namespace=namespace)
        assert found["values"] == IN
        assert found["checkpoint"]["ns"].partition(":")[0] == "inner"
        listed = await client.result("state.listCheckpoints", namespace=namespace)
        assert found["checkpoint"]["id"] == listed["checkpoints"][0]["id"]
        await client.ran("run.start", assistant_id="graph", input="yes")
        assert await client.error("state.get", namespace=namespace) == "no_such_namespace"


@pytest.mark.requirement("streaming.state.checkpoints")
async def test_checkpoints_are_listed_newest_first_page_by_page() -> None:
    async with talking(chain(a, b)) as client:
        await client.ran("run.start", assistant_id="graph", input={"log": ["in"]})
        whole = (await client.result("state.listCheckpoints"))["checkpoints"]
        assert [each["step"] for each in whole] == [2, 1, 0, -1]
        assert whole[0]["metadata"]["source"] == "loop"
        assert all(each["timestamp"].startswith("20") for each in whole)
        first = (await client.result("state.listCheckpoints", limit=1))["checkpoints"]
        more = await client.result("state.listCheckpoints", limit=2, before=first[0]["id"])
        assert [*first, *more["checkpoints"]] == whole[:3]
        for limit in (0, -1, 1001, "x"):
            assert await client.error("state.listCheckpoints", limit=limit) == "invalid_argument"


@pytest.mark.requirement("streaming.state.fork")
async def test_a_run_goes_on_from_an_earlier_checkpoint() -> None:
    async with talking(chain(a, b)) as client:
        await client.ran("run.start", assistant_id="graph", input={"log": ["in"]})
        listed = (await client.result("state.listCheckpoints"))["checkpoints"]
        places = {each["step"]: each["id"] for each in listed}
        result, _ = await client.ran("state.fork", checkpointId=places[1])
        assert result["thread_id"] == client.thread and result["run_id"]
        assert await client.values() == {"log": ["in", "a", "b"]}
        more = {"checkpoint_id": places[2], "input": {"log": ["again"]}, "config": {"tags": ["t"]}}
        result, _ = await client.ran("state.fork", **more)
        assert (await client.values())["log"] == ["in", "a", "b", "again", "a", "b"]
        run = await client.get(f"/runs/{result['run_id']}")
        assert run["kwargs"]["config"]["tags"] == ["t"]
        assert await client.error("state.fork", checkpoint_id=UNKNOWN) == "no_such_checkpoint"


@pytest.mark.requirement("streaming.subscriptions.http")
async def test_over_http_a_subscription_ends_with_its_request() -> None:
    async with talking(chain(a)) as client:
        result, events = await client.ran("run.start", "values", assistant_id="graph", input={})
        subscribed = await client.result("subscription.subscribe", channels=["values"])
        assert subscribed["replayed_events"] == 0 and subscribed["subscription_id"]
        id = {"subscription_id": subscribed["subscription_id"]}
        assert await client.error("subscription.unsubscribe", **id) == "no_such_subscription"
        missed = await client.result(
            "subscription.reconnect", run_id=result["run_id"], last_event_id=events[-1]["event_id"]
        )
        assert missed == {
            "restored": False,
            "missed_events": 0,
            "current_namespaces": [{"namespace": [], "status": "completed"}],
        }
        bad = await client.error("subscription.subscribe", channels=["x"])
        assert bad == "invalid_argument"
