"""Identifiers: time-ordered ids for runs and threads, stable ids for assistants, feed positions."""

import os
import uuid

EPOCH_BITS = 28
"""Bits of a feed position below the epoch: 2^25 epochs in all, one a minute for 63 years."""

SPACING = 16
"""Distance of neighbouring positions of an attempt: a dialect that shows one event as several
numbers them in between."""

MAX_EVENTS = (1 << EPOCH_BITS) // SPACING
"""Events that an attempt can have: 16 million."""

_ASSISTANTS = uuid.UUID("6ba7b821-9dad-11d1-80b4-00c04fd430c8")

_FIRST_MINUTE = 29_453_760  # 2026-01-01T00:00Z in minutes since 1970


def uuid7(now_us: int) -> str:
    """A new UUIDv7 (RFC 9562) for the instant `now_us` (microseconds since 1970)."""
    value = ((now_us // 1000) & ((1 << 48) - 1)) << 80
    value |= int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | (0x7 << 76)
    value = value & ~(0x3 << 62) | (0x2 << 62)
    return str(uuid.UUID(int=value))


def system_assistant_id(agent: str) -> str:
    """The id of the assistant that every agent has by default (UUIDv5 of the agent's name).

    LangGraph Platform clients compute the same id.
    """
    return str(uuid.uuid5(_ASSISTANTS, agent))


def is_uuid(text: str) -> bool:
    """Whether `text` is a UUID in its canonical 36-character form (upper case allowed)."""
    if len(text) != 36:
        return False
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def first_epoch(now_us: int) -> int:
    """The epoch a new thread starts at: minutes since 2026, so a recreated id never goes back."""
    return max(1, now_us // 60_000_000 - _FIRST_MINUTE)


def seq_of(epoch: int, n: int) -> int:
    """The feed position of the n-th event of an attempt; below 2^53, so exact in JavaScript."""
    return epoch << EPOCH_BITS | n * SPACING


def epoch_of(seq: int) -> int:
    """The epoch of the attempt that wrote the event at `seq`."""
    return seq >> EPOCH_BITS
