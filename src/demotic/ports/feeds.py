"""A thread's feed as a whole: across its runs."""

from typing import Protocol

from demotic.domain.events import FeedSpan


class FeedSpanStorage(Protocol):
    """Where a thread's feed stands."""

    async def feed_span(self, thread_id: str, *, ended_us: int) -> FeedSpan:
        """How far the thread's log reaches, and where what is recent begins: the events of runs
        that are unfinished or ended at `ended_us` or later, and of later changes of its state.

        Zeros for a thread without events, also where there is no such thread.
        """
        ...
