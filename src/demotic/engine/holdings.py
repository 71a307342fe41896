"""The leases of changes of state: the heartbeat renews them with those of the runs."""

from collections.abc import Iterator
from contextlib import contextmanager

from demotic.domain.runs import LeaseKey


class Holdings:
    """The threads that this process holds for changes that no run makes."""

    def __init__(self) -> None:
        self._held: dict[str, LeaseKey] = {}

    @contextmanager
    def holding(self, key: LeaseKey) -> Iterator[None]:
        """Within the block the lease is renewed."""
        self._held[key.run_id] = key
        try:
            yield
        finally:
            self._held.pop(key.run_id, None)

    def held(self) -> list[LeaseKey]:
        """The leases that are held. Safe to call from any thread."""
        return list(self._held.values())

    def lose(self, run_id: str, epoch: int | None = None) -> None:
        """A lease is gone: it is not renewed any more, and the change's end will be refused."""
        self._held.pop(run_id, None)
