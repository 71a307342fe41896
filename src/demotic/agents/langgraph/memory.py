"""What one attempt knows to be stored already, so that it is not packed and sent again."""

from collections.abc import Container, Iterable, Mapping
from typing import NamedTuple

from langgraph.checkpoint.base import ChannelVersions, Checkpoint

from demotic.agents.langgraph.manifest import Address, Expressions
from demotic.agents.langgraph.recurring import Recurring

MAX_MANIFESTS = 64
"""Namespaces whose last checkpoint is remembered."""


class _Manifest(NamedTuple):
    checkpoint_id: str
    versions: ChannelVersions
    channels: Expressions


class Memory:
    """Digests and, per namespace, the last manifest. Disabled, it knows nothing.

    Only ever a saving: the storage refuses what refers to a value that is gone. Each change is
    one step of a dict or set, so that several threads may use it.
    """

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled
        self._digests: set[bytes] = set()
        self._manifests: dict[str, _Manifest] = {}
        self.recurring = Recurring() if enabled else None

    def clear(self) -> None:
        """Forget everything."""
        self._digests.clear()
        self._manifests.clear()
        if self.recurring is not None:
            self.recurring.clear()

    def add(self, digests: Iterable[bytes]) -> None:
        """Values that are stored."""
        if self._enabled:
            self._digests.update(digests)

    @property
    def stored(self) -> Container[bytes]:
        """Digests that are known to be stored."""
        return self._digests

    def unsent(self, nodes: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
        """Those nodes that are not known to be stored."""
        return {digest: data for digest, data in nodes.items() if digest not in self._digests}

    def add_manifest(self, ns: str, checkpoint: Checkpoint, channels: Expressions) -> None:
        """A checkpoint that is stored."""
        if not self._enabled:
            return
        versions = dict(checkpoint["channel_versions"])
        self._manifests.pop(ns, None)
        self._manifests[ns] = _Manifest(checkpoint["id"], versions, channels)
        for oldest in list(self._manifests)[:-MAX_MANIFESTS]:
            self._manifests.pop(oldest, None)

    def unchanged(
        self, at: Address, checkpoint: Checkpoint, new_versions: ChannelVersions
    ) -> Expressions:
        """What the checkpoint shares with its parent, as the parent stored it."""
        parent = self._manifests.get(at.ns)
        if parent is None or parent.checkpoint_id != at.checkpoint_id:
            return {}
        versions = checkpoint["channel_versions"]
        return {
            name: expression
            for name, expression in parent.channels.items()
            if name not in new_versions
            and name in versions
            and versions[name] == parent.versions.get(name)
        }
