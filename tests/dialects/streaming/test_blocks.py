"""Messages block by block, read back with the official client's own assembler."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.language_models.chat_model_stream import ChatModelStream
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage

from demotic.agents.langgraph.blocks import content_blocks
from demotic.agents.langgraph.encoding import plain
from demotic.dialects.streaming.blocks import Telling, is_last, plain_blocks

Told = list[dict[str, Any]]


def told(*messages: BaseMessage) -> Told:
    """What the pieces of a message tell."""
    telling, events = Telling("m", "ai"), list[bytes]()
    for n, message in enumerate(plain([*messages])):
        if n == 0:
            events += telling.start(message)
        blocks = plain_blocks(message)
        events += telling.take(message, content_blocks(message) if blocks is None else blocks)
        if is_last(message["type"], message.get("chunk_position")):
            events += telling.finish()
    return [orjson.loads(each) for each in events]


def text(content: Any, last: bool = False, **more: Any) -> AIMessageChunk:
    """A piece of a message."""
    return AIMessageChunk(content=content, chunk_position="last" if last else None, **more)


def call(index: int, args: str, **more: Any) -> AIMessageChunk:
    """A piece of a tool call."""
    piece: Any = {
        "name": None,
        "id": None,
        **more,
        "args": args,
        "index": index,
        "type": "tool_call_chunk",
    }
    return AIMessageChunk(content="", tool_call_chunks=[piece])


def assembled(events: Told) -> AIMessage:
    """What the official client makes of it."""
    stream = ChatModelStream(namespace=[], node=None, message_id="m")
    for event in events:
        stream.dispatch(event)
    output: AIMessage = stream.output
    return output


def check(events: Told) -> None:
    """The rules of the protocol: a start, blocks one after the other, a finish."""
    assert events[0]["event"] == "message-start" and events[-1]["event"] == "message-finish"
    current, known = None, -1
    for event in events[1:-1]:
        match event["event"]:
            case "content-block-start":
                assert current is None, "a block begins when the one before is finished"
                known += 1
                assert event["index"] == known
                current = known
            case "content-block-delta":
                assert event["index"] == current
            case "content-block-finish":
                assert event["index"] in (current, *range(known + 1))
                current = None if event["index"] == current else current
            case other:
                raise AssertionError(other)
    assert current is None


@pytest.mark.requirement("streaming.messages.blocks")
def test_text_is_told_as_recorded() -> None:
    events = told(text("hello"), text(" there"), text("", last=True))
    assert events == [
        {"event": "message-start", "role": "ai", "id": "m"},
        {"event": "content-block-start", "index": 0, "content": {"type": "text", "text": ""}},
        {"event": "content-block-delta", "index": 0, "delta": delta("hello")},
        {"event": "content-block-delta", "index": 0, "delta": delta(" there")},
        {
            "event": "content-block-finish",
            "index": 0,
            "content": {"type": "text", "text": "hello there"},
        },
        {"event": "message-finish"},
    ]


def delta(words: str) -> dict[str, str]:
    """More text."""
    return {"type": "text-delta", "text": words}


@pytest.mark.requirement("streaming.messages.calls")
def test_tool_calls_are_told_in_pieces_and_read_at_their_finish() -> None:
    events = told(
        text("So:"),
        call(0, '{"city":', name="weather", id="c1"),
        call(0, ' "Rome"}'),
        call(1, "{", name="weather", id="c2"),
        call(1, "oops"),
        text("", last=True, usage_metadata=usage(1)),
    )
    check(events)
    finished = [e["content"] for e in events if e["event"] == "content-block-finish"]
    assert [each["type"] for each in finished] == ["text", "tool_call", "invalid_tool_call"]
    assert finished[1] == {
        "type": "tool_call",
        "id": "c1",
        "name": "weather",
        "args": {"city": "Rome"},
    }
    assert (finished[2]["args"], finished[2]["id"]) == ("{oops", "c2")
    assert events[-1]["usage"] == usage(1)
    message = assembled(events)
    assert [each["args"] for each in message.tool_calls] == [{"city": "Rome"}]
    assert [each["args"] for each in message.invalid_tool_calls] == ["{oops"]


def usage(n: int) -> Any:
    """Token counts."""
    return {"input_tokens": n, "output_tokens": n, "total_tokens": 2 * n}


@pytest.mark.requirement("streaming.messages.usage")
def test_usage_is_added_up_and_metadata_comes_with_the_finish() -> None:
    details = {**usage(2), "input_token_details": {"cache_read": 3}}
    events = told(
        text("a", usage_metadata=details, response_metadata={"model_provider": "p"}),
        text("", last=True, usage_metadata=details, response_metadata={"finish_reason": "stop"}),
    )
    assert events[0]["metadata"] == {"provider": "p"}
    assert events[-1]["usage"] == {**usage(4), "input_token_details": {"cache_read": 6}}
    assert events[-1]["metadata"] == {"model_provider": "p", "finish_reason": "stop"}


@pytest.mark.requirement("streaming.messages.whole")
def test_a_message_that_comes_whole_is_told_like_any_other() -> None:
    calls = [{"name": "f", "args": {"x": 1}, "id": "c", "type": "tool_call"}]
    events = told(AIMessage("hi", tool_calls=calls))
    check(events)
    message = assembled(events)
    assert (message.text, message.tool_calls[0]["args"]) == ("hi", {"x": 1})


@pytest.mark.requirement("streaming.messages.providers")
def test_what_providers_say_in_their_own_way_is_told_in_standard_blocks() -> None:
    mine: dict[str, Any] = {"response_metadata": {"model_provider": "anthropic"}}
    events = told(
        text([{"type": "thinking", "thinking": "Let me", "index": 0}], **mine),
        text([{"type": "thinking", "thinking": " see.", "index": 0}], **mine),
        text([{"type": "thinking", "signature": "s", "index": 0}], **mine),
        text([{"type": "text", "text": "Yes.", "index": 1}], **mine),
        text([], last=True, **mine),
    )
    check(events)
    finished = [e["content"] for e in events if e["event"] == "content-block-finish"]
    assert [each["type"] for each in finished] == ["reasoning", "text"]
    assert finished[0]["reasoning"] == "Let me see."
    assert finished[0]["extras"] == {"signature": "s"}
    deltas = [e["delta"] for e in events if e["event"] == "content-block-delta"]
    assert deltas[0] == {"type": "reasoning-delta", "reasoning": "Let me"}


@pytest.mark.requirement("streaming.messages.media")
def test_media_come_in_pieces_or_with_their_finish() -> None:
    image = {"type": "image", "mime_type": "image/png", "index": 0}
    pieces = told(
        text([{**image, "base64": "QUJD"}]),
        text([{**image, "base64": "REVG"}]),
        text([], last=True),
    )
    check(pieces)
    deltas = [e["delta"] for e in pieces if e["event"] == "content-block-delta"]
    assert [each["data"] for each in deltas] == ["QUJD", "REVG"]
    whole = {"type": "image", "mime_type": "image/png", "base64": "QUJDREVG"}
    assert pieces[-2]["content"] == whole
    once = told(AIMessage(content=[{**image, "base64": "QUJDREVG"}]))
    assert [e["event"].rpartition("-")[2] for e in once] == ["start", "start", "finish", "finish"]
    assert "base64" not in once[1]["content"] and once[2]["content"] == whole


def test_a_late_piece_of_a_finished_block_corrects_it() -> None:
    events = told(
        call(0, '{"a"', name="f", id="c0"),
        call(1, "{}", name="g", id="c1"),
        call(0, ": 1}"),
        text("", last=True),
    )
    check(events)
    assert [each["args"] for each in assembled(events).tool_calls] == [{"a": 1}, {}]


PIECES = st.lists(
    st.one_of(
        st.builds(text, st.text(max_size=3)),
        st.builds(
            lambda n, words: text([{"type": "text", "text": words, "index": n}]),
            st.integers(0, 2),
            st.text(max_size=3),
        ),
        st.builds(
            lambda n, words: text([{"type": "reasoning", "reasoning": words, "index": n}]),
            st.integers(0, 2),
            st.text(max_size=3),
        ),
        st.builds(lambda n: call(n, f'{{"n": {n}}}', name=f"f{n}", id=f"c{n}"), st.integers(3, 5)),
    ),
    max_size=8,
    unique_by=lambda m: m.tool_call_chunks[0]["index"] if m.tool_call_chunks else id(m),
)


@settings(max_examples=300, deadline=None)
@given(PIECES)
def test_whatever_comes_the_rules_hold_and_nothing_of_it_is_lost(
    pieces: list[AIMessageChunk],
) -> None:
    events = told(*pieces, text("", last=True))
    check(events)
    deltas = [e["delta"] for e in events if e["event"] == "content-block-delta"]
    finished: dict[int, Any] = {
        e["index"]: e["content"] for e in events if e["event"] == "content-block-finish"
    }
    blocks = [block for piece in pieces for block in piece.content_blocks]
    for kind in ("text", "reasoning"):
        said = sorted("".join(str(b.get(kind, "")) for b in blocks if b["type"] == kind))
        told_of = sorted("".join(f.get(kind, "") for f in finished.values() if f["type"] == kind))
        assert told_of == said
    calls = [f for f in finished.values() if f["type"] == "tool_call"]
    assert [each["args"]["n"] for each in calls] == [
        piece.tool_call_chunks[0]["index"] for piece in pieces if piece.tool_call_chunks
    ]
    assert all(
        each["type"] in ("text-delta", "reasoning-delta", "tool-call-delta") for each in deltas
    )
