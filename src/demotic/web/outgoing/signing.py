"""Signatures of what is sent, by the scheme of Standard Webhooks (symmetric, version 1)."""

import base64
import hashlib
import hmac
from collections.abc import Iterable


def headers(id: str, timestamp: int, body: bytes, secrets: Iterable[bytes]) -> dict[str, str]:
    """What goes with a body: its id, when it is sent (seconds since 1970), and a signature for
    each secret."""
    told = {"webhook-id": id, "webhook-timestamp": str(timestamp)}
    content = f"{id}.{timestamp}.".encode() + body
    signatures = [f"v1,{_sign(secret, content)}" for secret in secrets]
    if signatures:
        told["webhook-signature"] = " ".join(signatures)
    return told


def _sign(secret: bytes, content: bytes) -> str:
    return base64.b64encode(hmac.new(secret, content, hashlib.sha256).digest()).decode()
