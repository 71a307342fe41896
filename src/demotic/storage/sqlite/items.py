"""Long-term memory on SQLite."""

from collections.abc import Callable, Generator, Sequence
from typing import Any, Generic, TypeVar

import apsw
import orjson

from demotic.domain.errors import NamespaceRefused
from demotic.domain.items import Item, ItemIndex, ItemQuery, NamespaceQuery
from demotic.domain.model import Namespace, Scope
from demotic.ports.checkpoints import Reply
from demotic.ports.items import ItemWrite, OpenedIndex, Vector
from demotic.storage.sqlite import item_search, rows, vectors
from demotic.storage.sqlite.database import Database, Pending
from demotic.storage.sqlite.item_places import place
from demotic.storage.sqlite.item_search import SQL, Found
from demotic.storage.sqlite.item_values import digests
from demotic.storage.sqlite.statements import first

T = TypeVar("T")

SWEEP = 500  # items that are swept away at a time


class SqliteItems:
    """`demotic.ports.items.ItemStorage` on one SQLite database."""

    _db: Database

    def put_items(
        self, writes: Sequence[ItemWrite], *, scope: Scope, now_us: int
    ) -> Reply[Sequence[bool]]:
        """See the port."""
        texts = [None if each.value is None else rows.dump(each.value) for each in writes]

        def job(c: apsw.Connection) -> Sequence[bool]:
            return [
                _put(c, write, text, scope, now_us)
                for write, text in zip(writes, texts, strict=True)
            ]

        return self._db.write("put_items", job)

    def get_items(
        self, keys: Sequence[tuple[Namespace, str, bool]], *, scope: Scope, now_us: int
    ) -> Reply[Sequence[Item | None]]:
        """See the port."""
        found = self._db.read("get", lambda c: item_search.get(c, keys, scope, now_us))
        return _Answer(found, lambda it: it.items, self._refreshing(now_us))

    def search_items(
        self, query: ItemQuery, near: Vector | None, *, scope: Scope, now_us: int
    ) -> Reply[Sequence[Item]]:
        """See the port."""
        found = self._db.read("search", lambda c: item_search.search(c, query, near, scope, now_us))
        refreshing = self._refreshing(now_us) if query.refresh else None
        return _Answer(found, lambda it: [each for each in it.items if each], refreshing)

    def list_namespaces(
        self, query: NamespaceQuery, *, scope: Scope, now_us: int
    ) -> Reply[Sequence[Namespace]]:
        """See the port."""
        return self._db.read("list", lambda c: item_search.list_namespaces(c, query, scope, now_us))

    async def sweep_items(self, *, now_us: int) -> int:
        """See the port."""

        def job(c: apsw.Connection) -> int:
            c.execute(SQL.sweep_items, (now_us, SWEEP))
            return c.changes()

        return await self._db.write("sweep", job)

    async def open_index(self, index: ItemIndex, *, now_us: int) -> OpenedIndex:
        """See the port."""
        return await self._db.write("open_index", lambda c: _open_index(c, index, now_us))

    def _refreshing(self, now_us: int) -> "Callable[[Found], Pending[None] | None]":
        """What begins the time of found items anew: a write, and only where there is one."""

        def submit(found: Found) -> Pending[None] | None:
            if not found.mortal:
                return None
            row = (rows.dump(list(found.mortal)), now_us)
            return self._db.write(
                "refresh_items", lambda c: _done(c.execute(SQL.refresh_items, row))
            )

        return submit


class _Answer(Generic[T]):
    """What was found, once what it entails is done, too."""

    def __init__(
        self,
        found: Pending[Found],
        shown: Callable[[Found], T],
        then: Callable[[Found], Pending[None] | None] | None,
    ) -> None:
        self._found, self._shown, self._then = found, shown, then

    def result(self) -> T:
        """Block until it is there."""
        found = self._found.result()
        if self._then and (more := self._then(found)):
            more.result()
        return self._shown(found)

    def __await__(self) -> Generator[Any, None, T]:
        found = yield from self._found.__await__()
        if self._then and (more := self._then(found)):
            yield from more.__await__()
        return self._shown(found)


def _put(c: apsw.Connection, write: ItemWrite, text: str | None, scope: Scope, now_us: int) -> bool:
    """Store or delete one; whether it was there."""
    at = (place(write.namespace), write.key)
    if not scope.holds(write.namespace):
        if text is None:
            return False
        raise NamespaceRefused(f"Namespace {list(write.namespace)} is not yours.")
    if text is None:
        gone = first(c, SQL.delete_item, (*at, now_us))
        return bool(gone and gone[0])
    row = (*at, text, now_us, write.ttl_us, write.index_id)
    id, was_there = first(c, SQL.put_item, row)
    _put_values(c, id, set(digests(orjson.loads(text))))
    c.execute(SQL.delete_vectors, (id,))
    c.executemany(SQL.put_vector, [(id, write.index_id, each) for each in write.vectors])
    return bool(was_there)


def _put_values(c: apsw.Connection, id: int, new: set[int]) -> None:
    """Index an item's values; those that stay the same cost no write."""
    old = {digest for (digest,) in c.execute(SQL.item_values, (id,))}
    c.executemany(SQL.delete_item_value, [(each, id) for each in old - new])
    c.executemany(SQL.put_item_value, [(each, id) for each in new - old])


def _open_index(c: apsw.Connection, index: ItemIndex, now_us: int) -> OpenedIndex:
    vectors.check(c)
    last = first(c, SQL.last_index, ())
    (id,) = first(
        c, SQL.open_index, (index.dims, index.embed, rows.dump(list(index.fields)), now_us)
    )
    (left_out,) = first(c, SQL.count_left_out, (id, now_us))
    before = last and ItemIndex(dims=last[1], embed=last[2], fields=tuple(orjson.loads(last[3])))
    return OpenedIndex(id=id, last=before if before != index else None, left_out=left_out)


def _done(_: object) -> None:
    return None
