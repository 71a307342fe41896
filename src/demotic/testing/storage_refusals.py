"""The contract of the storage port: runs that are refused by their agent."""

from demotic.domain.lifecycle import Reason, RunState, ThreadState
from demotic.domain.model import EVERYTHING
from demotic.domain.runs import Outcome
from demotic.ports.storage import Storage
from demotic.testing.storage_builders import T0, admit, claimed, prepare

PAUSED = Outcome(
    state=RunState.WAITING,
    reason=Reason.INTERRUPT,
    values=b'{"x":1}',
    interrupts={"task": [{"id": "i", "value": "?"}]},
    pending=True,
)
REFUSED = Outcome(
    state=RunState.FAILED,
    reason=Reason.REFUSED,
    error={"error": "Refused", "message": "no"},
)


class RefusalContract:
    """What the port says about a leg that has changed nothing."""

    async def test_a_refused_run_fails_and_leaves_its_thread_as_it_was(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        first = await claimed(storage)
        thread_id = first.run.thread_id
        await storage.finish_run(first.key, PAUSED, [], now_us=T0 + 1)
        before = await storage.get_thread(thread_id, scope=EVERYTHING)
        second = (await admit(storage, thread_id, claim=True, now_us=T0 + 2)).claim
        assert second is not None
        queued = await admit(storage, thread_id, now_us=T0 + 3)
        assert (await storage.finish_run(second.key, REFUSED, [], now_us=T0 + 4)).more
        run = await storage.get_run(thread_id, second.run.id, scope=EVERYTHING)
        assert (run.state, run.reason, run.error) == (
            RunState.FAILED,
            Reason.REFUSED,
            REFUSED.error,
        )
        busy = await storage.get_thread(thread_id, scope=EVERYTHING)
        assert busy.state is ThreadState.BUSY
        await storage.delete_run(thread_id, queued.run.id, scope=EVERYTHING, now_us=T0 + 5)
        after = await storage.get_thread(thread_id, scope=EVERYTHING)
        told = ("state", "values", "interrupts", "error", "reason", "state_updated_us")
        assert [getattr(after, key) for key in told] == [getattr(before, key) for key in told]
