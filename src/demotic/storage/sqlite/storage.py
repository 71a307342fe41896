"""The storage port on SQLite: every operation is one job of the database."""

from collections.abc import Mapping, Sequence

from demotic.domain.assistants import Assistant, AssistantChange, AssistantQuery, NewAssistant
from demotic.domain.events import Event
from demotic.domain.model import Json, Page, Scope
from demotic.domain.runs import (
    Admission,
    CancelAction,
    Claim,
    Claimer,
    Finished,
    LeaseKey,
    NewRun,
    Outcome,
    Run,
    RunQuery,
    Unfinished,
)
from demotic.domain.threads import Lifetime, NewThread, Thread, ThreadQuery
from demotic.ports.checkpoints import Change
from demotic.storage.sqlite import (
    admission,
    assistants,
    endings,
    feed,
    finding,
    resuming,
    runs,
    threads,
    writes,
)
from demotic.storage.sqlite.bulk import SqliteBulk
from demotic.storage.sqlite.database import Database
from demotic.storage.sqlite.deliveries import SqliteDeliveries
from demotic.storage.sqlite.items import SqliteItems
from demotic.storage.sqlite.queueing import SqliteQueue
from demotic.storage.sqlite.schedules import SqliteSchedules
from demotic.storage.sqlite.spans import FeedSpans
from demotic.storage.sqlite.upkeep_storage import UpkeepOnSqlite


class SqliteStorage(
    UpkeepOnSqlite,
    FeedSpans,
    SqliteItems,
    SqliteDeliveries,
    SqliteSchedules,
    SqliteBulk,
    SqliteQueue,
):
    """`demotic.ports.storage.Storage` on one SQLite database."""

    def __init__(self, database: Database) -> None:
        self._db = database

    # Assistants

    async def ensure_assistants(self, new: Sequence[NewAssistant], *, now_us: int) -> None:
        """See the port."""
        await self._db.write("ensure_assistants", lambda c: assistants.ensure(c, new, now_us))

    async def create_assistant(self, new: NewAssistant, *, scope: Scope, now_us: int) -> Assistant:
        """See the port."""
        return await self._db.write("assistant", lambda c: assistants.create(c, new, scope, now_us))

    async def get_assistant(self, assistant_id: str, *, scope: Scope) -> Assistant:
        """See the port."""
        return await self._db.read("get", lambda c: assistants.get(c, assistant_id, scope))

    async def search_assistants(self, query: AssistantQuery, *, scope: Scope) -> Page:
        """See the port."""
        return await self._db.read("search", lambda c: assistants.search(c, query, scope))

    async def change_assistant(
        self, assistant_id: str, change: AssistantChange, *, scope: Scope, now_us: int
    ) -> Assistant:
        """See the port."""
        return await self._db.write(
            "assistant", lambda c: assistants.change(c, assistant_id, change, scope, now_us)
        )

    async def list_assistant_versions(
        self,
        assistant_id: str,
        *,
        metadata: Mapping[str, Json],
        limit: int,
        offset: int,
        scope: Scope,
    ) -> Sequence[Assistant]:
        """See the port."""
        return await self._db.read(
            "list", lambda c: assistants.versions(c, assistant_id, metadata, limit, offset, scope)
        )

    async def choose_assistant_version(
        self, assistant_id: str, version: int, *, scope: Scope, now_us: int
    ) -> Assistant:
        """See the port."""
        return await self._db.write(
            "assistant",
            lambda c: assistants.choose_version(c, assistant_id, version, scope, now_us),
        )

    async def delete_assistant(
        self,
        assistant_id: str,
        *,
        threads: Mapping[str, Json] | None,
        scope: Scope,
        thread_scope: Scope,
        now_us: int,
    ) -> Sequence[Unfinished]:
        """See the port."""
        return await self._db.write(
            "delete_assistant",
            lambda c: assistants.delete(c, assistant_id, threads, scope, thread_scope, now_us),
        )

    # Threads

    async def create_thread(self, new: NewThread, *, scope: Scope, now_us: int) -> Thread:
        """See the port."""
        return await self._db.write("thread", lambda c: threads.create(c, new, scope, now_us))

    async def get_thread(self, thread_id: str, *, scope: Scope) -> Thread:
        """See the port."""
        return await self._db.read("get", lambda c: threads.get(c, thread_id, scope))

    async def search_threads(self, query: ThreadQuery, *, scope: Scope) -> Page:
        """See the port."""
        is_behind = bool(query.values)
        while is_behind:  # a bounded part at a time, so that others get their turn
            is_behind = await self._db.write("index_values", finding.index_values)
        return await self._db.read("search", lambda c: finding.search(c, query, scope))

    async def change_thread(
        self,
        thread_id: str,
        metadata: Mapping[str, Json],
        *,
        scope: Scope,
        now_us: int,
        lifetime: Lifetime | None = None,
    ) -> Thread:
        """See the port."""
        return await self._db.write(
            "thread", lambda c: threads.change(c, thread_id, metadata, scope, now_us, lifetime)
        )

    async def delete_thread(
        self, thread_id: str, *, only_idle: bool = False, scope: Scope, now_us: int
    ) -> Sequence[str]:
        """See the port."""
        return await self._db.write(
            "delete_thread", lambda c: threads.delete(c, thread_id, only_idle, scope, now_us)
        )

    # Runs

    async def admit_run(
        self,
        new: NewRun,
        *,
        scope: Scope,
        assistant_scope: Scope,
        now_us: int,
        claimer: Claimer,
        claim: bool,
    ) -> Admission:
        """See the port."""
        asked = admission.Asked(new, scope, assistant_scope, now_us, claimer, claim)
        return await self._db.write("admit", lambda c: admission.admit(c, asked))

    async def resume_run(
        self,
        thread_id: str | None,
        run_id: str,
        answer: Json,
        *,
        scope: Scope,
        now_us: int,
        claimer: Claimer,
        claim: bool,
    ) -> Admission:
        """See the port."""
        return await self._db.write(
            "resume",
            lambda c: resuming.resume(c, thread_id, run_id, answer, scope, claimer, claim, now_us),
        )

    async def claim_run(self, claimer: Claimer, *, now_us: int) -> Claim | None:
        """See the port."""
        return await self._db.write("claim", lambda c: runs.claim(c, claimer, now_us))

    async def renew_leases(self, held: Sequence[LeaseKey], *, until_us: int) -> Sequence[LeaseKey]:
        """See the port."""
        return await self._db.write("renew", lambda c: runs.renew(c, held, until_us))

    async def release_run(self, key: LeaseKey, *, now_us: int) -> None:
        """See the port."""
        await self._db.write("release", lambda c: runs.release(c, key, now_us))

    async def finish_run(
        self, key: LeaseKey, outcome: Outcome, events: Sequence[Event], *, now_us: int
    ) -> Finished:
        """See the port."""
        return await self._db.write(
            "finish", lambda c: runs.finish(c, key, outcome, events, now_us)
        )

    async def request_cancel(
        self,
        thread_id: str | None,
        run_id: str,
        action: CancelAction,
        *,
        paused: bool = False,
        scope: Scope,
        now_us: int,
    ) -> Run:
        """See the port."""
        return await self._db.write(
            "cancel",
            lambda c: endings.request_cancel(c, thread_id, run_id, action, paused, scope, now_us),
        )

    async def delete_run(
        self,
        thread_id: str | None,
        run_id: str,
        *,
        only_ended: bool = False,
        scope: Scope,
        now_us: int,
    ) -> Run:
        """See the port."""
        return await self._db.write(
            "delete_run",
            lambda c: endings.delete_run(c, thread_id, run_id, only_ended, scope, now_us),
        )

    async def rescue_runs(self, *, now_us: int, worker: str | None) -> Sequence[Run]:
        """See the port."""
        return await self._db.write("rescue", lambda c: endings.rescue(c, now_us, worker))

    async def get_run(self, thread_id: str | None, run_id: str, *, scope: Scope) -> Run:
        """See the port."""
        return await self._db.read("get", lambda c: runs.find(c, thread_id, run_id, scope))

    async def get_outcome(self, run_id: str) -> Outcome | None:
        """See the port."""
        return await self._db.read("get", lambda c: runs.get_outcome(c, run_id))

    async def search_runs(self, query: RunQuery, *, scope: Scope) -> Sequence[Run]:
        """See the port."""
        return await self._db.read("search", lambda c: runs.search(c, query, scope))

    async def list_runs(
        self,
        thread_id: str,
        *,
        states: Sequence[str] | None,
        limit: int,
        offset: int,
        scope: Scope,
    ) -> Sequence[Run]:
        """See the port."""
        return await self._db.read(
            "list", lambda c: runs.list_of_thread(c, thread_id, states, limit, offset, scope)
        )

    # Changes of state

    async def begin_write(
        self, thread_id: str, agent: str, *, scope: Scope, claimer: Claimer, now_us: int
    ) -> LeaseKey:
        """See the port."""
        return await self._db.write(
            "begin_write", lambda c: writes.begin(c, thread_id, agent, scope, claimer, now_us)
        )

    async def end_write(
        self,
        key: LeaseKey,
        left: Outcome | None,
        *,
        now_us: int,
        parts: Sequence[Change] = (),
        events: Sequence[Event] = (),
    ) -> bool:
        """See the port."""
        return await self._db.write(
            "end_write", lambda c: writes.end(c, key, left, parts, events, now_us)
        )

    async def create_with_state(
        self,
        new: NewThread,
        agent: str,
        left: Outcome,
        parts: Sequence[Change],
        *,
        scope: Scope,
        now_us: int,
    ) -> Thread:
        """See the port."""
        return await self._db.write(
            "create_with_state",
            lambda c: writes.create_thread(c, new, agent, left, parts, scope, now_us),
        )

    # Feed

    async def append_events(self, key: LeaseKey, events: Sequence[Event], *, now_us: int) -> None:
        """See the port."""
        await self._db.write("append", lambda c: feed.append_fenced(c, key, events, now_us))

    async def read_events(
        self, thread_id: str, *, after: int, run_id: str | None, limit: int
    ) -> Sequence[Event]:
        """See the port."""
        return await self._db.read("feed", lambda c: feed.read(c, thread_id, after, run_id, limit))

    async def trim_feed(self, *, before_us: int, now_us: int) -> int:
        """See the port."""
        return await self._db.write("trim", lambda c: feed.trim(c, before_us, now_us))

    # The whole

    async def ping(self) -> None:
        """See the port."""
        await self._db.read("ping", lambda c: c.execute("SELECT 1").fetchone())

    async def close(self) -> None:
        """See the port."""
        self._db.close()
