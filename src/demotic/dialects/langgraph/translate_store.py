"""From wire to engine words: items of the store; pure."""

from collections.abc import Sequence
from typing import Literal

from demotic.dialects.langgraph.translate import offset
from demotic.dialects.langgraph.wire_store import StoreNamespaces, StorePut, StoreSearch
from demotic.domain.errors import BadInput, NamespaceRefused
from demotic.domain.items import (
    DEFAULT_TTL,
    SEPARATOR,
    ItemQuery,
    NamespaceQuery,
    NewItem,
)
from demotic.domain.model import Namespace
from demotic.web.queries import bounded

ITEMS, NAMESPACES = 10, 100
"""LangGraph API 0.16, StoreSearchRequest.limit and StoreListNamespacesRequest.limit: how many are
listed by default. It names no bound."""

RESERVED = "langgraph"
"""LangGraph's `BaseStore.put`: the first label under which nothing of others is stored."""

MAX_ITEMS = 10_000
MAX_DEPTH = 2**53


def namespace(values: Sequence[str]) -> Namespace:
    """A namespace of query parameters: one text with dots (the SDKs), or a label each."""
    if len(values) > 1:
        return tuple(values)
    return tuple("".join(values).split(SEPARATOR))


def new_item(body: StorePut) -> NewItem:
    """PUT /store/items. Raises `NamespaceRefused` below LangGraph's own label."""
    if body.namespace[:1] == [RESERVED]:
        raise NamespaceRefused(f'Root label for namespace cannot be "{RESERVED}".')
    return NewItem(
        namespace=tuple(body.namespace),
        key=body.key,
        value=body.value,
        index=_index(body.index),
        ttl_s=DEFAULT_TTL if body.ttl is None else body.ttl * 60,
    )


def _index(given: bool | list[str] | None) -> Literal[False] | list[str] | None:
    if given is True:
        raise BadInput("`index` must be false or a list of fields; leave it out for the default.")
    return given


def item_query(body: StoreSearch) -> ItemQuery:
    """POST /store/items/search."""
    return ItemQuery(
        prefix=tuple(body.namespace_prefix or ()),
        filters=body.filter or {},
        text=body.query or None,
        limit=_limit(body.limit, ITEMS),
        offset=offset(body.offset),
        refresh=body.refresh_ttl,
    )


def namespace_query(body: StoreNamespaces) -> NamespaceQuery:
    """POST /store/namespaces."""
    depth = body.max_depth
    return NamespaceQuery(
        prefixes=[tuple(body.prefix or ())],
        suffixes=[tuple(body.suffix or ())],
        max_depth=None if depth is None else bounded("`max_depth`", depth, 1, MAX_DEPTH),
        limit=_limit(body.limit, NAMESPACES),
        offset=offset(body.offset),
    )


def _limit(given: int | None, usual: int) -> int:
    return usual if given is None else bounded("`limit`", given, 0, MAX_ITEMS)
