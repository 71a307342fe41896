"""Long-term memory: how items are kept, how texts become vectors, and what agents see of both.

A vector belongs to the index that its storage has opened: only vectors of one index are compared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

from demotic.domain.items import (
    Item,
    ItemIndex,
    ItemLookup,
    ItemQuery,
    ItemRemoval,
    ItemRules,
    NamespaceQuery,
    NewItem,
)
from demotic.domain.model import EVERYTHING, Json, Namespace, Scope
from demotic.ports.checkpoints import Reply

ItemOperation = ItemLookup | ItemQuery | NamespaceQuery | NewItem | ItemRemoval
"""What a batch is made of."""


class Vector(NamedTuple):
    """The meaning of a text: 32-bit floats, little endian, in the space of an opened index."""

    index_id: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemWrite:
    """An item to store, or (`value` None) to delete.

    It is kept for `ttl_us` microseconds (None: for ever). `index_id` is the index that is
    open, `vectors` are the item's in it, as in `Vector`. `fields` are those of `NewItem.index`,
    for a storage that makes vectors itself.
    """

    namespace: Namespace
    key: str
    value: Mapping[str, Json] | None = None
    ttl_us: int | None = None
    index_id: int | None = None
    vectors: Sequence[bytes] = ()
    fields: Literal[False] | Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedIndex:
    """An index that vectors can now be kept in.

    `last` is the one that was opened before it, if it was another; `left_out` counts the items
    that were stored when another was open, or none.
    """

    id: int
    last: ItemIndex | None
    left_out: int


class ItemStorage(Protocol):
    """Items. Like those of checkpoints, operations are submitted at once and answered later, so
    that synchronous and asynchronous code use the same calls.

    An item whose time is over does not exist, whether it is swept away yet or not. An item whose
    namespace is outside the scope does not exist for its caller.
    """

    def put_items(
        self, writes: Sequence[ItemWrite], *, scope: Scope, now_us: int
    ) -> Reply[Sequence[bool]]:
        """Store and delete, all or nothing; whether each was there before.

        What is stored again keeps the time it was created at; the time of its update rises,
        whatever the clock says. Its vectors and its time to live are replaced. Raises
        `NamespaceRefused` for one outside the scope, `TypeError` at once for a value that JSON
        cannot hold.
        """
        ...

    def get_items(
        self, keys: Sequence[tuple[Namespace, str, bool]], *, scope: Scope, now_us: int
    ) -> Reply[Sequence[Item | None]]:
        """The items at these places; with the flag, their time begins anew."""
        ...

    def search_items(
        self, query: ItemQuery, near: Vector | None, *, scope: Scope, now_us: int
    ) -> Reply[Sequence[Item]]:
        """A page of the items that match (`query.text` is in `near`, `query.refresh` decided).

        With `near` by score (cosine similarity of the nearest of an item's vectors), those
        without a vector in that index last; then, and without it, by the time of their update,
        latest first.
        """
        ...

    def list_namespaces(
        self, query: NamespaceQuery, *, scope: Scope, now_us: int
    ) -> Reply[Sequence[Namespace]]:
        """A page of the namespaces that hold items, in order, label by label."""
        ...

    async def sweep_items(self, *, now_us: int) -> int:
        """Delete items whose time is over: a bounded part of them. How many; 0 when none is
        left."""
        ...

    async def open_index(self, index: ItemIndex, *, now_us: int) -> OpenedIndex:
        """Make a place for vectors of this many dimensions that this function makes, or find it.

        What lies in others stays there, and is found again when they are opened again. Raises
        `StorageUnavailable` where the storage cannot compare vectors.
        """
        ...


class Embedder(Protocol):
    """Makes vectors of texts; it may be slow, and fail as it likes."""

    async def embed(self, texts: Sequence[str], *, query: bool) -> Sequence[Sequence[float]]:
        """A vector for each text; `query`: of texts that are sought, not stored."""
        ...

    def embed_now(self, texts: Sequence[str], *, query: bool) -> Sequence[Sequence[float]]:
        """The same for synchronous code: blocks."""
        ...


class Memory(Protocol):
    """Long-term memory as agents see it: all of it, in batches."""

    @property
    def rules(self) -> ItemRules:
        """How items are kept."""
        ...

    async def perform(self, batch: Sequence[ItemOperation], scope: Scope = EVERYTHING) -> list[Any]:
        """Do everything in a batch: first what reads, then, all or nothing, what writes, the last
        for a place only.

        Answers an item or None to a lookup, items to a query, namespaces to a query for them, to
        the others whether the item was there. Raises `BadInput`, `EmbeddingFailed`.
        """
        ...

    def perform_now(self, batch: Sequence[ItemOperation], scope: Scope = EVERYTHING) -> list[Any]:
        """The same for synchronous code: blocks."""
        ...
