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
from demotic.storage.sqlite import rows
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

_NO_TIME = 2**63 - 1


class Found(NamedTuple):
    """Items, and the ids of those that have a time to live."""

    items: Sequence[Item | None]
    mortal: Sequence[int]


def register(c: apsw.Connection) -> None:
    """Give SQL on this connection `item_matches(value, filters)`, both JSON."""

    def item_matches(*values: Any) -> bool:
        value, filters = values
        return matches(orjson.loads(value), _filters(filters))

    c.create_scalar_function("item_matches", item_matches, 2, deterministic=True)


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
    """Conditions on items, with their parameters."""

    def __init__(self, now_us: int, found: Sequence[Range], filters: Mapping[str, Json]) -> None:
        self.ranges = found
        self._conditions = [f"coalesce(i.expires_us, {_NO_TIME}) > ?"]
        self.values: list[Any] = [now_us]
        if EVERYWHERE not in found:
            self._conditions.append(
                f"({' OR '.join('(i.namespace >= ? AND i.namespace < ?)' for _ in found)})"
            )
            self.values += [each for pair in found for each in pair]
        if filters:
            self._add_filters(filters)

    @property
    def sql(self) -> str:
        """The conditions, in our own words only."""
        return " AND ".join(self._conditions)

    def _add_filters(self, filters: Mapping[str, Json]) -> None:
        # A text that is wanted stands in the value as it is written: looking for it is quick.
        for key, wanted in filters.items():
            if isinstance(wanted, str):
                self._conditions.append("instr(i.value, ?) > 0")
                self.values.append(f"{rows.dump(key)}:{rows.dump(wanted)}")
        self._conditions.append("item_matches(i.value, ?)")
        self.values.append(rows.dump(filters))


Ranked = Sequence[tuple[int, float | None]]
"""Ids of items with their scores, the best first."""


def _by_time(c: apsw.Connection, wanted: _Wanted, query: ItemQuery) -> Ranked:
    """Few are sorted; where there are many, the index that has their order is gone through."""
    if _are_few(c, wanted.ranges):
        source, order = "item i", "+i.updated_us DESC, +i.id DESC"
    else:
        source, order = "item i INDEXED BY item_updated", "i.updated_us DESC, i.id DESC"
    statement = (
        f"SELECT i.id, NULL FROM {source} WHERE {wanted.sql} ORDER BY {order} LIMIT ? OFFSET ?"
    )
    return every(c, statement, (*wanted.values, query.limit, query.offset))


def _are_few(c: apsw.Connection, found: Sequence[Range]) -> bool:
    if EVERYWHERE in found:
        return False
    some = (first(c, SQL.count_some_items, (*each, FEW)) for each in found)
    return sum(int(count) for (count,) in some) < FEW


def _by_meaning(c: apsw.Connection, wanted: _Wanted, query: ItemQuery, near: Vector) -> Ranked:
    """The best of an item's vectors counts. One without length is like nothing: its score is 0."""
    statement = f"""
        SELECT i.id, max(CASE WHEN v.id IS NOT NULL
            THEN 1 - coalesce(vec_distance_cosine(v.vector, ?), 1) END) AS score
        FROM item i LEFT JOIN item_vector v ON v.item_id = i.id AND v.index_id = ?
        WHERE {wanted.sql} GROUP BY i.id
        ORDER BY score IS NULL, score DESC, i.updated_us DESC, i.id DESC LIMIT ? OFFSET ?
    """
    values = (near.data, near.index_id, *wanted.values, query.limit, query.offset)
    return every(c, statement, values)


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
