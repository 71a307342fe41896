"""Durable records of threads, kept small: their sizes, their lifetimes, what is taken of them.

The rules are those of `ports.storage`.
"""

from collections.abc import Sequence
from typing import Protocol

from demotic.domain.model import Scope
from demotic.domain.runs import LeaseKey
from demotic.domain.threads import Expired, ThreadSize


class UpkeepStorage(Protocol):
    """What is measured and taken of threads."""

    async def measure_thread(self, thread_id: str, *, scope: Scope) -> ThreadSize:
        """What the thread takes up: the bytes of what is stored of it, without indexes.

        Raises `ThreadNotFound`.
        """
        ...

    async def expired_threads(self, *, now_us: int, limit: int) -> Sequence[Expired]:
        """Threads whose lifetime is over, the longest first; none with a run that is queued or
        running, or whose state is being changed."""
        ...

    async def delete_idle_thread(
        self, thread_id: str, *, scope: Scope, now_us: int, expired: bool = False
    ) -> Sequence[str]:
        """Delete the thread as `delete_thread` does; its runs that waited for an answer.

        Raises `ThreadNotFound` (with `expired` also where its lifetime is not over), and
        `ThreadBusy` while a run is queued or running or its state is being changed.
        """
        ...

    async def prune_state(self, key: LeaseKey, *, now_us: int, expired: bool = False) -> None:
        """Take all checkpoints of the thread that the latest state of each namespace does not
        need, and the values that are left over; a lifetime that is over has no end any more
        until the next run or change of state.

        For a thread that was taken by `begin_write`: it goes on in parts, and one that dies on
        the way leaves what it has not taken yet. Raises `LeaseLost`, and with `expired`
        `ThreadNotFound` where the lifetime is not over.
        """
        ...
