"""The Python SDK against a real server: agents that ask, clients that answer."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from langgraph_sdk.client import LangGraphClient

from process.clients import client_of, collect, data_of, names, notes
from process.serving import Server

pytestmark = pytest.mark.timeout(10, func_only=True)

IN = notes("in")
QUESTION = {"question": "Go on?"}


@pytest.fixture
async def client(shared_server: Server) -> AsyncIterator[LangGraphClient]:
    async with client_of(shared_server) as client:
        yield client


async def new_thread(client: LangGraphClient) -> str:
    return (await client.threads.create())["thread_id"]


async def test_a_question_interrupts_the_thread_and_an_answer_resumes_it(
    client: LangGraphClient,
) -> None:
    id = await new_thread(client)
    asked: Any = await client.runs.wait(id, "hitl", input=IN)
    assert asked["items"] == ["in", "asked"]
    [question] = asked["__interrupt__"]
    assert question["value"] == QUESTION
    thread = await client.threads.get(id)
    assert thread["status"] == "interrupted"
    state = await client.threads.get_state(id)
    [task] = state["tasks"]
    assert (state["next"], task["name"]) == (["ask"], "ask")
    assert [each["id"] for each in task["interrupts"]] == [question["id"]]
    assert [*thread["interrupts"]] == [task["id"]]
    assert thread["interrupts"][task["id"]][0]["value"] == QUESTION
    [run] = await client.runs.list(id)
    assert run["status"] == "success"

    answered = await client.runs.wait(id, "hitl", command={"resume": "yes"})
    assert answered == {"items": ["in", "asked", "answer yes"]}
    thread = await client.threads.get(id)
    assert (thread["status"], thread["interrupts"], thread["values"]) == ("idle", {}, answered)


async def test_a_question_is_told_in_values_and_updates(client: LangGraphClient) -> None:
    id = await new_thread(client)
    parts = await collect(
        client.runs.stream(id, "hitl", input=IN, stream_mode=["values", "updates"])
    )
    last = {part.event: part.data for part in parts}
    [question] = last["updates"]["__interrupt__"]
    assert question["value"] == QUESTION
    assert [each["id"] for each in last["values"]["__interrupt__"]] == [question["id"]]

    parts = await collect(
        client.runs.stream(id, "hitl", command={"resume": "yes"}, stream_mode=["values", "updates"])
    )
    assert data_of(parts, "updates") == [{"ask": {"items": ["answer yes"]}}]
    assert data_of(parts, "values")[-1] == {"items": ["in", "asked", "answer yes"]}


async def test_a_stream_of_custom_events_does_not_tell_the_question(
    client: LangGraphClient,
) -> None:
    id = await new_thread(client)
    parts = await collect(client.runs.stream(id, "hitl", input=IN, stream_mode="custom"))
    assert names(parts) == ["metadata"]
    assert (await client.threads.get(id))["status"] == "interrupted"


async def test_whoever_joins_an_interrupted_run_gets_the_question(client: LangGraphClient) -> None:
    id = await new_thread(client)
    asked: Any = await client.runs.wait(id, "hitl", input=IN)
    [run] = await client.runs.list(id)
    joined: Any = await client.runs.join(id, run["run_id"])
    assert [*joined] == ["__interrupt__"]
    [question] = joined["__interrupt__"]
    assert (question["id"], question["value"]) == (asked["__interrupt__"][0]["id"], QUESTION)


async def test_two_questions_are_answered_by_their_ids(client: LangGraphClient) -> None:
    id = await new_thread(client)
    asked: Any = await client.runs.wait(id, "two_questions", input=IN)
    ids = {each["value"]: each["id"] for each in asked["__interrupt__"]}
    assert len((await client.threads.get(id))["interrupts"]) == 2
    answers = {ids["left?"]: "L", ids["right?"]: "R"}
    values = await client.runs.wait(id, "two_questions", command={"resume": answers})
    assert values == {"items": ["in", "left L", "right R"]}


async def test_questions_can_be_answered_one_after_the_other(client: LangGraphClient) -> None:
    id = await new_thread(client)
    asked: Any = await client.runs.wait(id, "two_questions", input=IN)
    ids = {each["value"]: each["id"] for each in asked["__interrupt__"]}
    half: Any = await client.runs.wait(
        id, "two_questions", command={"resume": {ids["right?"]: "R"}}
    )
    assert [each["value"] for each in half["__interrupt__"]] == ["left?"]
    assert (await client.threads.get(id))["status"] == "interrupted"
    values = await client.runs.wait(id, "two_questions", command={"resume": {ids["left?"]: "L"}})
    assert values == {"items": ["in", "left L", "right R"]}
    assert (await client.threads.get(id))["status"] == "idle"


async def test_an_answer_can_be_any_json(client: LangGraphClient) -> None:
    answers: list[Any] = [0, False, "", ["a", None], {"deep": {"er": 1}}]
    for answer in answers:
        id = await new_thread(client)
        await client.runs.wait(id, "hitl", input=IN)
        values: Any = await client.runs.wait(id, "hitl", command={"resume": answer})
        assert values["items"][-1] == f"answer {answer}"


async def test_an_answer_can_come_with_an_update_of_the_state(client: LangGraphClient) -> None:
    id = await new_thread(client)
    await client.runs.wait(id, "hitl", input=IN)
    values: Any = await client.runs.wait(
        id, "hitl", command={"resume": "yes", "update": {"items": ["updated"]}}
    )
    assert values["items"] == ["in", "asked", "updated", "answer yes"]


async def test_new_input_over_a_question_starts_afresh_with_the_state_kept(
    client: LangGraphClient,
) -> None:
    id = await new_thread(client)
    await client.runs.wait(id, "hitl", input=IN)
    asked: Any = await client.runs.wait(id, "hitl", input=notes("again"))
    assert asked["items"] == ["in", "asked", "again", "asked"]
    assert len(asked["__interrupt__"]) == 1


@pytest.mark.parametrize(
    "breakpoint",
    [{"interrupt_before": ["b"]}, {"interrupt_after": ["a"]}],
    ids=["before a node", "after a node"],
)
async def test_a_breakpoint_stops_the_run_and_no_input_continues_it(
    client: LangGraphClient, breakpoint: dict[str, Any]
) -> None:
    id = await new_thread(client)
    parts = await collect(client.runs.stream(id, "echo", input=IN, **breakpoint))
    assert data_of(parts, "values")[-1]["items"] == ["in", "a"]
    thread = await client.threads.get(id)
    assert (thread["status"], thread["interrupts"]) == ("interrupted", {})
    state = await client.threads.get_state(id)
    assert state["next"] == ["b"]
    assert [each["interrupts"] for each in state["tasks"]] == [[]]
    [run] = await client.runs.list(id)
    assert run["status"] == "success"

    parts = await collect(client.runs.stream(id, "echo", input=None, stream_mode="updates"))
    assert data_of(parts, "updates") == [{"b": {"items": ["b"]}}]
    thread = await client.threads.get(id)
    assert (thread["status"], thread["values"]) == ("idle", {"items": ["in", "a", "b"]})


async def test_a_breakpoint_before_every_node_stops_at_each(client: LangGraphClient) -> None:
    id = await new_thread(client)
    seen = []
    values: Any = await client.runs.wait(id, "echo", input=IN, interrupt_before="*")
    seen.append((await client.threads.get_state(id))["next"])
    values = await client.runs.wait(id, "echo", input=None, interrupt_before="*")
    seen.append((await client.threads.get_state(id))["next"])
    values = await client.runs.wait(id, "echo", input=None, interrupt_before="*")
    seen.append((await client.threads.get_state(id))["next"])
    assert seen == [["a"], ["b"], []]
    assert values["items"] == ["in", "a", "b"]


async def test_a_stateless_run_cannot_be_resumed(client: LangGraphClient) -> None:
    with pytest.raises(Exception, match="400"):
        await client.runs.wait(None, "hitl", command={"resume": "yes"})


async def test_a_stateless_run_that_asks_tells_the_question(client: LangGraphClient) -> None:
    asked: Any = await client.runs.wait(None, "hitl", input=IN)
    assert [each["value"] for each in asked["__interrupt__"]] == [QUESTION]


async def test_a_question_of_a_subgraph_is_found_with_its_inner_state_and_answered(
    client: LangGraphClient,
) -> None:
    id = await new_thread(client)
    asked: Any = await client.runs.wait(id, "nested", input={"asked": "no"})
    assert [each["value"] for each in asked["__interrupt__"]] == ["inside?"]
    [plain] = (await client.threads.get_state(id))["tasks"]
    where: Any = plain["checkpoint"]
    assert (plain["name"], plain["state"]) == ("outer", None)
    assert where["checkpoint_ns"].startswith("outer:")
    [deep] = (await client.threads.get_state(id, subgraphs=True))["tasks"]
    inner: Any = deep["state"]
    assert deep["checkpoint"] is None
    assert (inner["next"], inner["values"]) == (["ask"], {"asked": "no"})
    found = await client.threads.get_state(id, checkpoint=where)
    assert (found["next"], found["values"]) == (["ask"], {"asked": "no"})
    inner_history = await client.threads.get_history(id, checkpoint=where)
    assert [each["next"] for each in inner_history] == [["ask"], ["__start__"]]
    answered = await client.runs.wait(id, "nested", command={"resume": "yes"})
    assert answered == {"asked": "inside yes"}
