"""Figures of the engine at work, for those who watch it."""

from demotic.domain.figures import Pool, QueueFigures
from demotic.engine.worker import Worker
from demotic.ports.clock import Clock
from demotic.ports.storage import Storage


class Figures:
    """What an engine tells of itself."""

    def __init__(self, storage: Storage, worker: Worker, clock: Clock) -> None:
        self._storage, self._worker, self._clock = storage, worker, clock

    async def queue(self) -> QueueFigures:
        """The queue, all callers' runs in it."""
        return await self._storage.measure_queue(now_us=self._clock.now_us())

    def pool(self) -> Pool:
        """The worker's slots."""
        return self._worker.pool
