"""Accumulating message chunks."""

import itertools
from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk, message_chunk_to_message

from demotic.dialects.langgraph.messages import (
    COMPLETE,
    METADATA,
    PARTIAL,
    Accumulator,
    add_usage,
    merge_content,
    merge_dicts,
    merge_lists,
    parse_arguments,
)

WHERE = {"langgraph_node": "chat"}


def chunk(content: Any = "", **fields: Any) -> dict[str, Any]:
    """A chunk as langchain-core writes it."""
    return {
        "content": content,
        "additional_kwargs": {},
        "response_metadata": {},
        "type": "AIMessageChunk",
        "name": None,
        "id": "lc_run--1",
        "tool_calls": [],
        "invalid_tool_calls": [],
        "usage_metadata": None,
        "tool_call_chunks": [],
        "chunk_position": None,
        **fields,
    }


def call(args: str | None, **fields: Any) -> dict[str, Any]:
    """A part of a tool call."""
    empty = {"name": None, "id": None, "index": 0, "type": "tool_call_chunk"}
    return {**empty, "args": args, **fields}


def last(*chunks: dict[str, Any]) -> dict[str, Any]:
    """The message that a follower is shown after the chunks."""
    accumulator = Accumulator()
    shown = [accumulator.take(each, WHERE) for each in chunks]
    name, data = shown[-1][-1]
    assert name == PARTIAL
    message: dict[str, Any] = data[0]
    return message


@pytest.mark.requirement("langgraph.stream.messages")
def test_metadata_comes_once_then_the_message_so_far() -> None:
    accumulator = Accumulator()
    first = accumulator.take(chunk("hello"), WHERE)
    second = accumulator.take(chunk(" there"), WHERE)
    assert [name for name, _ in first + second] == [METADATA, PARTIAL, PARTIAL]
    assert first[0][1] == {"lc_run--1": {"metadata": WHERE}}
    assert second[0][1] == [
        {
            "content": "hello there",
            "additional_kwargs": {},
            "response_metadata": {},
            "type": "ai",
            "name": None,
            "id": "lc_run--1",
            "tool_calls": [],
            "invalid_tool_calls": [],
            "usage_metadata": None,
        }
    ]


def test_the_key_order_is_langchains() -> None:
    assert list(last(chunk("a"), chunk("b"))) == [
        "content",
        "additional_kwargs",
        "response_metadata",
        "type",
        "name",
        "id",
        "tool_calls",
        "invalid_tool_calls",
        "usage_metadata",
    ]


def test_messages_are_kept_apart_by_id() -> None:
    accumulator = Accumulator()
    accumulator.take(chunk("a", id="1"), WHERE)
    accumulator.take(chunk("x", id="2"), WHERE)
    assert accumulator.take(chunk("b", id="1"), WHERE)[0][1][0]["content"] == "ab"


@pytest.mark.requirement("langgraph.stream.messages.complete")
def test_a_whole_message_is_complete_at_once() -> None:
    whole = {"type": "tool", "id": "t", "content": "done", "tool_call_id": "c"}
    assert Accumulator().take(whole, WHERE) == [
        (METADATA, {"t": {"metadata": WHERE}}),
        (COMPLETE, [whole]),
    ]


@pytest.mark.requirement("langgraph.stream.messages.complete")
def test_a_whole_message_replaces_its_chunks() -> None:
    accumulator = Accumulator()
    accumulator.take(chunk("par"), WHERE)
    whole = {**chunk("partial"), "type": "ai"}
    assert accumulator.take(whole, WHERE) == [(COMPLETE, [whole])]


def test_a_new_attempt_forgets() -> None:
    accumulator = Accumulator()
    accumulator.take(chunk("a"), WHERE)
    accumulator.forget()
    assert [name for name, _ in accumulator.take(chunk("b"), WHERE)] == [METADATA, PARTIAL]


def test_a_chunk_taken_is_not_changed() -> None:
    first = chunk([{"type": "text", "text": "a", "index": 0}])
    before = str(first)
    last(first, chunk([{"type": "text", "text": "b", "index": 0}]))
    assert str(first) == before


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("a", "b", "ab"),
        (None, "b", "b"),
        ("", [{"type": "text"}], ["", {"type": "text"}]),
        ("a", [1], ["a", 1]),
        (["a"], "b", ["ab"]),
        ([{"type": "text"}], "", [{"type": "text"}]),
        ([{"type": "text"}], "b", [{"type": "text"}, "b"]),
        (
            [{"type": "text", "text": "a", "index": 0}],
            [{"type": "text", "text": "b", "index": 0}],
            [{"type": "text", "text": "ab", "index": 0}],
        ),
        (
            [{"type": "text", "text": "a", "index": 0}],
            [{"type": "tool_use", "input": "", "index": 1}],
            [
                {"type": "text", "text": "a", "index": 0},
                {"type": "tool_use", "input": "", "index": 1},
            ],
        ),
        (
            [{"type": "reasoning", "reasoning": "a", "index": "lc_rs_0"}],
            [{"type": "reasoning", "reasoning": "b", "index": "lc_rs_0"}],
            [{"type": "reasoning", "reasoning": "ab", "index": "lc_rs_0"}],
        ),
    ],
)
def test_content_is_merged(left: Any, right: Any, expected: Any) -> None:
    assert merge_content(left, right) == expected


def test_a_tool_call_grows_with_its_chunks() -> None:
    parts = [
        call("", name="search", id="call_1"),
        call('{"que'),
        call('ry": "li'),
        call('ons"}'),
    ]
    shown = []
    accumulator = Accumulator()
    for part in parts:
        message = accumulator.take(chunk(tool_call_chunks=[part]), WHERE)[-1][1][0]
        assert "tool_call_chunks" not in message
        shown.append([each["args"] for each in message["tool_calls"]])
    assert shown[1:] == [[{}], [{"query": "li"}], [{"query": "lions"}]]
    assert message["tool_calls"] == [
        {"name": "search", "args": {"query": "lions"}, "id": "call_1", "type": "tool_call"}
    ]


def test_parallel_tool_calls_are_kept_apart_by_index() -> None:
    message = last(
        chunk(tool_call_chunks=[call('{"a":', name="f", id="1", index=0)]),
        chunk(tool_call_chunks=[call('{"b": 2}', name="g", id="2", index=1)]),
        chunk(tool_call_chunks=[call(" 1}", index=0)]),
    )
    calls = [(each["name"], each["args"]) for each in message["tool_calls"]]
    assert calls == [("f", {"a": 1}), ("g", {"b": 2})]


def test_arguments_that_are_no_object_are_invalid() -> None:
    message = last(
        chunk(tool_call_chunks=[call("[1", name="f", id="1")]), chunk(tool_call_chunks=[call("]")])
    )
    assert message["tool_calls"] == []
    assert message["invalid_tool_calls"] == [
        {"name": "f", "args": "[1]", "id": "1", "error": None, "type": "invalid_tool_call"}
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, {}),
        ("", {}),
        ('{"a": "b', {"a": "b"}),
        ('{"a": [1, {"b', {"a": [1, {}]}),
        ("x", None),
    ],
)
def test_arguments_are_read_though_incomplete(text: str | None, expected: object) -> None:
    assert parse_arguments(text) == expected


def test_token_usage_is_added_up() -> None:
    left = {"input_tokens": 5, "total_tokens": 5, "input_token_details": {"cache_read": 3}}
    right = {"input_tokens": 0, "output_tokens": 9, "total_tokens": 9}
    assert add_usage(left, right) == {
        "input_tokens": 5,
        "output_tokens": 9,
        "total_tokens": 14,
        "input_token_details": {"cache_read": 3},
    }
    assert add_usage(None, right) == right
    assert last(chunk("a"), chunk("b", usage_metadata=right))["usage_metadata"] == right


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ({"a": None}, {"a": "x"}, {"a": "x"}),
        ({"a": "x"}, {"a": None}, {"a": "x"}),
        ({"a": "x"}, {"a": "y"}, {"a": "xy"}),
        ({"id": "x"}, {"id": "x"}, {"id": "x"}),
        ({"model_provider": "x"}, {"model_provider": "x"}, {"model_provider": "x"}),
        ({"a": {"b": "x"}}, {"a": {"b": "y"}}, {"a": {"b": "xy"}}),
        ({"a": [1]}, {"a": [2]}, {"a": [1, 2]}),
        ({"n": 1}, {"n": 2}, {"n": 3}),
        ({"created": 1}, {"created": 2}, {"created": 2}),
        ({"a": True}, {"a": False}, {"a": False}),
        ({"a": 1}, {"a": "x"}, {"a": "x"}),
    ],
)
def test_fields_are_merged(
    left: dict[str, Any], right: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert merge_dicts(left, right) == expected


def test_elements_of_one_index_with_different_ids_are_not_merged() -> None:
    left, right = {"index": 0, "id": "a", "args": "x"}, {"index": 0, "id": "b", "args": "y"}
    assert merge_lists([left], [right]) == [left, right]


def test_a_finish_reason_arrives_with_the_last_chunk() -> None:
    message = last(chunk("a"), chunk("", response_metadata={"finish_reason": "stop"}))
    assert message["response_metadata"] == {"finish_reason": "stop"}


TEXT = {"type": "text", "text": "a", "index": 0}
CONTENTS: list[Any] = ["", "a", [TEXT], [{**TEXT, "text": "b"}, {"type": "tool_use", "index": 1}]]
ARGUMENTS = '{"query": "lions and \\\\ \\"tigers\\"", "n": [10, true, {"deep": null}]}'
USAGE: Any = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}


def test_content_and_usage_add_up_as_in_langchain() -> None:
    for contents in itertools.product(CONTENTS, repeat=3):
        parts = [
            AIMessageChunk(
                content=each,
                id="m",
                usage_metadata=USAGE,
                response_metadata={"model_provider": "p", "finish_reason": "stop"[at : at + 2]},
            )
            for at, each in enumerate(contents)
        ]
        assert last(*[part.model_dump() for part in parts]) == whole(parts)


@pytest.mark.parametrize("cut", range(len(ARGUMENTS) + 1))
def test_tool_calls_grow_as_in_langchain(cut: int) -> None:
    pieces: list[Any] = [call(ARGUMENTS[:cut], name="f", id="c"), call(ARGUMENTS[cut:])]
    parts = [AIMessageChunk(content="", id="m", tool_call_chunks=[piece]) for piece in pieces]
    assert last(*[part.model_dump() for part in parts]) == whole(parts)
    first = parts[0]
    assert last(first.model_dump())["tool_calls"] == first.tool_calls


def whole(parts: list[AIMessageChunk]) -> dict[str, Any]:
    """What langchain-core makes of the chunks, as the message so far."""
    return message_chunk_to_message(sum(parts[1:], start=parts[0])).model_dump()
