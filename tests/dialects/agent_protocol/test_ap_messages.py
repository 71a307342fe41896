"""Messages, from the wire to agents and back; no server."""

from typing import Any

import pytest
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    AnyMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    convert_to_messages,
)

from demotic.agents.langgraph.encoding import plain
from demotic.dialects.agent_protocol.messages import (
    Parted,
    incoming,
    is_message,
    outgoing,
    parted,
    with_messages,
)
from demotic.domain.errors import BadInput

SAID = {"role": "user", "content": "Hi"}


@pytest.mark.requirement("ap.messages.roles")
@pytest.mark.parametrize(
    ("given", "role"),
    [
        ("user", "user"),
        ("human", "user"),
        ("assistant", "assistant"),
        ("ai", "assistant"),
        ("system", "system"),
        ("tool", "tool"),
    ],
)
def test_both_vocabularies_of_roles_are_understood(given: str, role: str) -> None:
    (taken,) = incoming([{"role": given, "content": "x", "tool_call_id": "c"}])
    assert taken == {"role": role, "content": "x", "tool_call_id": "c"}
    (message,) = convert_to_messages([taken])
    assert outgoing(plain(message))["role"] == role


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (HumanMessage("a"), {"role": "user", "content": "a"}),
        (SystemMessage("a", id="1"), {"role": "system", "content": "a", "id": "1"}),
        (
            AIMessage("", tool_calls=[{"name": "f", "args": {"x": 1}, "id": "c"}], id="2"),
            {
                "role": "assistant",
                "content": "",
                "id": "2",
                "tool_calls": [{"name": "f", "args": {"x": 1}, "id": "c", "type": "tool_call"}],
            },
        ),
        (
            ToolMessage("r", tool_call_id="c", name="f"),
            {
                "role": "tool",
                "content": "r",
                "name": "f",
                "tool_call_id": "c",
                "status": "success",
            },
        ),
        (FunctionMessage(content="r", name="f"), {"role": "tool", "content": "r", "name": "f"}),
        (ChatMessage(content="r", role="critic"), {"role": "critic", "content": "r"}),
        (AIMessageChunk(content="wo", id="3"), {"role": "assistant", "content": "wo", "id": "3"}),
        (
            AIMessage("a", response_metadata={"model": "m"}, additional_kwargs={"k": 0}),
            {"role": "assistant", "content": "a", "k": 0, "response_metadata": {"model": "m"}},
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_messages_of_agents_are_shown_in_the_protocols_words(
    message: AnyMessage, shown: dict[str, Any]
) -> None:
    assert is_message(plain(message))
    assert outgoing(plain(message)) == shown


@pytest.mark.requirement("ap.messages.metadata")
def test_what_a_message_carries_comes_back_as_it_went() -> None:
    sent = {
        "role": "user",
        "content": "Hi",
        "id": "m1",
        "name": "Ann",
        "metadata": {"a": [1]},
        "x-own": {"b": False},
    }
    (message,) = convert_to_messages(incoming([sent]))
    assert outgoing(plain(message)) == sent
    (again,) = convert_to_messages(incoming([outgoing(plain(message))]))
    assert again == message


@pytest.mark.requirement("ap.messages.content")
@pytest.mark.parametrize(
    "content",
    ["", "text", [], [{"type": "text", "text": "a"}], [{"type": "image", "url": "u", "x": {}}]],
)
def test_content_is_text_or_blocks(content: Any) -> None:
    (message,) = convert_to_messages(incoming([{"role": "user", "content": content}]))
    assert outgoing(plain(message))["content"] == (content or "")


def test_blocks_of_agents_all_have_a_type() -> None:
    content = ["text", {"type": "image", "url": "u"}, {"x": 1}, 2]
    assert outgoing({"type": "ai", "content": content})["content"] == [
        {"type": "text", "text": "text"},
        {"type": "image", "url": "u"},
        {"x": 1, "type": "other"},
        {"type": "other", "value": 2},
    ]


def test_a_message_that_only_calls_tools_needs_no_content() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    sent = {"role": "assistant", "content": None, "tool_calls": [call]}
    (taken,) = incoming([sent])
    assert taken == {"role": "assistant", "content": "", "tool_calls": [call]}


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({"content": "x"}, "role"),
        ({"role": "critic", "content": "x"}, "role"),
        ({"role": ["user"], "content": "x"}, "role"),
        ({"role": "user"}, "content"),
        ({"role": "user", "content": 1}, "content"),
        ({"role": "user", "content": ["text"]}, "content"),
        ({"role": "user", "content": [{"text": "x"}]}, "content"),
        ({"role": "user", "content": "x", "id": 1}, "id"),
        ({"role": "user", "content": "x", "metadata": "m"}, "metadata"),
    ],
)
def test_a_message_that_is_none_is_refused_by_its_place(
    message: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadInput, match=rf"`messages\[1\]\.{field}` must be"):
        incoming([SAID, message])


@pytest.mark.requirement("ap.threads.messages")
@pytest.mark.parametrize(
    ("state", "values", "messages"),
    [
        (None, {}, None),
        ({}, {}, None),
        ({"x": 1}, {"x": 1}, None),
        ({"x": 1, "messages": []}, {"x": 1}, []),
        ({"messages": [{"type": "human", "content": "Hi"}]}, {}, [SAID]),
        ([{"type": "human", "content": "Hi"}], {}, [SAID]),
        ({"messages": ["Hi"]}, {"messages": ["Hi"]}, None),
        ({"messages": "Hi"}, {"messages": "Hi"}, None),
        ({"messages": [{"type": "event", "content": "x"}]},) * 2 + (None,),
        ("text", {"__root__": "text"}, None),
        ([1], {"__root__": [1]}, None),
    ],
)
def test_messages_stand_beside_the_values(state: Any, values: Any, messages: Any) -> None:
    assert parted(state) == Parted(values, messages)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"x": 1, "messages": [{"type": "human", "content": "Hi"}]}, {"x": 1, "messages": [SAID]}),
        ({"messages": {"type": "human", "content": "Hi"}}, {"messages": SAID}),
        ([{"messages": [{"type": "human", "content": "Hi"}]}], [{"messages": [SAID]}]),
        ([{"type": "human", "content": "Hi"}], [SAID]),
        ({"messages": [{"type": "remove", "id": "1", "content": ""}]},) * 2,
        ({"messages": ["Hi"]},) * 2,
        ({"x": [{"type": "human", "content": "Hi"}]},) * 2,
        ("text", "text"),
        (None, None),
    ],
)
def test_messages_within_a_state_are_shown_in_the_protocols_words(value: Any, shown: Any) -> None:
    assert with_messages(value) == shown
