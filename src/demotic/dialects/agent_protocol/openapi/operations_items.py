"""What the operations of long-term memory take and answer: data, like `operations`."""

from collections.abc import Mapping

from msgspec import Struct

from demotic.dialects.agent_protocol import wire_items
from demotic.dialects.agent_protocol.choices import MAX_LIMIT
from demotic.dialects.agent_protocol.openapi.fields import LIMIT, OFFSET
from demotic.dialects.agent_protocol.translate_items import MAX_DEPTH, NAMESPACES
from demotic.web.openapi.describing import (
    MOMENT,
    NAMES,
    OBJECT,
    TEXT,
    Answer,
    Described,
    Parameter,
    Schema,
    Words,
    described,
    one,
    ref,
    shape,
    words,
)

NAMESPACE = words(
    "Where it is: labels, the outermost first; none of them empty or with a period in it.",
    examples=[["users", "ann"]],
)
KEY = words("Its key, unique in the namespace.", examples=["favourite"])

COMPONENTS: Mapping[str, Schema] = {
    "Item": shape(
        "Something to remember, whatever the thread.",
        ("namespace", "key", "value", "created_at", "updated_at"),
        namespace=described(NAMES, "Where it is."),
        key=described(TEXT, "Its key, unique in the namespace."),
        value=described(OBJECT, "What is remembered."),
        created_at=described(MOMENT, "When it was first stored."),
        updated_at=described(MOMENT, "When it was last stored."),
    ),
    "Items": shape(
        "A page of items.",
        ("items",),
        items={"type": "array", "items": ref("Item"), "description": "The latest stored first."},
    ),
}

FIELDS: Mapping[type[Struct], Mapping[str, Words]] = {
    wire_items.ItemPut: {
        "namespace": NAMESPACE,
        "key": KEY,
        "value": words("What to remember.", examples=[{"colour": "blue"}]),
    },
    wire_items.ItemDelete: {"key": KEY, "namespace": NAMESPACE},
    wire_items.ItemSearch: {
        "namespace_prefix": words("Only below this namespace.", examples=[["users"]]),
        "filter": words(
            "Fields of the value with what they must be, or with an operator: $eq, $ne, $gt, "
            "$gte, $lt, $lte.",
            examples=[{"colour": "blue", "age": {"$gte": 18}}],
        ),
        "limit": LIMIT,
        "offset": OFFSET,
    },
    wire_items.NamespaceList: {
        "prefix": words("They begin so; `*` is any label.", examples=[["users", "*"]]),
        "suffix": words("They end so; `*` is any label."),
        "max_depth": words(
            "Cut off what is deeper, and tell it once.", minimum=1, maximum=MAX_DEPTH
        ),
        "limit": words("How many at most.", minimum=1, maximum=MAX_LIMIT, default=NAMESPACES),
        "offset": OFFSET,
    },
}

OPERATIONS: Mapping[tuple[str, str], Described] = {
    ("PUT", "/store/items"): Described(
        "Store",
        "Store an item, in place of the one that is there",
        {204: Answer("It is stored.")},
        body=wire_items.ItemPut,
    ),
    ("DELETE", "/store/items"): Described(
        "Store", "Delete an item", {204: Answer("It is gone.")}, (404,), wire_items.ItemDelete
    ),
    ("GET", "/store/items"): Described(
        "Store",
        "Show an item",
        one("Item", "The item."),
        (404,),
        parameters=(
            Parameter("key", "Its key.", TEXT, required=True),
            Parameter("namespace", "One label each, the outermost first.", NAMES),
        ),
    ),
    ("POST", "/store/items/search"): Described(
        "Store", "Search items", one("Items", "A page of them."), body=wire_items.ItemSearch
    ),
    ("POST", "/store/namespaces"): Described(
        "Store",
        "List namespaces that hold items",
        {200: Answer("A page of them, in order.", {"type": "array", "items": NAMES})},
        body=wire_items.NamespaceList,
    ),
}
