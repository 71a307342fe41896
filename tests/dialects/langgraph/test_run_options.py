"""Every option of a run, on every operation that has it: what the agent is asked in the end."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from demotic.domain.runs import BusyPolicy, Run
from dialects.langgraph.langgraph_http import UNKNOWN, Wire
from dialects.langgraph.run_ways import CREATE, EVERY, THREAD, Way


class Option(NamedTuple):
    """What is sent, and what must be true of the run: a part of it, and what that is."""

    sent: dict[str, Any]
    part: Callable[[Run], Any]
    value: Any
    needs_thread: bool = False


def configured(key: str, value: Any) -> Option:
    """An entry of `config`."""
    return Option({"config": {key: value}}, lambda run: run.request.config[key], value)


def commanded(needs_thread: bool = False, **command: Any) -> Option:
    """A command, which stands for an input."""

    def part(run: Run) -> Any:
        return run.request.command, run.request.input

    return Option({"command": command}, part, (command, None), needs_thread)


def placed(sent: dict[str, Any], **place: Any) -> Option:
    """A place to start at."""
    return Option(sent, lambda run: run.request.checkpoint, place)


INPUT = [["emit", "custom", 1]]
GOTO = ["a", {"node": "b", "input": 1}]
TRACER = {"project_name": "p", "example_id": UNKNOWN}

OPTIONS = {
    "input": Option({"input": INPUT}, lambda run: run.request.input, INPUT),
    "no input": Option({}, lambda run: run.request.input, None),
    "command.update": commanded(update={"x": 1}),
    "command.goto": commanded(goto=GOTO),
    "command.resume": commanded(needs_thread=True, resume="yes"),
    "checkpoint_id": placed({"checkpoint_id": "c"}, checkpoint_id="c"),
    "checkpoint": placed(
        {
            "checkpoint": {
                "thread_id": THREAD,
                "checkpoint_id": "c",
                "checkpoint_ns": "n",
                "checkpoint_map": {"": "c"},
            }
        },
        checkpoint_id="c",
        checkpoint_ns="n",
        checkpoint_map={"": "c"},
    ),
    "checkpoint.configurable": placed(
        {"checkpoint": {"configurable": {"checkpoint_id": "c"}}}, checkpoint_id="c"
    ),
    "metadata": Option({"metadata": {"team": "blue"}}, lambda run: run.metadata["team"], "blue"),
    "config.tags": configured("tags", ["t"]),
    "config.metadata": configured("metadata", {"m": 1}),
    "config.recursion_limit": configured("recursion_limit", 7),
    "config.max_concurrency": configured("max_concurrency", 3),
    "config.run_name": configured("run_name", "r"),
    "config.configurable": Option(
        {"config": {"configurable": {"k": 1}}},
        lambda run: (run.request.config["configurable"]["k"], (run.request.context or {})["k"]),
        (1, 1),
    ),
    "context": Option({"context": {"k": 1}}, lambda run: (run.request.context or {})["k"], 1),
    "interrupt_before": Option(
        {"interrupt_before": ["a"]}, lambda run: run.request.interrupt_before, ["a"]
    ),
    "interrupt_after": Option(
        {"interrupt_after": "*"}, lambda run: run.request.interrupt_after, "*"
    ),
    "stream_mode": Option(
        {"stream_mode": ["updates", "messages-tuple"]},
        lambda run: (run.request.modes, run.reply_format["stream_mode"]),
        (["messages", "updates"], ["updates", "messages-tuple"]),
    ),
    "stream_subgraphs": Option(
        {"stream_subgraphs": True},
        lambda run: (run.request.subgraphs, run.reply_format["subgraphs"]),
        (True, True),
    ),
    "stream_resumable": Option(
        {"stream_resumable": True},
        lambda run: (run.reply_format["resumable"], run.request.modes),
        (True, ["values"]),
    ),
    "multitask_strategy": Option(
        {"multitask_strategy": "rollback"}, lambda run: run.busy_policy, BusyPolicy.ROLLBACK
    ),
    "durability": Option({"durability": "sync"}, lambda run: run.request.durability, "sync"),
    "checkpoint_during": Option(
        {"checkpoint_during": False}, lambda run: run.request.durability, "exit"
    ),
    "strict_resume": Option({"strict_resume": True}, lambda run: run.request.strict, True),
    "langsmith_tracer": Option(
        {"langsmith_tracer": TRACER},
        lambda run: run.request.tracing,
        {"project": "p", "example": UNKNOWN},
    ),
}


def options_of(way: Way) -> Iterator[tuple[str, Option]]:
    """Every option that an operation has."""
    for name, option in OPTIONS.items():
        fits = option.sent.keys() <= way.fields and (way.on_thread or not option.needs_thread)
        if fits and (option.sent or way.method == "POST"):
            yield name, option


@pytest.mark.requirement("langgraph.options.asked")
@pytest.mark.parametrize("way", EVERY, ids=str)
async def test_every_option_reaches_the_agent_whatever_starts_the_run(wire: Wire, way: Way) -> None:
    await wire.ask("POST", "/threads", {"thread_id": THREAD})
    for name, option in options_of(way):
        run = await way.run(wire, option.sent)
        assert option.part(run) == option.value, name


async def test_no_option_is_what_a_run_is_without_it(wire: Wire) -> None:
    await wire.ask("POST", "/threads", {"thread_id": THREAD})
    plain = await CREATE.run(wire)
    for name, option in OPTIONS.items():
        try:
            same = option.part(plain) == option.value
        except KeyError:
            same = False
        assert same == (not option.sent), name
