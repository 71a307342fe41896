"""What LangGraph clients send about items of the store; as in `wire`."""

from msgspec import Struct

from demotic.dialects.langgraph.wire import Object


class StorePut(Struct):
    """LangGraph API 0.16, StorePutRequest; `ttl` in minutes."""

    namespace: list[str]
    key: str
    value: Object
    index: bool | list[str] | None = None
    ttl: float | None = None


class StoreDelete(Struct):
    """LangGraph API 0.16, StoreDeleteRequest."""

    key: str
    namespace: list[str] | None = None


class StoreSearch(Struct):
    """LangGraph API 0.16, StoreSearchRequest."""

    namespace_prefix: list[str] | None = None
    filter: Object | None = None
    limit: int | None = None
    offset: int | None = None
    query: str | None = None
    refresh_ttl: bool | None = None


class StoreNamespaces(Struct):
    """LangGraph API 0.16, StoreListNamespacesRequest."""

    prefix: list[str] | None = None
    suffix: list[str] | None = None
    max_depth: int | None = None
    limit: int | None = None
    offset: int | None = None
