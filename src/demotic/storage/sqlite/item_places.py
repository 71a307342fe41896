"""Namespaces as SQLite keeps them: bytes that sort label by label, so that what lies under a
namespace is one range."""

from collections.abc import Sequence
from typing import NamedTuple

from demotic.domain.items import ANY_LABEL, is_under
from demotic.domain.model import Namespace, Scope

END, PAST_END = b"\0", b"\1"
"""Behind each label; what is above everything that begins with a namespace's bytes."""


class Range(NamedTuple):
    """The namespaces from `low` to below `high`."""

    low: bytes
    high: bytes


EVERYWHERE = Range(b"", b"\xff")  # a byte that UTF-8 does not have


def place(namespace: Namespace) -> bytes:
    """A namespace as a row has it."""
    return b"".join(label.encode() + END for label in namespace)


def labels(place: bytes) -> Namespace:
    """The namespace of a row."""
    return tuple(place.decode().split("\0")[:-1])


def below(namespace: Namespace) -> Range:
    """A namespace and all under it."""
    low = place(namespace)
    return Range(low, low[:-1] + PAST_END) if low else EVERYWHERE


def ranges(prefix: Namespace, scope: Scope) -> list[Range]:
    """What lies under a prefix and in the scope, without overlaps, in order."""
    wanted = sorted(
        {each if is_under(each, prefix) else prefix for each in _meeting(prefix, scope)}
    )
    return [
        below(each)
        for n, each in enumerate(wanted)
        if not any(is_under(each, earlier) for earlier in wanted[:n])
    ]


def _meeting(prefix: Namespace, scope: Scope) -> Sequence[Namespace]:
    return [root for root in scope.roots if is_under(root, prefix) or is_under(prefix, root)]


def fixed_part(pattern: Namespace) -> Namespace:
    """The labels of a pattern before its first that stands for any."""
    return pattern[: pattern.index(ANY_LABEL)] if ANY_LABEL in pattern else pattern
