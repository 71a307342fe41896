"""Msgpack arrays are taken apart where their elements end."""

from typing import Any

import ormsgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demotic.agents.langgraph.arrays import CHUNK, FANOUT, array_header, ends, leaves

EXTENSIONS = [0, 1, 2, 4, 8, 16, 3, 200, 70_000]

flat = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=400)
    | st.binary(max_size=400)
    | st.sampled_from(EXTENSIONS).map(lambda size: ormsgpack.Ext(5, b"e" * size))
)


@settings(max_examples=200, deadline=None)
@given(st.lists(flat, max_size=80))
def test_each_element_ends_where_it_does_alone(elements: list[Any]) -> None:
    data = ormsgpack.packb(elements)
    found = ends(data)
    assert found is not None
    alone = [ormsgpack.packb(element) for element in elements]
    assert [data[a:b] for a, b in zip(found, found[1:], strict=False)] == alone
    assert found[-1] == len(data)


@pytest.mark.parametrize("size", [255, 256, 65_535, 65_536])
def test_long_texts_and_bytes_end_where_their_length_says(size: int) -> None:
    data = ormsgpack.packb(["x" * size, b"y" * size, 1])
    found = ends(data)
    assert found is not None and found[-1] == len(data) and len(found) == 4


@pytest.mark.parametrize("element", [[], [1], {}, {"a": 1}])
def test_arrays_and_maps_are_left_to_others(element: Any) -> None:
    assert ends(ormsgpack.packb([1, element, 2])) is None


def test_leaves_hold_everything_in_order_and_are_no_larger_than_allowed() -> None:
    texts = ["x" * (n % 700) for n in range(1000)]
    data = ormsgpack.packb(texts)
    found = ends(data)
    assert found is not None
    parts = list(leaves(data, found))
    assert b"".join(part for part, _ in parts) == data[found[0] :]
    assert all(count <= FANOUT and (count == 1 or len(part) <= CHUNK) for part, count in parts)
    decoded = [ormsgpack.unpackb(array_header(count) + part) for part, count in parts]
    assert [text for leaf in decoded for text in leaf] == texts


def test_appending_changes_the_last_leaf_only() -> None:
    texts = [f"{n} " * 50 for n in range(301)]
    shorter, longer = (ormsgpack.packb(each) for each in (texts[:-1], texts))
    before, after = (list(leaves(data, ends(data) or [])) for data in (shorter, longer))
    assert after[: len(before) - 1] == before[:-1]
