"""Several runs at once. See `ports.storage` for what holds of all operations."""

from collections.abc import Sequence
from typing import Protocol

from demotic.domain.lifecycle import RunState
from demotic.domain.model import Scope
from demotic.domain.runs import Admission, Claimer, NewRun, Unfinished


class BulkStorage(Protocol):
    """Runs in numbers."""

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
        """Admit runs in their order, as `admit_run` does: all or none.

        Up to `claims` of them are claimed at once. Raises what `admit_run` raises; the error's
        `index` tells which run it is about.
        """
        ...

    async def unfinished_runs(
        self, states: Sequence[RunState], *, before: int | None, limit: int, scope: Scope
    ) -> Sequence[Unfinished]:
        """Runs that are queued or running, as `states` says, the latest admitted first; those
        admitted before a position (None: all)."""
        ...
