"""Records one attempt's events: positions, live hand-over, packed writes to the log."""

import asyncio
from collections.abc import Sequence
from functools import partial

from demotic.domain.events import Event
from demotic.domain.ids import MAX_EVENTS, seq_of
from demotic.domain.runs import LeaseKey
from demotic.engine.follow import Hub
from demotic.engine.patience import patiently
from demotic.ports.clock import Clock
from demotic.ports.storage import Storage

FLUSH_AFTER_S = 0.01  # how long an event may wait for company on its way to the log
FLUSH_BYTES = 64 * 1024  # write at once when this much has come together
SETTLE_BYTES = 1024 * 1024  # an agent that emits faster than the log writes waits from here on
LAST = MAX_EVENTS - 1  # the attempt's end needs a position, too


class Recorder:
    """The sink of one attempt.

    Followers of this process see an event at once; the log gets packed batches, one write at a
    time and in order. A refused write (`LeaseLost`) is kept for `settle` and `close` to raise.
    """

    def __init__(self, storage: Storage, hub: Hub, clock: Clock, key: LeaseKey) -> None:
        self._storage, self._hub, self._clock, self._key = storage, hub, clock, key
        self._n = 0
        self._waiting: list[Event] = []
        self._writing: Sequence[Event] = ()
        self._bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._write: asyncio.Task[None] | None = None
        self._error: Exception | None = None
        hub.begin(key.thread_id, self)

    def emit(self, kind: str, ns: str, data: bytes) -> None:
        """Record an event and hand it to the followers of this process."""
        if self._n >= LAST:
            raise OverflowError(f"A run records at most {MAX_EVENTS} events per attempt.")
        event = self.mint(kind, ns, data)
        self._waiting.append(event)
        self._bytes += len(data)
        self._hub.publish(self._key.thread_id, event)
        if self._write is not None:
            return
        if self._bytes >= FLUSH_BYTES:
            self._flush()
        elif self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(FLUSH_AFTER_S, self._flush)

    def mint(self, kind: str, ns: str, data: bytes) -> Event:
        """The attempt's next event, with its position."""
        seq = seq_of(self._key.epoch, self._n)
        self._n += 1
        return Event(seq, self._key.run_id, kind, ns, data, self._clock.now_us())

    async def settle(self) -> None:
        """Wait while too much is unwritten. Raises `LeaseLost` once a write was refused."""
        while self._bytes > SETTLE_BYTES and self._write is not None:
            await asyncio.wait([self._write])
        if self._error is not None:
            raise self._error

    async def close(self) -> list[Event]:
        """Stop writing; the events that are still to be written with the finish."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._write is not None:
            await asyncio.wait([self._write])
        if self._error is not None:
            raise self._error
        return self._waiting

    def detach(self) -> None:
        """The attempt is over: nothing of it is unwritten any more."""
        self._hub.finish(self._key.thread_id, self)

    def unwritten(self) -> Sequence[Event]:
        """Events that the log does not have yet, in order."""
        return [*self._writing, *self._waiting]

    def _flush(self) -> None:
        self._timer = None
        if self._waiting and self._write is None and self._error is None:
            self._write = asyncio.get_running_loop().create_task(self._write_out())

    async def _write_out(self) -> None:
        while self._waiting and self._error is None:
            batch = self._writing = self._waiting
            self._waiting = []
            try:
                await patiently(partial(self._append, batch))
            except Exception as error:
                self._error = error
            finally:
                self._bytes -= sum(len(e.data) for e in batch)
                self._writing = ()
            if self._bytes < FLUSH_BYTES and self._waiting:
                await asyncio.sleep(FLUSH_AFTER_S)
        self._write = None

    async def _append(self, batch: Sequence[Event]) -> None:
        await self._storage.append_events(self._key, batch, now_us=self._clock.now_us())
