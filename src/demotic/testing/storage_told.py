"""The contract of callbacks: every change of a run's state is written down with the change."""

from collections.abc import Awaitable, Callable

import pytest

from demotic.domain.assistants import NewAssistant
from demotic.domain.callbacks import Callback
from demotic.domain.deliveries import Change, DeliveryAttempt, DeliveryState
from demotic.domain.lifecycle import ACTIVE, LEG_ENDS, Reason, RunState
from demotic.domain.model import EVERYTHING
from demotic.domain.runs import Admission, BusyPolicy, CancelAction, Claim, Outcome
from demotic.ports.storage import Storage
from demotic.testing.storage_builders import (
    AGENT,
    ALICE,
    CLAIMER,
    DONE,
    MINUTE,
    SECOND,
    T0,
    admit,
    claimed,
    events_of,
    make_thread,
    prepare,
)

URL = "https://app.example.com/hook"
EVERY, END = Callback(URL, every_change=True), Callback(URL)
PAUSED = Outcome(state=RunState.WAITING, reason=Reason.INTERRUPT, values=b'{"x":0}', pending=True)
FAILED = Outcome(state=RunState.FAILED, reason=Reason.ERROR, error={"error": "E", "message": "m"})
LATE = Outcome(state=RunState.TIMED_OUT, reason=Reason.TIME_LIMIT)
STOPPED = Outcome(state=RunState.CANCELLED, reason=Reason.USER_CANCEL)


async def told(storage: Storage, now_us: int = T0 + 60 * MINUTE) -> list[Change]:
    """Everything that the outbox holds, in order; it is empty afterwards."""
    changes: list[Change] = []
    while claim := await storage.claim_delivery(
        "carrier", full=(), until_us=now_us + MINUTE, now_us=now_us
    ):
        changes.append(claim.change)
        attempt = DeliveryAttempt(now_us, 1, 200, "")
        await storage.record_attempt(
            claim.key, attempt, DeliveryState.DELIVERED, due_us=now_us, now_us=now_us
        )
    return changes


Way = Callable[[Storage, Callback], Awaitable[None]]
WAYS: dict[str, tuple[Way, list[RunState]]] = {}
"""What can happen to a run, and the states that it comes to."""


def way(*states: str) -> Callable[[Way], Way]:
    """Register what can happen."""

    def register(function: Way) -> Way:
        WAYS[function.__name__] = (function, [RunState(state) for state in states])
        return function

    return register


async def _queued(storage: Storage, callback: Callback) -> Admission:
    return await admit(storage, await make_thread(storage), callback=callback)


async def _running(storage: Storage, callback: Callback) -> Claim:
    return await claimed(storage, callback=callback)


async def _waiting(storage: Storage, callback: Callback) -> Claim:
    claim = await _running(storage, callback)
    await storage.finish_run(claim.key, PAUSED, events_of(claim.key, 0), now_us=T0 + SECOND)
    return claim


@way("queued")
async def admitted(storage: Storage, callback: Callback) -> None:
    await _queued(storage, callback)


@way("queued", "running")
async def claimed_at_its_admission(storage: Storage, callback: Callback) -> None:
    await _running(storage, callback)


@way("queued", "running")
async def claimed_later(storage: Storage, callback: Callback) -> None:
    await _queued(storage, callback)
    assert await storage.claim_run(CLAIMER, now_us=T0 + SECOND)


@way("queued", "running", "succeeded")
async def succeeds(storage: Storage, callback: Callback) -> None:
    claim = await _running(storage, callback)
    await storage.finish_run(claim.key, DONE, events_of(claim.key, 0), now_us=T0 + SECOND)


@way("queued", "running", "succeeded")
async def temporary_succeeds(storage: Storage, callback: Callback) -> None:
    claim = (await admit(storage, None, claim=True, callback=callback)).claim
    assert claim is not None
    await storage.finish_run(claim.key, DONE, [], now_us=T0 + SECOND)


@way("queued", "running", "succeeded")
async def temporary_succeeds_with_events(storage: Storage, callback: Callback) -> None:
    claim = (await admit(storage, None, claim=True, callback=callback)).claim
    assert claim is not None
    await storage.finish_run(claim.key, DONE, events_of(claim.key, 0), now_us=T0 + SECOND)


@way("queued", "running", "failed")
async def fails(storage: Storage, callback: Callback) -> None:
    claim = await _running(storage, callback)
    await storage.finish_run(claim.key, FAILED, [], now_us=T0 + SECOND)


@way("queued", "running", "timed_out")
async def takes_too_long(storage: Storage, callback: Callback) -> None:
    claim = await _running(storage, callback)
    await storage.finish_run(claim.key, LATE, [], now_us=T0 + SECOND)


@way("queued", "running", "waiting")
async def pauses(storage: Storage, callback: Callback) -> None:
    await _waiting(storage, callback)


@way("queued", "running", "queued", "running")
async def released_and_claimed_again(storage: Storage, callback: Callback) -> None:
    claim = await _running(storage, callback)
    await storage.release_run(claim.key, now_us=T0 + SECOND)
    assert await storage.claim_run(CLAIMER, now_us=T0 + SECOND)


@way("queued", "running", "queued")
async def rescued(storage: Storage, callback: Callback) -> None:
    await _running(storage, callback)
    await storage.rescue_runs(now_us=T0 + MINUTE, worker=None)


@way("queued", *["running", "queued"] * 2, "running", "failed")
async def lost_three_times(storage: Storage, callback: Callback) -> None:
    await _queued(storage, callback)
    for _ in range(3):
        assert await storage.claim_run(CLAIMER, now_us=T0)
        await storage.rescue_runs(now_us=T0 + MINUTE, worker=None)


@way("queued", "running", "cancelled")
async def cancelled_by_the_rescue(storage: Storage, callback: Callback) -> None:
    await cancel(storage, (await _running(storage, callback)).run.id, CancelAction.INTERRUPT)
    await storage.rescue_runs(now_us=T0 + MINUTE, worker=None)


@way("queued", "running", "cancelled")
async def rolled_back_by_the_rescue(storage: Storage, callback: Callback) -> None:
    await cancel(storage, (await _running(storage, callback)).run.id, CancelAction.ROLLBACK)
    await storage.rescue_runs(now_us=T0 + MINUTE, worker=None)


@way("queued", "running", "cancelled")
async def cancelled_at_work(storage: Storage, callback: Callback) -> None:
    claim = await _running(storage, callback)
    await cancel(storage, claim.run.id, CancelAction.INTERRUPT)
    await storage.finish_run(claim.key, STOPPED, [], now_us=T0 + SECOND)


@way("queued", "running", "cancelled")
async def rolled_back_at_work(storage: Storage, callback: Callback) -> None:
    claim = await _running(storage, callback)
    await cancel(storage, claim.run.id, CancelAction.ROLLBACK)
    await storage.finish_run(claim.key, DONE, [], now_us=T0 + SECOND)


@way("queued", "cancelled")
async def cancelled_in_the_queue(storage: Storage, callback: Callback) -> None:
    run = (await _queued(storage, callback)).run
    await cancel(storage, run.id, CancelAction.INTERRUPT)


@way("queued", "cancelled")
async def rolled_back_in_the_queue(storage: Storage, callback: Callback) -> None:
    run = (await _queued(storage, callback)).run
    await cancel(storage, run.id, CancelAction.ROLLBACK)


@way("queued", "cancelled")
async def displaced_in_the_queue(storage: Storage, callback: Callback) -> None:
    run = (await _queued(storage, callback)).run
    await admit(storage, run.thread_id, policy=BusyPolicy.INTERRUPT)


@way("queued", "cancelled")
async def displaced_without_a_trace(storage: Storage, callback: Callback) -> None:
    run = (await _queued(storage, callback)).run
    await admit(storage, run.thread_id, policy=BusyPolicy.ROLLBACK)


@way("queued", "running", "waiting", "succeeded")
async def superseded_by_another_run(storage: Storage, callback: Callback) -> None:
    claim = await _waiting(storage, callback)
    await admit(storage, claim.key.thread_id, now_us=T0 + 2 * SECOND)


@way("queued", "running", "waiting", "succeeded")
async def superseded_by_a_change_of_state(storage: Storage, callback: Callback) -> None:
    thread_id = (await _waiting(storage, callback)).key.thread_id
    key = await storage.begin_write(
        thread_id, AGENT, scope=EVERYTHING, claimer=CLAIMER, now_us=T0 + SECOND
    )
    await storage.end_write(key, DONE, now_us=T0 + 2 * SECOND)


@way("queued", "failed")
async def without_its_assistant(storage: Storage, callback: Callback) -> None:
    new = NewAssistant(id="gone", agent=AGENT, name="gone")
    await storage.ensure_assistants([new], now_us=T0)
    thread_id = await make_thread(storage)
    await admit(storage, thread_id, assistant_id="gone", callback=callback)
    await storage.delete_assistant(
        "gone", threads=None, scope=EVERYTHING, thread_scope=EVERYTHING, now_us=T0
    )
    assert await storage.claim_run(CLAIMER, now_us=T0 + SECOND) is None


@way("queued", "cancelled")
async def deleted_in_the_queue(storage: Storage, callback: Callback) -> None:
    run = (await _queued(storage, callback)).run
    await storage.delete_run(run.thread_id, run.id, scope=EVERYTHING, now_us=T0)


@way("queued", "running", "cancelled")
async def deleted_at_work(storage: Storage, callback: Callback) -> None:
    run = (await _running(storage, callback)).run
    await storage.delete_run(run.thread_id, run.id, scope=EVERYTHING, now_us=T0)


@way("queued", "running", "waiting", "cancelled")
async def deleted_while_it_waits(storage: Storage, callback: Callback) -> None:
    run = (await _waiting(storage, callback)).run
    await storage.delete_run(run.thread_id, run.id, scope=EVERYTHING, now_us=T0)


@way("queued", "running", "succeeded")
async def deleted_when_it_has_ended(storage: Storage, callback: Callback) -> None:
    claim = await _running(storage, callback)
    await storage.finish_run(claim.key, DONE, [], now_us=T0)
    await storage.delete_run(claim.run.thread_id, claim.run.id, scope=EVERYTHING, now_us=T0)


@way("queued", "running", "cancelled")
async def deleted_with_its_thread(storage: Storage, callback: Callback) -> None:
    run = (await _running(storage, callback)).run
    await storage.delete_thread(run.thread_id, scope=EVERYTHING, now_us=T0)


@way("queued", "running", "cancelled")
async def deleted_with_its_assistant(storage: Storage, callback: Callback) -> None:
    run = (await _running(storage, callback)).run
    await storage.delete_assistant(
        run.assistant_id,
        threads={"assistant_id": run.assistant_id},
        scope=EVERYTHING,
        thread_scope=EVERYTHING,
        now_us=T0,
    )


async def cancel(storage: Storage, run_id: str, action: CancelAction) -> None:
    """Ask for a cancel."""
    run = await storage.get_run(None, run_id, scope=EVERYTHING)
    await storage.request_cancel(run.thread_id, run.id, action, scope=EVERYTHING, now_us=T0)


class ToldContract:
    """What the port says about callbacks."""

    @pytest.mark.parametrize("name", WAYS)
    async def test_every_state_that_a_run_comes_to_is_told(
        self, storage: Storage, name: str
    ) -> None:
        happens, states = WAYS[name]
        await prepare(storage)
        await happens(storage, EVERY)
        changes = await told(storage)
        assert [each.run.state for each in changes] == states
        assert [each.before for each in changes] == [None, *states[:-1]]

    @pytest.mark.parametrize("name", WAYS)
    async def test_or_only_the_end_of_its_leg(self, storage: Storage, name: str) -> None:
        happens, states = WAYS[name]
        await prepare(storage)
        await happens(storage, END)
        ends = [
            after
            for before, after in zip(states, states[1:], strict=False)
            if before in ACTIVE and after in LEG_ENDS
        ]
        assert [each.run.state for each in await told(storage)] == ends

    @pytest.mark.parametrize("name", WAYS)
    async def test_and_nothing_of_one_without_a_callback(self, storage: Storage, name: str) -> None:
        happens, _ = WAYS[name]
        await prepare(storage)
        news: list[None] = []
        storage.on_delivery(lambda: news.append(None))
        await happens(storage, None)  # type: ignore[arg-type]  # none is what this is about
        assert await told(storage) == [] and news == []

    async def test_a_change_holds_the_run_as_it_was_and_how_it_ended(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        admission = await admit(storage, await make_thread(storage, a=1), callback=EVERY)
        claim = await storage.claim_run(CLAIMER, now_us=T0 + SECOND)
        assert claim is not None
        await storage.finish_run(claim.key, DONE, [], now_us=T0 + 2 * SECOND)
        ended = await storage.get_run(None, claim.run.id, scope=EVERYTHING)
        await storage.delete_thread(claim.run.thread_id, scope=EVERYTHING, now_us=T0 + 3 * SECOND)
        queued, running, last = await told(storage)
        assert (queued.run, queued.outcome) == (admission.run, None)
        assert (running.run, running.outcome) == (claim.run, None)
        assert last.run == ended and last.outcome is not None
        assert (last.outcome.state, last.outcome.values) == (DONE.state, DONE.values)
        times = [each.changed_us - T0 for each in (queued, running, last)]
        assert times == [0, SECOND, 2 * SECOND]
        assert ended.started_us == T0 + SECOND and ended.callback == EVERY

    async def test_a_temporary_run_s_output_is_told_although_it_vanishes(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        await temporary_succeeds(storage, END)
        assert await storage.trim_feed(before_us=0, now_us=T0 + 10 * MINUTE)
        [change] = await told(storage)
        assert change.outcome is not None and change.run.temporary
        assert (change.outcome.state, change.outcome.values) == (DONE.state, DONE.values)

    async def test_the_first_claim_is_when_a_run_started(self, storage: Storage) -> None:
        await prepare(storage)
        run = (await _queued(storage, END)).run
        assert run.started_us is None
        for n in (1, 2):
            claim = await storage.claim_run(CLAIMER, now_us=T0 + n * SECOND)
            assert claim is not None and claim.run.started_us == T0 + SECOND
            await storage.release_run(claim.key, now_us=T0 + n * SECOND)

    async def test_a_refused_change_tells_nothing(self, storage: Storage) -> None:
        await prepare(storage)
        thread_id = await make_thread(storage, ALICE)
        with pytest.raises(Exception, match="not found"):
            await admit(storage, None, assistant_id="nobody", callback=EVERY)
        with pytest.raises(Exception, match="not found"):
            await admit(storage, "other", callback=EVERY)
        await admit(storage, thread_id, scope=ALICE, callback=EVERY)
        assert len(await told(storage)) == 1
