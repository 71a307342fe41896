"""Python values as content-addressed nodes, so that what a thread keeps is stored once.

A value becomes a small expression, which its checkpoint holds, and nodes, which the thread
holds under a keyed digest. Lists are stored in leaves of a few elements under a tree of
branches: a list that grew by one element shares all nodes with the shorter one but a few at its
end.
"""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import msgspec
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.serde.types import _DeltaSnapshot

from demotic.agents.langgraph.arrays import (
    FANOUT,
    HEADER,
    array_header,
    ends,
    head_of,
    leaves,
    runs,
)
from demotic.agents.langgraph.recurring import Recurring
from demotic.agents.langgraph.serde import StrictSerializer
from demotic.ports.checkpoints import BRANCH, DIGEST_SIZE, LEAF, children

INLINE = 128
"""Bytes up to which an encoded value lies in the expression."""

AT_ONCE = 16
"""Elements up to which encoding a list at once is not worth it."""

MAX_SPLIT = 64
"""Lists of one mapping that are stored per element; a mapping with more is stored whole."""

Expression = list[Any]
"""A kind and its operands; plain data that msgpack can hold."""

# An element is the serializer's bytes, or [type, bytes] where the type is not msgpack. A leaf
# whose elements are all msgpack holds them as one array behind RAW, a byte that begins no msgpack.
VALUE, STORED, ITEMS, TREE, MAPPING, SNAPSHOT = range(6)
RAW = b"\xc1"

_CONTAINERS = frozenset((dict, list, tuple))


class Packer:
    """Turns values of one thread into expressions; collects the nodes in `nodes`.

    `known` are digests of nodes that were stored before: what they hold was checked then.
    Those that `recurring` tells of are not even collected.
    """

    def __init__(
        self,
        serde: SerializerProtocol,
        thread_id: str,
        known: Container[bytes] = (),
        recurring: Recurring | None = None,
    ) -> None:
        self.nodes: dict[bytes, bytes] = {}
        self._recurring = recurring or Recurring()
        self._key, self._known = _digest_key(thread_id), known
        self._dumps: Callable[[Any], tuple[str, bytes]] = serde.dumps_typed
        self._check_encoded: Callable[[str, bytes], None] | None = None
        if isinstance(serde, StrictSerializer):
            self._dumps, self._check_encoded = serde.dumps_unchecked, serde.check

    def pack(self, value: Any) -> Expression:
        """The expression of a value."""
        if type(value) is list:
            return self._pack_list(value)
        if type(value) is dict and _is_splittable(value):
            return self._pack_mapping(value)
        if isinstance(value, _DeltaSnapshot):
            inner = value.value
            if type(inner) is list or (type(inner) is dict and _is_splittable(inner)):
                return [SNAPSHOT, self.pack(inner)]
        return self._pack_whole(value)

    def _pack_whole(self, value: Any) -> Expression:
        element = self._element(value)
        if _size(element) <= INLINE:
            self._check([element])
            return [VALUE, element]
        return [STORED, self._leaf([element])]

    def _pack_mapping(self, value: dict[str, Any]) -> Expression:
        lists = {key: item for key, item in value.items() if type(item) is list}
        # None holds a list's place, so that the order of the keys is kept.
        rest = {key: None if key in lists else item for key, item in value.items()}
        packed = [[key, self._pack_list(item)] for key, item in lists.items()]
        return [MAPPING, self._pack_whole(rest), packed]

    def _pack_list(self, value: list[Any]) -> Expression:
        level = self._leaves_at_once(value)
        if level is None:
            elements = [self._element(item) for item in value]
            sizes = [*map(_size, elements)]
            if len(elements) <= FANOUT and sum(sizes) <= INLINE:
                self._check(elements)
                return [ITEMS, elements]
            level = [self._leaf(elements[first:behind]) for first, behind in runs(sizes)]
        while len(level) > 1:
            level = [
                self._store(BRANCH + b"".join(level[i : i + FANOUT]))
                for i in range(0, len(level), FANOUT)
            ]
        return [TREE, level[0]]

    def _leaves_at_once(self, value: list[Any]) -> list[bytes] | None:
        """The leaves of a long list by one call of the serializer; None where that does not do."""
        if len(value) <= AT_ONCE or not _CONTAINERS.isdisjoint(map(type, value)):
            return None
        kind, data = self._dumps(value)
        head = head_of(data) if kind == "msgpack" else 0
        if not head or len(data) - head <= INLINE:
            return None
        known, sizes, digests = self._recurring.begun(data, head)
        found = ends(data, known)
        if found is None:
            return None
        new = list(leaves(data, found))
        level = [*digests, *(self._raw_leaf(part, count) for part, count in new)]
        self._recurring.note(data[head:], [*sizes, *(len(part) for part, _ in new)], level)
        return level

    def _element(self, value: Any) -> Any:
        kind, data = self._dumps(value)
        return data if kind == "msgpack" else [kind, data]

    def _check(self, elements: Sequence[Any]) -> None:
        if self._check_encoded is not None:
            for element in elements:
                if isinstance(element, bytes):
                    self._check_encoded("msgpack", element)

    def _leaf(self, elements: Sequence[Any]) -> bytes:
        if all(isinstance(element, bytes) for element in elements):
            return self._raw_leaf(b"".join(elements), len(elements))
        digest = self._store(LEAF + msgspec.msgpack.encode(elements))
        if digest not in self._known:
            self._check(elements)
        return digest

    def _raw_leaf(self, elements: bytes, count: int) -> bytes:
        array = array_header(count) + elements
        digest = self._store(LEAF + RAW + array)
        if digest not in self._known and self._check_encoded is not None:
            self._check_encoded("msgpack", array)
        return digest

    def _store(self, data: bytes) -> bytes:
        digest = blake2b(data, digest_size=DIGEST_SIZE, key=self._key).digest()
        self.nodes[digest] = data
        return digest


class Unpacker:
    """Turns expressions back into values; `nodes` must hold all that they refer to."""

    def __init__(
        self,
        serde: SerializerProtocol,
        nodes: Mapping[bytes, bytes],
        recurring: Recurring | None = None,
    ) -> None:
        self._serde = serde
        self._nodes = nodes
        self._recurring = recurring

    def unpack(self, expression: Expression) -> Any:
        """The value of an expression; every call gives a new one."""
        kind, operand = expression[0], expression[1]
        if kind == VALUE:
            return self._value(operand)
        if kind == STORED:
            return self._list(operand)[0]
        if kind == ITEMS:
            return self._values(operand)
        if kind == TREE:
            return self._list(operand)
        if kind == MAPPING:
            mapping = self.unpack(operand)
            for key, item in expression[2]:
                mapping[key] = self.unpack(item)
            return mapping
        if kind == SNAPSHOT:
            return _DeltaSnapshot(self.unpack(operand))
        raise ValueError(f"A checkpoint holds an unknown kind of value: {kind!r}.")

    def _list(self, digest: bytes) -> list[Any]:
        """The elements below a node; where all are msgpack they are one array, decoded at once."""
        digests = list(self._leaves(digest))
        found = [self._node(each)[1:] for each in digests]
        if not all(leaf.startswith(RAW) for leaf in found):
            return [value for leaf in found for value in self._leaf(leaf)]
        count = sum(int.from_bytes(leaf[2 : 1 + HEADER]) for leaf in found)
        parts = [leaf[1 + HEADER :] for leaf in found]
        elements = b"".join(parts)
        if self._recurring is not None and count > AT_ONCE:
            self._recurring.note(elements, [*map(len, parts)], digests)
        values: list[Any] = self._value(array_header(count) + elements)
        return values

    def _leaf(self, leaf: bytes) -> list[Any]:
        if leaf.startswith(RAW):
            values: list[Any] = self._value(leaf[1:])
            return values
        return self._values(msgspec.msgpack.decode(leaf))

    def _leaves(self, digest: bytes) -> Iterator[bytes]:
        data = self._node(digest)
        if data.startswith(LEAF):
            yield digest
        for child in children(data):
            yield from self._leaves(child)

    def _node(self, digest: bytes) -> bytes:
        try:
            return self._nodes[digest]
        except KeyError:
            raise LookupError(
                f"A checkpoint refers to a value that is not stored: {digest.hex()}."
            ) from None

    def _values(self, elements: Sequence[Any]) -> list[Any]:
        """The values of elements; where all are msgpack they are one array, decoded at once."""
        try:
            array = array_header(len(elements)) + b"".join(elements)
        except TypeError:  # one is not
            return [self._value(element) for element in elements]
        values: list[Any] = self._value(array)
        return values

    def _value(self, element: Any) -> Any:
        kind, data = ("msgpack", element) if isinstance(element, bytes) else element
        return self._serde.loads_typed((kind, data))


def roots(expression: Expression) -> Iterator[bytes]:
    """The digests that an expression refers to."""
    kind = expression[0]
    if kind in (STORED, TREE):
        yield expression[1]
    elif kind == SNAPSHOT:
        yield from roots(expression[1])
    elif kind == MAPPING:
        yield from roots(expression[1])
        for _, item in expression[2]:
            yield from roots(item)


def _digest_key(thread_id: str) -> bytes:
    """Keyed per thread: equal values of two threads have nothing visible in common."""
    name = thread_id.encode()
    return name if len(name) <= blake2b.MAX_KEY_SIZE else blake2b(name).digest()


def _is_splittable(value: dict[Any, Any]) -> bool:
    lists = sum(type(item) is list for item in value.values())
    return 0 < lists <= MAX_SPLIT and all(type(key) is str for key in value)


def _size(element: Any) -> int:
    return len(element) if isinstance(element, bytes) else len(element[0]) + len(element[1])
