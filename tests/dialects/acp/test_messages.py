"""Messages between the wire and agents."""

from typing import Any

import pytest
from langchain_core.messages import convert_to_messages

from demotic.agents.langgraph.encoding import plain
from demotic.dialects.acp.messages import incoming, of_state, outgoing

CALLS = [{"name": "f", "args": {"a": 1}, "id": "1", "type": "tool_call"}]


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ({"type": "human", "content": "hi"}, {"role": "user", "content": "hi"}),
        ({"type": "ai", "content": "yes", "id": "1"}, {"role": "assistant", "id": "1"}),
        ({"type": "system", "content": ""}, {"role": "system", "content": ""}),
        ({"type": "AIMessageChunk", "content": "yes"}, {"role": "assistant"}),
        ({"role": "developer", "content": "x"}, {"role": "developer"}),
        ({"type": "chat", "role": "critic", "content": "x"}, {"role": "critic"}),
        (
            {"type": "tool", "content": "4", "tool_call_id": "1", "name": None, "status": "ok"},
            {"role": "tool", "metadata": {"tool_call_id": "1", "status": "ok"}},
        ),
        (
            {"type": "ai", "content": "", "tool_calls": CALLS, "additional_kwargs": {}},
            {"role": "assistant", "content": "", "metadata": {"tool_calls": CALLS}},
        ),
        (
            {"type": "human", "content": ["a", {"type": "image", "url": "u"}, {"x": 1}, 2]},
            {
                "content": [
                    {"type": "text", "text": "a"},
                    {"type": "image", "url": "u"},
                    {"type": "other", "x": 1},
                    {"type": "other", "value": 2},
                ]
            },
        ),
    ],
)
def test_a_message_is_told_by_role_content_id_and_metadata(message: Any, shown: Any) -> None:
    told = outgoing(message)
    assert {key: told[key] for key in shown} == shown
    assert set(told) <= {"role", "content", "id", "metadata"}


@pytest.mark.parametrize("values", [None, 1, [], {}, {"messages": "x"}, {"messages": [1]}])
def test_a_state_without_messages_has_none(values: Any) -> None:
    assert of_state(values) is None
    assert of_state({"messages": [{"content": "no role"}]}) is None
    assert of_state({"messages": []}) == []


def test_what_goes_out_comes_back_as_the_same_message() -> None:
    given: list[Any] = [
        {"role": "user", "content": "hi", "id": "1", "metadata": {"name": "Ada"}},
        {"role": "assistant", "content": "", "id": "2", "metadata": {"tool_calls": CALLS}},
        {"role": "tool", "content": "4", "id": "3", "metadata": {"tool_call_id": "1"}},
    ]
    kept = plain(convert_to_messages(incoming(given)))
    back = [outgoing(each) for each in kept]
    for told, sent in zip(back, given, strict=True):
        assert told["metadata"].items() >= sent["metadata"].items()
        assert {**told, "metadata": None} == {**sent, "metadata": None}
