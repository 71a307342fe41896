"""Callbacks: where it is told how a run fares."""

import re
from dataclasses import dataclass

from demotic.domain.lifecycle import ACTIVE, LEG_ENDS, RunState

_RECEIVER = re.compile(r"[^/?#]*//[^/?#]*")


@dataclass(frozen=True, slots=True)
class Callback:
    """A receiver that a run's changes are told to.

    One delivery when a leg of the run ends; with `every_change` one for each state that the run
    comes to, from its admission on.
    """

    url: str
    every_change: bool = False

    @property
    def receiver(self) -> str:
        """Who is told: the URL up to its path."""
        found = _RECEIVER.match(self.url)
        return found[0].lower() if found else self.url

    def wants(self, before: RunState | None, after: RunState) -> bool:
        """Whether a change is told; `before` None: the run was admitted."""
        return self.every_change or (before in ACTIVE and after in LEG_ENDS)
