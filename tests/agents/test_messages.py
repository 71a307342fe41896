"""Messages are packed and unpacked exactly as LangGraph does it, only faster."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.types import Interrupt
from pydantic import BaseModel

from demotic.agents.langgraph.serde import StrictSerializer

OURS, THEIRS = StrictSerializer(), JsonPlusSerializer()

texts = st.text(st.characters(exclude_categories=()), max_size=20)
keys = st.text(max_size=8)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | texts | st.binary(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(keys | st.integers(0, 9), inner, max_size=3)
    ),
    max_leaves=6,
)
mappings = st.dictionaries(keys, plain, max_size=3)
blocks = st.fixed_dictionaries({"type": st.just("text"), "text": texts})
calls = st.fixed_dictionaries(
    {"name": texts, "args": mappings, "id": st.none() | texts},
    optional={"type": st.just("tool_call"), "extras": mappings},
)
faulty = st.fixed_dictionaries(
    {"name": texts, "args": texts, "id": texts, "error": st.none() | texts}
)
counts = st.integers(0, 9)
usage = st.fixed_dictionaries(
    {"input_tokens": counts, "output_tokens": counts, "total_tokens": counts},
    optional={"input_token_details": st.dictionaries(st.just("cache_read"), counts)},
)
provider_calls = st.fixed_dictionaries(
    {
        "id": texts,
        "type": st.just("function"),
        "function": st.sampled_from(
            [{"name": "f", "arguments": '{"a":1}'}, {"name": "f", "arguments": "broken"}]
        ),
    }
)
common: dict[str, st.SearchStrategy[Any]] = {
    "id": st.none() | texts,
    "name": st.none() | texts,
    "response_metadata": mappings,
    "extra": plain,  # no field of a message's
}
messages = (
    st.builds(
        lambda kind, content, rest: kind(content, **rest),
        st.sampled_from([HumanMessage, SystemMessage, AIMessage, AIMessageChunk]),
        texts | st.lists(texts | blocks, max_size=3),
        st.fixed_dictionaries({}, optional={**common, "additional_kwargs": mappings}),
    )
    | st.builds(
        lambda content, rest: AIMessage(content, **rest),
        texts,
        st.fixed_dictionaries(
            {},
            optional={
                **common,
                "tool_calls": st.lists(calls, max_size=2),
                "invalid_tool_calls": st.lists(faulty, max_size=2),
                "usage_metadata": st.none() | usage,
                "additional_kwargs": st.fixed_dictionaries(
                    {}, optional={"tool_calls": st.lists(provider_calls, max_size=2)}
                ),
            },
        ),
    )
    | st.builds(
        lambda content, rest: ToolMessage(content, tool_call_id="call", **rest),
        texts | st.lists(texts | blocks, max_size=3) | st.integers(),
        st.fixed_dictionaries(
            {}, optional={**common, "artifact": plain, "status": st.sampled_from(["error"])}
        ),
    )
)


class Found(BaseModel):
    """A type that no one has allowed."""

    where: str


def told(value: Any) -> Any:
    """All of a message that pydantic keeps, with types."""
    if isinstance(value, BaseMessage):
        kept = value.__pydantic_fields_set__, value.__pydantic_extra__, value.__pydantic_private__
        return type(value), told(value.__dict__), told(kept)
    if isinstance(value, dict):
        return [(key, told(item)) for key, item in value.items()]
    if isinstance(value, (list, tuple)):
        return type(value), [told(item) for item in value]
    return type(value), value


@settings(max_examples=400, deadline=None)
@given(messages)
def test_bytes_and_messages_are_those_of_langgraph(message: BaseMessage) -> None:
    packed = OURS.dumps_unchecked([message])
    assert packed == THEIRS.dumps_typed([message])
    assert told(OURS.loads_typed(packed)) == told(THEIRS.loads_typed(packed))


def changed(message: BaseMessage, **fields: Any) -> BaseMessage:
    """A message whose fields were set afterwards, which nothing validates."""
    for name, value in fields.items():
        setattr(message, name, value)
    return message


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
@pytest.mark.parametrize(
    "message",
    [
        ToolMessage("x", tool_call_id="call", artifact=Interrupt(value=1, id="i")),
        changed(HumanMessage("x"), id=7),
        changed(HumanMessage("x"), content=7),
        changed(AIMessage("x"), tool_calls=[{"name": "f", "args": {}, "id": "1", "type": "other"}]),
        changed(AIMessage("x"), response_metadata={"at": (1, [HumanMessage("inside", id="i")])}),
        RemoveMessage(id="gone"),
    ],
    ids=lambda message: type(message).__name__,
)
def test_messages_that_pydantic_would_change_go_its_way(message: BaseMessage) -> None:
    packed = OURS.dumps_unchecked(message)
    assert packed == THEIRS.dumps_typed(message)
    assert told(OURS.loads_typed(packed)) == told(THEIRS.loads_typed(packed))


def test_what_a_message_holds_is_dumped_by_pydantic() -> None:
    message = ToolMessage("x", tool_call_id="call", artifact=Found(where="here"))
    assert OURS.dumps_typed(message) == THEIRS.dumps_typed(message)
    assert OURS.loads_typed(OURS.dumps_typed(message)).artifact == {"where": "here"}
