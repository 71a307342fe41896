"""Figures of a server at work: its queue and its worker."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFigures:
    """The queue at one instant.

    `pending` are all runs that are queued. The waits, in seconds, are of those whose time has
    come, from that time on; None where there is none. `unblocked` leaves out runs that wait for
    another run of their thread: what is left waits for a worker.
    """

    pending: int
    running: int
    longest_wait_s: float | None = None
    median_wait_s: float | None = None
    longest_unblocked_wait_s: float | None = None


@dataclass(frozen=True, slots=True)
class Pool:
    """The slots of a worker: all, those with a run, those that could take one."""

    slots: int
    active: int
    available: int
