"""The contract of the storage port: the figures of the queue."""

from demotic.domain.figures import QueueFigures
from demotic.domain.model import EVERYTHING
from demotic.ports.storage import Storage
from demotic.testing.storage_builders import (
    AGENT,
    CLAIMER,
    DONE,
    SECOND,
    T0,
    admit,
    claimed,
    make_thread,
    prepare,
)


class QueueContract:
    """What the port says about the queue as a whole."""

    async def test_an_empty_queue_has_no_waits(self, storage: Storage) -> None:
        assert await storage.measure_queue(now_us=T0) == QueueFigures(pending=0, running=0)

    async def test_runs_at_work_are_counted_and_neither_ended_ones_nor_changes_of_state(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        await claimed(storage)
        ended = await claimed(storage)
        await storage.finish_run(ended.key, DONE, [], now_us=T0)
        changed = await make_thread(storage)
        await storage.begin_write(changed, AGENT, scope=EVERYTHING, claimer=CLAIMER, now_us=T0)
        assert await storage.measure_queue(now_us=T0) == QueueFigures(pending=0, running=1)

    async def test_what_waits_for_a_run_of_its_thread_is_told_from_what_waits_for_a_worker(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        thread = (await claimed(storage)).run.thread_id
        await admit(storage, thread, now_us=T0)  # behind the one at work
        await admit(storage, None, now_us=T0 + 2 * SECOND)
        await admit(storage, None, now_us=T0 + 5 * SECOND)
        figures = await storage.measure_queue(now_us=T0 + 10 * SECOND)
        assert figures == QueueFigures(
            pending=3,
            running=1,
            longest_wait_s=10.0,
            median_wait_s=8.0,
            longest_unblocked_wait_s=8.0,
        )
        await admit(storage, None, now_us=T0 + 9 * SECOND)
        figures = await storage.measure_queue(now_us=T0 + 10 * SECOND)
        assert figures.median_wait_s == 6.5  # of an even number: between the two in the middle

    async def test_a_delayed_run_is_pending_and_waits_only_from_its_time_on(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        await admit(storage, None, now_us=T0, delay_s=60)
        early = await storage.measure_queue(now_us=T0 + 59 * SECOND)
        assert early == QueueFigures(pending=1, running=0)
        late = await storage.measure_queue(now_us=T0 + 63 * SECOND)
        assert (late.longest_wait_s, late.median_wait_s, late.longest_unblocked_wait_s) == (3, 3, 3)

    async def test_where_all_wait_for_another_run_none_waits_for_a_worker(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        thread = (await claimed(storage)).run.thread_id
        await admit(storage, thread, now_us=T0)
        figures = await storage.measure_queue(now_us=T0 + SECOND)
        assert (figures.longest_wait_s, figures.longest_unblocked_wait_s) == (1.0, None)
