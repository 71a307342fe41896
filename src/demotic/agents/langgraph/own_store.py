"""A store of the user's own (`store.path`) in place of the server's: how it is opened, and items in
it as the engine asks for them."""

import inspect
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import orjson
import structlog
from langgraph.store.base import (
    BaseStore,
    GetOp,
    Item,
    ListNamespacesOp,
    MatchCondition,
    Op,
    PutOp,
    SearchOp,
)
from langgraph.store.base import InvalidNamespaceError as Refused

from demotic.agents.langgraph.encoding import plain
from demotic.agents.langgraph.loader import load_object
from demotic.domain import items
from demotic.domain.errors import (
    AgentError,
    BadInput,
    DemoticError,
    NamespaceRefused,
    StorageUnavailable,
)
from demotic.domain.items import ItemIndex, ItemQuery, ItemRules, NamespaceQuery, is_under
from demotic.domain.model import Namespace, Scope
from demotic.ports.checkpoints import Reply
from demotic.ports.items import ItemWrite, OpenedIndex, Vector

log = structlog.get_logger("demotic.store")

T = TypeVar("T")
Opener = Callable[[], AbstractAsyncContextManager[BaseStore]]
"""Opens a store, and closes it."""


def load_store(target: str, base_dir: Path, import_paths: Sequence[Path] = ()) -> Opener:
    """What opens the store that `target` means, sought as a graph is.

    It is a store, or what gives one when it is called: a function, asynchronous or not, or a
    context manager's. Raises `AgentError`.
    """
    where = f"store.path ({target})"
    found = load_object(where, target, base_dir, import_paths)
    if not (isinstance(found, BaseStore) or callable(found)):
        raise _no_store(where, found)
    return partial(_opened, where, found)


@asynccontextmanager
async def _opened(where: str, found: Any) -> AsyncIterator[BaseStore]:
    async with AsyncExitStack() as stack:
        try:
            made = found if isinstance(found, BaseStore) else await _made(found, stack)
        except Exception as error:
            raise AgentError(f"{where} gives no store: {type(error).__name__}: {error}") from error
        if not isinstance(made, BaseStore):
            raise _no_store(where, made)
        yield made


async def _made(make: Callable[[], Any], stack: AsyncExitStack) -> Any:
    made = make()
    if inspect.isawaitable(made):
        made = await made
    if isinstance(made, BaseStore):  # some are context managers besides
        return made
    if hasattr(made, "__aenter__"):
        return await stack.enter_async_context(made)
    return stack.enter_context(made) if hasattr(made, "__enter__") else made


def _no_store(where: str, found: object) -> AgentError:
    return AgentError(
        f"{where} is a {type(found).__name__}: it must be a BaseStore of langgraph.store.base, or "
        "a function or context manager that gives one."
    )


def rules_of(store: BaseStore) -> ItemRules:
    """How a store keeps items. It sweeps by itself, and has an index of its own or none."""
    ttl = (store.ttl_config or {}) if store.supports_ttl else {}
    default = ttl.get("default_ttl")
    return ItemRules(
        default_ttl_s=None if default is None else default * 60,
        refresh_on_read=ttl.get("refresh_on_read", True),
    )


class OwnStore:
    """`demotic.ports.items.ItemStorage` over a store of the user's.

    What is promised there of batches, all or nothing, holds as far as the store holds it.
    """

    def __init__(self, store: BaseStore) -> None:
        self._store = store

    def put_items(
        self, writes: Sequence[ItemWrite], *, scope: Scope, now_us: int
    ) -> Reply[Sequence[bool]]:
        """See `ItemStorage`."""
        for each in writes:
            if not scope.holds(each.namespace):
                raise NamespaceRefused(f"Namespace {list(each.namespace)} is not yours.")
        before = [GetOp(each.namespace, each.key, refresh_ttl=False) for each in writes]
        changes = [self._change(each) for each in writes]
        return _Answer(
            self._store, [before, changes], lambda told: [each is not None for each in told[0]]
        )

    def get_items(
        self, keys: Sequence[tuple[Namespace, str, bool]], *, scope: Scope, now_us: int
    ) -> Reply[Sequence[items.Item | None]]:
        """See `ItemStorage`."""
        mine = [scope.holds(namespace) for namespace, *_ in keys]
        asked = [GetOp(*key) for key, is_mine in zip(keys, mine, strict=True) if is_mine]

        def read(told: Sequence[Sequence[Any]]) -> Sequence[items.Item | None]:
            found = iter(told[0])
            return [_item(next(found)) if is_mine else None for is_mine in mine]

        return _Answer(self._store, [asked], read)

    def search_items(
        self, query: ItemQuery, near: Vector | None, *, scope: Scope, now_us: int
    ) -> Reply[Sequence[items.Item]]:
        """See `ItemStorage`; the store itself finds by meaning, or does not."""
        limit, offset = query.limit, query.offset
        prefixes = _within(query.prefix, scope)
        if len(prefixes) > 1:  # each of the pages may be all from one of them
            limit, offset = offset + limit, 0
        asked = [
            SearchOp(
                prefix,
                filter=dict(query.filters) or None,
                limit=limit,
                offset=offset,
                query=query.text,
                refresh_ttl=bool(query.refresh),
            )
            for prefix in prefixes
        ]

        def read(told: Sequence[Sequence[Any]]) -> Sequence[items.Item]:
            found = [item for page in told[0] for each in page if (item := _item(each))]
            if len(prefixes) < 2:
                return found
            found.sort(key=lambda each: (each.score or 0.0, each.updated_us), reverse=True)
            return found[query.offset :][: query.limit]

        return _Answer(self._store, [asked], read)

    def list_namespaces(
        self, query: NamespaceQuery, *, scope: Scope, now_us: int
    ) -> Reply[Sequence[Namespace]]:
        """See `ItemStorage`."""
        wanted = [
            *(MatchCondition("prefix", each) for each in query.prefixes),
            *(MatchCondition("suffix", each) for each in query.suffixes),
        ]
        asked = [
            ListNamespacesOp(
                match_conditions=(*wanted, *([MatchCondition("prefix", root)] if root else [])),
                max_depth=query.max_depth,
                limit=query.offset + query.limit,
            )
            for root in scope.roots
        ]

        def read(told: Sequence[Sequence[Any]]) -> Sequence[Namespace]:
            found = sorted({tuple(each) for page in told[0] for each in page})
            return found[query.offset :][: query.limit]

        return _Answer(self._store, [asked], read)

    async def sweep_items(self, *, now_us: int) -> int:
        """See `ItemStorage`: the store does it."""
        return 0

    async def open_index(self, index: ItemIndex, *, now_us: int) -> OpenedIndex:
        """See `ItemStorage`."""
        raise StorageUnavailable("A store of `store.path` takes no `store.index`: it has its own.")

    def _change(self, write: ItemWrite) -> PutOp:
        if write.value is None:
            return PutOp(write.namespace, write.key, None)
        if write.ttl_us is not None and not self._store.supports_ttl:
            raise BadInput(
                f"`ttl`: the store of `store.path`, {type(self._store).__name__}, keeps items for "
                "ever. Leave it out."
            )
        orjson.dumps(write.value)  # what JSON cannot hold is refused at once
        minutes = None if write.ttl_us is None else write.ttl_us / 60e6
        fields = write.fields if isinstance(write.fields, bool | None) else list(write.fields)
        return PutOp(write.namespace, write.key, dict(write.value), index=fields, ttl=minutes)


class _Answer(Generic[T]):
    """Asks a store when it is waited for: batch after batch, whose answers are then read."""

    def __init__(
        self,
        store: BaseStore,
        batches: Sequence[Sequence[Op]],
        read: Callable[[Sequence[Sequence[Any]]], T],
    ) -> None:
        self._store, self._batches, self._read = store, batches, read

    def result(self) -> T:
        """See `Reply`."""
        with _told():
            return self._read([self._store.batch(each) if each else [] for each in self._batches])

    def __await__(self) -> Generator[Any, None, T]:
        return self._wait().__await__()

    async def _wait(self) -> T:
        with _told():
            return self._read(
                [await self._store.abatch(each) if each else [] for each in self._batches]
            )


@contextmanager
def _told() -> Iterator[None]:
    """What fails in a store is logged, and told without what it says: that may hold secrets."""
    try:
        yield
    except DemoticError:
        raise
    except Refused as error:
        raise NamespaceRefused(str(error)) from error
    except Exception as error:
        log.warning("the store of store.path failed", exc_info=error)
        raise StorageUnavailable(
            f"The store of `store.path` failed ({type(error).__name__}): the server's log has more."
        ) from error


def _within(prefix: Namespace, scope: Scope) -> Sequence[Namespace]:
    """What of a prefix lies in a scope."""
    if scope.holds(prefix):
        return [prefix]
    return [root for root in scope.roots if is_under(root, prefix)]


def _item(found: Item | None) -> items.Item | None:
    if found is None:
        return None
    return items.Item(
        namespace=tuple(found.namespace),
        key=found.key,
        value=orjson.dumps(plain(found.value)),
        created_us=_us(found.created_at),
        updated_us=_us(found.updated_at),
        score=getattr(found, "score", None),
    )


def _us(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(aware.timestamp() * 1e6)
