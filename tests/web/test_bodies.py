"""Reading request bodies."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from msgspec import Struct
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from demotic.domain.errors import BadInput
from demotic.web.bodies import BodyLimit, BodyTooLarge, decode, parse, read_json


class Inner(Struct):
    """A part of a body."""

    count: int


class Shape(Struct):
    """A body."""

    name: str
    modes: str | list[str] | None = None
    extra: dict[str, Any] | None = None
    inner: Inner | None = None
    on: bool = False


class Free(Struct):
    """A body that may be empty."""

    name: str = "none"


def request(chunks: Sequence[bytes], headers: Sequence[tuple[bytes, bytes]] = ()) -> Request:
    """A request whose body comes in the given chunks."""
    messages: list[Message] = [
        {"type": "http.request", "body": chunk, "more_body": i + 1 < len(chunks)}
        for i, chunk in enumerate(chunks)
    ]
    coming = iter(messages)

    async def receive() -> Message:
        return next(coming)

    return Request({"type": "http", "method": "POST", "headers": list(headers)}, receive)


async def test_a_body_is_read_in_chunks_and_decoded() -> None:
    assert await read_json(request([b'{"na', b'me":"x"}']), Shape) == Shape(name="x")


async def test_an_empty_body_is_an_empty_object_where_everything_is_optional() -> None:
    assert await read_json(request([b""]), Free, may_be_empty=True) == Free()
    with pytest.raises(BadInput, match="Invalid JSON in request body"):
        await read_json(request([b""]), Free)


async def test_a_body_longer_than_allowed_is_refused_before_it_is_held() -> None:
    declared = [(b"content-length", b"6")]
    for asked in (request([b"[1,", b"2,3]"]), request([b"[]"], declared)):
        with pytest.raises(BodyTooLarge):
            await BodyLimit(_reads, max_bytes=5)(asked.scope, asked.receive, _answers_nothing)


async def _reads(scope: Scope, receive: Receive, send: Send) -> None:
    await read_json(Request(scope, receive), list[int])


async def _answers_nothing(message: Message) -> None:
    raise AssertionError(message)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"a":}', b"NaN", b'"\xff"', b'"\\ud800"', b'"\\ud800x"', b"{}x", b'"\x00"'],
)
def test_what_is_no_json_is_bad_input(body: bytes) -> None:
    with pytest.raises(BadInput, match="Invalid JSON in request body"):
        parse(body)


@pytest.mark.parametrize("levels", [240, 1024, 100_000])
def test_a_body_nested_too_deeply_is_bad_input(levels: int) -> None:
    with pytest.raises(BadInput, match="nested too deeply"):
        parse(b"[" * levels + b"]" * levels)


def test_whatever_is_accepted_can_be_written_again() -> None:
    value = parse(b"[" * 230 + b"123456789012345678901234567890" + b"]" * 230)
    assert orjson.dumps({"kwargs": {"input": value}})


def test_many_brackets_that_are_not_deep_are_fine() -> None:
    assert len(parse(b"[" + b"[]," * 5000 + b"[]]")) == 5001


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (rb'"a\u0000b"', "a\ufffdb"),
        (rb'"\u0000\u0000"', "\ufffd\ufffd"),
        (rb'"\\u0000"', "\\u0000"),
        (rb'"\\\u0000"', "\\\ufffd"),
        (rb'{"\u0000":1}', {"\ufffd": 1}),
    ],
)
def test_nul_characters_become_replacement_characters(body: bytes, expected: object) -> None:
    assert parse(body) == expected


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{}", "The field `name` is required: add it."),
        (b'{"name":1}', "`name` must be a string, not an integer."),
        (
            b'{"name":"x","modes":1}',
            "`modes` must be a string or an array or null, not an integer.",
        ),
        (b'{"name":"x","modes":[1]}', "`modes[0]` must be a string, not an integer."),
        (b'{"name":"x","extra":[]}', "`extra` must be an object or null, not an array."),
        (b'{"name":"x","inner":{}}', "The field `count` is required in `inner`: add it."),
        (b'{"name":"x","inner":{"count":"1"}}', "`inner.count` must be an integer, not a string."),
        (b'{"name":"x","on":1}', "`on` must be true or false, not an integer."),
        (b"[]", "The request body must be an object, not an array."),
    ],
)
def test_errors_name_the_field_and_the_fix(body: bytes, message: str) -> None:
    with pytest.raises(BadInput) as raised:
        decode(body, Shape)
    assert raised.value.message == message


def test_unknown_fields_are_ignored() -> None:
    assert decode(b'{"name":"x","unheard":1}', Shape) == Shape(name="x")
