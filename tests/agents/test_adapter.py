"""LangGraph graphs as agents of an engine at work."""

import asyncio
import threading
from collections.abc import Mapping
from functools import partial
from typing import Any

import orjson
import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langgraph.config import get_stream_writer
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import interrupt

from demotic.agents.langgraph.factories import Graph
from demotic.domain.errors import CheckpointNotFound
from demotic.domain.lifecycle import Reason, RunState, ThreadState
from demotic.domain.model import EVERYTHING
from demotic.domain.runs import CancelAction
from demotic.storage.sqlite.database import Database
from served import State, a, b, chain, decoded, served


async def test_async_and_sync_nodes_stream_values_and_updates_in_order() -> None:
    async with served(chain(a, b)) as house:
        events, outcome = await house.events(
            await house.thread(), input={"log": []}, modes=["updates", "values"]
        )
        assert decoded(events) == [
            ("values", {"log": []}),
            ("updates", {"a": {"log": ["a"]}}),
            ("values", {"log": ["a"]}),
            ("updates", {"b": {"log": ["b"]}}),
            ("values", {"log": ["a", "b"]}),
        ]
        assert (outcome.state, outcome.values) == (RunState.SUCCEEDED, b'{"log":["a","b"]}')


async def test_sync_nodes_of_many_runs_do_not_wait_for_each_other() -> None:
    together = threading.Barrier(4)

    def meet(state: State) -> State:
        together.wait(10)
        return {"log": ["met"]}

    async with served(chain(meet)) as house:
        outcomes = await asyncio.gather(*(house.wait(None, input={"log": []}) for _ in range(4)))
        assert {o.values for o in outcomes} == {b'{"log":["met"]}'}


async def test_tokens_are_streamed_with_their_metadata() -> None:
    model = GenericFakeChatModel(messages=iter([AIMessage(content="one two three")]))

    async def chat(state: MessagesState) -> dict[str, Any]:
        return {"messages": [await model.ainvoke(state["messages"])]}

    graph = StateGraph(MessagesState).add_node(chat).add_edge(START, "chat").compile()
    async with served(graph) as house:
        thread = await house.thread()
        given = {"messages": [{"role": "user", "content": "hi"}]}
        events, _ = await house.events(thread, input=given, modes=["messages"])
        chunks = decoded(events)
        assert "".join(m["content"] for _, (m, _) in chunks) == "one two three"
        assert {(d["langgraph_node"], d["thread_id"]) for _, (_, d) in chunks} == {("chat", thread)}


def nested() -> Graph:
    """A graph within a graph; the inner one writes custom events and asks."""

    async def inner(state: State) -> State:
        get_stream_writer()({"progress": 1})
        return {"log": [f"answer:{interrupt('really?')}"]}

    sub = StateGraph(State).add_node(inner).add_edge(START, "inner").compile()
    return StateGraph(State).add_node("outer", sub).add_edge(START, "outer").compile()


async def test_nested_graphs_stream_under_their_namespace() -> None:
    async with served(nested()) as house:
        events, outcome = await house.events(
            await house.thread(), input={"log": []}, modes=["custom", "updates"], subgraphs=True
        )
        custom = [e for e in events if e.kind == "custom"]
        assert [e.ns.split(":")[0] for e in custom] == ["outer"]
        assert (outcome.state, outcome.reason) == (RunState.WAITING, Reason.INTERRUPT)


async def test_a_question_in_a_nested_graph_is_answered_and_the_run_goes_on() -> None:
    async with served(nested()) as house:
        thread = await house.thread()
        paused = await house.wait(thread, input={"log": []})
        assert [q["value"] for q in paused.shown_interrupts] == ["really?"]
        state = await house.engine.states.get(thread, EVERYTHING, subgraphs=True)
        assert state.tasks[0].state is not None and state.tasks[0].checkpoint is None
        plain = await house.engine.states.get(thread, EVERYTHING)
        assert plain.tasks[0].state is None and plain.tasks[0].checkpoint is not None
        assert (await house.engine.threads.get(thread, EVERYTHING)).state is (
            ThreadState.INTERRUPTED
        )
        outcome = await house.wait(thread, command={"resume": "yes"})
        assert outcome.values == b'{"log":["answer:yes"]}'


def two_questions() -> Graph:
    """Two nodes that ask at the same time."""

    async def left(state: State) -> State:
        return {"log": [f"left:{interrupt('left?')}"]}

    async def right(state: State) -> State:
        return {"log": [f"right:{interrupt('right?')}"]}

    graph = StateGraph(State).add_node(left).add_node(right)
    return graph.add_edge(START, "left").add_edge(START, "right").compile()


async def test_several_questions_are_answered_by_their_ids() -> None:
    async with served(two_questions()) as house:
        thread = await house.thread()
        paused = await house.wait(thread, input={"log": []})
        assert len(paused.interrupts) == 2
        answers = {q["id"]: q["value"].upper() for q in paused.shown_interrupts}
        outcome = await house.wait(thread, command={"resume": answers})
        assert outcome.values is not None
        assert sorted(orjson.loads(outcome.values)["log"]) == ["left:LEFT?", "right:RIGHT?"]


async def test_a_breakpoint_stops_and_no_input_goes_on() -> None:
    async with served(chain(a, b)) as house:
        thread = await house.thread()
        paused = await house.wait(thread, input={"log": []}, interrupt_before=["b"])
        assert (paused.state, paused.reason) == (RunState.WAITING, Reason.BREAKPOINT)
        assert (paused.values, paused.interrupts) == (b'{"log":["a"]}', {})
        assert (await house.wait(thread)).values == b'{"log":["a","b"]}'


async def test_a_lost_attempt_that_stood_at_a_breakpoint_does_not_pass_it() -> None:
    for where in ({"interrupt_before": ["b"]}, {"interrupt_after": ["a"]}):
        database = Database(None)
        async with served(chain(a, b), database) as house:
            thread = await house.thread()
            started = await house.start(thread, input={"log": []}, **where)
            await house.engine.runs.outcome(started.run)
        await database.write("undo the finish", partial(_unfinish, run_id=started.run.id))
        async with served(chain(a, b), database) as house:
            outcome = await asyncio.wait_for(house.engine.runs.outcome(started.run), 10)
            assert (outcome.state, outcome.reason) == (RunState.WAITING, Reason.BREAKPOINT)
            assert outcome.values == b'{"log":["a"]}'
        database.close()


def _unfinish(connection: Any, run_id: str) -> None:
    """As if the process had died between the last checkpoint and the finish."""
    connection.execute(
        "UPDATE run SET state = 'running', worker = 'dead', lease_us = 0, head = 1 WHERE id = ?",
        (run_id,),
    )


async def test_a_run_that_died_before_its_finish_is_finished_and_not_run_again() -> None:
    ran: list[str] = []

    async def once(state: State) -> State:
        ran.append("once")
        return {"log": ["once"]}

    database = Database(None)
    async with served(chain(once), database) as house:
        started = await house.start(await house.thread(), input={"log": []})
        await house.engine.runs.outcome(started.run)
    await database.write("undo the finish", partial(_unfinish, run_id=started.run.id))
    async with served(chain(once), database) as house:
        outcome = await asyncio.wait_for(house.engine.runs.outcome(started.run), 10)
        assert outcome.values == b'{"log":["once"]}'
    assert ran == ["once"]
    database.close()


async def test_an_exception_is_the_outcome_with_the_state_reached() -> None:
    async def boom(state: State) -> State:
        raise KeyError("boom")

    async with served(chain(a, boom)) as house:
        outcome = await house.wait(await house.thread(), input={"log": []})
        assert outcome.error == {"error": "KeyError", "message": "'boom'"}
        assert outcome.values == b'{"log":["a"]}'


async def test_state_that_cannot_be_stored_fails_its_run_with_the_setting_that_allows_it() -> None:
    class Strange:
        pass

    async def make(state: State) -> Mapping[str, Any]:
        return {"log": [Strange()]}

    async with served(chain(make)) as house:
        outcome = await house.wait(await house.thread(), input={"log": []})
        assert outcome.error is not None
        assert "Strange" in outcome.error["message"]


async def test_a_cancelled_run_keeps_its_checkpoints_and_can_go_on() -> None:
    reached = asyncio.Event()

    async def endless(state: State) -> State:
        reached.set()
        await asyncio.Event().wait()
        return {}

    async with served(chain(a, endless)) as house:
        thread = await house.thread()
        started = await house.start(thread, input={"log": []})
        await asyncio.wait_for(reached.wait(), 10)
        await house.engine.runs.cancel(
            thread, started.run.id, CancelAction.INTERRUPT, EVERYTHING, wait=True
        )
        shown = await house.engine.threads.get(thread, EVERYTHING)
        assert (shown.state, shown.values) == (ThreadState.INTERRUPTED, b'{"log":["a"]}')
        state = await house.engine.states.get(thread, EVERYTHING)
        assert list(state.next) == ["endless"]


async def test_a_temporary_run_leaves_nothing_and_keeps_its_state_while_it_runs() -> None:
    database = Database(None)
    async with served(chain(a, b), database) as house:
        outcome = await house.wait(None, input={"log": []})
        assert outcome.values == b'{"log":["a","b"]}'
    tables = ("thread", "run", "checkpoint", "checkpoint_value", "checkpoint_write", "document")
    left = " UNION ALL ".join(f"SELECT '{table}' FROM {table}" for table in tables)
    assert await database.read("all", lambda c: c.execute(left).fetchall()) == []
    database.close()


async def test_a_temporary_run_that_pauses_is_saved_with_its_question() -> None:
    async with served(nested()) as house:
        started = await house.start(None, input={"log": []})
        ended = await asyncio.wait_for(started.following.ended(), 10)
        outcome = await house.engine.runs.outcome(started.run, ended)
        assert [q["value"] for q in outcome.shown_interrupts] == ["really?"]
        state = await house.engine.states.get(started.run.thread_id, EVERYTHING)
        assert list(state.next) == ["outer"]
        answered = await house.wait(started.run.thread_id, command={"resume": "yes"})
        assert answered.values == b'{"log":["answer:yes"]}'


async def test_history_is_newest_first_and_every_checkpoint_can_be_read() -> None:
    async with served(chain(a, b)) as house:
        thread = await house.thread()
        await house.wait(thread, input={"log": []})
        history = await house.engine.states.history(thread, EVERYTHING, limit=10)
        assert [orjson.loads(s.values) for s in history[:3]] == [
            {"log": ["a", "b"]},
            {"log": ["a"]},
            {"log": []},
        ]
        for snapshot in history:
            again = await house.engine.states.get(
                thread, EVERYTHING, checkpoint=snapshot.checkpoint
            )
            assert again.values == snapshot.values
        older = await house.engine.states.history(
            thread, EVERYTHING, limit=10, before=history[1].checkpoint
        )
        assert [s.checkpoint for s in older] == [s.checkpoint for s in history[2:]]
        with pytest.raises(CheckpointNotFound):
            await house.engine.states.get(
                thread,
                EVERYTHING,
                checkpoint={"checkpoint_id": "1f000000-0000-6000-8000-000000000000"},
            )


async def test_a_run_can_start_from_an_earlier_checkpoint() -> None:
    async with served(chain(a, b)) as house:
        thread = await house.thread()
        await house.wait(thread, input={"log": []})
        (*_, first, _) = await house.engine.states.history(thread, EVERYTHING, limit=10)
        outcome = await house.wait(thread, checkpoint=first.checkpoint)
        assert outcome.values == b'{"log":["a","b"]}'
        history = await house.engine.states.history(thread, EVERYTHING, limit=20)
        assert len(history) > 4


async def test_a_run_from_a_checkpoint_that_is_not_there_changes_nothing() -> None:
    async with served(chain(a, b)) as house:
        thread = await house.thread()
        place = {"checkpoint_id": "1f000000-0000-6000-8000-000000000000"}
        outcome = await house.wait(thread, input={"log": ["in"]}, checkpoint=place)
        assert outcome.error is not None and outcome.error["error"] == "CheckpointNotFound"
        await house.wait(thread, input={"log": ["in"]})
        before = await house.engine.threads.get(thread, EVERYTHING)
        outcome = await house.wait(thread, input={"log": ["in"]}, checkpoint=place)
        assert (outcome.state, outcome.reason) == (RunState.FAILED, Reason.REFUSED)
        after = await house.engine.threads.get(thread, EVERYTHING)
        assert (after.state, after.values) == (before.state, before.values)
        assert (await house.values(thread)) == {"log": ["in", "a", "b"]}


async def test_a_command_updates_the_state_and_goes_to_a_node() -> None:
    async with served(chain(a, b)) as house:
        thread = await house.thread()
        await house.wait(thread, input={"log": []})
        command = {"update": {"log": ["u"]}, "goto": "b"}
        outcome = await house.wait(thread, command=command)
        assert outcome.values == b'{"log":["a","b","u","b"]}'


async def test_a_drained_run_goes_on_where_it_stopped() -> None:
    ran: list[str] = []
    gate = asyncio.Event()
    reached = asyncio.Event()

    async def first(state: State) -> State:
        ran.append("first")
        reached.set()
        await gate.wait()
        return {"log": ["first"]}

    async def second(state: State) -> State:
        ran.append("second")
        return {"log": ["second"]}

    database = Database(None)
    async with served(chain(first, second), database) as house:
        started = await house.start(await house.thread(), input={"log": []})
        await asyncio.wait_for(reached.wait(), 10)
        stopping = asyncio.create_task(house.engine.stop())
        await asyncio.sleep(0)
        gate.set()
        await asyncio.wait_for(stopping, 10)
        assert ran == ["first"]
    async with served(chain(first, second), database) as house:
        outcome = await asyncio.wait_for(house.engine.runs.outcome(started.run), 10)
        assert outcome.values == b'{"log":["first","second"]}'
    assert ran == ["first", "second"]
    database.close()
