"""One follower's view of a thread: the events that a filter wants, told one after the other."""

from collections.abc import Sequence

from demotic.dialects.streaming.channels import Filter
from demotic.dialects.streaming.telling import Teller
from demotic.dialects.streaming.told import Facts, Told, unseen
from demotic.domain.errors import NotFound
from demotic.domain.events import CHANGED, Ended, Event
from demotic.domain.ids import EPOCH_BITS, epoch_of
from demotic.domain.model import EVERYTHING
from demotic.domain.runs import Run
from demotic.engine.core import Engine

CHANGES = frozenset({CHANGED})
"""What is told of a change of state that no run made."""


class View:
    """Tells a thread's events, those above `after` only.

    What comes up to there is taken in: it may be the beginning of a message that goes on.
    """

    def __init__(self, engine: Engine, channels: frozenset[str], after: int) -> None:
        self._engine, self._after = engine, after
        self._teller = Teller(engine.descriptions.blocks, channels)
        self._facts = Facts("")

    async def events(self, events: Sequence[Event]) -> list[Told]:
        """What events tell."""
        told: list[Told] = []
        for event in events:
            if event.run_id != self._facts.run_id:
                self._facts = await find_facts(self._engine, event.run_id)
            told += unseen(self._teller.tell(event, self._facts), self._after)
        return told

    def ended(self, ended: Ended) -> list[Told]:
        """What the end of a run tells that told nothing of it itself."""
        return self._teller.gone(ended.run_id)


async def find_facts(engine: Engine, run_id: str) -> Facts:
    """What is to be known of a run. Events that no run has made tell of changes of state."""
    try:
        run = await engine.runs.get(None, run_id, EVERYTHING)  # the thread is the caller's
    except NotFound:
        return Facts(run_id, kinds=CHANGES)
    return facts_of(run)


def facts_of(run: Run) -> Facts:
    """What is to be known of a run."""
    resume = (run.request.command or {}).get("resume")
    answers = tuple(resume) if isinstance(resume, dict) and _are_ids(resume) else ()
    return Facts(run.id, run.agent, frozenset(run.request.modes), answers)


def _are_ids(keys: object) -> bool:
    """Whether these are ids of questions: 32 hexadecimal digits each."""
    return isinstance(keys, dict) and all(
        len(key) == 32 and set(key) <= set("0123456789abcdef") for key in keys
    )


def reads_from(after: int) -> int:
    """Where to read on from to tell what lies above a position: its attempt's beginning."""
    return (epoch_of(after) << EPOCH_BITS) - 1 if after > 0 else 0


def wanted(told: Sequence[Told], filters: Sequence[Filter]) -> list[Told]:
    """Those that one of the filters wants."""
    return [each for each in told if any(f.matches(each.channel, each.path) for f in filters)]
