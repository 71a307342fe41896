"""Finding items on a connection: by namespace, filters and meaning."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

import apsw
import orjson

from demotic.domain.filters import matches
from demotic.domain.items import Item, ItemQuery, NamespaceQuery, is_wanted
from demotic.domain.model import Json, Namespace, Scope
from demotic.ports.items import Vector
from demotic.storage.sql.queries import Queries
from demotic.storage.sqlite import item_values, rows
from demotic.storage.sqlite.item_places import (
    EVERYWHERE,
    Range,
    below,
    fixed_part,
    labels,
    place,
    ranges,
)
from demotic.storage.sqlite.statements import every, first

SQL = Queries(__package__, "items.sql")

FEW = 2000
"""So many items of a namespace are sorted; where there are more, the latest of all are gone
through until enough of them lie in it."""

RARE = 2000
"""A value that fewer items have is looked up, and they are sorted."""

_NO_TIME = 2**63 - 1
_EXACT = 2**53


class Found(NamedTuple):
    """Items, and the ids of those that have a time to live."""

    items: Sequence[Item | None]
    mortal: Sequence[int]


def register(c: apsw.Connection) -> None:
    """Give SQL on this connection `item_matches(value, filters)`, both JSON, and
    `item_digests(value)`, what `item_value` has of it."""

    def item_matches(*values: Any) -> bool:
        value, filters = values
        return matches(orjson.loads(value), _filters(filters))

    def item_digests(*values: Any) -> str:
        return rows.dump(item_values.digests(orjson.loads(values[0])))

    c.create_scalar_function("item_matches", item_matches, 2, deterministic=True)
    c.create_scalar_function("item_digests", item_digests, 1, deterministic=True)


@lru_cache(maxsize=64)
def _filters(text: str) -> Mapping[str, Json]:
    filters: Mapping[str, Json] = orjson.loads(text)
    return filters


def get(
    c: apsw.Connection, keys: Sequence[tuple[Namespace, str, bool]], scope: Scope, now_us: int
) -> Found:
    """The items at these places; mortal are only those that are to be refreshed."""
    items: list[Item | None] = []
    mortal = []
    for namespace, key, refresh in keys:
        seen = scope.holds(namespace)
        row = first(c, SQL.get_item, (place(namespace), key, now_us)) if seen else None
        items.append(row and _item(row, None))
        if row and refresh and row[6] is not None:
            mortal.append(row[0])
    return Found(items, mortal)


def search(
    c: apsw.Connection, query: ItemQuery, near: Vector | None, scope: Scope, now_us: int
) -> Found:
    """A page of items."""
    found = ranges(query.prefix, scope)
    if not found or not query.limit:
        return Found([], [])
    wanted = _Wanted(now_us, found, query.filters)
    ranked = _by_meaning(c, wanted, query, near) if near else _by_time(c, wanted, query)
    listed = every(c, SQL.list_items, (rows.dump([id for id, _ in ranked]),))
    scores = dict(ranked)
    items = [_item(row, scores[row[0]]) for row in listed]
    return Found(items, [row[0] for row in listed if row[6] is not None])


class _Wanted:
    """Conditions on items, in our own words only; `values` are their parameters, by name."""

    def __init__(self, now_us: int, found: Sequence[Range], filters: Mapping[str, Json]) -> None:
        self.ranges, self.filters, self.values = found, filters, dict[str, Any]()
        self._conditions = [f"coalesce(i.expires_us, {_NO_TIME}) > {self.bind(now_us)}"]
        if EVERYWHERE not in found:
            within = (
                f"(i.namespace >= {self.bind(low)} AND i.namespace < {self.bind(high)})"
                for low, high in found
            )
            self._conditions.append(f"({' OR '.join(within)})")
        if filters:
            self._conditions += self._necessary(filters)
            self._conditions.append(f"item_matches(i.value, {self.bind(rows.dump(filters))})")

    @property
    def sql(self) -> str:
        """All of them."""
        return " AND ".join(self._conditions)

    def having(self, digest: int) -> None:
        """Only those that are in `item_value k` with this digest."""
        self._conditions.append(f"k.digest = {self.bind(digest)}")

    def bind(self, value: Any) -> str:
        """A parameter's name in the statement."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f":{name}"

    def _necessary(self, filters: Mapping[str, Json]) -> Iterator[str]:
        """What SQLite itself can tell of what is wanted, ten times as fast: no match fails it."""
        for key, wanted in filters.items():
            if not _is_simple(key):
                continue
            comparisons = wanted if isinstance(wanted, dict) else {"$eq": wanted}
            field = f"json_extract(i.value, {self.bind(_path(key))})"
            for name, operand in comparisons.items():
                if name == "$eq" and (_is_number(operand) or _is_simple(operand)):
                    yield f"{field} = {self.bind(operand)}"
                elif name in _SIGNS and _is_number(operand):  # a text may be a number, too
                    compared = f"{field} {_SIGNS[name]} {self.bind(operand)}"
                    yield f"({compared} OR typeof({field}) = 'text')"


_SIGNS = {"$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}


def _path(key: str) -> str:
    """The JSON path of a field, whose name has no quotes."""
    return f'$."{key}"'


def _is_simple(value: Json) -> bool:
    """Whether it is a text that JSON writes as it is."""
    return isinstance(value, str) and value != "" and rows.dump(value) == f'"{value}"'


def _is_number(value: Json) -> bool:
    """Whether it is a number that SQLite compares as exactly as JSON does."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and abs(value) <= _EXACT


Ranked = Sequence[tuple[int, float | None]]
"""Ids of items with their scores, the best first."""


def _by_time(c: apsw.Connection, wanted: _Wanted, query: ItemQuery) -> Ranked:
    """Few are sorted; where there are many, the index that has their order is gone through."""
    source, order = "item i", "+i.updated_us DESC, +i.id DESC"
    if not _are_few(c, wanted.ranges):
        if (digest := _rare_value(c, wanted.filters)) is not None:
            wanted.having(digest)
            source = "item_value k CROSS JOIN item i ON i.id = k.item_id"
        else:
            source, order = "item i INDEXED BY item_updated", "i.updated_us DESC, i.id DESC"
    statement = f"SELECT i.id, NULL FROM {source} WHERE {wanted.sql} ORDER BY {order}"
    return _page(c, statement, wanted, query)


def _are_few(c: apsw.Connection, found: Sequence[Range]) -> bool:
    if EVERYWHERE in found:
        return False
    some = (first(c, SQL.count_some_items, (*each, FEW)) for each in found)
    return sum(int(count) for (count,) in some) < FEW


def _rare_value(c: apsw.Connection, filters: Mapping[str, Json]) -> int | None:
    """The rarest of the values that what is wanted must have, if it is rare."""
    counted = [
        (int(first(c, SQL.count_item_value, (each, RARE))[0]), each)
        for each in item_values.wanted(filters)
    ]
    count, digest = min(counted, default=(RARE, 0))
    return digest if count < RARE else None


def _by_meaning(c: apsw.Connection, wanted: _Wanted, query: ItemQuery, near: Vector) -> Ranked:
    """The best of an item's vectors counts. One without length is like nothing: its score is 0."""
    distance = f"vec_distance_cosine(v.vector, {wanted.bind(near.data)})"
    index = wanted.bind(near.index_id)
    statement = f"""
        SELECT i.id, max(CASE WHEN v.id IS NOT NULL THEN 1 - coalesce({distance}, 1) END) AS score
        FROM item i LEFT JOIN item_vector v ON v.item_id = i.id AND v.index_id = {index}
        WHERE {wanted.sql} GROUP BY +i.id
        ORDER BY score IS NULL, score DESC, i.updated_us DESC, i.id DESC
    """
    return _page(c, statement, wanted, query)


def _page(c: apsw.Connection, statement: str, wanted: _Wanted, query: ItemQuery) -> Ranked:
    paged = f"{statement} LIMIT {wanted.bind(query.limit)} OFFSET {wanted.bind(query.offset)}"
    found: list[Any] = c.execute(paged, wanted.values).fetchall()
    return found


def list_namespaces(
    c: apsw.Connection, query: NamespaceQuery, scope: Scope, now_us: int
) -> list[Namespace]:
    """A page of namespaces."""
    end = query.offset + query.limit
    return list(islice(_namespaces(c, query, scope, now_us), query.offset, end))


def _namespaces(
    c: apsw.Connection, query: NamespaceQuery, scope: Scope, now_us: int
) -> Iterator[Namespace]:
    """In order; from one to the next the index is asked, so that items cost nothing."""
    prefix = fixed_part(max(query.prefixes, key=lambda each: len(fixed_part(each)), default=()))
    last: Namespace | None = None
    for low, high in ranges(prefix, scope):
        at = low[:-1]  # what comes after it begins with the range
        while row := first(c, SQL.next_namespace, (at, high, now_us)):
            (at,) = row
            found = labels(at)
            if not is_wanted(found, query):
                continue
            shown = found if query.max_depth is None else found[: query.max_depth]
            if len(shown) < len(found):
                at = below(shown).high  # what is cut off alike is told once
            if shown != last:
                yield shown
            last = shown


def _item(row: Sequence[Any], score: float | None) -> Item:
    return Item(
        namespace=labels(row[1]),
        key=row[2],
        value=row[3].encode(),
        created_us=row[4],
        updated_us=row[5],
        score=score,
    )
