"""Which checkpoints of a thread are read from which others: rules for what may be deleted."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

Place = tuple[str, str]
"""Namespace and id of a checkpoint of a thread."""


@dataclass(frozen=True, slots=True)
class Link:
    """What binds a checkpoint to others: its parent, its run, the parts of state it inherits."""

    parent_id: str | None
    run_id: str | None
    inherited: frozenset[str]


Chains = Mapping[Place, Link]
"""All checkpoints of a thread."""


def sources(chains: Chains, start: Place) -> Iterator[Place]:
    """The ancestors whose content the checkpoint at `start` is rebuilt from, nearest first."""
    ns, link = start[0], chains[start]
    open_parts = link.inherited
    seen: set[Place] = set()
    while open_parts and link.parent_id is not None:
        place = (ns, link.parent_id)
        if place not in chains or place in seen:
            return
        seen.add(place)
        yield place
        link = chains[place]
        open_parts &= link.inherited


def needed_by(chains: Chains, heads: Collection[Place]) -> set[Place]:
    """The given checkpoints with everything they are rebuilt from."""
    needed = {head for head in heads if head in chains}
    for head in tuple(needed):
        needed.update(sources(chains, head))
    return needed


def left_by(chains: Chains, runs: Collection[str]) -> tuple[set[Place], set[Place]]:
    """What goes when runs are deleted, and what must keep even these runs' writes.

    A checkpoint of a deleted run stays if one of another run is rebuilt from it; then so do the
    writes on all checkpoints of that chain.
    """
    gone = {place for place, link in chains.items() if link.run_id in runs}
    kept: set[Place] = set()
    for place, link in chains.items():
        if place not in gone and link.inherited and (place[0], link.parent_id) in gone:
            kept.update(sources(chains, place))
    return gone - kept, kept
