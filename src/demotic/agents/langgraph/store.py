"""The store that graphs are given: LangGraph's interface to the server's long-term memory."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from langgraph.store.base import (
    BaseStore,
    GetOp,
    Item,
    ListNamespacesOp,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
    TTLConfig,
    validate_op_namespace,
)

from demotic.agents.langgraph.encoding import plain
from demotic.domain import items
from demotic.domain.errors import BadInput
from demotic.domain.items import ItemLookup, ItemQuery, ItemRemoval, NamespaceQuery, NewItem
from demotic.ports.items import ItemOperation, Memory

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class ItemStore(BaseStore):
    """All of the server's memory, whatever the caller of the run may see.

    Synchronous calls block the thread they are made in, never the storage: they are safe from
    nodes of every kind. Values come back as plain data.
    """

    __slots__ = ("_memory", "ttl_config")

    supports_ttl = True

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        default_s = memory.rules.default_ttl_s
        self.ttl_config = TTLConfig(
            refresh_on_read=memory.rules.refresh_on_read,
            omit_expired=True,
            default_ttl=None if default_s is None else default_s / 60,
        )

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Do the operations: what reads first, then, all or nothing, what writes."""
        asked = [_operation(op) for op in ops]
        try:
            done = self._memory.perform_now(asked)
        except BadInput as error:
            raise ValueError(error.message) from error
        return _results(asked, done)

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """The same without blocking."""
        asked = [_operation(op) for op in ops]
        try:
            done = await self._memory.perform(asked)
        except BadInput as error:
            raise ValueError(error.message) from error
        return _results(asked, done)


def _operation(op: Op) -> ItemOperation:
    validate_op_namespace(op)
    if isinstance(op, GetOp):
        return ItemLookup(tuple(op.namespace), op.key, op.refresh_ttl)
    if isinstance(op, SearchOp):
        return ItemQuery(
            prefix=tuple(op.namespace_prefix),
            filters=plain(op.filter or {}),
            text=op.query,
            limit=op.limit,
            offset=op.offset,
            refresh=op.refresh_ttl,
        )
    if isinstance(op, ListNamespacesOp):
        return _namespace_query(op)
    if op.value is None:
        return ItemRemoval(tuple(op.namespace), op.key)
    return _new_item(op)


def _namespace_query(op: ListNamespacesOp) -> NamespaceQuery:
    conditions = op.match_conditions or ()
    return NamespaceQuery(
        prefixes=[tuple(each.path) for each in conditions if each.match_type == "prefix"],
        suffixes=[tuple(each.path) for each in conditions if each.match_type == "suffix"],
        max_depth=op.max_depth,
        limit=op.limit,
        offset=op.offset,
    )


def _new_item(op: PutOp) -> NewItem:
    try:
        value = plain(op.value)
    except TypeError as error:
        error.add_note(f"It is in the value of the item {op.key!r}, which is to be stored.")
        raise
    return NewItem(
        namespace=tuple(op.namespace),
        key=op.key,
        value=value,
        index=op.index,
        ttl_s=None if op.ttl is None else op.ttl * 60,
    )


def _results(asked: Sequence[ItemOperation], answers: Sequence[Any]) -> list[Result]:
    return [_result(op, answer) for op, answer in zip(asked, answers, strict=True)]


def _result(asked: ItemOperation, answer: Any) -> Result:
    if isinstance(asked, ItemLookup):
        return None if answer is None else _item(answer)
    if isinstance(asked, ItemQuery):
        return [_found(each) for each in answer]
    if isinstance(asked, NamespaceQuery):
        return list(answer)
    return None


def _item(item: items.Item) -> Item:
    return Item(**_shown(item))


def _found(item: items.Item) -> SearchItem:
    return SearchItem(**_shown(item), score=item.score)


def _shown(item: items.Item) -> dict[str, Any]:
    return {
        "namespace": item.namespace,
        "key": item.key,
        "value": orjson.loads(item.value),
        "created_at": _moment(item.created_us),
        "updated_at": _moment(item.updated_us),
    }


def _moment(us: int) -> datetime:
    return _BEGINNING + timedelta(microseconds=us)
