"""Assistant operations on a connection."""

from collections.abc import Mapping, Sequence

import apsw

from demotic.domain.assistants import (
    Assistant,
    AssistantChange,
    AssistantQuery,
    NewAssistant,
    changed,
)
from demotic.domain.errors import AssistantExists, AssistantNotFound, VersionNotFound
from demotic.domain.model import Json, Page, Scope
from demotic.domain.runs import Unfinished
from demotic.storage.sqlite import finding, rows
from demotic.storage.sqlite.search import Search
from demotic.storage.sqlite.statements import Q, first

COLUMNS = "id, agent, name, description, config, context, metadata, version, created_us, updated_us"
SORT = {
    "id": "id",
    "agent": "agent",
    "name": "name",
    "created": "created_us",
    "updated": "updated_us",
}


def ensure(c: apsw.Connection, new: Sequence[NewAssistant], now_us: int) -> None:
    """Create those that do not exist."""
    for each in new:
        _insert(c, each, each.metadata, now_us)


def _insert(c: apsw.Connection, a: NewAssistant, metadata: Mapping[str, Json], now_us: int) -> bool:
    """Insert an assistant and its first version, unless the id is taken."""
    settings = (rows.dump(a.config), rows.dump(a.context), rows.dump(metadata))
    row = (a.id, a.agent, a.name, a.description, *settings, now_us, now_us)
    if first(c, Q.insert_assistant, row) is None:
        return False
    c.execute(Q.insert_version, (a.id,))
    return True


def create(c: apsw.Connection, new: NewAssistant, scope: Scope, now_us: int) -> Assistant:
    """Create an assistant."""
    if not _insert(c, new, {**new.metadata, **(scope.filters or {})}, now_us):
        raise AssistantExists(f"Assistant {new.id} already exists")
    return get(c, new.id, scope)


def get(c: apsw.Connection, assistant_id: str, scope: Scope) -> Assistant:
    """One assistant."""
    row = first(c, Q.get_assistant, (assistant_id, rows.scope_filter(scope)))
    if row is None:
        raise AssistantNotFound(f"Assistant {assistant_id} not found")
    return rows.assistant(row)


def search(c: apsw.Connection, query: AssistantQuery, scope: Scope) -> Page:
    """A page of assistants."""
    found = Search("assistant")
    found.within("metadata", scope.filters)
    found.within("metadata", query.metadata)
    found.equals("agent", query.agent)
    if query.name is not None:
        found.where("instr(lower(name), lower(?)) > 0", query.name)
    page = found.page(
        c,
        COLUMNS,
        SORT[query.sort_by],
        query.descending,
        query.limit,
        query.offset,
        count_up_to=query.count_up_to,
    )
    return Page([rows.assistant(row) for row in page.items], page.total)


def change(
    c: apsw.Connection, assistant_id: str, wanted: AssistantChange, scope: Scope, now_us: int
) -> Assistant:
    """Make a new version."""
    old = get(c, assistant_id, scope)
    (newest,) = first(c, Q.newest_version, (assistant_id,))
    owned, version = scope.filters or {}, newest + 1
    new = changed(old, wanted, owned=owned, version=version, now_us=now_us)
    settings = (rows.dump(new.config), rows.dump(new.context), rows.dump(new.metadata))
    row = (new.id, new.agent, new.name, new.description, *settings, version, now_us)
    c.execute(Q.set_assistant, row)
    c.execute(Q.insert_version, (assistant_id,))
    return new


def versions(
    c: apsw.Connection,
    assistant_id: str,
    metadata: Mapping[str, Json],
    limit: int,
    offset: int,
    scope: Scope,
) -> list[Assistant]:
    """The versions, newest first."""
    get(c, assistant_id, scope)
    wanted = rows.dump_or_null(metadata)
    found = c.execute(Q.list_versions, (assistant_id, wanted, limit, offset))
    return [rows.assistant(row) for row in found]


def choose_version(
    c: apsw.Connection, assistant_id: str, version: int, scope: Scope, now_us: int
) -> Assistant:
    """Make a version the current one."""
    get(c, assistant_id, scope)
    if first(c, Q.choose_version, (assistant_id, version, now_us)) is None:
        raise VersionNotFound(f"Version {version} not found for assistant {assistant_id}")
    return get(c, assistant_id, scope)


def delete(
    c: apsw.Connection,
    assistant_id: str,
    metadata: Mapping[str, Json] | None,
    scope: Scope,
    thread_scope: Scope,
    now_us: int,
) -> list[Unfinished]:
    """Delete an assistant; threads only by metadata that was given."""
    get(c, assistant_id, scope)
    c.execute(Q.delete_assistant, (assistant_id,))
    return finding.delete_matching(c, metadata, thread_scope, now_us) if metadata else []
