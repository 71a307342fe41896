"""Options that reach into a graph: how it is called, and which of its states is meant."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig

from dialects.langgraph.langgraph_http import Wire, frames
from dialects.langgraph.test_graphs import run, wire_of
from dialects.streaming.streaming_graphs import nested
from served import State, chain, served

CONFIG = {
    "tags": ["t"],
    "metadata": {"team": "blue"},
    "recursion_limit": 7,
    "max_concurrency": 3,
    "run_name": "nightly",
    "configurable": {"language": "en"},
}


class Looking:
    """A client of a graph that keeps how it is called."""

    def __init__(self) -> None:
        self._seen: list[RunnableConfig] = []
        self.wire: Wire

    async def look(self, state: State, config: RunnableConfig) -> State:
        """The graph's one node."""
        self._seen.append(config)
        return {}

    async def called(self, **body: Any) -> dict[str, Any]:
        """How a run calls the graph: what it was asked for, and the name that its events tell."""
        start = {"assistant_id": "graph", "input": {"log": []}, "stream_mode": "events", **body}
        path = f"/threads/{await self.wire.thread()}/runs/stream"
        (_, (_, first, _), *_) = frames((await self.wire.ask("POST", path, start)).text)
        config: dict[str, Any] = {**self._seen.pop()}
        return {
            **{key: config.get(key) for key in CONFIG},
            "run_name": first["name"],
            "metadata": {"team": config["metadata"].get("team")},
            "configurable": {"language": config["configurable"].get("language")},
        }

    async def assistant(self, **body: Any) -> dict[str, Any]:
        """A new assistant."""
        made = await self.wire.ask("POST", "/assistants", {"graph_id": "graph", **body})
        row: dict[str, Any] = made.json()
        return row


@pytest.fixture
async def looking() -> AsyncIterator[Looking]:
    """A client of a graph that keeps how it is called."""
    found = Looking()

    async def look(state: State, config: RunnableConfig) -> State:
        return await found.look(state, config)

    async with served(chain(look)) as house, wire_of(house) as found.wire:
        yield found


@pytest.mark.requirement("langgraph.options.config")
async def test_a_config_is_how_a_graph_is_called_whoever_gives_it(looking: Looking) -> None:
    plain = await looking.called()
    assert not [key for key, value in CONFIG.items() if plain[key] == value]
    assert (plain["run_name"], plain["max_concurrency"]) == ("graph", None)
    assert await looking.called(config=CONFIG) == CONFIG
    made = await looking.assistant(config=CONFIG)
    assert made["config"] == CONFIG
    assert await looking.called(assistant_id=made["assistant_id"]) == CONFIG
    id = (await looking.assistant())["assistant_id"]
    body = {"config": CONFIG, "description": "d"}
    changed = (await looking.wire.ask("PATCH", f"/assistants/{id}", body)).json()
    assert {key: changed[key] for key in body} == body
    assert await looking.called(assistant_id=id) == CONFIG


@pytest.mark.requirement("langgraph.options.config")
async def test_a_runs_config_goes_before_its_assistants(looking: Looking) -> None:
    made = await looking.assistant(config=CONFIG)
    other = {
        "tags": ["u"],
        "metadata": {"team": "red"},
        "recursion_limit": 8,
        "max_concurrency": 4,
        "run_name": "daily",
        "configurable": {"language": "no"},
    }
    both = await looking.called(assistant_id=made["assistant_id"], config=other)
    assert both == {**other, "tags": ["t", "u"]}


@pytest.fixture
async def asking() -> AsyncIterator[Wire]:
    """A client of a graph within which another asks."""
    async with served(nested) as house, wire_of(house) as opened:
        yield opened


def places(thread: str, id: str, namespace: str = "", **around: str) -> list[dict[str, Any]]:
    """Every way to say which state is meant."""
    whole = {"thread_id": thread, "checkpoint_ns": namespace, "checkpoint_id": id}
    found: list[dict[str, Any]] = [
        whole,
        {**whole, "checkpoint_map": {**around, namespace: id}},
        {"checkpoint_ns": namespace, "checkpoint_map": {**around, namespace: id}},
        {"configurable": whole},
    ]
    short = {"checkpoint_id": id}
    return (
        found
        if namespace
        else [*found, short, {"configurable": short}, {"checkpoint_map": {"": id}}]
    )


@pytest.mark.requirement("langgraph.options.checkpoint")
async def test_a_state_is_meant_in_every_way_to_say_so(asking: Wire) -> None:
    thread = await asking.thread()
    path = f"/threads/{thread}"
    await run(asking, thread, input={"items": ["in"]})
    latest = (await asking.ask("GET", f"{path}/state?subgraphs=true")).json()
    inner = latest["tasks"][0]["state"]["checkpoint"]
    namespace, first = inner["checkpoint_ns"], latest["parent_checkpoint_id"]
    around = {"": latest["checkpoint_id"]}
    for place, id in [
        *((place, first) for place in places(thread, first)),
        *(
            (place, inner["checkpoint_id"])
            for place in places(thread, inner["checkpoint_id"], namespace)
        ),
        (inner, inner["checkpoint_id"]),
        ({"checkpoint_ns": namespace}, inner["checkpoint_id"]),
        ({"checkpoint_map": around}, latest["checkpoint_id"]),
    ]:
        at = await asking.ask("POST", f"{path}/state/checkpoint", {"checkpoint": place})
        assert at.json()["checkpoint_id"] == id, place
        of = await asking.ask("POST", f"{path}/history", {"checkpoint": place, "limit": 1})
        assert [each["checkpoint_id"] for each in of.json()] == [id], place


@pytest.mark.requirement("langgraph.options.checkpoint")
async def test_history_ends_and_runs_and_updates_begin_at_the_state_that_is_meant(
    asking: Wire,
) -> None:
    thread = await asking.thread()
    path = f"/threads/{thread}"
    await run(asking, thread, input={"items": ["in"]})
    ids = [each["checkpoint_id"] for each in (await asking.ask("GET", f"{path}/history")).json()]
    latest, first = ids
    for place in places(thread, latest):
        earlier = await asking.ask("POST", f"{path}/history", {"before": place})
        assert [each["checkpoint_id"] for each in earlier.json()] == [first], place
    for place in places(thread, latest):
        body = {"checkpoint": place, "values": {"items": ["update"]}, "as_node": "inner"}
        answer = await asking.ask("POST", f"{path}/state", body)
        assert answer.status_code == 200, answer.text
        now = (await asking.ask("GET", f"{path}/state")).json()
        assert now["parent_checkpoint_id"] == latest, place
        assert now["values"]["items"] == ["in", "update"]
        asked = await run(asking, thread, input=None, checkpoint=place)
        assert asked["__interrupt__"][0]["value"] == "Inside?", place


@pytest.mark.requirement("langgraph.options.checkpoint")
async def test_places_that_contradict_themselves_are_refused(asking: Wire) -> None:
    path = f"/threads/{await asking.thread()}"
    for place, told in [
        ({"checkpoint_id": "a", "checkpoint_map": {"": "b"}}, "differ"),
        ({"checkpoint_map": {"": 1}}, "`checkpoint.checkpoint_map`"),
    ]:
        for tail, body in [
            ("/state/checkpoint", {"checkpoint": place}),
            ("/history", {"before": place}),
            ("/runs", {"assistant_id": "graph", "checkpoint": place}),
        ]:
            answer = await asking.ask("POST", f"{path}{tail}", body)
            assert answer.status_code == 422 and told in answer.json()["detail"]


@pytest.mark.requirement("langgraph.options.subgraphs")
async def test_states_of_subgraphs_are_shown_where_they_are_asked_for(asking: Wire) -> None:
    thread = await asking.thread()
    path = f"/threads/{thread}/state"
    await run(asking, thread, input={"items": ["in"]})
    here = (await asking.ask("GET", path)).json()["checkpoint"]
    at = {"checkpoint": here}
    for method, tail, more in [
        ("GET", "{}", None),
        ("GET", f"/{here['checkpoint_id']}{{}}", None),
        ("POST", "/checkpoint{}", at),
    ]:
        for query, shown in [("", False), ("?subgraphs=false", False), ("?subgraphs=true", True)]:
            state = (await asking.ask(method, path + tail.format(query), more)).json()
            assert (state["tasks"][0]["state"] is not None) is shown
    for value in (True, False):
        body = {**at, "subgraphs": value}
        state = (await asking.ask("POST", f"{path}/checkpoint", body)).json()
        assert (state["tasks"][0]["state"] is not None) is value
