"""Subscriptions whose connection has broken: for a while a client may take them up again."""

from collections import OrderedDict
from collections.abc import Callable, Mapping

from demotic.dialects.streaming.channels import Filter

KEPT_S = 120.0  # how long a client may take to come back
MAX_KEPT = 10_000


class Parted:
    """Subscriptions by thread and id. `now_s` is any clock that does not go back."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._kept: OrderedDict[tuple[str, str], tuple[float, Filter]] = OrderedDict()

    def keep(self, thread_id: str, filters: Mapping[str, Filter]) -> None:
        """A connection with these subscriptions has ended."""
        for id, shown in filters.items():
            self._kept[thread_id, id] = (self._now_s(), shown)
        while self._kept and (len(self._kept) > MAX_KEPT or self._is_old()):
            self._kept.popitem(last=False)

    def take(self, thread_id: str, id: str) -> Filter | None:
        """One of them, which is its client's again; None for one that is not kept."""
        kept_s, shown = self._kept.pop((thread_id, id), (0.0, None))
        return shown if shown and self._now_s() - kept_s <= KEPT_S else None

    def _is_old(self) -> bool:
        """Whether the one that was kept first is kept no longer."""
        kept_s, _ = next(iter(self._kept.values()))
        return self._now_s() - kept_s > KEPT_S
