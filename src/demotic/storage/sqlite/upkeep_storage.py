"""The upkeep of threads on SQLite: what takes long is done in parts, so that others get a turn."""

import contextlib
from collections.abc import Sequence

from demotic.domain.errors import StorageUnavailable
from demotic.domain.model import EVERYTHING, Scope
from demotic.domain.runs import LeaseKey
from demotic.domain.threads import Expired, Thread, ThreadSize
from demotic.storage.sqlite import copying, threads, upkeep
from demotic.storage.sqlite.database import Database

ROWS_OF_A_DOCUMENT = 100  # that are copied together: some 4 KiB each


class UpkeepOnSqlite:
    """`demotic.ports.upkeep.UpkeepStorage`, and copies of threads."""

    _db: Database

    async def measure_thread(self, thread_id: str, *, scope: Scope) -> ThreadSize:
        """See the port."""
        return await self._db.read("measure", lambda c: upkeep.measure(c, thread_id, scope))

    async def expired_threads(self, *, now_us: int, limit: int) -> Sequence[Expired]:
        """See the port."""
        return await self._db.read("expired", lambda c: upkeep.expired(c, now_us, limit))

    async def delete_idle_thread(
        self, thread_id: str, *, scope: Scope, now_us: int, expired: bool = False
    ) -> Sequence[str]:
        """See the port."""
        return await self._db.write(
            "delete_idle", lambda c: upkeep.delete_idle(c, thread_id, scope, now_us, expired)
        )

    async def prune_state(self, key: LeaseKey, *, now_us: int, expired: bool = False) -> None:
        """See the port."""
        doomed = await self._db.read(
            "plan_pruning", lambda c: upkeep.plan(c, key.thread_id, now_us, expired)
        )
        for part in upkeep.parts(key, doomed, now_us):
            await self._db.write("prune", part)

    async def copy_thread(
        self, source_id: str, target_id: str, *, scope: Scope, now_us: int
    ) -> Thread:
        """See the storage port."""
        copy = await self._db.write(
            "begin_copy", lambda c: threads.begin_copy(c, source_id, target_id, scope, now_us)
        )
        try:
            await self._copy(copy)
        except BaseException:
            with contextlib.suppress(StorageUnavailable):  # closed: the next start will drop it
                self._db.write("drop_copy", lambda c: threads.drop_copies(c, [target_id], now_us))
            raise
        await self._db.write("end_copy", lambda c: threads.end_copy(c, target_id, now_us))
        return await self._db.read("get", lambda c: threads.get(c, target_id, EVERYTHING))

    async def _copy(self, copy: copying.Copy) -> None:
        """All parts of a copy."""
        after: int | None = 0
        while after is not None:
            after = await self._copy_checkpoints(copy, after)
        last: bytes | None = copying.NOTHING
        while last is not None:
            last = await self._copy_values(copy, last)
        found = await self._db.read("document", lambda c: copying.document_rows(c, copy))
        for start in range(0, len(found), ROWS_OF_A_DOCUMENT):
            await self._copy_documents(copy, found[start : start + ROWS_OF_A_DOCUMENT])

    async def _copy_checkpoints(self, copy: copying.Copy, after: int) -> int | None:
        return await self._db.write("copy_part", lambda c: copying.copy_checkpoints(c, copy, after))

    async def _copy_values(self, copy: copying.Copy, after: bytes) -> bytes | None:
        return await self._db.write("copy_part", lambda c: copying.copy_values(c, copy, after))

    async def _copy_documents(self, copy: copying.Copy, digests: Sequence[bytes]) -> None:
        await self._db.write("copy_part", lambda c: copying.copy_documents(c, copy, digests))
