"""What the channels of a graph take up of a thread's stored state."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from demotic.agents.langgraph.manifest import stored_channels
from demotic.agents.langgraph.values import roots
from demotic.domain.model import Size
from demotic.ports.checkpoints import Node, Outline


@dataclass(slots=True)
class _Channel:
    """The versions of a channel's value, as its checkpoints hold them, and what they refer to."""

    versions: set[bytes] = field(default_factory=set)
    reached: set[bytes] = field(default_factory=set)

    def add(self, version: bytes, digests: Iterable[bytes], nodes: Mapping[bytes, Node]) -> None:
        if version in self.versions:
            return
        self.versions.add(version)
        wanted = [digest for digest in digests if digest not in self.reached]
        while wanted:
            digest = wanted.pop()
            if digest not in self.reached and digest in nodes:
                self.reached.add(digest)
                wanted += nodes[digest].children

    def size(self, nodes: Mapping[bytes, Node]) -> Size:
        stored = sum(map(len, self.versions)) + sum(nodes[each].size for each in self.reached)
        return Size(len(self.versions), stored)


def channel_sizes(outline: Outline) -> dict[str, Size]:
    """Of each channel: how many versions of its value there are, and their bytes.

    What several versions share counts once, what several channels share for each of them.
    """
    channels: dict[str, _Channel] = {}
    for checkpoint in outline.checkpoints:
        for name, expression in stored_channels(checkpoint).items():
            version = msgspec.msgpack.encode(expression)
            channels.setdefault(name, _Channel()).add(version, roots(expression), outline.nodes)
    return {name: channel.size(outline.nodes) for name, channel in sorted(channels.items())}
