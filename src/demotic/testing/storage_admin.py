"""The contract of the storage port: administration of assistants and threads."""

from collections.abc import Mapping

import pytest

from demotic.domain.assistants import Assistant, AssistantChange, AssistantQuery, NewAssistant
from demotic.domain.errors import (
    AssistantExists,
    AssistantNotFound,
    ThreadExists,
    ThreadNotFound,
    VersionNotFound,
)
from demotic.domain.events import END
from demotic.domain.ids import uuid7
from demotic.domain.lifecycle import Reason, RunState, ThreadState
from demotic.domain.model import EVERYTHING, Json, Scope
from demotic.domain.runs import CancelAction, Outcome, Unfinished
from demotic.domain.threads import NewThread, ThreadQuery
from demotic.ports.checkpoints import Checkpoints
from demotic.ports.storage import Storage
from demotic.testing.checkpoint_builders import checkpoint, head, leaf, write
from demotic.testing.storage_builders import (
    AGENT,
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

MINE = "mine"


async def create(storage: Storage, scope: Scope = EVERYTHING, **metadata: Json) -> Assistant:
    """A new assistant."""
    new = NewAssistant(id=MINE, agent=AGENT, name="first", metadata=metadata)
    return await storage.create_assistant(new, scope=scope, now_us=T0)


async def change(
    storage: Storage, *, scope: Scope = EVERYTHING, now_us: int = T0, **changes: Json
) -> Assistant:
    """The assistant after a change."""
    wanted = AssistantChange(**changes)
    return await storage.change_assistant(MINE, wanted, scope=scope, now_us=now_us)


async def delete(
    storage: Storage,
    assistant_id: str,
    *,
    threads: Mapping[str, Json] | None = None,
    scope: Scope = EVERYTHING,
) -> list[Unfinished]:
    """Delete an assistant; what was unfinished."""
    unfinished = await storage.delete_assistant(
        assistant_id, threads=threads, scope=scope, thread_scope=scope, now_us=T0
    )
    return list(unfinished)


async def versions(storage: Storage, **metadata: Json) -> list[int]:
    """The numbers of an assistant's versions."""
    found = await storage.list_assistant_versions(
        MINE, metadata=metadata, limit=10, offset=0, scope=EVERYTHING
    )
    return [each.version for each in found]


class AssistantAdminContract:
    """What the port says about changing assistants."""

    async def test_an_assistant_is_created_once(self, storage: Storage) -> None:
        made = await create(storage, a=1)
        assert (made.version, made.metadata, made.created_us) == (1, {"a": 1}, T0)
        assert await storage.get_assistant(MINE, scope=EVERYTHING) == made
        with pytest.raises(AssistantExists):
            await create(storage)

    async def test_a_change_makes_a_version_even_when_nothing_changes(
        self, storage: Storage
    ) -> None:
        made = await create(storage, a=1)
        same = await change(storage, now_us=T0 + 1)
        assert (same.version, same.name, same.updated_us) == (2, made.name, T0 + 1)
        new = await change(storage, name="second", metadata={"b": 2}, now_us=T0 + 2)
        assert (new.version, new.name, new.metadata) == (3, "second", {"a": 1, "b": 2})
        assert (new.agent, new.created_us) == (AGENT, T0)
        assert await storage.get_assistant(MINE, scope=EVERYTHING) == new

    async def test_versions_are_listed_newest_first_as_they_were(self, storage: Storage) -> None:
        await create(storage, a=1)
        await change(storage, name="second", metadata={"b": [1, 2]}, now_us=T0 + 5)
        newest, first = await storage.list_assistant_versions(
            MINE, metadata={}, limit=10, offset=0, scope=EVERYTHING
        )
        assert (newest.name, newest.metadata) == ("second", {"a": 1, "b": [1, 2]})
        assert (first.name, first.metadata) == ("first", {"a": 1})
        assert (first.created_us, newest.created_us) == (T0, T0 + 5)
        assert await versions(storage, b=[2]) == [2]
        (second,) = await storage.list_assistant_versions(
            MINE, metadata={}, limit=1, offset=1, scope=EVERYTHING
        )
        assert second == first

    async def test_a_version_is_chosen_and_the_next_change_counts_on(
        self, storage: Storage
    ) -> None:
        await create(storage)
        await change(storage, name="second")
        chosen = await storage.choose_assistant_version(MINE, 1, scope=EVERYTHING, now_us=T0 + 9)
        assert (chosen.version, chosen.name, chosen.updated_us) == (1, "first", T0 + 9)
        third = await change(storage, metadata={"x": 1})
        assert (third.version, third.name) == (3, "first")
        assert await versions(storage) == [3, 2, 1]
        with pytest.raises(VersionNotFound):
            await storage.choose_assistant_version(MINE, 9, scope=EVERYTHING, now_us=T0)

    async def test_an_ensured_assistant_keeps_what_was_changed(self, storage: Storage) -> None:
        new = NewAssistant(id=MINE, agent=AGENT, name="given")
        await storage.ensure_assistants([new], now_us=T0)
        await change(storage, name="changed")
        await storage.ensure_assistants([new], now_us=T0 + 1)
        found = await storage.get_assistant(MINE, scope=EVERYTHING)
        assert (found.name, await versions(storage)) == ("changed", [2, 1])

    async def test_config_and_context_stay_in_step(self, storage: Storage) -> None:
        await create(storage)
        told = await change(storage, config={"tags": ["t"], "configurable": {"k": 1}})
        assert told.context == {"k": 1}
        told = await change(storage, context={"k": 2})
        assert told.config == {"tags": ["t"], "configurable": {"k": 2}}
        told = await change(storage, context={})
        assert (told.config, told.context) == ({"tags": ["t"]}, {})

    async def test_a_context_sets_nothing_that_only_the_server_sets(self, storage: Storage) -> None:
        await create(storage)
        told = await change(storage, context={"thread_id": "x", "__y": 1, "k": 1})
        assert told.config == {"configurable": {"k": 1}}

    async def test_an_assistant_outside_the_scope_does_not_exist(self, storage: Storage) -> None:
        made = await create(storage, ALICE)
        assert made.metadata == {"owner": "alice"}
        with pytest.raises(AssistantNotFound):
            await change(storage, scope=BOB, name="stolen")
        with pytest.raises(AssistantNotFound):
            await delete(storage, MINE, scope=BOB)
        with pytest.raises(AssistantNotFound):
            await storage.choose_assistant_version(MINE, 1, scope=BOB, now_us=T0)
        with pytest.raises(AssistantNotFound):
            await storage.list_assistant_versions(MINE, metadata={}, limit=1, offset=0, scope=BOB)
        kept = await change(storage, scope=ALICE, metadata={"owner": "bob"})
        assert kept.metadata == {"owner": "alice"}

    async def test_a_deleted_assistant_is_gone_with_its_versions(self, storage: Storage) -> None:
        await create(storage)
        assert await delete(storage, MINE) == []
        for lost in (
            change(storage),
            storage.get_assistant(MINE, scope=EVERYTHING),
            versions(storage),
            delete(storage, MINE),
        ):
            with pytest.raises(AssistantNotFound):
                await lost
        assert (await create(storage)).version == 1
        assert await versions(storage) == [1]

    async def test_a_queued_run_of_a_deleted_assistant_fails_when_its_turn_comes(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        at_work = await claimed(storage)
        queued = (await admit(storage, at_work.key.thread_id)).run
        other = (await admit(storage, await make_thread(storage), now_us=T0 + 1)).run
        assert await delete(storage, ASSISTANT) == []
        await storage.finish_run(at_work.key, DONE, [], now_us=T0)
        assert await storage.claim_run(CLAIMER, now_us=T0 + 1) is None
        for run in (queued, other):
            outcome = await storage.get_outcome(run.id)
            assert outcome is not None and outcome.error is not None
            assert (outcome.state, outcome.error["error"]) == (
                RunState.FAILED,
                "AssistantNotFound",
            )
            events = await storage.read_events(run.thread_id, after=0, run_id=run.id, limit=9)
            assert [event.kind for event in events] == [END]

    async def test_an_assistant_is_deleted_with_its_threads_on_request(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        claim = await claimed(storage)
        theirs, mine = await make_thread(storage), claim.key.thread_id
        gone = await delete(storage, ASSISTANT, threads={"assistant_id": ASSISTANT})
        assert gone == [Unfinished(mine, claim.run.id)]
        with pytest.raises(ThreadNotFound):
            await storage.get_thread(mine, scope=EVERYTHING)
        assert (await storage.get_thread(theirs, scope=EVERYTHING)).id == theirs

    async def test_a_search_without_items_counts(self, storage: Storage) -> None:
        await prepare(storage)
        await create(storage)
        await make_thread(storage)
        page = await storage.search_assistants(AssistantQuery(limit=0), scope=EVERYTHING)
        assert (list(page.items), page.total) == ([], 2)
        page = await storage.search_threads(ThreadQuery(limit=0), scope=EVERYTHING)
        assert (list(page.items), page.total) == ([], 1)


class ThreadAdminContract:
    """What the port says about changing and copying threads."""

    async def test_metadata_is_merged_busy_or_not_and_found(self, storage: Storage) -> None:
        await prepare(storage)
        thread_id = await make_thread(storage, a=1, b=1)
        await claimed(storage, thread_id)
        thread = await storage.change_thread(
            thread_id, {"b": 2, "c": [3]}, scope=EVERYTHING, now_us=T0 + 7
        )
        assert thread.state is ThreadState.BUSY
        assert {key: thread.metadata[key] for key in "abc"} == {"a": 1, "b": 2, "c": [3]}
        assert (thread.updated_us, thread.state_updated_us) == (T0 + 7, T0)
        for metadata, total in (({"b": 2, "c": [3]}, 1), ({"b": 1}, 0)):
            page = await storage.search_threads(ThreadQuery(metadata=metadata), scope=EVERYTHING)
            assert page.total == total

    async def test_a_change_leaves_a_thread_in_its_scope(self, storage: Storage) -> None:
        thread_id = await make_thread(storage, ALICE)
        taken = await storage.change_thread(thread_id, {"owner": "bob"}, scope=ALICE, now_us=T0)
        assert taken.metadata == {"owner": "alice"}
        with pytest.raises(ThreadNotFound):
            await storage.change_thread(thread_id, {}, scope=BOB, now_us=T0)

    async def test_a_cancelled_thread_tells_why_it_stopped(self, storage: Storage) -> None:
        await prepare(storage)
        thread_id = await make_thread(storage)
        for action, reason in (
            (CancelAction.INTERRUPT, Reason.USER_CANCEL),
            (CancelAction.ROLLBACK, Reason.ROLLBACK),
        ):
            claim = await claimed(storage, thread_id)
            await storage.request_cancel(
                thread_id, claim.run.id, action, scope=EVERYTHING, now_us=T0
            )
            outcome = Outcome(state=RunState.CANCELLED, reason=Reason.USER_CANCEL)
            await storage.finish_run(claim.key, outcome, [], now_us=T0)
            thread = await storage.get_thread(thread_id, scope=EVERYTHING)
            assert (thread.state, thread.reason) == (ThreadState.IDLE, reason)
        claim = await claimed(storage, thread_id)
        await storage.finish_run(claim.key, DONE, [], now_us=T0)
        thread = await storage.get_thread(thread_id, scope=EVERYTHING)
        assert thread.reason is Reason.COMPLETED

    async def test_a_copy_has_the_same_past_and_its_own_future(self, storage: Storage) -> None:
        await prepare(storage)
        claim = await claimed(storage, await make_thread(storage, a=1))
        await storage.finish_run(claim.key, DONE, [], now_us=T0)
        source_id, target_id = claim.key.thread_id, uuid7(T0)
        copy = await storage.copy_thread(source_id, target_id, scope=EVERYTHING, now_us=T0 + 3)
        source = await storage.get_thread(source_id, scope=EVERYTHING)
        assert (copy.id, copy.state, copy.created_us) == (target_id, ThreadState.IDLE, T0 + 3)
        assert (copy.metadata, copy.values, copy.agent, copy.config) == (
            source.metadata,
            source.values,
            source.agent,
            source.config,
        )
        page = await storage.search_threads(ThreadQuery(metadata={"a": 1}), scope=EVERYTHING)
        assert page.total == 2
        runs = await storage.list_runs(target_id, states=None, limit=9, offset=0, scope=EVERYTHING)
        assert list(runs) == []
        await storage.delete_thread(source_id, scope=EVERYTHING, now_us=T0)
        assert await storage.get_thread(target_id, scope=EVERYTHING) == copy
        again = await claimed(storage, target_id)
        await storage.finish_run(again.key, DONE, [], now_us=T0)

    async def test_a_copy_has_checkpoints_of_its_own(
        self, storage: Storage, checkpoints: Checkpoints
    ) -> None:
        source, target = await make_thread(storage), uuid7(T0)
        digest, data = leaf("value")
        metadata = b'{"thread_id":"%s","step":1}' % source.encode()
        stored = checkpoint("1", roots=[digest], metadata=metadata)
        await checkpoints.put(None, source, stored, {digest: data})
        await checkpoints.put_writes(None, source, "", "1", [write("task", 0, b"w")], {})
        await storage.copy_thread(source, target, scope=EVERYTHING, now_us=T0)
        await storage.delete_thread(source, scope=EVERYTHING, now_us=T0)
        assert await head(checkpoints, thread_id=target) == "1"
        copied = await checkpoints.get(target, "", None)
        assert copied is not None
        assert copied.metadata == b'{"thread_id":"%s","step":1}' % target.encode()
        assert (dict(copied.values), [each.data for each in copied.writes]) == (
            {digest: data},
            [b"w"],
        )

    async def test_a_copy_of_an_interrupted_thread_is_idle(self, storage: Storage) -> None:
        await prepare(storage)
        claim = await claimed(storage)
        asked = {"task": [{"id": "i", "value": "?"}]}
        paused = Outcome(
            state=RunState.WAITING, reason=Reason.INTERRUPT, values=b"1", interrupts=asked
        )
        await storage.finish_run(claim.key, paused, [], now_us=T0)
        copy = await storage.copy_thread(
            claim.key.thread_id, uuid7(T0), scope=EVERYTHING, now_us=T0
        )
        assert (copy.state, copy.interrupts, copy.values) == (ThreadState.IDLE, None, b"1")

    async def test_a_copy_needs_a_source_in_scope_and_a_new_id(self, storage: Storage) -> None:
        source = await make_thread(storage, ALICE)
        with pytest.raises(ThreadNotFound):
            await storage.copy_thread(source, uuid7(T0), scope=BOB, now_us=T0)
        with pytest.raises(ThreadExists):
            await storage.copy_thread(source, source, scope=ALICE, now_us=T0)
        target = uuid7(T0)
        await storage.create_thread(NewThread(id=target), scope=BOB, now_us=T0)
        with pytest.raises(ThreadExists):
            await storage.copy_thread(source, target, scope=ALICE, now_us=T0)
