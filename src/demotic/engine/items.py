"""Items: long-term memory, for callers and for agents."""

from collections.abc import Sequence
from typing import Any

import structlog

from demotic.domain.errors import ItemNotFound
from demotic.domain.items import (
    Item,
    ItemLookup,
    ItemQuery,
    ItemRemoval,
    ItemRules,
    NamespaceQuery,
    NewItem,
)
from demotic.domain.model import EVERYTHING, Namespace, Scope
from demotic.engine.item_batches import Batch, Means
from demotic.engine.meanings import Meanings
from demotic.ports.clock import Clock
from demotic.ports.items import Embedder, ItemOperation, ItemStorage, OpenedIndex

log = structlog.get_logger("demotic.items")


class Items:
    """What callers do with items; also `demotic.ports.items.Memory`, what agents do with them.

    Items are found by meaning where the rules have an index; then an `embedder` is needed.
    Their namespaces and keys are checked: `BadInput` for what cannot be one, `NamespaceRefused`
    for a namespace in which nothing can be stored.
    """

    def __init__(
        self,
        storage: ItemStorage,
        clock: Clock,
        rules: ItemRules | None = None,
        embedder: Embedder | None = None,
    ) -> None:
        self.rules = rules or ItemRules()
        self._storage, self._clock = storage, clock
        self._index_id: int | None = None
        index = self.rules.index
        if (index is None) != (embedder is None):
            raise ValueError("An index needs what makes its vectors, and the reverse.")
        self._meanings = Meanings(index, embedder) if index and embedder else None

    async def open(self) -> None:
        """Open the index, if there is one; says what is not in it. Before anything else."""
        if self._meanings is None or (index := self.rules.index) is None:
            return
        opened = await self._storage.open_index(index, now_us=self._clock.now_us())
        self._index_id = opened.id
        self._tell_changes(opened)

    async def put(self, new: NewItem, scope: Scope) -> None:
        """Store an item, in place of the one that is there. Raises `EmbeddingFailed`."""
        await self.perform([new], scope)

    async def get(
        self,
        namespace: Namespace,
        key: str,
        scope: Scope,
        *,
        refresh: bool | None = None,
        must_exist: bool = False,
    ) -> Item | None:
        """An item, or None; with `must_exist`, `ItemNotFound` instead.

        `refresh`: its time begins anew (None: as the rules say).
        """
        found: list[Item | None]
        found = await self.perform([ItemLookup(namespace, key, refresh)], scope)
        if found[0] is None and must_exist:
            raise _not_found(namespace, key)
        return found[0]

    async def delete(
        self, namespace: Namespace, key: str, scope: Scope, *, must_exist: bool = False
    ) -> None:
        """Delete an item, if it is there; with `must_exist`, `ItemNotFound` if not."""
        (was_there,) = await self.perform([ItemRemoval(namespace, key)], scope)
        if must_exist and not was_there:
            raise _not_found(namespace, key)

    async def search(self, query: ItemQuery, scope: Scope) -> Sequence[Item]:
        """A page of items. Raises `EmbeddingFailed`."""
        found: list[Sequence[Item]] = await self.perform([query], scope)
        return found[0]

    async def namespaces(self, query: NamespaceQuery, scope: Scope) -> Sequence[Namespace]:
        """A page of the namespaces that hold items."""
        found: list[Sequence[Namespace]] = await self.perform([query], scope)
        return found[0]

    async def perform(self, batch: Sequence[ItemOperation], scope: Scope = EVERYTHING) -> list[Any]:
        """See `demotic.ports.items.Memory`."""
        asked = self._batch(batch, scope)
        if self._meanings:  # before the storage is asked: it may take long
            asked.stored = await self._meanings.embed(asked.texts.stored, query=False)
            asked.sought = await self._meanings.embed(asked.texts.sought, query=True)
        now_us = self._clock.now_us()
        for share in [*asked.reads(now_us)]:
            asked.settle(share, await share.reply)
        for share in asked.writes(now_us):
            asked.settle(share, await share.reply)
        return asked.answers

    def perform_now(self, batch: Sequence[ItemOperation], scope: Scope = EVERYTHING) -> list[Any]:
        """See `demotic.ports.items.Memory`."""
        asked = self._batch(batch, scope)
        if self._meanings:
            asked.stored = self._meanings.embed_now(asked.texts.stored, query=False)
            asked.sought = self._meanings.embed_now(asked.texts.sought, query=True)
        now_us = self._clock.now_us()
        for share in [*asked.reads(now_us)]:
            asked.settle(share, share.reply.result())
        for share in asked.writes(now_us):
            asked.settle(share, share.reply.result())
        return asked.answers

    def _batch(self, batch: Sequence[ItemOperation], scope: Scope) -> Batch:
        means = Means(self._storage, self.rules, self._index_id, self._meanings)
        return Batch(batch, scope, means)

    async def sweep(self) -> None:
        """Delete what has expired."""
        while await self._storage.sweep_items(now_us=self._clock.now_us()):
            pass  # a bounded part at a time, so that others get their turn

    def _tell_changes(self, opened: OpenedIndex) -> None:
        index = self.rules.index
        if index and opened.last and opened.last.fields != index.fields:
            log.warning(
                "store.index.fields has changed: items keep the fields they were stored with",
                was=list(opened.last.fields),
                now=list(index.fields),
                fix="Store an item again to index its new fields.",
            )
        if opened.left_out:
            was = opened.last and f"{opened.last.dims} dims, {opened.last.embed}"
            log.warning(
                "items are not found by meaning: they were stored with another store.index",
                items=opened.left_out,
                was=was or "none",
                now=f"{index.dims} dims, {index.embed}" if index else None,
                fix="Store them again, or restore the earlier setting.",
            )


def _not_found(namespace: Namespace, key: str) -> ItemNotFound:
    return ItemNotFound(f"There is no item {key!r} in namespace {list(namespace)}.")
