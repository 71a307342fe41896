"""What a thread's feed tells in the protocol's words."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import orjson
import pytest
from langgraph.graph import START as BEGIN
from langgraph.graph import StateGraph
from langgraph.types import interrupt

from demotic.agents.langgraph.factories import Graph
from demotic.dialects.streaming.channels import CHANNELS
from demotic.dialects.streaming.telling import Teller
from demotic.dialects.streaming.told import Facts, Told, unseen
from demotic.dialects.streaming.translate import KINDS
from demotic.dialects.streaming.view import facts_of
from demotic.domain.events import CHANGED, END, START, Ended, Event
from demotic.domain.ids import SPACING, seq_of
from demotic.domain.model import EVERYTHING
from demotic.domain.states import StateUpdate
from dialects.streaming.test_blocks import assembled
from process.graphs.crew import CITIES, REPORT, crew, named
from served import Served, State, a, chain, served

HI = {"messages": [{"role": "user", "content": "Hi"}]}


class Followed:
    """A graph that is served, with the feed of one thread."""

    def __init__(self, house: Served, thread: str) -> None:
        self.house, self.thread = house, thread
        self.facts: dict[str, Facts] = {}

    async def run(self, **request: Any) -> None:
        """Run to the end, recording what there are channels for unless it says otherwise."""
        options = {"modes": KINDS, "subgraphs": True, **request}
        started = await self.house.start(self.thread, **options)
        self.facts[started.run.id] = facts_of(started.run)
        ended = await asyncio.wait_for(started.following.ended(), 10)
        assert ended is not None

    async def feed(self) -> list[Event]:
        """Every event of the thread."""
        engine = self.house.engine
        following = await engine.threads.follow(self.thread, EVERYTHING, after=0)
        events: list[Event] = []
        while (got := await following.next(0)) is not None:
            events += [] if isinstance(got, Ended) else got
        return events

    def groups(self, feed: Sequence[Event], *wanted: str) -> list[list[Told]]:
        """What each event tells."""
        teller = Teller(self.house.engine.descriptions.blocks, wanted or CHANNELS)
        facts = [
            self.facts.get(e.run_id, Facts(e.run_id, kinds=frozenset({CHANGED}))) for e in feed
        ]
        return [teller.tell(event, known) for event, known in zip(feed, facts, strict=True)]

    async def told(self, *wanted: str) -> list[Told]:
        """What the feed tells."""
        return [each for group in self.groups(await self.feed(), *wanted) for each in group]


@pytest.fixture
async def followed(request: pytest.FixtureRequest) -> AsyncIterator[Followed]:
    """The graph that the test names."""
    graph: Graph = request.param
    async with served(graph) as house:
        yield Followed(house, await house.thread())


def on(graph: Graph) -> pytest.MarkDecorator:
    """Which graph a test is about."""
    return pytest.mark.parametrize("followed", [graph], indirect=True, ids=["graph"])


def data(told: Sequence[Told], method: str, *path: str) -> list[Any]:
    """The data of a method's events at a namespace, given without tasks' ids."""
    return [
        orjson.loads(each.data)
        for each in told
        if each.method == method and tuple(p.partition(":")[0] for p in each.path) == path
    ]


def methods(told: Sequence[Told]) -> list[str]:
    """Which methods, in order; lifecycles with what they tell."""
    return [
        f"lifecycle {orjson.loads(each.data)['event']}"
        if each.method == "lifecycle"
        else each.method
        for each in told
    ]


@pytest.mark.requirement("streaming.channels.lifecycle")
@pytest.mark.requirement("streaming.channels.values")
@pytest.mark.requirement("streaming.channels.updates")
@pytest.mark.requirement("streaming.channels.tasks")
@pytest.mark.requirement("streaming.channels.checkpoints")
@on(chain(a))
async def test_a_run_tells_of_everything_there_are_channels_for(followed: Followed) -> None:
    await followed.run(input={"log": ["in"]})
    told = await followed.told()
    step = ["tasks", "updates", "tasks", "checkpoints", "values"]
    assert methods(told) == [
        "lifecycle running",
        "checkpoints",
        "checkpoints",
        "values",
        *step,
        "lifecycle completed",
    ]
    run = told[0].event_id.split(":")[1]
    assert (told[0].event_id, told[-1].event_id) == (
        f"synth:{run}:lc||running",
        f"synth:{run}:lc||completed",
    )
    assert data(told, "lifecycle") == [
        {"event": "running", "graph_name": "graph"},
        {"event": "completed", "graph_name": "graph"},
    ]
    assert data(told, "values") == [{"log": ["in"]}, {"log": ["in", "a"]}]
    assert data(told, "updates") == [{"node": "a", "values": {"log": ["a"]}}]
    saved = data(told, "checkpoints")
    assert [each["step"] for each in saved] == [-1, 0, 1]
    assert [each["source"] for each in saved] == ["input", "loop", "loop"]
    assert [each.get("parent_id") for each in saved] == [None, *(e["id"] for e in saved[:2])]
    assert [each["name"] for each in data(told, "tasks")] == ["a", "a"]


@pytest.mark.requirement("streaming.channels.checkpoints.paired")
@on(crew)
async def test_each_state_comes_right_after_the_checkpoint_that_holds_it(
    followed: Followed,
) -> None:
    await followed.run(input=HI)
    told = await followed.told()
    pairs = list(zip(told, told[1:], strict=False))
    for before, state in pairs:
        if state.method == "values" and before.path == state.path:
            held = (
                await followed.house.engine.states.get(
                    followed.thread,
                    EVERYTHING,
                    checkpoint={
                        "checkpoint_id": orjson.loads(before.data)["id"],
                        "checkpoint_ns": "|".join(state.path),
                    },
                )
                if before.method == "checkpoints"
                else None
            )
            if held is not None:
                assert orjson.loads(held.values) == orjson.loads(state.data)
    assert sum(b.method == "checkpoints" and s.method == "values" for b, s in pairs) >= 6


@pytest.mark.requirement("streaming.channels.messages")
@pytest.mark.requirement("streaming.channels.tools")
@pytest.mark.requirement("streaming.lifecycle.nested")
@on(crew)
async def test_nested_agents_tell_of_their_messages_tools_and_ends(followed: Followed) -> None:
    await followed.run(input=HI)
    told = await followed.told()
    assert data(told, "lifecycle", "scout") == [
        {"event": "started", "graph_name": "scout"},
        {"event": "completed", "graph_name": "scout"},
    ]
    events = data(told, "messages", "scout")
    starts = [n for n, each in enumerate(events) if each["event"] == "message-start"]
    look, report = (
        assembled(events[b:e]) for b, e in zip(starts, [*starts[1:], None], strict=True)
    )
    assert [each["args"]["city"] for each in look.tool_calls] == [*CITIES]
    assert report.text == "".join(REPORT)
    assert {each.node for each in told if each.method == "messages"} == {"look", "report", "plan"}
    tools = data(told, "tools", "scout")
    assert [(e["event"], e["tool_call_id"]) for e in tools] == [
        *(("tool-started", f"weather-{city}") for city in CITIES),
        *(("tool-finished", f"weather-{city}") for city in CITIES),
    ]
    assert tools[0] == {
        "event": "tool-started",
        "tool_call_id": "weather-Rome",
        "tool_name": "weather",
        "input": {"city": "Rome"},
    }
    assert tools[2]["output"]["content"] == "Rome: fine"
    first = methods([each for each in told if each.path])[0]
    assert first == "lifecycle started", "a nested agent begins before it tells anything"


@pytest.mark.requirement("streaming.channels.input")
@pytest.mark.requirement("streaming.channels.input.value")
@on(crew)
async def test_questions_are_told_when_they_can_be_answered_and_once_each(
    followed: Followed,
) -> None:
    await followed.run(input=HI)
    told = await followed.told()
    assert methods(told)[-3:] == ["input.requested"] * 2 + ["lifecycle interrupted"]
    asked = data(told, "input.requested")
    assert [each["payload"] for each in asked] == [{"book": city} for city in CITIES]
    assert all(each["value"] == each["payload"] for each in asked)
    assert not any(b"__interrupt__" in each.data for each in told)
    answers = {each["interrupt_id"]: "yes" for each in asked}
    await followed.run(command={"resume": answers})
    resumed = (await followed.told())[len(told) :]
    assert methods(resumed)[:2] == ["input.answered", "lifecycle running"]
    assert data(resumed, "input.answered") == [{"interrupt_ids": [*answers]}]
    assert methods(resumed)[-1] == "lifecycle completed"


def ask_inside(state: State) -> State:
    return {"log": [interrupt("inside?")]}


inner = StateGraph(State).add_node("ask", ask_inside).add_edge(BEGIN, "ask").compile()
outer = StateGraph(State).add_node("team", inner).add_edge(BEGIN, "team").compile()


@pytest.mark.requirement("streaming.input.namespace")
@pytest.mark.requirement("streaming.lifecycle.nested")
@on(outer)
async def test_a_question_of_a_nested_agent_is_told_where_it_is_asked(followed: Followed) -> None:
    await followed.run(input={})
    told = await followed.told()
    [question] = data(told, "input.requested", "team")
    assert question["payload"] == "inside?"
    assert data(told, "input.requested") == []
    assert [each["event"] for each in data(told, "lifecycle", "team")] == ["started", "interrupted"]


def breaks(state: State) -> State:
    raise ValueError("boom")


@pytest.mark.requirement("streaming.lifecycle.failed")
@on(StateGraph(State).add_node("team", chain(a, breaks)).add_edge(BEGIN, "team").compile())
async def test_a_failure_is_told_by_the_nested_agent_and_by_the_run(followed: Followed) -> None:
    await followed.run(input={})
    told = await followed.told()
    assert methods(told)[-2:] == ["lifecycle failed"] * 2
    nested, root = (orjson.loads(each.data) for each in told[-2:])
    assert root == {"event": "failed", "graph_name": "graph", "error": "ValueError: boom"}
    assert (nested["event"], nested["graph_name"]) == ("failed", "team")


@pytest.mark.requirement("streaming.channels.custom")
@on(named)
async def test_custom_events_have_a_payload_and_the_name_that_they_were_given(
    followed: Followed,
) -> None:
    await followed.run(input={})
    told = [each for each in await followed.told() if each.method == "custom"]
    assert [each.channel for each in told] == ["custom:progress"] * 2 + ["custom"]
    assert [orjson.loads(each.data) for each in told] == [
        {"name": "progress", "payload": {"percent": 50}},
        {"name": "progress", "payload": {"percent": 100}},
        {"payload": {"percent": 100}},
    ]


@pytest.mark.requirement("streaming.state.changed")
@on(chain(a))
async def test_a_change_of_state_tells_its_checkpoint_and_the_state(followed: Followed) -> None:
    await followed.run(input={"log": ["in"]})
    before = len(await followed.told())
    update = StateUpdate(values={"log": ["by hand"]})
    await followed.house.engine.states.update(followed.thread, update, EVERYTHING)
    told = (await followed.told())[before:]
    assert methods(told) == ["checkpoints", "values"]
    assert data(told, "checkpoints")[0]["source"] == "update"
    assert data(told, "values") == [{"log": ["in", "a", "by hand"]}]


@pytest.mark.requirement("streaming.foreign")
@pytest.mark.parametrize("modes", [("messages",), ("values",), ("updates", "custom"), ()])
@on(crew)
async def test_runs_of_other_dialects_tell_what_they_record(
    followed: Followed, modes: tuple[str, ...]
) -> None:
    await followed.run(input=HI, modes=modes, subgraphs=True)
    told = await followed.told()
    if not modes:
        assert told == []  # nothing is stored of it; who follows sees it begin and end
        return
    assert {each.channel for each in told} - {"lifecycle", "input"} == set(modes) - {"custom"}
    assert methods(told)[0] == "lifecycle running"
    assert methods(told)[-1] == "lifecycle interrupted"
    assert [each["event"] for each in data(told, "lifecycle", "scout")] == [
        "started",
        "interrupted",
    ]


@pytest.mark.requirement("streaming.positions")
@on(crew)
async def test_every_event_has_a_position_of_its_own_whoever_listens(followed: Followed) -> None:
    await followed.run(input=HI)
    told = await followed.told()
    positions = [each.seq for each in told]
    assert positions == sorted(set(positions))
    ids = [each.event_id for each in told]
    assert len(ids) == len(set(ids))
    for channel in CHANNELS:
        alone = [each for each in await followed.told(channel) if each.channel == channel]
        assert alone == [each for each in told if each.channel == channel]


@pytest.mark.requirement("streaming.since")
@on(crew)
async def test_what_lies_above_a_position_is_told_the_same_from_any_place(
    followed: Followed,
) -> None:
    await followed.run(input=HI)
    feed = await followed.feed()
    whole = [each for group in followed.groups(feed) for each in group]
    for after in [0, *(each.seq for each in whole)]:
        rest = [each for group in followed.groups(feed) for each in unseen(group, after)]
        assert rest == [each for each in whole if each.seq > after]


def made(n: int, kind: str, ns: str = "", told: Any = None) -> Event:
    """An event of a feed."""
    return Event(seq_of(7, n), "run", kind, ns, orjson.dumps(told or {}), 1_000_000 * n)


def tell(*events: Event, kinds: Sequence[str] = KINDS) -> list[Told]:
    """What these tell."""
    teller = Teller(lambda agent, message: [], CHANNELS)
    facts = Facts("run", "graph", frozenset(kinds))
    return [each for event in events for each in teller.tell(event, facts)]


def task(id: str, name: str, **more: Any) -> dict[str, Any]:
    """A task's begin or end."""
    return {"id": id, "name": name, **more}


@pytest.mark.requirement("streaming.lifecycle.cause")
def test_an_agent_that_a_tool_call_starts_tells_its_name_and_the_call() -> None:
    call = {"__type": "tool_call_with_context", "tool_call": {"id": "c1", "name": "ask"}}
    child = "tools:t1"
    named_agent = {"lc_agent_name": "helper"}
    told = tell(
        made(0, START),
        made(1, "tasks", "", task("t1", "tools", input=call)),
        made(2, "values", child, {"x": 1}),
        made(3, "tasks", child, task("t2", "model", input={}, metadata=named_agent)),
        made(4, "tasks", "", task("t1", "tools", result={}, error=None, interrupts=[])),
    )
    assert methods(told) == [
        "lifecycle running",
        "tasks",
        "lifecycle started",
        "values",
        "tasks",
        "tasks",
        "lifecycle completed",
    ]
    assert data(told, "lifecycle", "tools") == [
        {
            "event": "started",
            "graph_name": "helper",
            "cause": {"type": "toolCall", "tool_call_id": "c1"},
        },
        {"event": "completed", "graph_name": "helper"},
    ]
    batch = [{"id": "c7", "name": "ask", "args": {}}]
    told = tell(
        made(0, START),
        made(1, "tasks", "", task("t1", "tools", input=batch)),
        made(2, "tasks", child, task("t2", "model", input={})),
    )
    assert data(told, "lifecycle", "tools")[0]["cause"]["tool_call_id"] == "c7"


def test_agents_inside_agents_begin_outside_in_and_end_inside_out() -> None:
    end = {"state": "succeeded", "reason": "completed", "error": None}
    told = tell(made(0, START), made(1, "custom", "a:1|b:2", 5), made(2, END, "", end))
    assert [(m, each.path) for m, each in zip(methods(told), told, strict=True)] == [
        ("lifecycle running", ()),
        ("lifecycle started", ("a:1",)),
        ("lifecycle started", ("a:1", "b:2")),
        ("custom", ("a:1", "b:2")),
        ("lifecycle completed", ("a:1", "b:2")),
        ("lifecycle completed", ("a:1",)),
        ("lifecycle completed", ()),
    ]


@pytest.mark.requirement("streaming.messages.broken")
def test_a_message_that_breaks_off_is_told_to_have_failed() -> None:
    piece = {"type": "AIMessageChunk", "id": "m", "content": "so", "additional_kwargs": {}}
    end = {"state": "failed", "reason": "error", "error": {"error": "E", "message": "gone"}}
    told = tell(made(0, START), made(1, "messages", "", [piece, {}]), made(2, END, "", end))
    assert data(told, "messages")[-1] == {"event": "error", "message": "E: gone"}
    assert methods(told)[-1] == "lifecycle failed"


def test_a_new_attempt_begins_its_messages_anew() -> None:
    piece = {"type": "AIMessageChunk", "id": "m", "content": "so", "additional_kwargs": {}}
    told = tell(
        made(0, START, "", {"attempt": 1}),
        made(1, "messages", "", [piece, {}]),
        made(2, START, "", {"attempt": 2}),
        made(3, "messages", "", [piece, {}]),
    )
    events = [each["event"] for each in data(told, "messages")]
    assert events == ["message-start", "content-block-start", "content-block-delta"] * 2


def test_results_of_tools_are_no_messages() -> None:
    message = {"type": "tool", "id": "m", "content": "x", "tool_call_id": "c"}
    assert methods(tell(made(0, START), made(1, "messages", "", [message, {}]))) == [
        "lifecycle running"
    ]


def test_what_a_tool_puts_out_is_text() -> None:
    given = {"event": "tool-output-delta", "tool_call_id": "c", "delta": {"rows": 3}}
    told = tell(made(0, START), made(1, "tools", "", given))
    assert data(told, "tools") == [{**given, "delta": '{"rows":3}'}]


def test_what_has_another_shape_than_expected_harms_nobody() -> None:
    odd = [
        made(1, "tasks", "", 5),
        made(2, "checkpoints", "", {"config": None}),
        made(3, "updates", "", [1]),
        made(4, "messages", "", {"no": "list"}),
        made(5, "tools", "", "text"),
        made(6, "values", "", "text"),
        made(7, "debug", "", {}),
    ]
    told = tell(made(0, START), *odd, kinds=())
    assert methods(told) == ["lifecycle running", "tasks", "tools", "values"]


def test_more_events_than_there_are_positions_are_all_told_and_told_again() -> None:
    nodes: dict[str, dict[str, Any]] = {f"n{n}": {} for n in range(SPACING + 4)}
    told = tell(made(0, START), made(1, "updates", "", nodes))[1:]
    assert len(told) == len(nodes) == len({each.event_id for each in told})
    base = seq_of(7, 1)
    assert [each.seq - base for each in told] == [*range(SPACING), *[SPACING - 1] * 4]
    assert unseen(told, base + 3) == told[4:]
    assert unseen(told, base + SPACING - 1) == told[SPACING - 1 :]
    assert unseen(told, base + SPACING) == []
