"""Several runs at once on SQLite: their part of the storage port."""

from collections.abc import Sequence
from dataclasses import replace

import apsw

from demotic.domain.errors import DemoticError
from demotic.domain.lifecycle import RunState
from demotic.domain.model import Scope
from demotic.domain.runs import Admission, Claimer, NewRun, Unfinished
from demotic.storage.sql.queries import Queries
from demotic.storage.sqlite import admission, rows
from demotic.storage.sqlite.database import Database
from demotic.storage.sqlite.statements import every

SQL = Queries(__package__, "bulk.sql")


class SqliteBulk:
    """`demotic.ports.bulk.BulkStorage` on one SQLite database."""

    _db: Database

    async def admit_runs(
        self,
        new: Sequence[NewRun],
        *,
        scope: Scope,
        assistant_scope: Scope,
        now_us: int,
        claimer: Claimer,
        claims: int,
    ) -> Sequence[Admission]:
        """See the port."""
        asked = [
            admission.Asked(each, scope, assistant_scope, now_us, claimer, True) for each in new
        ]
        return await self._db.write("admit_runs", lambda c: admit(c, asked, claims))

    async def unfinished_runs(
        self, states: Sequence[RunState], *, before: int | None, limit: int, scope: Scope
    ) -> Sequence[Unfinished]:
        """See the port."""
        return await self._db.read("list", lambda c: unfinished(c, states, before, limit, scope))


def admit(c: apsw.Connection, asked: Sequence[admission.Asked], claims: int) -> list[Admission]:
    """Admit runs; the job fails with the first that is refused."""
    admitted: list[Admission] = []
    for index, each in enumerate(asked):
        may_claim = sum(done.claim is not None for done in admitted) < claims
        try:
            admitted.append(admission.admit(c, replace(each, claim=may_claim)))
        except DemoticError as error:
            error.index = index
            raise
    return admitted


def unfinished(
    c: apsw.Connection, states: Sequence[RunState], before: int | None, limit: int, scope: Scope
) -> list[Unfinished]:
    """Runs that have not ended."""
    wanted = rows.dump(list(states))
    found = every(c, SQL.unfinished_runs_of_all, (wanted, before, rows.scope_filter(scope), limit))
    return [Unfinished(*row) for row in found]
