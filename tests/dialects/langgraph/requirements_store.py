"""What the LangGraph dialect promises of the store."""

from dialects.langgraph.promises import API, Requirement, operation

REQUIREMENTS: dict[str, Requirement] = {
    "langgraph.store.put": operation("PUT", "/store/items", "stores an item, or replaces it: 204"),
    "langgraph.store.get": operation("GET", "/store/items", "shows an item; null for none"),
    "langgraph.store.delete": operation(
        "DELETE", "/store/items", "deletes an item: 204, whether it is there or not"
    ),
    "langgraph.store.search": operation(
        "POST", "/store/items/search", "finds items under a namespace, by filters and by meaning"
    ),
    "langgraph.store.namespaces": operation(
        "POST", "/store/namespaces", "lists the namespaces that hold items"
    ),
    "langgraph.store.namespace_forms": Requirement(
        f"{API}, langgraph-sdk and published documents, GET /store/items namespace",
        "a namespace is one text with dots or a repeated parameter",
    ),
    "langgraph.store.labels": Requirement(
        f"{API}, observed",
        "a label that is empty or holds a period is 422; storing in no namespace is 400",
    ),
    "langgraph.store.overwrite": Requirement(
        f"{API}, observed", "an overwrite keeps `created_at` and raises `updated_at`"
    ),
    "langgraph.store.filters": Requirement(
        f"{API}, StoreSearchRequest.filter",
        "equality, nested fields, $eq, $ne, $gt, $gte, $lt, $lte; other operators are 422",
    ),
    "langgraph.store.score": Requirement(
        f"{API}, StoreSearchRequest.query", "`score` tells the similarity; null without an index"
    ),
    "langgraph.store.index": Requirement(
        f"{API}, StorePutRequest.index", "false, or the fields by whose meaning an item is found"
    ),
    "langgraph.store.embedding_fails": Requirement(
        "Demotic", "an embedding that fails is a 500 of its own, and nothing is stored"
    ),
    "langgraph.store.ttl": Requirement(
        f"{API}, StorePutRequest.ttl and refresh_ttl",
        "an item expires after its minutes, prolonged by reading unless that is not wanted",
    ),
    "langgraph.store.namespaces.match": Requirement(
        f"{API}, StoreListNamespacesRequest",
        "prefix, suffix with `*`, max_depth, limit and offset; an emptied namespace vanishes",
    ),
    "langgraph.store.empty": Requirement(
        f"{API}, observed", "null prefixes mean everything, and huge offsets find nothing"
    ),
    "langgraph.store.bad_input": Requirement(
        "Demotic", "what is no item, query or page is 422 and names the field"
    ),
    "langgraph.store.shared": Requirement(
        f"{API}, langgraph-sdk (Python) 0.4", "graphs and clients see the same items"
    ),
}
