"""The contract of runs that leave a waiting run alone."""

from dataclasses import replace

import pytest

from demotic.domain.errors import ThreadBusy
from demotic.domain.ids import uuid7
from demotic.domain.lifecycle import Reason, RunState
from demotic.domain.model import EVERYTHING
from demotic.domain.runs import Admission, BusyPolicy, NewRun, RunRequest
from demotic.ports.storage import Storage
from demotic.testing.storage_builders import ASSISTANT, CLAIMER, T0, prepare
from demotic.testing.storage_legs import paused


class SparingContract:
    """What the port says about `spares_waiting`."""

    async def test_policy_reject_refuses_a_thread_whose_run_waits(self, storage: Storage) -> None:
        await prepare(storage)
        waiting = (await paused(storage)).run
        with pytest.raises(ThreadBusy):
            await sparing(storage, waiting.thread_id, BusyPolicy.REJECT)
        run = await storage.get_run(None, waiting.id, scope=EVERYTHING)
        assert run.state is RunState.WAITING
        assert len(await _runs(storage, waiting.thread_id)) == 1

    @pytest.mark.parametrize(
        "policy", [BusyPolicy.ENQUEUE, BusyPolicy.INTERRUPT, BusyPolicy.ROLLBACK]
    )
    async def test_every_other_policy_supersedes_it(
        self, storage: Storage, policy: BusyPolicy
    ) -> None:
        await prepare(storage)
        waiting = (await paused(storage)).run
        assert (await sparing(storage, waiting.thread_id, policy)).claim is not None
        run = await storage.get_run(None, waiting.id, scope=EVERYTHING)
        assert (run.state, run.reason) == (RunState.SUCCEEDED, Reason.SUPERSEDED)

    async def test_a_run_that_does_not_spare_supersedes_whatever_its_policy(
        self, storage: Storage
    ) -> None:
        await prepare(storage)
        waiting = (await paused(storage)).run
        await sparing(storage, waiting.thread_id, BusyPolicy.REJECT, spares=False)
        run = await storage.get_run(None, waiting.id, scope=EVERYTHING)
        assert run.reason is Reason.SUPERSEDED


async def sparing(
    storage: Storage, thread_id: str, policy: BusyPolicy, *, spares: bool = True
) -> Admission:
    """Admit a run that spares one that waits."""
    new = NewRun(
        id=uuid7(T0),
        thread_id=thread_id,
        assistant_id=ASSISTANT,
        request=RunRequest(),
        busy_policy=policy,
        spares_waiting=True,
    )
    return await storage.admit_run(
        replace(new, spares_waiting=spares),
        scope=EVERYTHING,
        assistant_scope=EVERYTHING,
        now_us=T0 + 1,
        claimer=CLAIMER,
        claim=True,
    )


async def _runs(storage: Storage, thread_id: str) -> list[str]:
    found = await storage.list_runs(thread_id, states=None, limit=10, offset=0, scope=EVERYTHING)
    return [run.id for run in found]
