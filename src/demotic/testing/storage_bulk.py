"""The contract of the storage port: several runs at once."""

import pytest

from demotic.domain.errors import AssistantNotFound, ThreadBusy
from demotic.domain.ids import uuid7
from demotic.domain.lifecycle import RunState
from demotic.domain.model import EVERYTHING, Json, Scope
from demotic.domain.runs import Admission, BusyPolicy, NewRun, RunRequest
from demotic.ports.storage import Storage
from demotic.testing.storage_builders import (
    ALICE,
    ASSISTANT,
    BOB,
    CLAIMER,
    DONE,
    T0,
    admit,
    claimed,
    make_thread,
    prepare,
)

QUEUED, RUNNING = RunState.QUEUED, RunState.RUNNING


def new_run(thread_id: str | None = None, **fields: Json) -> NewRun:
    """A run to admit."""
    given: dict[str, Json] = {"assistant_id": ASSISTANT, **fields}
    return NewRun(id=uuid7(T0), thread_id=thread_id, request=RunRequest(input={}), **given)


async def admit_all(
    storage: Storage, *new: NewRun, claims: int = 9, scope: Scope = EVERYTHING
) -> list[Admission]:
    """Admit runs together."""
    admitted = await storage.admit_runs(
        new, scope=scope, assistant_scope=EVERYTHING, now_us=T0, claimer=CLAIMER, claims=claims
    )
    return list(admitted)


class BulkContract:
    """What the port says about several runs at once."""

    async def test_runs_are_admitted_in_their_order_and_claimed_as_far_as_allowed(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        thread = await make_thread(storage)
        new = [new_run(thread), new_run(thread), new_run(), new_run()]
        admitted = await admit_all(storage, *new, claims=2)
        assert [each.run.id for each in admitted] == [each.id for each in new]
        assert [each.run.state for each in admitted] == [RUNNING, QUEUED, RUNNING, QUEUED]
        assert [each.claim is not None for each in admitted] == [True, False, True, False]
        listed = await storage.list_runs(thread, states=None, limit=9, offset=0, scope=EVERYTHING)
        assert [each.id for each in listed] == [new[1].id, new[0].id]

    async def test_one_that_is_refused_refuses_all_and_is_told(self, storage: Storage) -> None:
        await prepare(storage)
        thread = await make_thread(storage)
        with pytest.raises(AssistantNotFound) as refused:
            await admit_all(storage, new_run(thread), new_run(assistant_id="nobody"))
        assert refused.value.index == 1
        rejected = new_run(thread, busy_policy=BusyPolicy.REJECT)
        with pytest.raises(ThreadBusy) as busy:
            await admit_all(storage, new_run(), new_run(thread), rejected)
        assert busy.value.index == 2
        found = await storage.unfinished_runs(
            [QUEUED, RUNNING], before=None, limit=9, scope=EVERYTHING
        )
        assert found == []

    async def test_unfinished_runs_are_found_by_state_latest_first_in_pages(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        thread = await make_thread(storage)
        running = (await admit(storage, thread, claim=True)).run
        queued = [(await admit(storage, thread)).run for _ in range(3)]
        ended = await claimed(storage)
        await storage.finish_run(ended.key, DONE, [], now_us=T0)
        paused = await make_thread(storage)
        await storage.begin_write(paused, "echo", scope=EVERYTHING, claimer=CLAIMER, now_us=T0)

        async def ids(*states: RunState, **options: Json) -> list[str]:
            given: dict[str, Json] = {"before": None, "limit": 9, "scope": EVERYTHING, **options}
            return [each.run_id for each in await storage.unfinished_runs(states, **given)]

        latest_first = [each.id for each in reversed([running, *queued])]
        assert await ids(QUEUED, RUNNING) == latest_first
        assert await ids(RUNNING) == [running.id]
        assert await ids(QUEUED, limit=2) == latest_first[:2]
        first = await storage.unfinished_runs(
            [QUEUED, RUNNING], before=None, limit=2, scope=EVERYTHING
        )
        assert {each.thread_id for each in first} == {thread}
        assert await ids(QUEUED, RUNNING, before=first[-1].position) == latest_first[2:]

    async def test_unfinished_runs_of_another_scope_are_not_found(self, storage: Storage) -> None:
        await prepare(storage)
        run = (await admit(storage, await make_thread(storage, ALICE), scope=ALICE)).run
        for scope, expected in ((ALICE, [run.id]), (BOB, [])):
            found = await storage.unfinished_runs([QUEUED], before=None, limit=9, scope=scope)
            assert [each.run_id for each in found] == expected
