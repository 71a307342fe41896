"""Filters mean what LangGraph's own store means by them, wherever that does not fail."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.store.memory import InMemoryStore

from demotic.domain.errors import BadInput
from demotic.domain.filters import OPERATORS, check_filters, matches

FIELDS = st.sampled_from(["a", "b"])
SCALARS = st.one_of(
    st.none(), st.integers(-2, 2), st.sampled_from([0.5, 1.0, "1", "1.5", "x", "y", ""])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(FIELDS, inner, max_size=2),
    max_leaves=4,
)
COMPARISONS = st.dictionaries(st.sampled_from(OPERATORS), VALUES, min_size=1, max_size=2)
FILTERS = st.dictionaries(
    FIELDS,
    st.recursive(
        SCALARS | COMPARISONS,
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(FIELDS, inner, max_size=2),
        max_leaves=4,
    ),
    max_size=2,
)


@given(value=st.dictionaries(FIELDS, VALUES, max_size=2), filters=FILTERS)
def test_what_matches_is_what_matches_in_langgraphs_store(
    value: dict[str, Any], filters: dict[str, Any]
) -> None:
    check_filters(filters)
    store = InMemoryStore()
    store.put(("n",), "k", value)
    try:
        found = store.search(("n",), filter=filters)
    except (TypeError, ValueError):  # it cannot compare these
        matches(value, filters)
        return
    assert matches(value, filters) == bool(found)


@pytest.mark.parametrize(
    ("value", "filters", "matched"),
    [
        ({"a": True}, {"a": 1}, False),
        ({"a": 1}, {"a": 1.0}, True),
        ({"a": [True]}, {"a": {"$eq": [1]}}, False),
        ({"a": 2**60 + 1}, {"a": {"$gt": 2**60}}, True),
        ({"a": "2026-02-01"}, {"a": {"$gte": "2026-01-31"}}, True),
        ({"a": "9"}, {"a": {"$lt": "10"}}, True),
        ({"a": "x"}, {"a": {"$lt": 10}}, False),
        ({"a": True}, {"a": {"$gt": 0}}, False),
        ({}, {"a": {"$gt": 0}}, False),
        ({}, {"a": {"$ne": 0}}, True),
        ({"$a": 1}, {"$a": 1}, True),
    ],
)
def test_beyond_that_json_decides(
    value: dict[str, Any], filters: dict[str, Any], matched: bool
) -> None:
    check_filters(filters)
    assert matches(value, filters) is matched


@pytest.mark.parametrize(
    "filters",
    [
        {"a": {"$in": [1]}},
        {"a": {"$gt": 1, "b": 2}},
        {"a": {"b": {"$regex": "x"}}},
        {"a": [{"$or": []}]},
    ],
)
def test_an_unknown_operator_is_refused_with_those_that_exist(filters: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match=r"\$eq, \$ne, \$gt, \$gte, \$lt, \$lte"):
        check_filters(filters)
