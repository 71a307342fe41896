"""JSON containment has PostgreSQL's meaning."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demotic.storage.sql.containment import contains, json_within

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=8,
)


@given(JSON)
def test_every_value_contains_itself(value: object) -> None:
    assert contains(value, value)


@given(st.dictionaries(st.text(max_size=2), JSON), st.dictionaries(st.text(max_size=2), JSON))
def test_an_object_contains_every_part_of_itself(
    base: dict[str, object], more: dict[str, object]
) -> None:
    assert contains({**base, **more}, more)


@pytest.mark.parametrize(
    ("value", "wanted", "expected"),
    [
        ({"a": 1, "b": {"c": [1, 2]}}, {"b": {"c": [2]}}, True),
        ({"a": 1}, {"a": 1.0}, True),
        ({"a": 1}, {"a": True}, False),
        ({"a": True}, {"a": 1}, False),
        ({"a": None}, {"a": None}, True),
        ({}, {"a": None}, False),
        ([1, 2, 3], [3, 1], True),
        ([1], [[1]], False),
        ("1", 1, False),
    ],
)
def test_examples(value: object, wanted: object, expected: bool) -> None:
    assert contains(value, wanted) is expected
    assert json_within(orjson.dumps(value), orjson.dumps(wanted)) is expected


def test_a_missing_wish_matches_and_a_missing_document_does_not() -> None:
    assert json_within("{}", None)
    assert not json_within(None, "{}")
