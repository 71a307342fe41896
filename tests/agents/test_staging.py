"""Changes of state are worked out on staged checkpoints as on stored ones, and stored whole."""

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph.state import CompiledStateGraph

from agents.test_differential import CHANGES, KEY, Plan, operate, perform, plans
from demotic.agents.langgraph.saver import Saver
from demotic.agents.langgraph.staging import StagedCheckpoints
from demotic.domain.runs import LeaseKey
from demotic.ports.checkpoints import Checkpoints, Put
from demotic.storage.sqlite.checkpoints import SqliteCheckpoints
from demotic.storage.sqlite.database import Database
from demotic.testing.checkpoint_builders import THREAD, checkpoint, ids, leaf, put, write
from demotic.testing.sqlite import hold_lease


def store(staged: StagedCheckpoints, checkpoints: Checkpoints, key: LeaseKey) -> None:
    """Store what was staged."""
    for part in staged.parts:
        if isinstance(part, Put):
            checkpoints.put(key, key.thread_id, part.checkpoint, part.values).result()
        else:
            checkpoints.put_writes(
                key, key.thread_id, part.ns, part.checkpoint_id, part.writes, part.values
            ).result()


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
@given(plans)
def test_a_change_of_state_comes_to_the_same_when_it_is_staged(plan: Plan) -> None:
    expected = perform(plan, InMemorySaver())
    database = Database(None)
    checkpoints = SqliteCheckpoints(database)

    def staging(graph: CompiledStateGraph[Any], plan: Plan, operation: str, number: int) -> Any:
        if operation not in CHANGES:
            return operate(graph, plan, operation, number)
        staged, graph = StagedCheckpoints(checkpoints), copy.copy(graph)
        assert isinstance(graph.checkpointer, Saver)
        graph.checkpointer = graph.checkpointer.staging(staged, KEY.thread_id)
        done = operate(graph, plan, operation, number)
        store(staged, checkpoints, KEY)
        return done

    try:
        saver = Saver(checkpoints).bound(hold_lease(database, KEY))
        found = perform(plan, saver, staging)
    finally:
        database.close()
    refused = [each for each in zip(found, expected, strict=True) if each[0] != each[1]]
    assert refused == []


@pytest.fixture
async def stored() -> Any:
    """Checkpoints c1 and c2, stored; c2 with a write."""
    database = Database(None)
    checkpoints = SqliteCheckpoints(database)
    digest, data = leaf("a")
    await put(checkpoints, checkpoint("c1", roots=[digest]), values={digest: data})
    await put(checkpoints, checkpoint("c2", "c1"), checkpoint("s1", ns="sub"))
    await checkpoints.put_writes(None, THREAD, "", "c2", [write("t", 0, b"old")], {})
    yield checkpoints
    database.close()


async def test_what_is_staged_is_read_over_what_is_stored_and_stored_is_nothing(
    stored: Checkpoints,
) -> None:
    staged = StagedCheckpoints(stored)
    await staged.put(None, THREAD, checkpoint("c3", "c2", metadata=b'{"n":3}'), {})
    await staged.put(None, THREAD, checkpoint("c4", "c3"), {})
    head = await staged.get(THREAD, "", None)
    assert head is not None and (head.id, head.parent_id) == ("c4", "c3")
    nested = await staged.get(THREAD, "sub", None)
    assert nested is not None and nested.id == "s1"
    assert await staged.get(THREAD, "", "nope") is None

    async def listed(**options: Any) -> list[str]:
        return [each.id for _, each in await staged.list(THREAD, "", **options)]

    assert await listed() == ["c4", "c3", "c2", "c1"]
    assert await listed(limit=1) == ["c4"]
    assert await listed(limit=3) == ["c4", "c3", "c2"]
    assert await listed(before="c4") == ["c3", "c2", "c1"]
    assert await listed(before="c2", limit=1) == ["c1"]
    assert await listed(metadata={"n": 3}) == ["c3"]
    assert await listed(checkpoint_id="c2") == ["c2"]
    assert await ids(stored, "") == ["c2", "c1"]


async def test_writes_are_added_to_those_that_are_stored(stored: Checkpoints) -> None:
    staged = StagedCheckpoints(stored)
    digest, data = leaf("b")
    new = [write("t", 0, b"late"), write("t", 1, b"new", roots=[digest]), write("t", -1, b"x")]
    await staged.put_writes(None, THREAD, "", "c2", new, {digest: data})
    await staged.put_writes(None, THREAD, "", "c2", [write("t", -1, b"y")], {})
    found = await staged.get(THREAD, "", "c2")
    assert found is not None
    assert [(w.idx, w.data) for w in found.writes] == [(-1, b"y"), (0, b"old"), (1, b"new")]
    assert found.values[digest] == data
    kept = await stored.get(THREAD, "", "c2")
    assert kept is not None and [w.data for w in kept.writes] == [b"old"]


async def test_a_value_that_was_read_need_not_be_put_again(stored: Checkpoints) -> None:
    staged = StagedCheckpoints(stored)
    digest, data = leaf("a")
    await staged.get(THREAD, "", "c1")
    await staged.put(None, THREAD, checkpoint("c3", "c2", roots=[digest]), {})
    found = staged.get(THREAD, "", "c3").result()
    assert found is not None and found.values[digest] == data
