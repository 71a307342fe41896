"""Assistant operations on a connection."""

from collections.abc import Sequence

import apsw

from demotic.domain.errors import AssistantNotFound
from demotic.domain.model import Assistant, AssistantQuery, NewAssistant, Page, Scope
from demotic.storage.sqlite import rows
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
    for a in new:
        config, context, metadata = rows.dump(a.config), rows.dump(a.context), rows.dump(a.metadata)
        row = (a.id, a.agent, a.name, a.description, config, context, metadata, now_us, now_us)
        c.execute(Q.insert_assistant, row)


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
    page = found.page(c, COLUMNS, SORT[query.sort_by], query.descending, query.limit, query.offset)
    return Page([rows.assistant(row) for row in page.items], page.total)
