"""Callbacks are delivered: tried again, in order, bounded, by whichever process is there."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from demotic.domain.callbacks import Callback
from demotic.domain.deliveries import (
    Change,
    Delivery,
    DeliveryQuery,
    DeliveryState,
    Receipt,
    Renderer,
    Verdict,
)
from demotic.domain.errors import CallbackRefused, DeliveryNotFound, StorageUnavailable
from demotic.domain.ids import system_assistant_id, uuid7
from demotic.domain.model import EVERYTHING, Json
from demotic.domain.runs import NewRun, RunRequest
from demotic.engine.core import Limits
from demotic.engine.deliveries import (
    GIVE_UP_AFTER_S,
    LONGEST_PAUSE_S,
    MOST_AT_A_TIME,
    MOST_PER_RECEIVER,
    Callbacks,
    pause_s,
)
from demotic.storage.sqlite.database import Database
from demotic.testing.clock import FakeClock
from demotic.testing.sender import ScriptedSender
from house import House, open_house

URL = "https://app.example.com/hook"
AGAIN, REJECTED = Receipt(Verdict.AGAIN, 503, "It answered 503."), Receipt(Verdict.REJECTED, 404)
REFUSED = Receipt(Verdict.REFUSED, note="It may not be called.")
DAY = 24 * 3600


def worded(change: Change, sent_us: int) -> bytes | None:
    """What the test's dialect tells: nothing of a run that is at work."""
    if change.run.state == "running":
        return None
    values = change.outcome.values if change.outcome else None
    told = {"state": change.run.state, "values": json.loads(values) if values else None}
    return json.dumps(told).encode()


def broken(change: Change, sent_us: int) -> bytes | None:
    """A renderer with a fault."""
    raise KeyError("fault")


RENDERERS: dict[str, Renderer] = {"test": worded, "broken": broken}


@asynccontextmanager
async def calling(
    sender: ScriptedSender,
    database: Database | None = None,
    clock: FakeClock | None = None,
    chance: Callable[[], float] = lambda: 0.5,
) -> AsyncIterator[House]:
    """An engine that makes callbacks."""
    callbacks = Callbacks(sender=sender, renderers=RENDERERS, keep_s=3 * DAY, chance=chance)
    async with open_house(database, clock=clock, callbacks=callbacks) as house:
        yield house


async def start(
    house: House,
    *steps: list[Json],
    url: str = URL,
    every_change: bool = False,
    dialect: str = "test",
    thread_id: str | None = None,
) -> str:
    """Start a run with a callback; its id."""
    new = NewRun(
        id=uuid7(house.clock.now_us()),
        thread_id=thread_id,
        assistant_id=system_assistant_id(house.agent.name),
        request=RunRequest(input=list(steps)),
        callback=Callback(url, every_change),
        reply_format={"dialect": dialect},
    )
    started = await house.engine.runs.start(new, EVERYTHING)
    started.following.close()
    return started.run.id


async def settled(
    house: House, run_id: str, matches: Callable[[list[Delivery]], bool]
) -> list[Delivery]:
    """The deliveries of a run, oldest first, once they are as they should be (5 s at most)."""
    async with asyncio.timeout(5):
        while True:
            page = await house.engine.deliveries.search(
                DeliveryQuery(run_id=run_id, limit=100), EVERYTHING
            )
            found = list(page.items)[::-1]
            if matches(found):
                return found
            await asyncio.sleep(0)


def stand(*states: DeliveryState) -> Callable[[list[Delivery]], bool]:
    """Whether deliveries stand so."""
    return lambda found: [each.state for each in found] == list(states)


def tried(times: int) -> Callable[[list[Delivery]], bool]:
    """Whether the first delivery was attempted so often."""
    return lambda found: bool(found) and found[0].attempts == times


async def test_a_run_s_end_is_told_once_with_what_it_left() -> None:
    sender = ScriptedSender()
    async with calling(sender) as house:
        run_id = await start(house, ["emit", "custom", 1])
        [sent] = await sender.arrived(1)
        assert json.loads(sent.body) == {"state": "succeeded", "values": {"done": ["emit"]}}
        [delivery] = await settled(house, run_id, stand(DeliveryState.DELIVERED))
        assert (delivery.id, delivery.attempts, delivery.log[0].code) == (sent.id, 1, 200)
    assert len(sender.sent) == 1


async def test_every_change_is_told_in_order_but_those_without_words() -> None:
    sender = ScriptedSender()
    async with calling(sender) as house:
        thread_id = await house.thread()
        run_id = await start(house, ["pause", "?"], every_change=True, thread_id=thread_id)
        await sender.arrived(2)
        await settled(house, run_id, stand(*[DeliveryState.DELIVERED] * 2))
        await start(house, thread_id=thread_id)
        await sender.arrived(4)
        await settled(house, run_id, stand(*[DeliveryState.DELIVERED] * 3))
    told = [json.loads(each.body)["state"] for each in sender.sent]
    assert told[:2] == ["queued", "waiting"]
    assert sorted(told[2:]) == ["succeeded", "succeeded"], "superseded, and the new run"


async def test_what_fails_is_tried_again_later_under_the_same_id() -> None:
    sender = ScriptedSender(AGAIN, AGAIN, AGAIN)
    async with calling(sender) as house:
        run_id = await start(house)
        pauses = []
        for n in (1, 2, 3):
            [delivery] = await settled(house, run_id, tried(n))
            assert delivery.state is DeliveryState.PENDING and delivery.due_us
            assert (delivery.log[-1].code, delivery.log[-1].note) == (503, "It answered 503.")
            pauses.append((delivery.due_us - delivery.updated_us) / 1e6)
            house.clock.advance(pauses[-1])
            house.engine.deliveries.wake()
        await settled(house, run_id, stand(DeliveryState.DELIVERED))
    assert pauses == pytest.approx([2, 4, 8])
    assert len({each.id for each in sender.sent}) == 1 and len(sender.sent) == 4


async def test_it_is_given_up_after_a_day() -> None:
    sender = ScriptedSender(otherwise=AGAIN)
    async with calling(sender) as house:
        begun_us = house.clock.now_us()
        run_id = await start(house)
        for n in range(1, 100):
            [delivery] = await settled(house, run_id, tried(n))
            if delivery.state is DeliveryState.FAILED:
                break
            assert delivery.due_us is not None
            house.clock.advance((delivery.due_us - house.clock.now_us()) / 1e6)
            house.engine.deliveries.wake()
        assert delivery.state is DeliveryState.FAILED
        lasted_s = (delivery.updated_us - begun_us) / 1e6
        assert GIVE_UP_AFTER_S - LONGEST_PAUSE_S <= lasted_s <= GIVE_UP_AFTER_S
        assert 20 < delivery.attempts < 50


def test_pauses_double_to_an_hour_and_are_spread() -> None:
    for attempts in range(1, 2000):
        low, high = pause_s(attempts, 0.0), pause_s(attempts, 1.0)
        assert 0 < low < high <= 1.5 * LONGEST_PAUSE_S
        assert high == 3 * low
        assert pause_s(attempts + 1, 0.5) >= pause_s(attempts, 0.5)
    assert [pause_s(n, 0.5) for n in (1, 2, 3, 12)] == [2, 4, 8, 3600]


@pytest.mark.parametrize(
    ("receipt", "state"), [(REJECTED, DeliveryState.FAILED), (REFUSED, DeliveryState.REFUSED)]
)
async def test_what_will_never_do_is_not_tried_again(
    receipt: Receipt, state: DeliveryState
) -> None:
    sender = ScriptedSender(receipt)
    async with calling(sender) as house:
        run_id = await start(house)
        [delivery] = await settled(house, run_id, stand(state))
        assert (delivery.log[0].code, delivery.log[0].note) == (receipt.code, receipt.note)
        house.clock.advance(DAY)
        house.engine.deliveries.wake()
        other = await start(house)
        await settled(house, other, stand(DeliveryState.DELIVERED))
    assert len(sender.sent) == 2


@pytest.mark.parametrize(("asked", "given"), [(600.0, 600.0), (1.0, 2.0), (1e9, LONGEST_PAUSE_S)])
async def test_a_receiver_that_asks_for_a_pause_gets_it_within_bounds(
    asked: float, given: float
) -> None:
    async with calling(ScriptedSender(Receipt(Verdict.AGAIN, 429, "", asked))) as house:
        [delivery] = await settled(house, await start(house), tried(1))
        assert delivery.due_us is not None
        assert (delivery.due_us - delivery.updated_us) / 1e6 == pytest.approx(given)


async def test_a_slow_receiver_leaves_places_for_the_others() -> None:
    sender = ScriptedSender()
    async with calling(sender) as house:
        slow = [await start(house, url="https://slow.example.com/") for _ in range(20)]
        await sender.arrived(MOST_PER_RECEIVER)
        other = await start(house)
        await settled(house, other, stand(DeliveryState.DELIVERED))
        assert len(sender.sent) == MOST_PER_RECEIVER + 1
        sender.open()
        for run_id in slow:
            await settled(house, run_id, stand(DeliveryState.DELIVERED))
    assert len(sender.sent) == 21


async def test_only_so_many_are_under_way_at_a_time() -> None:
    sender = ScriptedSender()
    async with calling(sender) as house:
        runs = [await start(house, url=f"https://slow{n % 10}.example/") for n in range(60)]
        await sender.arrived(MOST_AT_A_TIME)
        await asyncio.gather(*(settled(house, each, lambda found: bool(found)) for each in runs))
        assert len(sender.sent) == MOST_AT_A_TIME
        sender.open()
        for run_id in runs:
            await settled(house, run_id, stand(DeliveryState.DELIVERED))


async def test_a_dialect_that_is_not_served_is_told_in_the_log() -> None:
    async with calling(ScriptedSender()) as house:
        run_id = await start(house, dialect="gone")
        [delivery] = await settled(house, run_id, stand(DeliveryState.FAILED))
        assert "does not speak 'gone'" in delivery.log[0].note


async def test_a_fault_of_a_renderer_harms_nothing_else() -> None:
    sender = ScriptedSender()
    async with calling(sender) as house:
        run_id = await start(house, dialect="broken")
        [delivery] = await settled(house, run_id, tried(1))
        assert delivery.state is DeliveryState.PENDING
        assert delivery.log[0].note == "KeyError while sending."
        await settled(house, await start(house), stand(DeliveryState.DELIVERED))


async def test_a_delivery_can_be_made_again() -> None:
    sender = ScriptedSender(REJECTED)
    async with calling(sender) as house:
        run_id = await start(house)
        [delivery] = await settled(house, run_id, stand(DeliveryState.FAILED))
        again = await house.engine.deliveries.redeliver(delivery.id, EVERYTHING)
        assert again.state is DeliveryState.PENDING
        [delivery] = await settled(house, run_id, stand(DeliveryState.DELIVERED))
        assert delivery.attempts == 2 and len({each.id for each in sender.sent}) == 1
        with pytest.raises(DeliveryNotFound):
            await house.engine.deliveries.redeliver("nothing", EVERYTHING)


async def test_a_url_that_cannot_be_called_is_refused_with_the_field() -> None:
    async with calling(ScriptedSender()) as house:
        with pytest.raises(CallbackRefused, match="`webhook` must not be bad"):
            await start(house, url="https://bad.example.com/")


async def test_without_callbacks_runs_that_ask_for_them_are_refused() -> None:
    async with open_house() as house:
        with pytest.raises(CallbackRefused, match="switched off"):
            await start(house)


async def test_what_a_process_left_is_delivered_by_the_next() -> None:
    database, clock = Database(None), FakeClock()
    down = ScriptedSender(otherwise=AGAIN)
    async with calling(down, database, clock) as house:
        left = await start(house)
        await settled(house, left, tried(1))
    up = ScriptedSender()
    clock.advance(10)
    async with calling(up, database, clock) as house:
        await settled(house, left, stand(DeliveryState.DELIVERED))
    assert [each.id for each in up.sent] == [down.sent[0].id]
    database.close()


async def test_what_a_dead_process_was_sending_is_sent_by_the_next_at_once() -> None:
    database, clock = Database(None), FakeClock()
    async with open_house(database, clock=clock) as house:  # makes no callbacks
        claimed_by = house.storage
        await asyncio.wait_for(_leave_claimed(house), 5)
        up = ScriptedSender()
        async with calling(up, database, clock):
            [sent] = await up.arrived(1)
        page = await claimed_by.search_deliveries(DeliveryQuery(), scope=EVERYTHING)
        assert [(each.id, each.state) for each in page.items] == [
            (sent.id, DeliveryState.DELIVERED)
        ]
    database.close()


async def _leave_claimed(house: House) -> None:
    """A delivery that another process has claimed for an hour and then died."""
    new = NewRun(
        id=uuid7(house.clock.now_us()),
        thread_id=None,
        assistant_id=system_assistant_id(house.agent.name),
        request=RunRequest(),
        callback=Callback(URL),
        reply_format={"dialect": "test"},
    )
    now_us = house.clock.now_us()
    admission = await house.storage.admit_run(
        new,
        scope=EVERYTHING,
        assistant_scope=EVERYTHING,
        now_us=now_us,
        claimer=house.engine.worker.claimer,
        claim=False,
    )
    house.engine.worker.wake()
    await house.engine.runs.outcome(admission.run)
    hour = 3_600_000_000
    assert await house.storage.claim_delivery(
        "dead", full=(), until_us=now_us + hour, now_us=now_us + hour // 2
    )


async def test_a_storage_that_is_out_of_order_for_a_moment_ends_nothing() -> None:
    troubles = ["claim_delivery:submitted"] * 2

    def probe(point: str) -> None:
        if point in troubles:
            troubles.remove(point)
            raise StorageUnavailable("out of order")

    database = Database(None, probe=probe)
    async with calling(ScriptedSender(), database) as house:
        run_id = await start(house)
        await settled(house, run_id, stand(DeliveryState.DELIVERED))
    assert troubles == []
    database.close()


async def test_a_stopping_server_waits_for_what_is_under_way() -> None:
    sender = ScriptedSender()
    async with calling(sender) as house:
        run_id = await start(house, url="https://slow.example.com/")
        await sender.arrived(1)
        stopping = asyncio.create_task(house.engine.stop())
        await asyncio.sleep(0)
        sender.open()
        await asyncio.wait_for(stopping, 5)
        await settled(house, run_id, stand(DeliveryState.DELIVERED))


async def test_the_log_is_trimmed() -> None:
    sender = ScriptedSender()
    async with calling(sender) as house:
        run_id = await start(house)
        await settled(house, run_id, stand(DeliveryState.DELIVERED))
        await house.engine.deliveries.trim()
        await settled(house, run_id, stand(DeliveryState.DELIVERED))
        house.clock.advance(3 * DAY + 1)
        await house.engine.deliveries.trim()
        await settled(house, run_id, stand())


async def test_nothing_is_sent_or_dropped_where_callbacks_are_switched_off() -> None:
    database, clock = Database(None), FakeClock()
    async with calling(ScriptedSender(otherwise=AGAIN), database, clock) as house:
        run_id = await start(house)
        await settled(house, run_id, tried(1))
    clock.advance(10 * DAY)
    async with open_house(database, Limits(drain_s=0.05), clock) as house:
        await house.engine.deliveries.trim()
        [delivery] = await settled(house, run_id, stand(DeliveryState.PENDING))
        assert delivery.attempts == 1
    database.close()
