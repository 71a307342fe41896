"""Which events a subscription wants: by channel, by namespace, by depth; pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from demotic.domain.errors import BadInput

CHANNELS = (
    "values",
    "updates",
    "messages",
    "tools",
    "lifecycle",
    "input",
    "checkpoints",
    "tasks",
    "custom",
)
"""Agent streaming protocol, Channel; and `custom:<name>` for one name."""

NAMED = "custom:"
"""Before the name of a custom channel."""

SEPARATOR = "|"
"""Between the parts of a nested agent's namespace in a feed."""

MAX_CHANNELS = 100
MAX_NAMESPACES = 1000

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """What to show: events of `channels` at or below one of `prefixes` (none: everywhere), there
    at most `depth` levels down."""

    channels: frozenset[str]
    prefixes: Sequence[Path] = ()
    depth: int | None = None

    def wants(self, channel: str) -> bool:
        """Whether a channel is among those asked for; `custom` is asked for with all its names."""
        return channel in self.channels or (channel.startswith(NAMED) and "custom" in self.channels)

    def matches(self, channel: str, path: Path) -> bool:
        """Whether an event is wanted. As the SDKs have it, a depth counts from a prefix."""
        if not self.wants(channel):
            return False
        if not self.prefixes:
            return True
        return any(
            is_below(path, prefix) and (self.depth is None or len(path) - len(prefix) <= self.depth)
            for prefix in self.prefixes
        )


def is_below(path: Path, prefix: Path) -> bool:
    """Whether a namespace begins with a prefix; parts match with or without their task's id."""
    return len(prefix) <= len(path) and all(
        part == wanted or (":" not in wanted and name(part) == wanted)
        for part, wanted in zip(path, prefix, strict=False)
    )


def name(part: str) -> str:
    """A part of a namespace without its task's id: `agent:1f0c…` is `agent`."""
    return part.partition(":")[0]


def path_of(ns: str) -> Path:
    """A feed's namespace in its parts."""
    return tuple(ns.split(SEPARATOR)) if ns else ()


def checked(channels: Collection[str]) -> frozenset[str]:
    """The channels of a request. Raises `BadInput` for none, and for names there are not."""
    if not channels:
        raise BadInput("`channels` must name at least one channel: " + ", ".join(CHANNELS) + ".")
    if len(channels) > MAX_CHANNELS:
        raise BadInput(f"`channels` must name at most {MAX_CHANNELS} channels.")
    for channel in channels:
        if channel not in CHANNELS and not (channel.startswith(NAMED) and channel != NAMED):
            raise BadInput(
                f"`channels` knows {', '.join(CHANNELS)} and custom:<name>; not {channel!r}."
            )
    return frozenset(channels)
