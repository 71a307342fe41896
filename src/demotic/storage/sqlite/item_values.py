"""Values of items as the index `item_value` has them: digests, as small for a text as for a number.

Different values may share a digest: what is found by one must be compared itself.
"""

from collections.abc import Iterator, Mapping
from hashlib import blake2b

from demotic.domain.model import Json
from demotic.storage.sqlite import rows

_EXACT = 2**53  # numbers beyond are written in several ways


def digests(value: Mapping[str, Json]) -> list[int]:
    """What the index has of an item."""
    return [_digest(*tag) for tag in rows.tags(value)]


def wanted(filters: Mapping[str, Json]) -> Iterator[int]:
    """What the index has of every item that filters match. Of null it may have nothing: an item
    without the field has it, too."""
    for key, each in filters.items():
        value = each.get("$eq") if isinstance(each, dict) else each
        if isinstance(value, str) or (isinstance(value, int | float) and abs(value) < _EXACT):
            yield from digests({key: value})


def _digest(key: str, text: str) -> int:
    data = f"{key}\0{text}".encode()
    return int.from_bytes(blake2b(data, digest_size=8).digest(), signed=True)
