"""From engine to wire words: long-term memory; pure."""

from typing import Any

from demotic.domain.items import Item
from demotic.web.answers import instant, raw


def item_json(item: Item) -> dict[str, Any]:
    """Agent Protocol 0.1.6, Item."""
    return {
        "namespace": list(item.namespace),
        "key": item.key,
        "value": raw(item.value),
        "created_at": instant(item.created_us),
        "updated_at": instant(item.updated_us),
    }
