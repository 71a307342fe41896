"""Identifiers: time-ordered ids for runs and threads, stable ids for assistants, feed positions."""

import os
import uuid

EPOCH_BITS = 26
"""Bits of a feed position below the epoch: 67 million events per attempt, 2^27 epochs in all."""

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
    return epoch << EPOCH_BITS | n


def epoch_of(seq: int) -> int:
    """The epoch of the attempt that wrote the event at `seq`."""
    return seq >> EPOCH_BITS
