"""Header `Idempotency-Key`: the same request sent again is the same run."""

from hashlib import blake2b

from demotic.domain.errors import BadInput
from demotic.domain.runs import Idempotency

MAX_KEY = 255  # characters


def idempotency(key: str | None, caller: str, route: str, body: bytes) -> Idempotency | None:
    """Header `Idempotency-Key`: for 24 hours the same request of the same caller is one run."""
    if key is None:
        return None
    if not 0 < len(key) <= MAX_KEY:
        raise BadInput(f"`Idempotency-Key` must have 1 to {MAX_KEY} characters.")
    return Idempotency("\n".join((caller, route, key)), blake2b(body, digest_size=16).digest())
