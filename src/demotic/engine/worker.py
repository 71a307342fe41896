"""The worker: claims runs while it has free slots and carries each attempt to its end."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

import structlog

from demotic.domain.errors import LeaseLost
from demotic.domain.events import END, START, Ended
from demotic.domain.figures import Pool
from demotic.domain.lifecycle import Reason, RunState
from demotic.domain.runs import Claim, Claimer, LeaseKey, Outcome, Run
from demotic.engine.encode import encode
from demotic.engine.follow import Hub
from demotic.engine.leftovers import Leftovers
from demotic.engine.patience import Pauses, patiently
from demotic.engine.recorder import Recorder
from demotic.ports.agent import Agent, Attempt, Drain
from demotic.ports.clock import Clock
from demotic.ports.storage import Storage

log = structlog.get_logger("demotic.worker")

Review = Callable[[Claim, Outcome], Awaitable[Outcome]]
"""Looks at what a run came to before that is stored: what it returns is what the run came to."""

Reviews = Mapping[Any, Review]
"""Reviews by the dialect whose runs they look at, as `reply_format` names it."""

LOOK_AGAIN_S = 1.0  # a lost wake-up costs this much at most


class Job:
    """An attempt at work in this process."""

    def __init__(self, claim: Claim, recorder: Recorder) -> None:
        self.claim, self.recorder = claim, recorder
        self.drain = Drain()
        self.work: asyncio.Task[Outcome | None] | None = None
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.cancelled = False
        self.timed_out = False
        self.lost = False

    def is_over(self, _: object = None) -> None:
        """The work has ended, or its grace time."""
        if not self.over.done():
            self.over.set_result(None)


class Worker:
    """Runs attempts, at most `slots` at a time.

    `grace_s` is how long code that does not react to a cancel is waited for before its run is
    ended without it; `run_s` is how long an attempt may take. `reviews` look at what the runs of
    their dialect have succeeded with.
    """

    def __init__(
        self,
        storage: Storage,
        agents: Mapping[str, Agent],
        hub: Hub,
        clock: Clock,
        *,
        name: str,
        slots: int = 100,
        lease_s: float = 30.0,
        grace_s: float = 5.0,
        run_s: float = 86_400.0,
        reviews: Reviews | None = None,
    ) -> None:
        self._storage, self._agents, self._hub, self._clock = storage, agents, hub, clock
        self._reviews = reviews or {}
        self._slots, self._grace_s, self._run_s, self.lease_s = slots, grace_s, run_s, lease_s
        self.leftovers = Leftovers(clock, grace_s)
        self.claimer = Claimer(name, frozenset(agents), int(lease_s * 1e6))
        self._jobs: dict[str, Job] = {}
        self._supervisors: set[asyncio.Task[None]] = set()
        self._reserved = 0
        self._is_short = False  # of slots, when a run may have been waiting for one
        self._wake = asyncio.Event()
        self._stopping = False

    @property
    def pool(self) -> Pool:
        """Its slots as they are now; one that is kept free for an admission is not available."""
        taken = self._slots if self._stopping else len(self._jobs) + self._reserved
        return Pool(self._slots, len(self._jobs), max(0, self._slots - taken))

    def reserve(self) -> Claimer | None:
        """Keep a slot free for a run that is being admitted; None when there is none."""
        if self._stopping or len(self._jobs) + self._reserved >= self._slots:
            self._is_short = True
            return None
        self._reserved += 1
        return self.claimer

    def launch(self, claim: Claim) -> None:
        """Begin an attempt."""
        job = Job(claim, Recorder(self._storage, self._hub, self._clock, claim.key))
        if self._stopping:
            job.drain.request()
        self._jobs[claim.run.id] = job
        task = asyncio.get_running_loop().create_task(self._carry(job))
        self._supervisors.add(task)
        task.add_done_callback(self._supervisors.discard)

    def unreserve(self) -> None:
        """The reserved slot is used, or not needed."""
        self._reserved -= 1

    def wake(self) -> None:
        """There may be a run to claim."""
        self._wake.set()

    def wake_at(self, due_us: int) -> None:
        """There will be a run to claim at that instant. A timer may come early: it waits on then,
        because a look in vain would leave the run to the next look, `LOOK_AGAIN_S` later."""
        left_s = (due_us - self._clock.now_us()) / 1e6
        if left_s > 0:
            asyncio.get_running_loop().call_later(max(left_s, 0.001), self.wake_at, due_us)
        else:
            self.wake()

    async def serve(self) -> None:
        """Claim runs until cancelled, whatever fails: nobody else claims what waits here."""
        pauses = Pauses(self._clock)
        while True:
            try:
                while await asyncio.shield(self._claim_one()):
                    pass
            except Exception:
                log.exception("runs could not be claimed")
                await pauses.take()
                continue
            pauses.end()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN_S):
                    await self._wake.wait()
            self._wake.clear()

    async def _claim_one(self) -> bool:
        """Claim a run and begin it, if there is one and a slot is free."""
        claimer = self.reserve()
        if claimer is None:
            return False
        try:
            claim = await self._storage.claim_run(claimer, now_us=self._clock.now_us())
            if claim is not None:
                self.launch(claim)
        finally:
            self.unreserve()
        return claim is not None

    def held(self) -> list[LeaseKey]:
        """The leases of the attempts at work. Safe to call from any thread."""
        return [job.claim.key for job in list(self._jobs.values())]

    def cancel(self, run_id: str) -> None:
        """A cancel of the run was stored: stop its attempt."""
        if (job := self._jobs.get(run_id)) and not job.cancelled:
            job.cancelled = True
            self._stop(job)

    def lose(self, run_id: str, epoch: int | None = None) -> None:
        """The run was taken from its attempt: stop it and write nothing more."""
        job = self._jobs.get(run_id)
        if job and epoch in (None, job.claim.key.epoch):
            job.lost = True
            self._stop(job)

    def _time_out(self, job: Job) -> None:
        """The attempt has used up its time."""
        if not job.cancelled:
            job.timed_out = True
            self._stop(job)

    async def stop(self, *, drain_s: float) -> None:
        """Take no more runs; let those at work stop at a safe point and release them."""
        self._stopping = True
        for job in self._jobs.values():
            job.drain.request()
        if self._supervisors:
            await asyncio.wait(self._supervisors, timeout=drain_s)
        for job in list(self._jobs.values()):
            job.drain.request()
            self._stop(job)
        if self._supervisors:
            await asyncio.wait(self._supervisors, timeout=self._grace_s + 1)

    def _stop(self, job: Job) -> None:
        if job.work is not None:
            job.work.cancel()
            asyncio.get_running_loop().call_later(self._grace_s, job.is_over)

    async def _carry(self, job: Job) -> None:
        """One attempt from its claim to its finish; whatever happens, the slot is freed."""
        run = job.claim.run
        try:
            await self._attempt(job, job.recorder)
        except LeaseLost:
            log.warning("attempt lost its run", run=run.id, attempt=run.attempt)
        except Exception:
            log.exception("attempt could not be finished", run=run.id, attempt=run.attempt)
        finally:
            job.recorder.detach()
            self._jobs.pop(run.id, None)
            if self._is_short:
                self._is_short = False
                self.wake()

    async def _attempt(self, job: Job, recorder: Recorder) -> None:
        run = job.claim.run
        if run.request.modes:
            recorder.emit(START, "", _start(run))
        elif self._hub.is_watched(run.thread_id):
            self._hub.publish(run.thread_id, recorder.mint(START, "", _start(run)))
        attempt = Attempt(job.claim, recorder, job.drain)
        agent = self._agents[run.agent]
        trace = self.leftovers.begin(run.id)
        job.work = asyncio.get_running_loop().create_task(agent.run(attempt))
        job.work.add_done_callback(job.is_over)
        if job.cancelled or job.lost:  # before the work had begun
            self._stop(job)
        limit = asyncio.get_running_loop().call_later(self._run_s, self._time_out, job)
        try:
            await job.over
        finally:
            limit.cancel()
            trace.end(job.work)
        outcome = await self._outcome(job, agent, attempt)
        if job.lost:
            return
        if outcome is None:
            await patiently(lambda: self._release(job, recorder))
        else:
            await self._finish(job, recorder, await self._reviewed(job.claim, outcome))

    async def _reviewed(self, claim: Claim, outcome: Outcome) -> Outcome:
        review = self._reviews.get(claim.run.reply_format.get("dialect"))
        if review is None or outcome.state is not RunState.SUCCEEDED:
            return outcome
        return await review(claim, outcome)

    async def _outcome(self, job: Job, agent: Agent, attempt: Attempt) -> Outcome | None:
        """How the attempt ended; None when it is to be released."""
        assert job.work is not None
        if not job.work.done():
            log.error("agent does not stop, its run goes on without it", run=job.claim.run.id)
        elif not job.work.cancelled():
            error = job.work.exception()
            if error is not None and not isinstance(error, Exception):
                name = type(error).__name__
                return _failed(name, f"The agent raised {name}, which is no Exception.")
            return job.work.result()
        if job.cancelled:
            return await agent.interrupted(attempt)
        if job.timed_out:
            return _timed_out(await agent.interrupted(attempt), self._run_s)
        if job.drain.requested or job.lost:
            return None
        return _failed("CancelledError", "The agent cancelled itself.")

    async def _release(self, job: Job, recorder: Recorder) -> None:
        if events := await recorder.close():
            await self._storage.append_events(job.claim.key, events, now_us=self._clock.now_us())
        await self._storage.release_run(job.claim.key, now_us=self._clock.now_us())

    async def _finish(self, job: Job, recorder: Recorder, outcome: Outcome) -> None:
        key, run = job.claim.key, job.claim.run
        events = await recorder.close()
        end = recorder.mint(END, "", _end(outcome))
        if run.request.modes:
            events.append(end)
        finished = await patiently(
            lambda: self._storage.finish_run(key, outcome, events, now_us=self._clock.now_us())
        )
        if finished.outcome is outcome:
            self._hub.publish(key.thread_id, end)
        self._hub.end(key.thread_id, Ended(run.id, finished.outcome))
        if finished.gone:
            self._hub.vanish(key.thread_id)
        if finished.more:
            self.wake()


def _failed(name: str, message: str) -> Outcome:
    error = {"error": name, "message": message}
    return Outcome(state=RunState.FAILED, reason=Reason.ERROR, error=error)


def _timed_out(stopped: Outcome, run_s: float) -> Outcome:
    message = f"The run took longer than {run_s:g} seconds."
    error = {"error": "TimeLimitExceeded", "message": message}
    state, reason = RunState.TIMED_OUT, Reason.TIME_LIMIT
    return replace(stopped, state=state, reason=reason, error=error)


def _start(run: Run) -> bytes:
    return encode({"attempt": run.attempt})


def _end(outcome: Outcome) -> bytes:
    told: dict[str, object] = {"state": outcome.state, "reason": outcome.reason}
    told["error"] = outcome.error
    if outcome.interrupts:
        told["interrupts"] = [each for asked in outcome.interrupts.values() for each in asked]
    return encode(told)
