"""Searches for threads: by the indexes of their metadata and values as far as those reach."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import apsw
import orjson

from demotic.domain.model import Json, Page, Scope
from demotic.domain.runs import Unfinished
from demotic.domain.threads import Thread, ThreadQuery
from demotic.storage.sql.queries import Queries
from demotic.storage.sqlite import documents, rows, threads
from demotic.storage.sqlite.search import Search
from demotic.storage.sqlite.statements import Q, every, first

SQL = Queries(__package__, "finding.sql")

SORT = {
    "id": "t.id",
    "state": "t.state",
    "created": "t.created_us",
    "updated": "t.updated_us",
    "state_updated": "t.state_updated_us",
}
TAG_SORT = {"id": "k.thread_id", "created": "k.created_us"}
"""What the indexes of metadata and values alone can be sorted by."""

METADATA, VALUES = "thread_tag", "thread_value"
"""The tables that are those indexes."""

KEPT = "thread t"
COVERED = "thread t INDEXED BY thread_updated"
"""What is gone through where neither index helps."""

BACKLOG = 200  # threads whose values are brought into the index together
BACKLOG_BYTES = 1_000_000  # what their values may add up to, unless one alone has more


class Tag(NamedTuple):
    """An entry of one of the indexes."""

    table: str
    key: str
    value: str


def search(c: apsw.Connection, query: ThreadQuery, scope: Scope) -> Page:
    """A page of threads; what it asks for in values must have been indexed."""
    metadata = [each for each in (scope.filters, query.metadata) if each]
    tags = _rarest_first(c, [*_tags(METADATA, metadata), *_tags(VALUES, [query.values])])
    nested = [each for each in metadata if not _is_indexed(each)]
    values = query.values if query.values and not _is_indexed(query.values) else None
    source, sort = _source(query, tags, filtered=bool(nested or values))
    found = _matching(source, tags, nested)
    if values:
        found.where("document_within(t.id, t.values_document, ?)", rows.dump(values))
    found.equals("t.state", query.state)
    if query.ids is not None:
        found.where("t.id IN (SELECT value FROM json_each(?))", rows.dump(list(query.ids)))
    page = found.keys(
        c, sort, query.descending, query.limit, query.offset, count_up_to=query.count_up_to
    )
    wanted = (rows.dump(page.items), int(not query.bare))
    listed = every(c, Q.list_threads, wanted) if page.items else []
    return Page([_listed(c, row) for row in listed], page.total)


def _source(query: ThreadQuery, tags: Sequence[Tag], *, filtered: bool) -> tuple[str, str]:
    """What is gone through, and by what it is sorted."""
    filtered = filtered or query.state is not None or query.ids is not None
    sort = SORT[query.sort_by]
    if tags:
        sort = TAG_SORT.get(query.sort_by, sort)
        alone = not filtered and query.sort_by in TAG_SORT
        return (f"{tags[0].table} k" if alone else _with_threads(tags[0])), sort
    by_state = query.state is not None or query.sort_by in ("state", "state_updated")
    return (COVERED if by_state and query.ids is None else KEPT), sort


def _with_threads(tag: Tag) -> str:
    return f"{tag.table} k CROSS JOIN thread t ON t.id = k.thread_id"


def _listed(c: apsw.Connection, row: Sequence[Any]) -> Thread:
    return rows.thread(row, None if row[15] is None else documents.whole(c, row[0], row[15]))


def _tags(table: str, wanted: Sequence[Mapping[str, Json]]) -> Iterator[Tag]:
    return (Tag(table, *tag) for each in wanted for tag in rows.tags(each))


def _rarest_first(c: apsw.Connection, tags: Sequence[Tag]) -> list[Tag]:
    found = list(dict.fromkeys(tags))
    if len(found) > 1:
        count = {METADATA: SQL.count_tag, VALUES: SQL.count_value}
        found.sort(key=lambda tag: int(first(c, count[tag.table], tag[1:])[0]))
    return found


def _is_indexed(wanted: Mapping[str, Json]) -> bool:
    """Whether an index alone finds what is wanted."""
    return len(rows.tags(wanted)) == len(wanted)


def _matching(source: str, tags: Sequence[Tag], nested: Sequence[Mapping[str, Json]]) -> Search:
    """A search for threads: through the first tag, where there is one."""
    found = Search(source, "k.thread_id" if tags else "t.id")
    if tags:  # only kept threads have any
        found.where("k.key = ? AND k.value = ?", *tags[0][1:])
    else:
        found.where("t.temporary = 0")
    for tag in tags[1:]:
        found.where(
            f"EXISTS (SELECT 1 FROM {tag.table} o WHERE o.key = ? AND o.value = ? "
            "AND o.created_us = k.created_us AND o.thread_id = k.thread_id)",
            *tag[1:],
        )
    for each in nested:
        found.within("t.metadata", each)
    return found


def delete_matching(
    c: apsw.Connection, metadata: Mapping[str, Json], scope: Scope, now_us: int
) -> list[Unfinished]:
    """Delete the threads whose metadata contains the given; their unfinished runs."""
    wanted = [each for each in (scope.filters, metadata) if each]
    tags = _rarest_first(c, list(_tags(METADATA, wanted)))
    nested = [each for each in wanted if not _is_indexed(each)]
    found = _matching(_with_threads(tags[0]) if tags else KEPT, tags, nested)
    return [
        Unfinished(thread_id, run_id)
        for thread_id in found.every(c)
        for run_id in threads.delete(c, thread_id, False, scope, now_us)
    ]


def index_values(c: apsw.Connection) -> bool:
    """Bring the values that have changed into their index, some at a time; whether there are
    more.

    Only a search by values asks for it: a run does not pay for searches that nobody makes.
    """
    size = 0
    backlog = every(c, SQL.untagged, (BACKLOG,))
    for thread_id, document in backlog:
        data = documents.load(c, thread_id, document) or b"null"
        c.execute(SQL.delete_values, (thread_id,))
        values = orjson.loads(data)
        for key, value in rows.tags(values) if isinstance(values, dict) else ():
            c.execute(SQL.insert_value, (key, value, thread_id))
        c.execute(SQL.set_tagged, (thread_id,))
        size += len(data)
        if size > BACKLOG_BYTES:
            return True
    return len(backlog) == BACKLOG
