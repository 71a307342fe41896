"""Framing of server-sent events."""

import pytest

from demotic.web.sse import HEADERS, HEARTBEAT, frame


@pytest.mark.requirement("langgraph.stream.framing")
@pytest.mark.parametrize(
    ("event", "data", "id", "expected"),
    [
        ("values", b'{"x":1}', None, b'event: values\r\ndata: {"x":1}\r\n\r\n'),
        ("values", b"1", "42", b"event: values\r\ndata: 1\r\nid: 42\r\n\r\n"),
        ("a|b:c", b"null", None, b"event: a|b:c\r\ndata: null\r\n\r\n"),
        ("é", b'"\xe2\x80\xa8"', None, b'event: \xc3\xa9\r\ndata: "\xe2\x80\xa8"\r\n\r\n'),
    ],
)
def test_an_event_is_framed_with_crlf(
    event: str, data: bytes, id: str | None, expected: bytes
) -> None:
    assert frame(event, data, id) == expected


@pytest.mark.parametrize("evil", ["a\nevent: b", "a\r\n\r\ndata: 1", "a\rid: 3", "a\0"])
def test_names_and_ids_cannot_carry_a_line_break(evil: str) -> None:
    for framed in (frame(evil, b"1"), frame("values", b"1", evil)):
        fields = framed.removesuffix(b"\r\n\r\n").split(b"\r\n")
        assert all(b"\r" not in field and b"\n" not in field for field in fields)
        assert [field.split(b":")[0] for field in fields] in (
            [b"event", b"data"],
            [b"event", b"data", b"id"],
        )


def test_data_that_is_written_on_several_lines_becomes_one() -> None:
    assert frame("e", b'{\r\n "a": 1\n}') == b'event: e\r\ndata: {   "a": 1 }\r\n\r\n'


def test_a_heartbeat_is_a_comment_and_a_blank_line() -> None:
    assert HEARTBEAT == b": heartbeat\r\n\r\n"


def test_streams_are_neither_stored_nor_buffered_on_their_way() -> None:
    assert HEADERS == {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
    }
