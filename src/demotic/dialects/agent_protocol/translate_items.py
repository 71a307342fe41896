"""From wire to engine words: long-term memory; pure."""

from demotic.dialects.agent_protocol.choices import MAX_LIMIT
from demotic.dialects.agent_protocol.translate import limit, offset
from demotic.dialects.agent_protocol.wire_items import ItemPut, ItemSearch, NamespaceList
from demotic.domain.items import ItemQuery, NamespaceQuery, NewItem
from demotic.domain.model import Namespace
from demotic.web.queries import bounded

NAMESPACES = 100
"""Agent Protocol 0.1.6, StoreListNamespacesRequest: how many are listed by default."""

MAX_DEPTH = 2**31


def new_item(body: ItemPut) -> NewItem:
    """PUT /store/items."""
    return NewItem(namespace=tuple(body.namespace), key=body.key, value=body.value)


def namespace(labels: list[str] | None) -> Namespace:
    """A namespace; none is the outermost."""
    return tuple(labels or ())


def item_query(body: ItemSearch) -> ItemQuery:
    """POST /store/items/search; the latest stored first."""
    return ItemQuery(
        prefix=namespace(body.namespace_prefix),
        filters=body.filter or {},
        limit=limit(body.limit),
        offset=offset(body.offset),
    )


def namespace_query(body: NamespaceList) -> NamespaceQuery:
    """POST /store/namespaces."""
    depth, most = body.max_depth, body.limit
    return NamespaceQuery(
        prefixes=[] if body.prefix is None else [namespace(body.prefix)],
        suffixes=[] if body.suffix is None else [namespace(body.suffix)],
        max_depth=None if depth is None else bounded("`max_depth`", depth, 1, MAX_DEPTH),
        limit=NAMESPACES if most is None else bounded("`limit`", most, 1, MAX_LIMIT),
        offset=offset(body.offset),
    )
