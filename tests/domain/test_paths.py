"""Paths find the texts that LangGraph's store index finds."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.store.base.embed import get_text_at_path

from demotic.domain.paths import texts_at

FIELDS = st.sampled_from(["a", "b", "é"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["x", "ü", "", 1.5]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=3),
    max_leaves=6,
)
STEPS = st.sampled_from(["a", "b", "é", "*", "[*]", "[0]", "[-1]", "[7]", "[x]"])
LAST = st.sampled_from(["", ".{a,b}", ".{ a , b.a }"])


@given(
    value=st.dictionaries(FIELDS, VALUES, max_size=3),
    steps=st.lists(STEPS, min_size=1, max_size=4),
    last=LAST,
)
def test_the_same_texts_are_found(value: dict[str, Any], steps: list[str], last: str) -> None:
    path = steps[0] + "".join(step if step[0] == "[" else f".{step}" for step in steps[1:]) + last
    assert texts_at(value, path) == get_text_at_path(value, path)


@pytest.mark.parametrize("path", ["$", ""])
def test_the_whole_value_is_one_text(path: str) -> None:
    value = {"b": ["ü", 1], "a": None}
    assert texts_at(value, path) == get_text_at_path(value, path) == ['{"a": null, "b": ["ü", 1]}']


def test_a_path_may_begin_at_the_root() -> None:
    assert texts_at({"a": {"b": "x"}}, "$.a.b") == ["x"]
