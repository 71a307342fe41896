"""Documents: JSON kept once per thread, long lists in pieces, so that what grows costs what is new.

A document is addressed by its digest. A short one is one row. Of a long one the elements of its
long lists lie in rows of their own, a few together, under a tree of digests: the next document
of a thread, which mostly repeats the last one, shares all rows but those at the lists' ends.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import apsw
import msgspec
import orjson

from demotic.storage.sql.containment import json_within
from demotic.storage.sqlite import rows
from demotic.storage.sqlite.statements import Q, first

WHOLE, PARTS, BRANCH = b"\x00", b"\x01", b"\x02"
"""First byte of a row: JSON text as it is; a document's parts; the digests of a list's pieces."""

LONG = 4096  # bytes from which a document is looked at for lists to split
PIECE = 16  # elements of a list in one row
NESTED = 3  # levels of objects in which lists are looked for: {"input": {"messages": […]}}
FAN_OUT = 64  # pieces under one branch
DIGEST = 16  # bytes of a digest

Part = bytes | list[Any]
"""Of a document: JSON text, or [depth, digest] of a list's tree."""


def save(c: apsw.Connection, thread_id: str, data: bytes) -> bytes:
    """Keep a document; its address."""
    return share(c, thread_id, data) or _put(c, thread_id, WHOLE + data)


def share(c: apsw.Connection, thread_id: str, data: bytes) -> bytes | None:
    """Keep a document that has long lists to share with others; its address, None for another."""
    parts = _parts(c, thread_id, data) if len(data) >= LONG else None
    return None if parts is None else _put(c, thread_id, PARTS + msgspec.msgpack.encode(parts))


def load(c: apsw.Connection, thread_id: str, digest: bytes | None) -> bytes | None:
    """A document by its address."""
    if digest is None:
        return None
    row = first(c, Q.get_document, (thread_id, digest))
    return None if row is None else whole(c, thread_id, row[0])


def whole(c: apsw.Connection, thread_id: str, row: bytes) -> bytes:
    """A document by its first row."""
    if row[:1] == WHOLE:
        return row[1:]
    text = []
    for part in msgspec.msgpack.decode(row[1:]):
        if isinstance(part, bytes):
            text.append(part)
        else:
            text.append(b"[" + b",".join(_pieces(c, thread_id, part[1])) + b"]")
    return b"".join(text)


def rows_of(c: apsw.Connection, thread_id: str, digest: bytes) -> Iterator[bytes]:
    """The addresses of a document's rows: under the same ones they are it in another thread."""
    yield digest
    (row,) = first(c, Q.get_document, (thread_id, digest))
    if row[:1] == BRANCH:
        children = _digests(row)
    elif row[:1] == PARTS:
        children = [p[1] for p in msgspec.msgpack.decode(row[1:]) if isinstance(p, list)]
    else:
        return
    for child in children:
        yield from rows_of(c, thread_id, child)


def register(c: apsw.Connection) -> None:
    """Give SQL on this connection `document_within(thread id, digest, wanted JSON)`."""

    def within(*values: Any) -> bool:
        thread_id, digest, wanted = values
        return json_within(load(c, thread_id, digest), wanted)

    c.create_scalar_function("document_within", within, 3)


def _put(c: apsw.Connection, thread_id: str, data: bytes) -> bytes:
    digest = rows.digest(thread_id, data)
    c.execute(Q.insert_document, (thread_id, digest, data))
    return digest


def _parts(c: apsw.Connection, thread_id: str, data: bytes) -> list[Part] | None:
    """A document in parts; None where it has no long list at its top or under a few keys."""
    parts: list[Part] = []
    text = b""
    for part in _split(c, thread_id, orjson.loads(data), NESTED):
        if isinstance(part, bytes):
            text += part
        else:
            parts += [text, part]
            text = b""
    return [*parts, text] if parts else None


def _split(c: apsw.Connection, thread_id: str, value: Any, depth: int) -> Iterator[Part]:
    """A value in parts; lists that lie in objects are looked for down to `depth` levels."""
    if isinstance(value, list) and len(value) > PIECE:
        yield _tree(c, thread_id, value)
    elif isinstance(value, dict) and depth:
        yield b"{"
        for n, (key, member) in enumerate(value.items()):
            yield (b"," if n else b"") + orjson.dumps(key) + b":"
            yield from _split(c, thread_id, member, depth - 1)
        yield b"}"
    else:
        yield orjson.dumps(value)


def _tree(c: apsw.Connection, thread_id: str, elements: list[Any]) -> list[Any]:
    """A list's elements in rows; depth and digest of their root."""
    level = [
        _put(c, thread_id, WHOLE + orjson.dumps(piece)[1:-1]) for piece in _groups(elements, PIECE)
    ]
    depth = 0
    while len(level) > 1:
        level = [_put(c, thread_id, BRANCH + b"".join(g)) for g in _groups(level, FAN_OUT)]
        depth += 1
    return [depth, level[0]]


def _pieces(c: apsw.Connection, thread_id: str, digest: bytes) -> Iterator[bytes]:
    (row,) = first(c, Q.get_document, (thread_id, digest))
    if row[:1] == WHOLE:
        yield row[1:]
        return
    for child in _digests(row):
        yield from _pieces(c, thread_id, child)


def _digests(row: bytes) -> list[bytes]:
    return [row[i : i + DIGEST] for i in range(1, len(row), DIGEST)]


def _groups(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
