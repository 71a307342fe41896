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

from demotic.agents.langgraph.serde import StrictSerializer
from demotic.ports.checkpoints import BRANCH, DIGEST_SIZE, LEAF, children

INLINE = 128
"""Bytes up to which an encoded value lies in the expression."""

FANOUT = 64
"""Children of a branch, and elements of a leaf at most."""

CHUNK = 4096
"""Bytes of elements at which a leaf is full: what appending to a list writes again, at most."""

MAX_SPLIT = 64
"""Lists of one mapping that are stored per element; a mapping with more is stored whole."""

Expression = list[Any]
"""A kind and its operands; plain data that msgpack can hold."""

# An element is the serializer's bytes, or [type, bytes] where the type is not msgpack.
VALUE, STORED, ITEMS, TREE, MAPPING, SNAPSHOT = range(6)


class Packer:
    """Turns values of one thread into expressions; collects the nodes in `nodes`.

    `known` are digests of nodes that were stored before: what they hold was checked then.
    """

    def __init__(
        self, serde: SerializerProtocol, thread_id: str, known: Container[bytes] = ()
    ) -> None:
        self.nodes: dict[bytes, bytes] = {}
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
        elements = [self._element(item) for item in value]
        if len(elements) <= FANOUT and sum(map(_size, elements)) <= INLINE:
            self._check(elements)
            return [ITEMS, elements]
        level = [self._leaf(chunk) for chunk in _chunks(elements)]
        while len(level) > 1:
            level = [
                self._store(BRANCH + b"".join(level[i : i + FANOUT]))
                for i in range(0, len(level), FANOUT)
            ]
        return [TREE, level[0]]

    def _element(self, value: Any) -> Any:
        kind, data = self._dumps(value)
        return data if kind == "msgpack" else [kind, data]

    def _check(self, elements: Sequence[Any]) -> None:
        if self._check_encoded is not None:
            for element in elements:
                if isinstance(element, bytes):
                    self._check_encoded("msgpack", element)

    def _leaf(self, elements: Sequence[Any]) -> bytes:
        digest = self._store(LEAF + msgspec.msgpack.encode(elements))
        if digest not in self._known:
            self._check(elements)
        return digest

    def _store(self, data: bytes) -> bytes:
        digest = blake2b(data, digest_size=DIGEST_SIZE, key=self._key).digest()
        self.nodes[digest] = data
        return digest


class Unpacker:
    """Turns expressions back into values; `nodes` must hold all that they refer to."""

    def __init__(self, serde: SerializerProtocol, nodes: Mapping[bytes, bytes]) -> None:
        self._serde = serde
        self._nodes = nodes

    def unpack(self, expression: Expression) -> Any:
        """The value of an expression; every call gives a new one."""
        kind, operand = expression[0], expression[1]
        if kind == VALUE:
            return self._value(operand)
        if kind == STORED:
            return self._value(self._elements(operand)[0])
        if kind == ITEMS:
            return self._values(operand)
        if kind == TREE:
            return self._values(self._elements(operand))
        if kind == MAPPING:
            mapping = self.unpack(operand)
            for key, item in expression[2]:
                mapping[key] = self.unpack(item)
            return mapping
        if kind == SNAPSHOT:
            return _DeltaSnapshot(self.unpack(operand))
        raise ValueError(f"A checkpoint holds an unknown kind of value: {kind!r}.")

    def _elements(self, digest: bytes) -> list[Any]:
        data = self._node(digest)
        if data.startswith(LEAF):
            elements: list[Any] = msgspec.msgpack.decode(data[1:])
            return elements
        return [element for child in children(data) for element in self._elements(child)]

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
            array = _array_header(len(elements)) + b"".join(elements)
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


def _array_header(size: int) -> bytes:
    """The beginning of a msgpack array (format "array 16" or "array 32")."""
    return b"\xdc" + size.to_bytes(2) if size < 1 << 16 else b"\xdd" + size.to_bytes(4)


def _digest_key(thread_id: str) -> bytes:
    """Keyed per thread: equal values of two threads have nothing visible in common."""
    name = thread_id.encode()
    return name if len(name) <= blake2b.MAX_KEY_SIZE else blake2b(name).digest()


def _is_splittable(value: dict[Any, Any]) -> bool:
    lists = sum(type(item) is list for item in value.values())
    return 0 < lists <= MAX_SPLIT and all(type(key) is str for key in value)


def _size(element: Any) -> int:
    return len(element) if isinstance(element, bytes) else len(element[0]) + len(element[1])


def _chunks(elements: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Elements by leaf: as many neighbours as fill one.

    Filled from the front, so that appending changes the last leaf only.
    """
    chunk: list[Any] = []
    filled = 0
    for element in elements:
        size = _size(element)
        if chunk and (len(chunk) == FANOUT or filled + size > CHUNK):
            yield chunk
            chunk, filled = [], 0
        chunk.append(element)
        filled += size
    if chunk:
        yield chunk
