"""The contract of the storage port: schedules."""

import asyncio
from dataclasses import replace

import pytest

from demotic.domain.assistants import NewAssistant
from demotic.domain.errors import (
    AgentNotFound,
    AssistantNotFound,
    ScheduleNotFound,
    ThreadBusy,
    ThreadNotFound,
)
from demotic.domain.ids import uuid7
from demotic.domain.lifecycle import RunState
from demotic.domain.model import EVERYTHING, Json, Scope
from demotic.domain.runs import BusyPolicy, NewRun, RunRequest
from demotic.domain.schedules import (
    Fired,
    Firing,
    NewSchedule,
    Schedule,
    ScheduleChange,
    ScheduleQuery,
    Timing,
)
from demotic.ports.storage import Storage
from demotic.testing.storage_builders import (
    AGENT,
    ALICE,
    ASSISTANT,
    BOB,
    CLAIMER,
    MINUTE,
    T0,
    admit,
    make_thread,
    prepare,
)

HOURLY = Timing(expression="0 * * * *", zone="Europe/Oslo", end_us=T0 + 90 * MINUTE)


def new_schedule(
    thread_id: str | None = None,
    *,
    assistant_id: str = ASSISTANT,
    now_us: int = T0,
    policy: BusyPolicy = BusyPolicy.ENQUEUE,
    timing: Timing = HOURLY,
    enabled: bool = True,
    **metadata: Json,
) -> NewSchedule:
    """Runs to start by the clock."""
    run = NewRun(
        id="",
        thread_id=thread_id,
        assistant_id=assistant_id,
        request=RunRequest(input={"q": [1, None, "x"]}, modes=["values"], interrupt_before=["n"]),
        metadata={"of": "schedule"},
        busy_policy=policy,
        keep_thread=True,
        thread_metadata={"made": "by the clock"},
        stamps={"graph_id": "agent"},
        reply_format={"dialect": "test"},
    )
    return NewSchedule(
        id=uuid7(now_us),
        timing=timing,
        run=run,
        enabled=enabled,
        metadata=metadata,
        reply_format={"as": ["given"]},
    )


async def schedule(
    storage: Storage,
    new: NewSchedule | None = None,
    *,
    next_us: int | None = T0 + MINUTE,
    scope: Scope = EVERYTHING,
    now_us: int = T0,
) -> Schedule:
    """Store a schedule."""
    return await storage.create_schedule(
        new or new_schedule(now_us=now_us),
        next_us,
        scope=scope,
        assistant_scope=EVERYTHING,
        claimer=CLAIMER,
        now_us=now_us,
    )


async def fire(
    storage: Storage, seen: Schedule, *, next_us: int | None = None, claim: bool = True
) -> Fired | None:
    """Fire a schedule as it was seen."""
    now_us = (seen.next_us or T0) + 5
    firing = Firing(schedule=seen, run=replace(seen.run, id=uuid7(now_us)), next_us=next_us)
    return await storage.fire_schedule(firing, now_us=now_us, claimer=CLAIMER, claim=claim)


def changed(seen: Schedule, new: NewSchedule, next_us: int | None = None) -> ScheduleChange:
    """A change of a schedule as it was seen."""
    retimed = next_us is not None
    return ScheduleChange(
        new=replace(new, id=seen.id), seen_us=seen.updated_us, retimed=retimed, next_us=next_us
    )


class ScheduleContract:
    """What the port says about schedules."""

    async def test_a_schedule_reads_back_as_it_was_given(self, storage: Storage) -> None:
        await prepare(storage)
        new = new_schedule(await make_thread(storage), a=1)
        made = await schedule(storage, new)
        expected = Schedule(
            id=new.id,
            timing=new.timing,
            run=new.run,
            enabled=True,
            metadata={"a": 1},
            reply_format={"as": ["given"]},
            scope=EVERYTHING,
            next_us=T0 + MINUTE,
            created_us=T0,
            updated_us=T0,
        )
        assert made == expected
        assert await storage.get_schedule(new.id, scope=EVERYTHING) == expected
        with pytest.raises(ScheduleNotFound):
            await storage.get_schedule(uuid7(T0), scope=EVERYTHING)

    async def test_a_schedule_needs_its_assistant_agent_and_thread(self, storage: Storage) -> None:
        await prepare(storage)
        other = NewAssistant(id="other", agent="elsewhere", name="elsewhere")
        await storage.ensure_assistants([other], now_us=T0)
        with pytest.raises(AssistantNotFound):
            await schedule(storage, new_schedule(assistant_id="nobody"))
        with pytest.raises(AgentNotFound):
            await schedule(storage, new_schedule(assistant_id="other"))
        with pytest.raises(ThreadNotFound):
            await schedule(storage, new_schedule(uuid7(T0)))
        foreign = await make_thread(storage, BOB)
        with pytest.raises(ThreadNotFound):
            await schedule(storage, new_schedule(foreign), scope=ALICE)
        assert (await storage.search_schedules(ScheduleQuery(), scope=EVERYTHING)).total == 0

    async def test_a_missing_thread_is_made_where_the_runs_may_make_it(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        new = new_schedule(uuid7(T0))
        made = await schedule(
            storage, replace(new, run=replace(new.run, create_thread=True)), scope=ALICE
        )
        assert made.run.thread_id is not None
        thread = await storage.get_thread(made.run.thread_id, scope=ALICE)
        assert thread.metadata == {"owner": "alice"}

    async def test_a_schedule_of_another_scope_does_not_exist(self, storage: Storage) -> None:
        await prepare(storage)
        made = await schedule(storage, scope=ALICE)
        assert (made.metadata, made.scope) == ({"owner": "alice"}, ALICE)
        with pytest.raises(ScheduleNotFound):
            await storage.get_schedule(made.id, scope=BOB)
        with pytest.raises(ScheduleNotFound):
            await storage.change_schedule(changed(made, made), scope=BOB, now_us=T0 + 1)
        with pytest.raises(ScheduleNotFound):
            await storage.delete_schedule(made.id, scope=BOB)
        assert (await storage.search_schedules(ScheduleQuery(), scope=BOB)).total == 0
        stolen = changed(made, replace(new_schedule(), metadata={"owner": "bob"}))
        kept = await storage.change_schedule(stolen, scope=ALICE, now_us=T0 + 1)
        assert kept is not None and kept.metadata == {"owner": "alice"}

    async def test_schedules_are_searched_counted_and_sorted(self, storage: Storage) -> None:
        await prepare(storage)
        other = NewAssistant(id=uuid7(T0), agent=AGENT, name="other")
        await storage.create_assistant(other, scope=EVERYTHING, now_us=T0)
        thread = await make_thread(storage)
        first = await schedule(storage, new_schedule(thread, a=1), next_us=T0 + 9)
        second = await schedule(
            storage, new_schedule(assistant_id=other.id, a=1, b=2), next_us=T0 + 8, now_us=T0 + 1
        )
        third = await schedule(storage, new_schedule(enabled=False), next_us=T0 + 7, now_us=T0 + 2)

        async def ids(**query: Json) -> list[str]:
            page = await storage.search_schedules(ScheduleQuery(**query), scope=EVERYTHING)
            return [each.id for each in page.items]

        assert await ids() == [third.id, second.id, first.id]
        assert await ids(sort_by="next", descending=False) == [third.id, second.id, first.id]
        assert await ids(sort_by="created", descending=False, limit=1, offset=1) == [second.id]
        assert await ids(metadata={"a": 1}) == [second.id, first.id]
        assert await ids(metadata={"b": 2}) == [second.id]
        assert await ids(thread_id=thread) == [first.id]
        assert await ids(assistant_id=other.id) == [second.id]
        assert await ids(enabled=False) == [third.id]
        counted = await storage.search_schedules(ScheduleQuery(limit=0), scope=EVERYTHING)
        assert (counted.items, counted.total) == ([], 3)
        for sort in ("id", "assistant", "thread", "end", "updated"):
            assert len(await ids(sort_by=sort)) == 3

    async def test_a_change_of_what_is_no_longer_so_changes_nothing(self, storage: Storage) -> None:
        await prepare(storage)
        seen = await schedule(storage)
        other = replace(
            new_schedule(b=2),
            timing=Timing(expression="1 * * * *"),
            enabled=False,
            reply_format={"as": "changed"},
        )
        now = await storage.change_schedule(changed(seen, other), scope=EVERYTHING, now_us=T0 + 1)
        assert now is not None
        assert (now.timing, now.enabled, now.metadata) == (other.timing, False, {"b": 2})
        assert (now.reply_format, now.next_us) == ({"as": "changed"}, seen.next_us)
        assert (now.created_us, now.updated_us) == (T0, T0 + 1)
        late = changed(seen, seen, next_us=T0 + 3)
        assert await storage.change_schedule(late, scope=EVERYTHING, now_us=T0 + 2) is None
        assert await storage.get_schedule(seen.id, scope=EVERYTHING) == now
        timed = await storage.change_schedule(
            changed(now, now, next_us=T0 + 4), scope=EVERYTHING, now_us=T0 + 3
        )
        assert timed is not None and timed.next_us == T0 + 4

    async def test_what_is_due_is_found_in_order_and_what_is_not_is_not(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        assert await storage.next_due() is None
        second = await schedule(storage, next_us=T0 + 20)
        first = await schedule(storage, next_us=T0 + 10)
        await schedule(storage, new_schedule(enabled=False), next_us=T0 + 5)
        await schedule(storage, next_us=None)
        assert await storage.next_due() == T0 + 10
        assert await storage.due_schedules(now_us=T0 + 9, limit=9) == []
        assert await storage.due_schedules(now_us=T0 + 10, limit=9) == [first]
        assert await storage.due_schedules(now_us=T0 + 99, limit=9) == [first, second]
        assert await storage.due_schedules(now_us=T0 + 99, limit=1) == [first]

    async def test_a_firing_starts_the_run_and_moves_the_schedule_on(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        thread = await make_thread(storage)
        seen = await schedule(storage, new_schedule(thread))
        fired = await fire(storage, seen, next_us=T0 + 2 * MINUTE)
        assert fired is not None and fired.admission is not None
        run = fired.admission.run
        assert (run.thread_id, run.state, run.request) == (
            thread,
            RunState.RUNNING,
            seen.run.request,
        )
        assert fired.admission.claim is not None and run.metadata["of"] == "schedule"
        now = await storage.get_schedule(seen.id, scope=EVERYTHING)
        assert (now.next_us, now.updated_us) == (T0 + 2 * MINUTE, seen.updated_us)

    async def test_an_instant_is_fired_once_however_many_try(self, storage: Storage) -> None:
        await prepare(storage)
        thread = await make_thread(storage)
        seen = await schedule(storage, new_schedule(thread))
        tried = await asyncio.gather(
            *[fire(storage, seen, next_us=T0 + 2 * MINUTE, claim=False) for _ in range(5)]
        )
        assert len([each for each in tried if each is not None]) == 1
        runs = await storage.list_runs(thread, states=None, limit=9, offset=0, scope=EVERYTHING)
        assert len(runs) == 1

    async def test_a_schedule_that_was_changed_paused_or_deleted_is_not_fired(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        seen = await schedule(storage)
        paused = await storage.change_schedule(
            changed(seen, replace(seen, enabled=False)), scope=EVERYTHING, now_us=T0 + 1
        )
        assert paused is not None
        assert await fire(storage, seen) is None
        assert await fire(storage, paused) is None
        await storage.delete_schedule(seen.id, scope=EVERYTHING)
        assert await fire(storage, seen) is None
        with pytest.raises(ScheduleNotFound):
            await storage.delete_schedule(seen.id, scope=EVERYTHING)

    async def test_a_refused_run_leaves_no_trace_and_the_schedule_moves_on(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        thread = await make_thread(storage)
        await admit(storage, thread, claim=True)
        seen = await schedule(storage, new_schedule(thread, policy=BusyPolicy.REJECT))
        fired = await fire(storage, seen, next_us=T0 + 2 * MINUTE)
        assert fired is not None and fired.admission is None
        assert isinstance(fired.refusal, ThreadBusy)
        assert (await storage.get_schedule(seen.id, scope=EVERYTHING)).next_us == T0 + 2 * MINUTE
        runs = await storage.list_runs(thread, states=None, limit=9, offset=0, scope=EVERYTHING)
        assert len(runs) == 1

    async def test_a_run_starts_in_the_scope_of_who_made_the_schedule(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        seen = await schedule(storage, scope=ALICE)
        fired = await fire(storage, seen)
        assert fired is not None and fired.admission is not None
        thread = await storage.get_thread(fired.admission.run.thread_id, scope=ALICE)
        assert thread.metadata == {
            "made": "by the clock",
            "owner": "alice",
            "graph_id": AGENT,
        }
        with pytest.raises(ThreadNotFound):
            await storage.get_thread(thread.id, scope=BOB)

    async def test_a_schedule_ends_with_its_thread_and_with_its_assistant(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        other = NewAssistant(id=uuid7(T0), agent=AGENT, name="other")
        await storage.create_assistant(other, scope=EVERYTHING, now_us=T0)
        thread = await make_thread(storage)
        on_thread = await schedule(storage, new_schedule(thread))
        of_other = await schedule(storage, new_schedule(assistant_id=other.id))
        stays = await schedule(storage)
        await storage.delete_thread(thread, scope=EVERYTHING, now_us=T0)
        await storage.delete_assistant(
            other.id, threads=None, scope=EVERYTHING, thread_scope=EVERYTHING, now_us=T0
        )
        for gone in (on_thread, of_other):
            with pytest.raises(ScheduleNotFound):
                await storage.get_schedule(gone.id, scope=EVERYTHING)
        page = await storage.search_schedules(ScheduleQuery(), scope=EVERYTHING)
        assert [each.id for each in page.items] == [stays.id]
