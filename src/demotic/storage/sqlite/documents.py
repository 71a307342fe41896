"""Documents: JSON kept once per thread, long lists in pieces, so that what grows costs what is new.

A document is addressed by its digest. A short one is one row. Of a long one the elements of its
long lists lie in rows of their own, a few together, under a tree of digests: the next document
of a thread, which mostly repeats the last one, shares all rows but those at the lists' ends.
"""

from collections.abc import Iterator, Sequence
from itertools import repeat
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

_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


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


def _put_all(c: apsw.Connection, thread_id: str, found: Sequence[bytes]) -> list[bytes]:
    digests = [rows.digest(thread_id, data) for data in found]
    c.executemany(Q.insert_document, zip(repeat(thread_id), digests, found))
    return digests


def _parts(c: apsw.Connection, thread_id: str, data: bytes) -> list[Part] | None:
    """A document in parts; None where it has no long list at its top or under a few keys."""
    parts: list[Part] = []
    text = b""
    for part in _split(c, thread_id, data, NESTED):
        if isinstance(part, list):
            parts += [text, part]
            text = b""
        else:
            text += part
    return [*parts, text] if parts else None


def _split(
    c: apsw.Connection, thread_id: str, value: bytes | msgspec.Raw, depth: int
) -> Iterator[bytes | msgspec.Raw | list[Any]]:
    """JSON text in parts; lists that lie in objects are looked for down to `depth` levels.

    Only where members and elements end is found out; none of them is decoded.
    """
    kind = bytes(memoryview(value)[:1])
    if kind == b"[" and len(elements := _ELEMENTS.decode(value)) > PIECE:
        yield _tree(c, thread_id, elements)
    elif kind == b"{" and depth:
        yield b"{"
        for n, (key, member) in enumerate(_MEMBERS.decode(value).items()):
            yield (b"," if n else b"") + orjson.dumps(key) + b":"
            yield from _split(c, thread_id, member, depth - 1)
        yield b"}"
    else:
        yield value


def _tree(c: apsw.Connection, thread_id: str, elements: list[msgspec.Raw]) -> list[Any]:
    """A list's elements in rows; depth and digest of their root."""
    pieces = [WHOLE + b",".join(piece) for piece in _groups(elements, PIECE)]
    level = _put_all(c, thread_id, pieces)
    depth = 0
    while len(level) > 1:
        branches = [BRANCH + b"".join(g) for g in _groups(level, FAN_OUT)]
        level = _put_all(c, thread_id, branches)
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
