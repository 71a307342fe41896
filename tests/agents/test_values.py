"""Values come back from their nodes as they were, and growing lists share nodes."""

from collections import deque
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.serde.types import _DeltaSnapshot
from pydantic import BaseModel

from demotic.agents.langgraph.arrays import FANOUT
from demotic.agents.langgraph.recurring import Recurring
from demotic.agents.langgraph.serde import StrictSerializer, TypeNotAllowed
from demotic.agents.langgraph.values import (
    INLINE,
    MAX_SPLIT,
    TREE,
    Expression,
    Packer,
    Unpacker,
    roots,
)
from demotic.ports.checkpoints import LEAF, children

SERDE = StrictSerializer()

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=200)
    | st.binary(max_size=200)
    | st.just(UUID(int=7))
    | st.just(datetime(2026, 1, 1, tzinfo=UTC))
    | st.just(deque([1, 2]))
    | st.frozensets(st.integers(0, 9), max_size=3)
)
keys = st.text(max_size=8) | st.integers(0, 9)
nested = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
long_lists = st.builds(
    lambda items, times: items * times, st.lists(nested, max_size=4), st.integers(1, 200)
)
values = nested | long_lists | st.dictionaries(keys, long_lists, max_size=3)
snapshots = st.builds(_DeltaSnapshot, values)


def pack(value: Any, thread_id: str = "thread") -> tuple[Expression, dict[bytes, bytes]]:
    """A value's expression, as it is stored, and its nodes."""
    packer = Packer(SERDE, thread_id)
    expression = packer.pack(value)
    return msgspec.msgpack.decode(msgspec.msgpack.encode(expression)), packer.nodes


elements = st.text(max_size=300) | st.builds(lambda n: HumanMessage("x" * n), st.integers(0, 5000))
changes = st.lists(
    st.tuples(st.floats(0, 1), st.floats(0, 1), st.lists(elements, max_size=8)), max_size=4
)


@settings(max_examples=150, deadline=None)
@given(st.lists(elements, max_size=80), changes)
def test_a_list_that_recurs_is_packed_as_if_it_were_new(
    value: list[Any], changes: list[tuple[float, float, list[Any]]]
) -> None:
    """Whether it was read, packed or changed somewhere; what was stored before is not sent."""
    recurring, stored = Recurring(), dict[bytes, bytes]()
    for start, end, put in [(0, 0, []), *changes]:
        value[round(start * len(value)) : round(end * len(value))] = put
        expression, nodes = pack(value)
        packer = Packer(SERDE, "thread", (), recurring)
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(packer.pack(value))) == expression
        assert {**stored, **packer.nodes}.items() >= nodes.items()
        stored |= packer.nodes
        read = Recurring()
        assert Unpacker(SERDE, stored, read).unpack(expression) == value
        longer = Packer(SERDE, "thread", (), read)
        longer.pack([*value, "more"])
        assert {**stored, **longer.nodes}.items() >= pack([*value, "more"])[1].items()


def test_a_long_list_that_was_read_is_not_sent_again() -> None:
    value = [f"{n}" + "x" * 1000 for n in range(1000)]
    expression, stored = pack(value)
    recurring = Recurring()
    Unpacker(SERDE, stored, recurring).unpack(expression)
    packer = Packer(SERDE, "thread", (), recurring)
    packer.pack([*value, "more"])
    assert size(packer.nodes) < 20_000


def size(nodes: dict[bytes, bytes]) -> int:
    """Bytes that nodes take."""
    return sum(len(digest) + len(data) for digest, data in nodes.items())


@settings(max_examples=150, deadline=None)
@given(values | snapshots)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    expression, nodes = pack(value)
    found = Unpacker(SERDE, nodes).unpack(expression)
    assert found == value
    assert type(found) is type(value)
    if isinstance(value, dict):
        assert list(found) == list(value)


@settings(max_examples=50, deadline=None)
@given(values | snapshots)
def test_all_nodes_are_reached_from_the_roots(value: Any) -> None:
    expression, nodes = pack(value)
    wanted, reached = list(roots(expression)), set[bytes]()
    while wanted:
        digest = wanted.pop()
        reached.add(digest)
        wanted += children(nodes[digest])
    assert reached == nodes.keys()


def test_what_is_no_list_is_encoded_whole() -> None:
    class Special(list[Any]):
        """A list of a type of its own."""

    for value in ((1, "x" * 500), Special(["x" * 500]), {"a": ("x" * 500,)}, {1: ["x" * 500]}):
        expression, nodes = pack(value)
        assert len(nodes) == 1
        whole = SERDE.loads_typed(SERDE.dumps_typed(value))
        assert Unpacker(SERDE, nodes).unpack(expression) == whole


def test_messages_come_back_from_every_place_a_list_may_be_in() -> None:
    messages = [HumanMessage("a" * n, id=str(n)) for n in range(200)]
    mapping = {"before": 1, "messages": messages, "after": ["x"]}
    for value in (messages, mapping, _DeltaSnapshot(messages), _DeltaSnapshot(mapping)):
        expression, nodes = pack(value)
        assert len(nodes) > 5
        assert Unpacker(SERDE, nodes).unpack(expression) == value


def test_small_values_make_no_nodes() -> None:
    for value in (1, "x" * (INLINE - 10), [1, 2, 3], [], {"a": [1], "b": 2}, None, b"raw"):
        assert pack(value)[1] == {}


@pytest.mark.parametrize("element", ["x" * 1000, 1.5, "short"])
@pytest.mark.parametrize("length", [FANOUT, 1000, 10_000])
def test_appending_to_a_long_list_writes_a_bounded_number_of_bytes(
    element: Any, length: int
) -> None:
    longer = [element if isinstance(element, float) else f"{n}{element}" for n in range(length + 1)]
    packer = Packer(SERDE, "thread")
    packer.pack(longer[:-1])
    before = dict(packer.nodes)
    packer.pack(longer)
    new = {digest: data for digest, data in packer.nodes.items() if digest not in before}
    assert len(new) <= 4
    assert size(new) <= 6000


def test_a_list_of_numbers_costs_little_more_than_the_numbers() -> None:
    numbers = [n / 7 for n in range(10_000)]
    assert size(pack(numbers)[1]) < 2 * len(SERDE.dumps_typed(numbers)[1])


def test_a_mapping_of_many_lists_is_stored_whole() -> None:
    value = {str(n): [n] for n in range(MAX_SPLIT + 1)}
    expression, nodes = pack(value)
    assert len(nodes) == 1
    assert Unpacker(SERDE, nodes).unpack(expression) == value


def test_threads_share_no_digests() -> None:
    value = ["x" * 500, "y" * 500]
    names = ["a", "b", "long" * 50, "long" * 51]
    digests = [set(pack(value, name)[1]) for name in names]
    assert len(set.union(*digests)) == sum(map(len, digests))
    assert digests[0] == set(pack(value, "a")[1])


def test_a_value_that_is_gone_is_named() -> None:
    expression, nodes = pack("x" * 500)
    with pytest.raises(LookupError, match=next(iter(nodes)).hex()):
        Unpacker(SERDE, {}).unpack(expression)


def test_lists_of_every_length_and_kind_come_back_new_each_time() -> None:
    for length in (0, 1, 15, 16, FANOUT + 1, 70_000):
        for element in (1, None, b"raw", {"a": [1]}):
            value = [element] * length
            expression, nodes = pack(value)
            unpacker = Unpacker(SERDE, nodes)
            found = unpacker.unpack(expression)
            assert found == value
            assert found is not unpacker.unpack(expression)
    mixed = [1, None, {"a": 1}, b"raw", "x" * 500] * FANOUT
    expression, nodes = pack(mixed)
    found = Unpacker(SERDE, nodes).unpack(expression)
    assert found == mixed
    assert found[2] is not found[7]


def test_leaves_of_the_first_format_are_still_read() -> None:
    value = ["x" * 100, {"a": [1]}, None]
    elements = [SERDE.dumps_typed(each) for each in value]
    stored = [data if kind == "msgpack" else [kind, data] for kind, data in elements]
    nodes = {b"first": LEAF + msgspec.msgpack.encode(stored)}
    assert Unpacker(SERDE, nodes).unpack([TREE, b"first"]) == value


def test_a_long_list_of_what_may_not_be_stored_is_refused() -> None:
    class Unknown(BaseModel):
        """A type that is not allowed."""

    with pytest.raises(TypeNotAllowed, match="Unknown"):
        pack([Unknown() for _ in range(100)])
