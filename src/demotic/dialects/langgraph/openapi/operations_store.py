"""The store in the document: operations, the fields of their bodies, what they answer."""

from collections.abc import Mapping

from msgspec import Struct

from demotic.dialects.langgraph import render_store, wire_store
from demotic.dialects.langgraph.openapi.fields import OFFSET
from demotic.dialects.langgraph.translate_store import ITEMS, MAX_DEPTH, MAX_ITEMS, NAMESPACES
from demotic.domain.filters import OPERATORS
from demotic.domain.items import MAX_TTL_S
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
    optional,
    ref,
    shape,
    words,
)

DONE = {204: Answer("It is done.")}
LABEL = {"type": "string", "minLength": 1, "pattern": r"^[^.\u0000]+$"}
LABELS = {"items": LABEL, "examples": [["users", "ada"]]}
PATTERN = {"items": LABEL, "examples": [["users", "*"]]}
REFRESH = "Whether the time to live of what is found begins anew; `store.ttl` says the default."
KEY = words("Its name in the namespace.", examples=["likes"])

OPERATIONS: Mapping[tuple[str, str], Described] = {
    ("PUT", "/store/items"): Described(
        "Store",
        "Store an item",
        DONE,
        (400,),
        wire_store.StorePut,
        detail="In place of the one that is there. Refused (400) in no namespace, and below "
        "`langgraph`.",
    ),
    ("GET", "/store/items"): Described(
        "Store",
        "Show an item",
        {200: Answer("The item; null where there is none.", optional(ref("Item")))},
        parameters=(
            Parameter("key", "Its name in the namespace.", TEXT, required=True),
            Parameter(
                "namespace",
                "Its namespace: the labels with dots between them, or one each, repeated.",
                {"type": "array", "items": TEXT},
                required=True,
            ),
            Parameter("refresh_ttl", REFRESH, {"type": "boolean"}),
        ),
    ),
    ("DELETE", "/store/items"): Described(
        "Store", "Delete an item", DONE, body=wire_store.StoreDelete, detail="If it is there."
    ),
    ("POST", "/store/items/search"): Described(
        "Store",
        "Search items",
        one("FoundItems", "A page of them: the nearest in meaning, or the latest stored, first."),
        body=wire_store.StoreSearch,
        detail="With `query`, and `store.index` in the configuration, by meaning; items that are "
        "not indexed come last, with `score` null. Without, all `score`s are null.",
    ),
    ("POST", "/store/namespaces"): Described(
        "Store",
        "List namespaces",
        one("Namespaces", "Those that hold items, in order."),
        body=wire_store.StoreNamespaces,
    ),
}

FIELDS: Mapping[type[Struct], Mapping[str, Words]] = {
    wire_store.StorePut: {
        "namespace": words("Where it is: labels, the outermost first.", minItems=1, **LABELS),
        "key": KEY,
        "value": words("The item itself.", examples=[{"text": "likes pears"}]),
        "index": words(
            "The fields by whose meaning it is found, as in `store.index.fields`; false for none. "
            "Only of effect where `store.index` is set.",
            type=["array", "boolean", "null"],
            anyOf=[{"type": "array", "items": TEXT}, {"const": False}, {"type": "null"}],
            examples=[["text"], False],
        ),
        "ttl": words(
            "For how many minutes it is kept; `store.ttl.default_ttl` by default.",
            exclusiveMinimum=0,
            maximum=MAX_TTL_S // 60,
        ),
    },
    wire_store.StoreDelete: {
        "key": KEY,
        "namespace": words("Where it is.", **LABELS),
    },
    wire_store.StoreSearch: {
        "namespace_prefix": words("Only items below this namespace.", **LABELS),
        "filter": words(
            "Fields that the value must have: equal, nested fields as far as they are named, or "
            f"compared by {', '.join(f'`{each}`' for each in OPERATORS)}.",
            examples=[{"kind": "note", "stars": {"$gte": 3}}],
        ),
        "limit": words("How many at most.", minimum=0, maximum=MAX_ITEMS, default=ITEMS),
        "offset": OFFSET,
        "query": words("A text to which the items' meaning is to be near."),
        "refresh_ttl": words(REFRESH),
    },
    wire_store.StoreNamespaces: {
        "prefix": words("Only those that begin so; `*` is any label.", **PATTERN),
        "suffix": words("Only those that end so; `*` is any label.", **PATTERN),
        "max_depth": words(
            "Cut deeper ones off here, and tell each once.", minimum=1, maximum=MAX_DEPTH
        ),
        "limit": words("How many at most.", minimum=0, maximum=MAX_ITEMS, default=NAMESPACES),
        "offset": OFFSET,
    },
}

_ITEM: Mapping[str, Schema] = {
    "namespace": described(NAMES, "Where it is: labels, the outermost first."),
    "key": described(TEXT, "Its name in the namespace."),
    "value": described(OBJECT, "The item itself."),
    "created_at": described(MOMENT, "When it was first stored."),
    "updated_at": described(MOMENT, "When it was last stored."),
}

COMPONENTS: Mapping[str, Schema] = {
    "Item": shape("Something to remember, of no thread.", render_store.ITEM_FIELDS, **_ITEM),
    "FoundItem": shape(
        "An item, and how near it is.",
        (*render_store.ITEM_FIELDS, "score"),
        **_ITEM,
        score=described(
            {"type": ["number", "null"]}, "Cosine similarity to `query`: 1 is the same direction."
        ),
    ),
    "FoundItems": shape(
        "A page of items.", ("items",), items={"type": "array", "items": ref("FoundItem")}
    ),
    "Namespaces": shape(
        "A page of namespaces.", ("namespaces",), namespaces={"type": "array", "items": NAMES}
    ),
}
