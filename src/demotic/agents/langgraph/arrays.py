"""Msgpack arrays taken apart: where each element ends, and which elements share a leaf."""

from collections.abc import Iterable, Iterator, Sequence

FANOUT = 64
"""Elements of a leaf at most (and children of a branch)."""

CHUNK = 4096
"""Bytes of elements at which a leaf is full: what appending to a list writes again, at most."""

HEADER = 3
"""Bytes that `array_header` takes for a leaf."""


def array_header(size: int) -> bytes:
    """The beginning of a msgpack array (format "array 16" or "array 32")."""
    return b"\xdc" + size.to_bytes(2) if size < 1 << 16 else b"\xdd" + size.to_bytes(4)


def head_of(data: bytes) -> int:
    """The bytes before an array's first element."""
    return _HEAD[data[0]]


def ends(data: bytes, skipped: int = 0) -> list[int] | None:
    """Where the head of an array and each of its elements ends; the first ones, which take
    `skipped` bytes, count to the head.

    None where an element is an array or a map: its end is not told by its first bytes.
    """
    at = _HEAD[data[0]] + skipped
    found = [at]
    size = len(data)
    try:
        while at < size:
            fixed, length = _SIZES[data[at]]
            if length:
                at += fixed + int.from_bytes(data[at + 1 : at + 1 + length])
            else:
                at += fixed
            found.append(at)
    except KeyError:
        return None
    return found


def runs(sizes: Iterable[int]) -> Iterator[tuple[int, int]]:
    """First and behind the last of the elements that share a leaf, by their sizes.

    Filled from the front, so that appending changes the last leaf only.
    """
    start = at = filled = 0
    for at, size in enumerate(sizes):
        if at > start and (at - start == FANOUT or filled + size > CHUNK):
            yield start, at
            start, filled = at, 0
        filled += size
    yield start, at + 1


def leaves(data: bytes, found: Sequence[int]) -> Iterator[tuple[bytes, int]]:
    """The leaves of an array: the bytes of their elements, and how many there are. `found` is
    what `ends` tells."""
    sizes = map(int.__sub__, found[1:], found)
    for first, behind in runs(sizes):
        yield data[found[first] : found[behind]], behind - first


def _sizes() -> Iterator[tuple[int, tuple[int, int]]]:
    """First byte of an element: its size without what it counts, and the bytes of the count."""
    for code in (*range(0x80), 0xC0, 0xC2, 0xC3, *range(0xE0, 0x100)):
        yield code, (1, 0)
    for code in range(0xA0, 0xC0):  # short texts
        yield code, (1 + code - 0xA0, 0)
    for code, size in zip(range(0xCA, 0xD4), (5, 9, 2, 3, 5, 9, 2, 3, 5, 9), strict=True):
        yield code, (size, 0)  # numbers
    for code, size in zip(range(0xD4, 0xD9), (3, 4, 6, 10, 18), strict=True):
        yield code, (size, 0)  # extensions of a fixed size
    for code, count in ((0xC4, 1), (0xC5, 2), (0xC6, 4), (0xD9, 1), (0xDA, 2), (0xDB, 4)):
        yield code, (1 + count, count)  # bytes and texts
    for code, count in ((0xC7, 1), (0xC8, 2), (0xC9, 4)):
        yield code, (2 + count, count)  # extensions


_SIZES = dict(_sizes())
_HEAD = {**dict.fromkeys(range(144, 160), 1), 0xDC: 3, 0xDD: 5}
