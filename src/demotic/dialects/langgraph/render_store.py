"""From engine to wire words: items of the store; pure."""

from collections.abc import Sequence
from typing import Any

from demotic.dialects.langgraph.render import instant
from demotic.domain.items import Item
from demotic.domain.model import Namespace
from demotic.web.answers import raw

ITEM_FIELDS = ("namespace", "key", "value", "created_at", "updated_at")


def item_json(item: Item) -> dict[str, Any]:
    """LangGraph API 0.16, Item."""
    return {
        "namespace": list(item.namespace),
        "key": item.key,
        "value": raw(item.value),
        "created_at": instant(item.created_us),
        "updated_at": instant(item.updated_us),
    }


def items_json(items: Sequence[Item]) -> dict[str, Any]:
    """LangGraph API 0.16, SearchItemsResponse; `score` as observed: null where there is none."""
    return {"items": [{**item_json(each), "score": each.score} for each in items]}


def namespaces_json(namespaces: Sequence[Namespace]) -> dict[str, Any]:
    """LangGraph API 0.16, POST /store/namespaces: an object (observed); its document says list."""
    return {"namespaces": [list(each) for each in namespaces]}
