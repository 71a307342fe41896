"""The queue as a whole: across threads and callers."""

from typing import Protocol

from demotic.domain.figures import QueueFigures


class QueueStorage(Protocol):
    """How the queue stands."""

    async def measure_queue(self, *, now_us: int) -> QueueFigures:
        """Its figures; changes of state that are under way are no runs."""
        ...
