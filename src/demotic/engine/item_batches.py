"""A batch of operations on items: checked, embedded, submitted, answered, step by step, so that
asynchronous and synchronous callers only differ in how they wait."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from demotic.domain.errors import BadInput
from demotic.domain.filters import check_filters
from demotic.domain.items import (
    ItemLookup,
    ItemQuery,
    ItemRemoval,
    ItemRules,
    NamespaceQuery,
    NewItem,
    check_key,
    check_namespace,
    check_page,
    check_place,
)
from demotic.domain.model import Namespace, Scope
from demotic.engine.meanings import Meanings, Packed, Texts
from demotic.ports.checkpoints import Reply
from demotic.ports.items import ItemOperation, ItemStorage, ItemWrite, Vector


class Share(NamedTuple):
    """An answer to come, and the operations of the batch that it is for: of each an element, or
    the whole (one operation)."""

    reply: Reply[Sequence[Any]]
    positions: Sequence[int]
    whole: bool = False


class Means(NamedTuple):
    """What batches are done with; without an index, `index_id` and `meanings` are None."""

    storage: ItemStorage
    rules: ItemRules
    index_id: int | None
    meanings: Meanings | None


class Batch:
    """Operations, and their answers as they come. Raises `BadInput` for what cannot be done.

    `stored` and `sought` are to be filled with vectors of the `texts` before anything else.
    """

    def __init__(self, operations: Sequence[ItemOperation], scope: Scope, means: Means) -> None:
        for each in operations:
            _check(each)
        self._operations, self._scope, self._means = operations, scope, means
        self.texts = means.meanings.texts(operations) if means.meanings else Texts((), ())
        self.stored: Packed = {}
        self.sought: Packed = {}
        self.answers: list[Any] = [None] * len(operations)

    def reads(self, now_us: int) -> Iterator[Share]:
        """Submit whatever reads."""
        storage, scope = self._means.storage, self._scope
        if keys := dict(self._lookups()):
            found = storage.get_items([*keys.values()], scope=scope, now_us=now_us)
            yield Share(found, [*keys])
        for position, each in enumerate(self._operations):
            if isinstance(each, ItemQuery):
                wanted = replace(each, refresh=self._refreshes(each.refresh))
                near = self._near(each)
                items = storage.search_items(wanted, near, scope=scope, now_us=now_us)
                yield Share(items, [position], whole=True)
            elif isinstance(each, NamespaceQuery):
                listed = storage.list_namespaces(each, scope=scope, now_us=now_us)
                yield Share(listed, [position], whole=True)

    def writes(self, now_us: int) -> Iterator[Share]:
        """Submit whatever writes: the last for each place."""
        last: dict[tuple[Namespace, str], int] = {}
        for position, each in enumerate(self._operations):
            if isinstance(each, NewItem | ItemRemoval):
                last[each.namespace, each.key] = position
        if not last:
            return
        writes = [self._write(self._operations[position]) for position in last.values()]
        try:
            done = self._means.storage.put_items(writes, scope=self._scope, now_us=now_us)
        except TypeError as error:
            raise BadInput(f"`value` cannot be stored as JSON: {error}.") from error
        yield Share(done, [*last.values()])

    def settle(self, share: Share, answer: Sequence[Any]) -> None:
        """Take an answer."""
        if share.whole:
            (position,) = share.positions
            self.answers[position] = answer
            return
        for position, each in zip(share.positions, answer, strict=True):
            self.answers[position] = each

    def _lookups(self) -> Iterator[tuple[int, tuple[Namespace, str, bool]]]:
        for position, each in enumerate(self._operations):
            if isinstance(each, ItemLookup):
                yield position, (each.namespace, each.key, self._refreshes(each.refresh))

    def _refreshes(self, asked: bool | None) -> bool:
        return self._means.rules.refresh_on_read if asked is None else asked

    def _near(self, query: ItemQuery) -> Vector | None:
        """What a query's items are to be near to; None where there is no index."""
        if not query.text or self._means.index_id is None:
            return None
        return Vector(self._means.index_id, self.sought[query.text])

    def _write(self, operation: ItemOperation) -> ItemWrite:
        if isinstance(operation, ItemRemoval):
            return ItemWrite(namespace=operation.namespace, key=operation.key)
        assert isinstance(operation, NewItem)
        ttl_s = self._means.rules.ttl_s(operation.ttl_s)
        texts = self._means.meanings.texts_of(operation) if self._means.meanings else ()
        return ItemWrite(
            namespace=operation.namespace,
            key=operation.key,
            value=operation.value,
            ttl_us=None if ttl_s is None else int(ttl_s * 1e6),
            index_id=self._means.index_id,
            vectors=[self.stored[text] for text in texts],
            fields=operation.index,
        )


def _check(operation: ItemOperation) -> None:
    if isinstance(operation, NewItem):
        check_place(operation.namespace)
        check_key(operation.key)
        if isinstance(operation.index, str):  # which is a sequence of texts, too
            raise BadInput("`index` must be false or a list of fields, not one text.")
    elif isinstance(operation, ItemLookup | ItemRemoval):
        check_namespace(operation.namespace)
        check_key(operation.key)
    elif isinstance(operation, ItemQuery):
        check_namespace(operation.prefix)
        check_filters(operation.filters)
        check_page(operation.limit, operation.offset)
    else:
        for pattern in (*operation.prefixes, *operation.suffixes):
            check_namespace(pattern)
        check_page(operation.limit, operation.offset)
