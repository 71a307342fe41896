"""JSON for the engine's own events."""

import orjson


def encode(value: object) -> bytes:
    """`value` (plain data) as JSON."""
    return orjson.dumps(value)
