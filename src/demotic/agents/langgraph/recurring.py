"""Long arrays that were read or packed before: what the next one begins with is not cut and
hashed again."""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

MAX_ARRAYS = 16
"""Arrays that are remembered."""

NAME = 256
"""Bytes from the front by which an array is found again; others with the same ones replace it."""


class _Array(NamedTuple):
    elements: bytes
    sizes: Sequence[int]
    behind: Sequence[int]
    digests: Sequence[bytes]


class Recurring:
    """The leaves of arrays by what they begin with.

    Only ever a saving, and of what is stored or about to be: forget it together with the
    digests. Each change is one step of a dict, so that several threads may use it.
    """

    def __init__(self) -> None:
        self._arrays: dict[bytes, _Array] = {}

    def clear(self) -> None:
        """Forget everything."""
        self._arrays.clear()

    def note(self, elements: bytes, sizes: Sequence[int], digests: Sequence[bytes]) -> None:
        """An array's elements, without its head, with the sizes and digests of its leaves."""
        name = elements[:NAME]
        self._arrays.pop(name, None)
        self._arrays[name] = _Array(elements, [*sizes], [*accumulate(sizes)], digests)
        for oldest in list(self._arrays)[:-MAX_ARRAYS]:
            self._arrays.pop(oldest, None)

    def begun(self, data: bytes, head: int) -> tuple[int, Sequence[int], Sequence[bytes]]:
        """How many bytes of elements behind `head` are those of leaves that are known, and the
        sizes and digests of these leaves.

        The last leaf that is alike is left out: where it ends depends on what follows it.
        """
        array = self._arrays.get(data[head : head + NAME])
        if array is None:
            return 0, (), ()
        alike, unlike = 0, len(array.behind) + 1
        while unlike - alike > 1:
            middle = (alike + unlike) // 2
            beginning = array.elements[: array.behind[middle - 1]]
            alike, unlike = (
                (middle, unlike) if data.startswith(beginning, head) else (alike, middle)
            )
        kept = max(alike - 1, 0)
        size = array.behind[kept - 1] if kept else 0
        return size, array.sizes[:kept], array.digests[:kept]
