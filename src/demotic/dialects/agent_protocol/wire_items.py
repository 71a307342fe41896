"""What Agent Protocol clients send about long-term memory: the fields that are read."""

from msgspec import Struct

from demotic.dialects.agent_protocol.wire import Object


class ItemPut(Struct):
    """Agent Protocol 0.1.6, StorePutRequest."""

    namespace: list[str]
    key: str
    value: Object


class ItemDelete(Struct):
    """Agent Protocol 0.1.6, StoreDeleteRequest."""

    key: str
    namespace: list[str] | None = None


class ItemSearch(Struct):
    """Agent Protocol 0.1.6, StoreSearchRequest."""

    namespace_prefix: list[str] | None = None
    filter: Object | None = None
    limit: int | None = None
    offset: int | None = None


class NamespaceList(Struct):
    """Agent Protocol 0.1.6, StoreListNamespacesRequest."""

    prefix: list[str] | None = None
    suffix: list[str] | None = None
    max_depth: int | None = None
    limit: int | None = None
    offset: int | None = None
