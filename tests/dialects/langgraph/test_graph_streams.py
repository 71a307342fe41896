"""Real graphs behind the dialect: what a question, a graph within and a model's words look like."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langgraph.config import get_stream_writer
from langgraph.graph import START, MessagesState, StateGraph

from demotic.dialects.langgraph.choices import KINDS
from dialects.langgraph.langgraph_http import Frame, Wire, frames, run_body
from dialects.langgraph.test_graph_runs import IN, ask
from dialects.langgraph.test_graphs import wire_of
from served import State, a, b, chain, served


async def writes(state: State) -> State:
    """Tells something of its own."""
    get_stream_writer()({"half": "way"})
    return {"log": ["w"]}


@pytest.fixture
async def asking() -> AsyncIterator[Wire]:
    """A client of a graph that tells something of its own, and asks."""
    async with served(chain(writes, ask)) as house, wire_of(house) as opened:
        yield opened


async def streamed(wire: Wire, *modes: str, **body: Any) -> list[Frame]:
    """The events of a run on a new thread but the first."""
    given = {"assistant_id": "graph", **IN, "stream_mode": modes, **body}
    answer = await wire.ask("POST", f"/threads/{await wire.thread()}/runs/stream", given)
    assert answer.status_code == 200, answer.text
    (first, *rest) = frames(answer.text)
    assert first[0] == "metadata"
    return rest


@pytest.mark.requirement("langgraph.stream.question")
async def test_a_question_is_told_in_values_and_in_updates_where_they_are_asked_for(
    asking: Wire,
) -> None:
    told = await streamed(asking, "values")
    assert {name for name, _, _ in told} == {"values"}
    values = told[-1][1]
    [question] = values.pop("__interrupt__")
    assert values == {"log": ["in", "w"]}
    assert question == {"value": "really?", "id": question["id"], "response_schema": None}
    events = await streamed(asking, "updates")
    assert events[0][:2] == ("updates", {"writes": {"log": ["w"]}})
    assert [*events[-1][1]] == ["__interrupt__"]
    assert events[-1][1]["__interrupt__"][0]["value"] == "really?"
    only = await streamed(asking, "custom")
    assert only == [("custom", {"half": "way"}, None)], "nothing of the question"


@pytest.mark.requirement("langgraph.stream.values")
async def test_values_are_the_whole_state_after_each_step_and_updates_its_changes() -> None:
    async with served(chain(a, b)) as house, wire_of(house) as wire:
        assert await streamed(wire, "values", "updates") == [
            ("values", {"log": ["in"]}, None),
            ("updates", {"a": {"log": ["a"]}}, None),
            ("values", {"log": ["in", "a"]}, None),
            ("updates", {"b": {"log": ["b"]}}, None),
            ("values", {"log": ["in", "a", "b"]}, None),
        ]


@pytest.mark.requirement("langgraph.stream.subgraphs")
async def test_what_graphs_within_tell_bears_their_place_and_is_told_on_request_only() -> None:
    inner = StateGraph(State).add_node("middle", chain(a)).add_edge(START, "middle").compile()
    outer = StateGraph(State).add_node("outer", inner).add_edge(START, "outer").compile()
    async with served(outer) as house, wire_of(house) as wire:
        names = [name for name, _, _ in await streamed(wire, "updates", stream_subgraphs=True)]
        assert [[part.partition(":")[0] for part in name.split("|")] for name in names] == [
            ["updates", "outer", "middle"],
            ["updates", "outer"],
            ["updates"],
        ]
        assert all(part.count(":") == 1 for name in names for part in name.split("|")[1:])
        assert [name for name, _, _ in await streamed(wire, "updates")] == ["updates"]


@pytest.mark.requirement("langgraph.stream.messages")
@pytest.mark.requirement("langgraph.stream.messages_tuple")
async def test_a_model_s_words_come_as_pieces_and_as_the_message_so_far() -> None:
    async def chat(state: MessagesState) -> dict[str, Any]:
        model = GenericFakeChatModel(messages=iter([AIMessage(content="one two")]))
        return {"messages": [await model.ainvoke(state["messages"])]}

    graph = StateGraph(MessagesState).add_node(chat).add_edge(START, "chat").compile()
    async with served(graph) as house, wire_of(house) as wire:
        given = {"input": {"messages": [{"role": "user", "content": "Hi"}]}}
        pieces = await streamed(wire, "messages-tuple", **given)
        assert {name for name, _, _ in pieces} == {"messages"}
        assert all(each["langgraph_node"] == "chat" for _, (_, each), _ in pieces)
        assert {each["type"] for _, (each, _), _ in pieces} == {"AIMessageChunk"}
        assert "".join(each["content"] for _, (each, _), _ in pieces) == "one two"
        (first, *partial) = await streamed(wire, "messages", **given)
        [(id, told)] = first[1].items()
        assert (first[0], told["metadata"]["langgraph_node"]) == ("messages/metadata", "chat")
        assert {name for name, _, _ in partial} == {"messages/partial"}
        assert [each["content"] for _, [each], _ in partial][:3] == ["one", "one ", "one two"]
        assert {(each["id"], each["type"]) for _, [each], _ in partial} == {(id, "ai")}


@pytest.mark.requirement("langgraph.stream.modes")
async def test_the_modes_that_there_are_are_served_and_others_refused(wire: Wire) -> None:
    thread = await wire.thread()
    known = "values messages updates events debug messages-tuple custom tasks checkpoints"
    assert {*known.split()} == {*KINDS}
    body = run_body(stream_mode=[*KINDS])
    answer = await wire.ask("POST", f"/threads/{thread}/runs/stream", body)
    assert answer.status_code == 200
    run = answer.headers["content-location"]
    for mode in ("tools", "lifecycle", "end"):
        for given in (mode, ["values", mode]):
            for start in ("/runs", f"/threads/{thread}/runs"):
                for path in (start, f"{start}/stream", f"{start}/wait"):
                    refused = await wire.ask("POST", path, run_body(stream_mode=given))
                    assert refused.status_code == 422 and mode in refused.json()["detail"]
        assert (await wire.ask("GET", f"{run}/stream?stream_mode={mode}")).status_code == 422
