"""Graphs that misbehave: each run ends once and clearly, and the server goes on."""

import asyncio
import gc
import operator
import threading
import time
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import orjson
import pytest
from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict

from demotic.agents.langgraph.factories import Graph
from demotic.domain.events import END as LAST
from demotic.domain.lifecycle import FINAL, Reason, RunState, ThreadState
from demotic.domain.model import EVERYTHING
from demotic.domain.runs import CancelAction, Outcome
from served import Served, State, b, chain, decoded, served

PROMPTLY_S = 10


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """What a misbehaving agent leaves behind is finalised here, not within another test."""
    yield
    gc.collect()


class Loose(TypedDict, total=False):
    """A state whose value may be anything."""

    bad: bool
    value: Any
    log: Annotated[list[str], operator.add]


class Unspeakable(Exception):
    """An error that cannot be told."""

    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


class Bottom(BaseException):
    """An error that is no `Exception`."""


class Strange:
    """Something that nothing can store or show."""


def only_when_bad(misbehave: Callable[[], Any], *, in_loop: bool) -> Graph:
    """A graph whose only node misbehaves when it is asked to."""

    async def in_a_task(state: Loose) -> Any:
        return misbehave() if state.get("bad") else {"log": ["well"]}

    def in_a_thread(state: Loose) -> Any:
        return misbehave() if state.get("bad") else {"log": ["well"]}

    node: Any = in_a_task if in_loop else in_a_thread
    return StateGraph(Loose).add_node("node", node).add_edge(START, "node").compile()


async def ended(house: Served, thread: str, **request: Any) -> Outcome:
    """Run to the end: there is exactly one, and stored, shown and told are the same."""
    started = await house.start(thread, **{"input": {"bad": True}, "modes": ["values"], **request})
    return await checked(house, thread, started)


async def checked(house: Served, thread: str, started: Any) -> Outcome:
    """The outcome of a run that has been started."""
    told = await asyncio.wait_for(started.following.ended(), PROMPTLY_S)
    outcome = await house.engine.runs.outcome(started.run, told)
    log = await house.engine.storage.read_events(thread, after=0, run_id=started.run.id, limit=1000)
    if started.run.request.modes:
        assert [event.kind for event in log].count(LAST) == 1 and log[-1].kind == LAST
        assert orjson.loads(log[-1].data)["state"] == outcome.state
    run = await house.engine.runs.get(thread, started.run.id, EVERYTHING)
    assert run.state is outcome.state and run.state in FINAL
    shown = await house.engine.threads.get(thread, EVERYTHING)
    assert shown.state is not ThreadState.BUSY
    return outcome


async def goes_on(house: Served, thread: str | None = None, **request: Any) -> None:
    """The next run succeeds."""
    outcome = await house.wait(thread, **{"input": {"bad": False, "log": []}, **request})
    assert outcome.state is RunState.SUCCEEDED, outcome.error


def told(outcome: Outcome) -> tuple[str, str]:
    """Class and message of a failure."""
    assert (outcome.state, outcome.reason) == (RunState.FAILED, Reason.ERROR)
    assert outcome.error is not None
    return outcome.error["error"], outcome.error["message"]


def raiser(error: BaseException) -> Callable[[], Any]:
    """Raises the error."""

    def throw() -> Any:
        raise error

    return throw


RAISED: dict[str, tuple[Callable[[], BaseException], str, str]] = {
    "an exception": (lambda: ValueError("boom"), "ValueError", "boom"),
    "no message": (lambda: ValueError(), "ValueError", ""),
    "half characters": (lambda: ValueError("\ud800 boom"), "ValueError", "boom"),
    "exit": (lambda: SystemExit(3), "AgentExited", "SystemExit(3)"),
    "ctrl-c": (lambda: KeyboardInterrupt(), "AgentExited", "KeyboardInterrupt()"),
    "generator exit": (lambda: GeneratorExit("gone"), "AgentExited", "GeneratorExit(gone)"),
    "a bottom": (lambda: Bottom("deep"), "AgentExited", "Bottom(deep)"),
    "unspeakable": (lambda: Unspeakable(), "Unspeakable", ""),
    "a group": (lambda: ExceptionGroup("many", [ValueError("x")]), "ExceptionGroup", "many"),
    "a timeout": (lambda: TimeoutError("late"), "TimeoutError", "late"),
    "cancelled": (lambda: asyncio.CancelledError(), "NodeCancelledError", "node"),
    "an end of a loop": (lambda: StopAsyncIteration("over"), "RuntimeError", "StopAsyncIteration"),
}


@pytest.mark.parametrize("modes", [["values"], ["values", "custom"]], ids=["alone", "watched"])
@pytest.mark.parametrize("in_loop", [True, False], ids=["task", "thread"])
@pytest.mark.parametrize("what", RAISED)
async def test_what_a_node_raises_ends_its_run_only(
    what: str, in_loop: bool, modes: list[str]
) -> None:
    make, name, words = RAISED[what]
    async with served(only_when_bad(lambda: raiser(make())(), in_loop=in_loop)) as house:
        thread = await house.thread()
        error, message = told(await ended(house, thread, modes=modes))
        assert name in error and words in message
        await goes_on(house, thread)
        await goes_on(house)


@pytest.mark.parametrize("what", RAISED)
async def test_what_a_conditional_edge_raises_ends_its_run_only(what: str) -> None:
    make, name, words = RAISED[what]

    def choose(state: Loose) -> str:
        if state.get("bad"):
            raise make()
        return END

    graph = StateGraph(Loose).add_node("node", lambda state: {"log": ["node"]})
    graph.add_edge(START, "node").add_conditional_edges("node", choose, [END])
    async with served(graph.compile()) as house:
        thread = await house.thread()
        error, message = told(await ended(house, thread))
        assert name in error and words in message
        await goes_on(house, thread)


async def test_an_exit_in_one_of_two_branches_or_in_a_subgraph_ends_its_run_only() -> None:
    def leave(state: Loose) -> Any:
        if state.get("bad"):
            raise SystemExit("bye")
        return {"log": ["stayed"]}

    inner = StateGraph(Loose).add_node(leave).add_edge(START, "leave").compile()
    graph = StateGraph(Loose).add_node("leave", leave).add_node("inner", inner)
    graph.add_node("other", lambda state: {"log": ["other"]})
    for name in ("leave", "inner", "other"):
        graph.add_edge(START, name)
    async with served(graph.compile()) as house:
        thread = await house.thread()
        error, message = told(await ended(house, thread, subgraphs=True))
        assert (error, "SystemExit(bye)" in message) == ("AgentExited", True)
        await goes_on(house, thread)


async def test_other_runs_finish_and_leases_are_kept_while_a_node_blocks_the_event_loop() -> None:
    async def block(state: Loose) -> Any:
        if state.get("bad"):
            time.sleep(0.3)  # noqa: ASYNC251
        return {"log": ["slept"]}

    graph = StateGraph(Loose).add_node(block).add_edge(START, "block").compile()
    async with served(graph) as house:
        thread = await house.thread()
        others = [await house.start(None, input={"bad": False}) for _ in range(5)]
        outcome = await ended(house, thread)
        assert outcome.state is RunState.SUCCEEDED
        for other in others:
            done = await asyncio.wait_for(other.following.ended(), PROMPTLY_S)
            assert done.outcome is not None and done.outcome.state is RunState.SUCCEEDED
        assert "demotic-heartbeat" in {thread.name for thread in threading.enumerate()}
        assert list(house.engine.worker.held()) == []


async def test_an_async_node_that_swallows_its_cancellation_is_left_behind() -> None:
    reached, let_go = asyncio.Event(), asyncio.Event()

    async def stubborn(state: Loose) -> Any:
        if state.get("bad"):
            reached.set()
            while not let_go.is_set():
                try:
                    await let_go.wait()
                except asyncio.CancelledError:
                    continue
        return {"log": ["stubborn"]}

    graph = StateGraph(Loose).add_node(stubborn).add_edge(START, "stubborn").compile()
    async with served(graph) as house:
        thread = await house.thread()
        started = await house.start(thread, input={"bad": True}, modes=["values"])
        await asyncio.wait_for(reached.wait(), PROMPTLY_S)
        await house.engine.runs.cancel(
            thread, started.run.id, CancelAction.INTERRUPT, EVERYTHING, wait=True
        )
        outcome = await checked(house, thread, started)
        assert outcome.state is RunState.CANCELLED
        await goes_on(house, thread)
        let_go.set()


async def test_a_node_that_turns_its_cancellation_into_a_result_is_cancelled_all_the_same() -> None:
    reached = asyncio.Event()

    async def polite(state: Loose) -> Any:
        if state.get("bad"):
            reached.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                return {"log": ["heard it"]}
        return {"log": ["well"]}

    graph = StateGraph(Loose).add_node(polite).add_edge(START, "polite").compile()
    async with served(graph) as house:
        thread = await house.thread()
        started = await house.start(thread, input={"bad": True}, modes=["values"])
        await asyncio.wait_for(reached.wait(), PROMPTLY_S)
        await house.engine.runs.cancel(
            thread, started.run.id, CancelAction.INTERRUPT, EVERYTHING, wait=True
        )
        outcome = await checked(house, thread, started)
        assert outcome.state in (RunState.CANCELLED, RunState.SUCCEEDED)
        await goes_on(house, thread)


async def test_a_sync_node_that_cannot_be_cancelled_is_left_behind() -> None:
    reached, let_go = threading.Event(), threading.Event()

    def deaf(state: Loose) -> Any:
        if state.get("bad"):
            reached.set()
            let_go.wait(PROMPTLY_S)
        return {"log": ["deaf"]}

    graph = StateGraph(Loose).add_node(deaf).add_edge(START, "deaf").compile()
    async with served(graph) as house:
        thread = await house.thread()
        started = await house.start(thread, input={"bad": True}, modes=["values"])
        assert await asyncio.to_thread(reached.wait, PROMPTLY_S)
        await house.engine.runs.cancel(
            thread, started.run.id, CancelAction.INTERRUPT, EVERYTHING, wait=True
        )
        assert (await checked(house, thread, started)).state is RunState.CANCELLED
        await goes_on(house, thread)
        let_go.set()


async def test_a_node_that_cancels_its_own_task_fails_its_run() -> None:
    async def give_up(state: Loose) -> Any:
        if state.get("bad"):
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.Event().wait()
        return {"log": ["well"]}

    graph = StateGraph(Loose).add_node(give_up).add_edge(START, "give_up").compile()
    async with served(graph) as house:
        thread = await house.thread()
        error, message = told(await ended(house, thread))
        assert "Cancelled" in error and message
        await goes_on(house, thread)


def circle() -> Any:
    """A list that holds itself."""
    found: list[Any] = []
    found.append(found)
    return found


REFUSED: dict[str, Callable[[], Any]] = {
    "a number": lambda: 7,
    "text": lambda: "no state",
    "a list": lambda: ["log"],
    "an object": lambda: {"value": Strange()},
    "a function": lambda: {"value": raiser},
    "a lock": lambda: {"value": threading.Lock()},
    "a circle": lambda: {"value": circle()},
    "a huge number": lambda: {"value": 2**70},
    "an object in a set": lambda: {"value": {Strange()}},
}


@pytest.mark.parametrize("temporary", [False, True], ids=["thread", "no thread"])
@pytest.mark.parametrize("what", REFUSED)
async def test_a_result_that_cannot_be_kept_fails_its_run_with_a_reason(
    what: str, temporary: bool
) -> None:
    async with served(only_when_bad(REFUSED[what], in_loop=True)) as house:
        if temporary:
            error, message = told(await house.wait(None, input={"bad": True}))
        else:
            thread = await house.thread()
            error, message = told(await ended(house, thread))
            assert (await house.engine.states.get(thread, EVERYTHING)).values
            await house.engine.states.history(thread, EVERYTHING, limit=10)
        assert error and message
        await goes_on(house)


KEPT: dict[str, tuple[Callable[[], Any], Any]] = {
    "nothing": (lambda: None, {"bad": True, "log": []}),
    "no keys": (lambda: {}, {"bad": True, "log": []}),
    "unknown keys": (lambda: {"unknown": 1}, {"bad": True, "log": []}),
    "half characters": (lambda: {"value": "a\ud800b"}, {"value": "a\ufffdb"}),
    "not a number": (lambda: {"value": float("nan")}, {"value": None}),
    "without end": (lambda: {"value": [float("inf"), -float("inf")]}, {"value": [None, None]}),
    "bytes": (lambda: {"value": b"\xff!"}, {"value": "\\xff!"}),
    "a set": (lambda: {"value": {1}}, {"value": [1]}),
    "the greatest number": (lambda: {"value": 2**64 - 1}, {"value": 2**64 - 1}),
    "keys of all kinds": (
        lambda: {"value": {1: "a", None: "b", False: "c", 1.5: "d"}},
        {"value": {"1": "a", "null": "b", "false": "c", "1.5": "d"}},
    ),
}


@pytest.mark.parametrize("what", KEPT)
async def test_a_result_that_json_has_no_words_for_is_shown_sensibly(what: str) -> None:
    make, expected = KEPT[what]
    async with served(only_when_bad(make, in_loop=False)) as house:
        thread = await house.thread()
        outcome = await ended(house, thread)
        assert outcome.state is RunState.SUCCEEDED, outcome.error
        assert outcome.values is not None
        assert orjson.loads(outcome.values) == {"bad": True, "log": [], **expected}
        assert (await house.values(thread)).keys() == orjson.loads(outcome.values).keys()
        await house.engine.states.history(thread, EVERYTHING, limit=10)
        await goes_on(house, thread)


@pytest.mark.parametrize("what", [*REFUSED, *KEPT])
async def test_whatever_is_written_to_the_stream_the_run_ends_once(what: str) -> None:
    make = REFUSED[what] if what in REFUSED else KEPT[what][0]

    def write() -> Any:
        get_stream_writer()(make())
        return {"log": ["written"]}

    async with served(only_when_bad(write, in_loop=True)) as house:
        thread = await house.thread()
        outcome = await ended(house, thread, modes=["custom", "values"])
        if outcome.state is not RunState.SUCCEEDED:
            error, message = told(outcome)
            assert error and message and what in REFUSED
        await goes_on(house, thread)


async def test_a_graph_that_never_ends_is_stopped_at_its_recursion_limit() -> None:
    graph = StateGraph(Loose).add_node("again", lambda state: {"log": ["again"]})
    graph.add_edge(START, "again").add_conditional_edges(
        "again", lambda state: "again" if state.get("bad") else END, ["again", END]
    )
    async with served(graph.compile()) as house:
        thread = await house.thread()
        error, message = told(await ended(house, thread, config={"recursion_limit": 5}))
        assert (error, "limit of 5" in message) == ("GraphRecursionError", True)
        assert (await house.values(thread))["log"] == ["again"] * 5
        await goes_on(house, thread)


async def test_a_function_that_calls_itself_without_end_fails_its_run() -> None:
    def endless() -> Any:
        return endless()

    async with served(only_when_bad(endless, in_loop=True)) as house:
        thread = await house.thread()
        assert told(await ended(house, thread))[0] == "RecursionError"
        await goes_on(house, thread)


async def test_tasks_that_outlive_their_run_disturb_nothing() -> None:
    gate = asyncio.Event()
    left: list[asyncio.Task[None]] = []

    async def later(write: Any) -> None:
        await gate.wait()
        write("too late")
        raise SystemExit("the last word")

    async def spawn(state: Loose) -> Any:
        left.append(asyncio.create_task(later(get_stream_writer())))
        return {"log": ["spawned"]}

    graph = StateGraph(Loose).add_node(spawn).add_edge(START, "spawn").compile()
    async with served(graph) as house:
        thread = await house.thread()
        outcome = await ended(house, thread, modes=["custom", "values"])
        assert outcome.state is RunState.SUCCEEDED
        gate.set()
        (error,) = await asyncio.wait_for(asyncio.gather(*left, return_exceptions=True), PROMPTLY_S)
        assert type(error).__name__ == "AgentExited"
        await goes_on(house, thread)


async def test_fifty_events_of_a_megabyte_arrive_in_order() -> None:
    async def shout(state: Loose) -> Any:
        if state.get("bad"):
            write = get_stream_writer()
            for number in range(50):
                write([number, "x" * 2**20])
        return {"log": ["shouted"]}

    graph = StateGraph(Loose).add_node(shout).add_edge(START, "shout").compile()
    async with served(graph) as house:
        thread = await house.thread()
        events, outcome = await house.events(thread, input={"bad": True}, modes=["custom"])
        assert outcome.state is RunState.SUCCEEDED
        shown = [data for _, data in decoded(events)]
        assert [(number, len(text)) for number, text in shown] == [(n, 2**20) for n in range(50)]
        await goes_on(house, thread)


async def test_a_run_beside_a_misbehaving_one_is_not_disturbed() -> None:
    together = asyncio.Barrier(2)

    async def meet(state: State) -> Any:
        await together.wait()
        if not state["log"]:
            raise SystemExit
        return {}

    async with served(chain(meet, b)) as house:
        bad, good = (
            await house.start(None, input={"log": []}),
            await house.start(None, input={"log": ["good"]}),
        )
        ends = [await asyncio.wait_for(s.following.ended(), PROMPTLY_S) for s in (bad, good)]
        states = [end.outcome.state for end in ends if end.outcome]
        assert states == [RunState.FAILED, RunState.SUCCEEDED]
